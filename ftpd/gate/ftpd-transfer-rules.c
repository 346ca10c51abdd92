/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-transfer-rules.c -- MaxStoreFileSize and TransferRate. */

#include "ftpd-files.h"
#include "ftpd-path.h"
#include "ftpd-rules.h"
#include "ftpd-transfer.h"

static bool applies(const config_rec *c) {
  char **items = (char **) &c->argv[3];

  if (c->argc <= 3) {
    return true;
  }

  if (strcasecmp(c->argv[2], "user") == 0) {
    return pr_expr_eval_user_or(items) == TRUE;
  }

  if (strcasecmp(c->argv[2], "group") == 0) {
    return pr_expr_eval_group_or(items) == TRUE;
  }

  return strcasecmp(c->argv[2], "class") == 0 &&
    pr_expr_eval_class_or(items) == TRUE;
}

/* MaxStoreFileSize of the directory last checked, the most special one; 0:
 * none.
 */
off_t ftpd_max_store_size(void) {
  config_rec *c;
  unsigned int best = 0;
  off_t max = 0;

  c = find_config(CURRENT_CONF, CONF_PARAM, "MaxStoreFileSize", FALSE);
  while (c != NULL) {
    unsigned int weight = *((unsigned int *) c->argv[1]);

    if (weight > best && applies(c)) {
      best = weight;
      max = *((off_t *) c->argv[0]);
    }

    c = find_config_next(c, c->next, CONF_PARAM, "MaxStoreFileSize", FALSE);
  }

  return max;
}

int ftpd_within(off_t max, off_t size) {
  if (max > 0 && size > max) {
    pr_log_pri(PR_LOG_NOTICE, "MaxStoreFileSize (%" PR_LU " bytes) reached",
      (pr_off_t) max);
    sftp_log("MaxStoreFileSize (%lld bytes) reached", (long long) max);
    errno = EFBIG;
    return -1;
  }

  return 0;
}

int ftpd_max_store(off_t size) {
  return ftpd_within(ftpd_max_store_size(), size);
}

/* TransferRate: the host keeps one rate, that of the command last loaded. */
static void rate_load(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);
  pool *p;

  if (s->rate_of == f) {
    return;
  }

  p = make_sub_pool(s->pool);
  session.dir_config = dir_match_path(p, (char *) ftpd_outside(p, f->path));
  destroy_pool(p);
  pr_throttle_init(f->cmd);
  s->rate_of = f;
}

void ftpd_rate_pause(struct ftpd_file *f, bool end) {
  if (f->rated) {
    rate_load(f);
    ftpd_xfer_load(f);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
    pr_throttle_pause(f->total, end, f->total);  /* the last for ftpwho */
#else
    pr_throttle_pause(f->total, end);
#endif
    errno = 0;
  }
}
