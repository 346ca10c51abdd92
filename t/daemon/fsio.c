/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fsio.c -- FSIO's functions for files: each leaves a trace, and a file that is
 * opened knows its path.
 */

#include "daemon.h"

struct stat daemon_fstat;
pr_fs_t daemon_fs;
int daemon_fd = -1;

DAEMON_WEAK pr_fh_t *pr_fsio_open(const char *path, int flags) {
  pr_fh_t *fh;

  if (daemon_call("open %s 0%o", path, (unsigned int) flags) < 0) {
    return NULL;
  }

  fh = pcalloc(session.pool, sizeof(*fh));
  fh->fh_path = pstrdup(session.pool, path);
  fh->fh_fs = &daemon_fs;
  fh->fh_fd = daemon_fd;
  return fh;
}

static const char *name_of(const pr_fh_t *fh) {
  return fh->fh_path != NULL ? fh->fh_path : "-";
}

DAEMON_WEAK int pr_fsio_close(pr_fh_t *fh) {
  return daemon_call("close %s", name_of(fh));
}

DAEMON_WEAK int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  if (daemon_call("fstat %s", name_of(fh)) < 0) {
    return -1;
  }

  *st = daemon_fstat;
  return 0;
}

DAEMON_WEAK int pr_fsio_ftruncate(pr_fh_t *fh, off_t size) {
  return daemon_call("ftruncate %s %lld", name_of(fh), (long long) size);
}

DAEMON_WEAK int pr_fsio_fchmod(pr_fh_t *fh, mode_t mode) {
  return daemon_call("fchmod %s %o", name_of(fh), (unsigned int) mode);
}

DAEMON_WEAK int pr_fsio_fchown(pr_fh_t *fh, uid_t uid, gid_t gid) {
  return daemon_call("fchown %s %d %d", name_of(fh), (int) uid, (int) gid);
}

DAEMON_WEAK int pr_fsio_fsync(pr_fh_t *fh) {
  return daemon_call("fsync %s", name_of(fh));
}

DAEMON_WEAK int pr_fsio_set_block(pr_fh_t *fh) {
  return daemon_call("set_block %s", name_of(fh));
}

DAEMON_WEAK ssize_t pr_fsio_pread(pr_fh_t *fh, void *buf, size_t size,
    off_t offset) {
  if (daemon_call("pread %s %zu %lld", name_of(fh), size,
      (long long) offset) < 0) {
    return -1;
  }

  memset(buf, 'p', size);
  return (ssize_t) size;
}

DAEMON_WEAK int pr_fsio_unlink(const char *path) {
  return daemon_call("unlink %s", path);
}

DAEMON_WEAK int pr_fs_clear_cache2(const char *path) {
  return daemon_call("clear_cache %s", path != NULL ? path : "(null)");
}
