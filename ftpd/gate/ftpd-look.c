/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-look.c -- lookups of a path: stat, lstat, statvfs.
 *
 * Everything goes through FSIO, because modules put their own file systems
 * there.  Where FSIO would only make the system call, stat, lstat and the
 * resolution of links make it directly: FSIO's cached results may be 30 seconds
 * old, and the cache costs more than it saves.
 */

#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"

#include "ftpd-attrs.h"

#include <fcntl.h>
#include <limits.h>

int ftpd_look(struct ftpd *h, const char *path, struct stat *st) {
  char buf[PATH_MAX];
  const char *real, *at;
  pool *p;
  int res = -1, xerrno;

  if (!FTPD_HOLDABLE(path, stat)) {
    pr_fs_clear_cache2(path);
    return pr_fsio_stat(path, st);
  }

  p = make_sub_pool(session.pool);
  real = ftpd_resolve(h, p, path, true);
  errno = ftpd_resolve_error();
  if (errno == 0) {
    at = ftpd_where(real, buf, sizeof(buf));
    res = at != NULL ? stat(at, st) : -1;
  }

  xerrno = errno;
  destroy_pool(p);
  errno = xerrno;
  return res;
}

struct look_cache {
  unsigned long op;             /* operation that made it */
  const char *path;
  struct stat st;
};

static int look_anew(const char *path, struct stat *st) {
  if (FTPD_HOLDABLE(path, lstat)) {
    return FTPD_HELD(path, lstat(ftpd_held_name(path), st));
  }

  pr_fs_clear_cache2(path);
  return pr_fsio_lstat(path, st);
}

int ftpd_lstat_keep(struct ftpd *h, const char *path, struct stat *st) {
  struct ftpd_files *s = ftpd_files_of(h);
  struct look_cache *c = s->look;
  int res = look_anew(path, st);

  if (res == 0) {
    if (c == NULL) {
      c = s->look = pcalloc(s->pool, sizeof(*c));
    }

    c->op = s->nops;
    c->path = path;
    c->st = *st;
  }

  return res;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  const struct ftpd_files *s = ftpd_files_of(h);
  const struct look_cache *c = s->look;

  if (c == NULL || c->op != s->nops || c->path != path) {
    return look_anew(path, st);
  }

  *st = c->st;
  return 0;
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  if (!FTPD_HOLDABLE(path, stat)) {
    return ftpd_look(h, path, st);
  }

  /* The path contains no links. */
  if (ftpd_lstat(h, path, st) < 0) {
    return -1;
  }

  if (S_ISLNK(st->st_mode)) {
    errno = ELOOP;
    return -1;
  }

  return 0;
}

static int statvfs_held(const char *path, struct statvfs *st) {
  int fd = open(ftpd_held_name(path), O_PATH|O_NOFOLLOW|O_CLOEXEC), res;

  if (fd < 0) {
    return -1;
  }

  res = fstatvfs(fd, st);
  (void) close(fd);
  return res;
}

int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st) {
  pr_fh_t *fh;
  int res;

  (void) h;
  if (FTPD_HOLDABLE(path, open)) {
    return FTPD_HELD(path, statvfs_held(path, st));
  }

  /* Modules that map paths do so when the file is opened. */
  fh = pr_fsio_open(path, O_RDONLY|O_NONBLOCK);
  if (fh == NULL) {
    return -1;
  }

  res = fstatvfs(PR_FH_FD(fh), st);
  ftpd_drop(fh);
  return res;
}
