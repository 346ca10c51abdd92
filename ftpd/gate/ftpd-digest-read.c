/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-read.c -- SFTPTransferDigest: reads an upload that did not come
 * in order.
 */

#include "ftpd-checker.h"
#include "ftpd-digest.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"

#include "checksum.h"
#include "ftpd-lines.h"
#include "ftpd-wait.h"

#define BUF_BYTES (256 * 1024)

/* NULL, or why there is no digest. */
static const char *read_all(struct ftpd_file *f, int fd, struct sftp_sum *sum,
    unsigned int secs) {
  uint64_t until = ftpd_now_ms() + (uint64_t) secs * 1000;
  unsigned char *buf = palloc(f->pool, BUF_BYTES);
  off_t at = 0;
  ssize_t n;

  while ((n = pread(fd, buf, BUF_BYTES, at)) != 0) {
    if (ftpd_checker_ending()) {
      return "the session is being ended";
    }

    if (n < 0 && errno != EINTR) {
      return strerror(errno);
    }

    if (ftpd_now_ms() >= until) {
      return "reading it took too long";
    }

    ftpd_active(f->h, FTPD_ACTIVE_TRANSFER);
    if (n > 0 && sftp_sum_add(sum, buf, (size_t) n) != SFTP_OK) {
      return "libcrypto failed";
    }

    at += n > 0 ? n : 0;
  }

  return NULL;
}

static bool is_same(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
    a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Others may change the file while it is read. */
static const char *read_same(struct ftpd_file *f, int fd,
    struct sftp_sum *sum, unsigned int secs) {
  struct stat before, after;
  const char *why;

  if (fstat(f->fd, &before) < 0 || fstat(fd, &after) < 0) {
    return strerror(errno);
  }

  if (!is_same(&before, &after)) {
    return "its name is another file's";
  }

  why = read_all(f, fd, sum, secs);
  if (why == NULL && (fstat(fd, &after) < 0 || !is_same(&before, &after))) {
    why = "it was changed meanwhile";
  }

  return why;
}

/* Uploads are open for writing alone, unless the client wants to read them, or
 * a check will.
 */
static const char *read_any(struct ftpd_file *f, struct sftp_sum *sum,
    unsigned int secs) {
  pr_fh_t *fh = f->rd ? f->fh : f->reader, *own = NULL;
  const char *why;

  if (fh == NULL) {
    own = fh = ftpd_open_held(f->hidden != NULL ? f->hidden : f->path,
      O_RDONLY|O_NONBLOCK|O_NOCTTY);
  }

  if (fh == NULL) {
    return strerror(errno);
  }

  why = read_same(f, PR_FH_FD(fh), sum, secs);
  if (own != NULL) {
    ftpd_drop(own);
  }

  return why;
}

int ftpd_digest_read(struct ftpd_file *f, struct sftp_sum *sum,
    unsigned int secs, unsigned char *out) {
  const char *why = sftp_sum_begin(sum) == SFTP_OK ? read_any(f, sum, secs) :
    "libcrypto failed";

  if (why == NULL && sftp_sum_end(sum, out) != SFTP_OK) {
    why = "libcrypto failed";
  }

  if (why != NULL) {
    sftp_log("SFTPTransferDigest: no digest of '%s': %s", f->path, why);
  }

  return why == NULL ? 0 : -1;
}
