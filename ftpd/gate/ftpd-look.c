/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-look.c -- what is at a path: stat, lstat, statvfs.
 *
 * Everything goes through FSIO, because modules put their own file systems
 * there.  Where FSIO would end at the system call anyway, looks (stat, lstat,
 * resolving links) call it themselves: FSIO's own cache of such answers is 30
 * seconds old at worst, and it costs more than it saves.
 */

#include "ftpd-path.h"

#include "ftpd-attrs.h"

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  if (FTPD_FS_PLAIN(ftpd_fs_of(path), stat)) {
    return stat(path, st);
  }

  pr_fs_clear_cache2(path);
  return pr_fsio_stat(path, st);
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  if (FTPD_FS_PLAIN(ftpd_fs_of(path), lstat)) {
    return lstat(path, st);
  }

  pr_fs_clear_cache2(path);
  return pr_fsio_lstat(path, st);
}

int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st) {
  pr_fh_t *fh;
  int res, xerrno;

  (void) h;
  if (FTPD_FS_PLAIN(ftpd_fs_of(path), open)) {
    return statvfs(path, st);
  }

  /* Whoever maps paths maps them when it opens. */
  fh = pr_fsio_open(path, O_RDONLY|O_NONBLOCK);
  if (fh == NULL) {
    return -1;
  }

  res = fstatvfs(PR_FH_FD(fh), st);
  xerrno = errno;
  (void) pr_fsio_close(fh);
  errno = xerrno;
  return res;
}
