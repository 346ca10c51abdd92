/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-onclose.c -- files that are removed when they are closed
 * (SSH_FXF_DELETE_ON_CLOSE): the rules of REMOVE are checked when the file is
 * opened, and the removal is an ordinary one.
 */

#include "ftpd-filter.h"
#include "ftpd-limit.h"
#include "ftpd-onclose.h"
#include "ftpd-openfile.h"
#include "ftpd-request.h"

#include "ftpd-attrs.h"
#include "ftpd-tree.h"

int ftpd_onclose_check(struct ftpd_op *op, const char *path) {
  const struct sftp_rule *rule = &sftp_rules[FTPD_REMOVE].first;

  if (op->ftpd->read_only) {
    ftpd_refuse(op, "denied by the key, which is for reading only");
    errno = EACCES;
    return -1;
  }

  return ftpd_limit(op, rule, rule->effects, path) < 0 ||
    ftpd_filter(op, path) < 0 ? -1 : 0;
}

bool ftpd_onclose_needed(struct ftpd_file *f, struct stat *st) {
  return f->on_close && ftpd_fstat(f, st) == 0 && st->st_nlink > 0;
}

/* Whether the file still exists; another file in its place remains. */
static int check_same(struct ftpd_op *op, const char *path,
    const struct stat *file) {
  struct stat st;

  if (ftpd_lstat(op->ftpd, path, &st) < 0) {
    return -1;
  }

  if (st.st_dev != file->st_dev || st.st_ino != file->st_ino) {
    sftp_log("'%s' is not removed: it is not the file that was opened", path);
    errno = ENOENT;
    return -1;
  }

  return 0;
}

int ftpd_onclose(struct ftpd *h, struct ftpd_op *outer, const char *path,
    const struct stat *file) {
  pool *p = make_sub_pool(session.pool);
  const char *used;
  struct ftpd_op op;
  int res = -1, xerrno;

  pr_pool_tag(p, "SFTP removal on close");
  ftpd_op_begin(h, &op, p, FTPD_REMOVE, path);
  used = ftpd_permit(&op, path, NULL);
  if (used != NULL && check_same(&op, used, file) == 0) {
    res = ftpd_unlink(&op, used);
  }

  xerrno = errno;
  if (outer != NULL && op.refused != NULL) {
    outer->refused = pstrdup(outer->pool, op.refused);
  }

  ftpd_op_end(&op, res == 0 ? 0 : xerrno, res == 0 ? 0 : 4, res == 0 ? "OK" :
    strerror(xerrno));
  destroy_pool(p);
  errno = xerrno;
  return res;
}
