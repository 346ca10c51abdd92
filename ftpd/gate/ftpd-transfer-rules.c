/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-transfer-rules.c -- sizes, restarts and rates of transfers. */

#include "ftpd-bottleneck.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-path.h"
#include "ftpd-place.h"
#include "ftpd-transfer-rules.h"
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

/* The most specific size limit of the directory last checked, or NULL. */
static const config_rec *size_rule(const char *directive) {
  const config_rec *best = NULL;
  unsigned int most = 0;
  config_rec *c;

  c = find_config(CURRENT_CONF, CONF_PARAM, directive, FALSE);
  while (c != NULL) {
    unsigned int weight = *((unsigned int *) c->argv[1]);

    if (weight > most && applies(c)) {
      most = weight;
      best = c;
    }

    c = find_config_next(c, c->next, CONF_PARAM, directive, FALSE);
  }

  return best;
}

/* Its value; 0: none. */
static off_t size_in(const config_rec *c) {
  return c != NULL && c->argc > 0 && c->argv[0] != NULL ?
    *((off_t *) c->argv[0]) : 0;
}

off_t ftpd_max_store_size(void) {
  return size_in(size_rule("MaxStoreFileSize"));
}

/* A limit of the size of a whole file, or NULL. */
static int check_whole(struct ftpd_op *op, const char *what, const char *path,
    off_t size, const config_rec *rule, int err) {
  off_t max = size_in(rule);

  if (max <= 0 || size <= max) {
    return 0;
  }

  sftp_log("%s of '%s' (%lld bytes) denied: %s is %lld bytes%s", what, path,
    (long long) size, rule->name, (long long) max,
    ftpd_place_of(op->pool, rule));
  ftpd_refuse(op, "%s is %lld bytes", rule->name, (long long) max);
  errno = err;
  return -1;
}

int ftpd_max_retrieve(struct ftpd_op *op, const char *path, off_t size) {
  return check_whole(op, "download", path, size,
    size_rule("MaxRetrieveFileSize"), EACCES);
}

/* Checksums, where mod_digest has a limit for them. */
int ftpd_max_digest(struct ftpd_op *op, const char *path, off_t size) {
  return check_whole(op, "checksum", path, size, find_config(CURRENT_CONF,
    CONF_PARAM, "DigestMaxSize", FALSE), EPERM);
}

/* ---- Restarts
 *
 * FTP begins a transfer at one place; SFTP says so with each READ and WRITE.  A
 * transfer from the beginning of the file without a gap is not a restart;
 * pieces that are under way at once may overtake each other.
 */

#define OVERTAKEN (4 * 1024 * 1024)     /* bytes */

static const config_rec *says_off(const char *directive) {
  const config_rec *c = find_config(CURRENT_CONF, CONF_PARAM, directive,
    FALSE);

  return c != NULL && *((unsigned char *) c->argv[0]) == FALSE ? c : NULL;
}

void ftpd_restart_rules(struct ftpd_file *f) {
  f->whole_rd = f->rd && !f->stream &&
    says_off("AllowRetrieveRestart") != NULL;
  f->whole_wr = f->wr && !f->stream && !f->append && !f->made &&
    f->size > 0 && says_off("AllowStoreRestart") != NULL;
}

static void tell_restart(const struct ftpd_file *f, off_t offset,
    bool writes) {
  const char *directive = writes ? "AllowStoreRestart" :
    "AllowRetrieveRestart";
  const config_rec *c = says_off(directive);
  pool *p = make_sub_pool(session.pool);

  sftp_log("'%s' is not %s from byte %lld on: %s is off%s", f->path,
    writes ? "written" : "read", (long long) offset, directive,
    c != NULL ? ftpd_place_of(p, c) : "");
  destroy_pool(p);
}

int ftpd_restart_check(struct ftpd_file *f, off_t offset, bool writes) {
  off_t run = writes ? f->run_wr : f->run_rd;

  if (!(writes ? f->whole_wr : f->whole_rd) || offset == 0 || (run > 0 &&
      offset <= run + OVERTAKEN)) {
    return 0;
  }

  f->refused = (f->h->set->opts & SFTP_OPT_TERSE_REFUSALS) != 0 ? NULL :
    writes ? "AllowStoreRestart is off" : "AllowRetrieveRestart is off";
  tell_restart(f, offset, writes);
  errno = EACCES;
  return -1;
}

void ftpd_restart_note(struct ftpd_file *f, off_t end, bool writes) {
  off_t *run = writes ? &f->run_wr : &f->run_rd;

  *run = end > *run ? end : *run;
}

/* The system log gets it once per session. */
static void tell_system_log(off_t max) {
  static bool told;

  if (!told) {
    told = true;
    pr_log_pri(PR_LOG_NOTICE, "MaxStoreFileSize (%" PR_LU " bytes) reached",
      (pr_off_t) max);
  }
}

static void tell_reached(const char *path, off_t max) {
  pool *p = make_sub_pool(session.pool);
  const config_rec *rule = size_rule("MaxStoreFileSize");

  tell_system_log(max);
  /* The directory last checked may have become another one. */
  sftp_log("MaxStoreFileSize (%lld bytes) reached by '%s'%s", (long long) max,
    path, size_in(rule) == max ? ftpd_place_of(p, rule) : "");
  destroy_pool(p);
}

static int check_within(const char *path, off_t max, off_t size) {
  if (max > 0 && size > max) {
    tell_reached(path, max);
    errno = EFBIG;
    return -1;
  }

  return 0;
}

int ftpd_max_store(struct ftpd_op *op, const char *path, off_t size) {
  off_t max = ftpd_max_store_size();

  if (check_within(path, max, size) < 0) {
    ftpd_refuse(op, "MaxStoreFileSize is %lld bytes", (long long) max);
    errno = EFBIG;
    return -1;
  }

  return 0;
}

int ftpd_file_within(struct ftpd_file *f, off_t size) {
  char why[64];

  if (check_within(f->path, f->max_size, size) == 0) {
    return 0;
  }

  if ((f->h->set->opts & SFTP_OPT_TERSE_REFUSALS) == 0 && f->refused == NULL) {
    snprintf(why, sizeof(why), "MaxStoreFileSize is %lld bytes",
      (long long) f->max_size);
    f->refused = pstrdup(f->pool, why);
  }

  errno = EFBIG;
  return -1;
}

/* TransferRate: the host stores one rate, that of the last loaded command. */
static void rate_load(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);
  pool *p;

  if (s->rate_of == f) {
    return;
  }

  p = make_sub_pool(s->pool);
  session.dir_config = dir_match_path(p, (char *) ftpd_outside(p, f->path));
  destroy_pool(p);
  pr_throttle_init(f->paced);
  s->rate_of = f;
}

void ftpd_rate_begin(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);
  config_rec *here = session.dir_config;

  s->rate_of = NULL;
  f->paced = f->cmd;
  if (f->req == FTPD_COPY || f->req == FTPD_DIGEST) {
    f->paced = pr_cmd_alloc(f->pool, 1, f->wr ? C_STOR : C_RETR);
    rate_load(f);
    session.dir_config = here;

  } else {
    pr_throttle_init(f->paced);
  }

  f->rated = pr_throttle_have_rate();
  s->rate_of = f->rated ? f : NULL;
}

void ftpd_rate_end(struct ftpd_file *f) {
  struct ftpd_files *s = ftpd_files_of(f->h);

  if (s->rate_of == f) {
    s->rate_of = NULL;
  }

  if (f->rated) {
    ftpd_xfer_end();
  }
}

size_t ftpd_portion(const struct ftpd_file *f, size_t max) {
  return f->rated && max > FTPD_PORTION ? FTPD_PORTION : max;
}

void ftpd_rate_pause(struct ftpd_file *f, bool end) {
  off_t all = f->total + f->peeked;
  uint64_t begun_us;

  if (f->rated) {
    begun_us = sftp_now_us();
    rate_load(f);
    ftpd_xfer_load(f);
#if PROFTPD_VERSION_NUMBER >= 0x0001030900
    pr_throttle_pause(all, end, all);   /* the last one, for ftpwho */
#else
    pr_throttle_pause(all, end);
#endif
    ftpd_bottleneck_add(f, CAUSE_RATE, begun_us);
    errno = 0;
  }
}
