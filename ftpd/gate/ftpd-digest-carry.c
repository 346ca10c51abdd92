/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-carry.c -- SFTPTransferDigest: clients rename their uploads, or
 * set mode and times, when they are complete.  A receipt that counts is
 * renewed.
 */

#include "ftpd-digest-carry.h"
#include "ftpd-digest-mark.h"
#include "ftpd-openfile.h"
#include "ftpd-scan.h"

#include "directives.h"
#include "ftpd-attrs.h"

#include <fcntl.h>

static bool is_wanted(void) {
  const struct transfer_digest *conf = get_param_ptr(CURRENT_CONF,
    "SFTPTransferDigest", FALSE);

  return conf != NULL && conf->on;
}

void ftpd_carry_take(struct ftpd_carry *c, struct ftpd *h,
    const char *path) {
  int xerrno = errno;
  pool *p;

  c->fh = NULL;
  if (!is_wanted() || ftpd_lstat(h, path, &c->st) < 0 ||
      !S_ISREG(c->st.st_mode)) {
    errno = xerrno;
    return;
  }

  p = make_sub_pool(session.pool);
  c->fh = ftpd_open_held(path, O_RDONLY|O_NONBLOCK|O_NOCTTY);
  if (c->fh != NULL && (pr_fsio_fstat(c->fh, &c->st) < 0 ||
      !ftpd_mark_read(PR_FH_FD(c->fh), c->text, sizeof(c->text)) ||
      !ftpd_receipt_get(p, c->fh, c->hex))) {
    ftpd_drop(c->fh);
    c->fh = NULL;
  }

  destroy_pool(p);
  errno = xerrno;
}

pr_fh_t *ftpd_carry_nothing(const char *path) {
  int xerrno = errno;
  pr_fh_t *fh = is_wanted() ? ftpd_open_held(path,
    O_WRONLY|O_NONBLOCK|O_NOCTTY) : NULL;

  if (fh != NULL) {
    ftpd_receipt_drop(PR_FH_FD(fh));
  }

  errno = xerrno;
  return fh;
}

void ftpd_carry_nothing_end(pr_fh_t *fh) {
  int xerrno = errno;

  if (fh != NULL) {
    ftpd_receipt_drop(PR_FH_FD(fh));
    ftpd_drop(fh);
  }

  errno = xerrno;
}

/* A session that began to write has its mark there. */
static bool is_still_there(const struct ftpd_carry *c) {
  char text[FTPD_RECEIPT_MAX];

  return ftpd_mark_read(PR_FH_FD(c->fh), text, sizeof(text)) &&
    strcmp(text, c->text) == 0;
}

/* Whoever wrote meanwhile has set another time. */
static bool is_time_right(const struct timespec *is,
    const struct timespec *was, const struct timeval *set) {
  return set != NULL ?
    is->tv_sec == set->tv_sec && is->tv_nsec == set->tv_usec * 1000 :
    is->tv_sec == was->tv_sec && is->tv_nsec == was->tv_nsec;
}

int ftpd_carry_put(struct ftpd_carry *c, int res,
    const struct timeval *modified) {
  int xerrno = errno;
  struct stat st;

  if (c->fh == NULL) {
    return res;
  }

  if (res == 0 && is_still_there(c) && fstat(PR_FH_FD(c->fh), &st) == 0 &&
      st.st_size == c->st.st_size &&
      is_time_right(&st.st_mtim, &c->st.st_mtim, modified)) {
    ftpd_receipt_put(PR_FH_FD(c->fh), &st, c->hex);
  }

  ftpd_drop(c->fh);
  c->fh = NULL;
  errno = xerrno;
  return res;
}
