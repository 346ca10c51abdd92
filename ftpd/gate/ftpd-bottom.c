/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-bottom.c -- the functions at the bottom of FSIO's stack, which make the
 * system calls.
 *
 * FSIO and its modules use whole paths.  In a session's process this module
 * replaces the functions at the bottom: for a held path (ftpd-held.c) they use
 * its last name, and do not follow it.  Everything else is passed to the host's
 * functions.
 */

#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>

/* Constants that headers before Linux 6.6 lack. */
#ifndef SYS_fchmodat2
# define SYS_fchmodat2 452
#endif

static pr_fs_t host;            /* the original functions */

/* ---- Looks */

/* A file that has no name yet, and where it is to be seen. */
static const char *shown_path;
static int shown_fd;

int ftpd_or_shown(const char *path, int res, struct stat *st) {
  return res < 0 && errno == ENOENT && shown_path != NULL &&
    strcmp(path, shown_path) == 0 ? fstat(shown_fd, st) : res;
}

static int on_stat(pr_fs_t *fs, const char *path, struct stat *st) {
  char buf[PATH_MAX];
  int res = host.stat(fs, ftpd_from_here(path, buf, sizeof(buf)), st);

  ftpd_ftpaccess_seen(path, res, st);
  return ftpd_or_shown(path, res, st);
}

static int on_lstat(pr_fs_t *fs, const char *path, struct stat *st) {
  return ftpd_or_shown(path, host.lstat(fs, path, st), st);
}

/* ---- Calls that never follow the last name */

static int on_unlink(pr_fs_t *fs, const char *path) {
  return ftpd_scan_removes() ? 0 : host.unlink(fs, ftpd_held_name(path));
}

static int on_symlink(pr_fs_t *fs, const char *text, const char *path) {
  return host.symlink(fs, text, ftpd_held_name(path));
}

/* A path that is not held is followed as usual. */
static int on_readlink(pr_fs_t *fs, const char *path, char *buf, size_t size) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? host.readlink(fs, at->name, buf, size) :
    ftpd_link_says(buf, host.readlink(fs, path, buf, size));
}

static int on_lchown(pr_fs_t *fs, const char *path, uid_t uid, gid_t gid) {
  return host.lchown(fs, ftpd_held_name(path), uid, gid);
}

static int on_mkdir(pr_fs_t *fs, const char *path, mode_t mode) {
  return host.mkdir(fs, ftpd_held_name(path), mode);
}

static int on_rmdir(pr_fs_t *fs, const char *path) {
  return host.rmdir(fs, ftpd_held_name(path));
}

static bool may_replace = true;

/* Paths that the host protects are not held, and the host refuses to move them.
 */
static int on_rename(pr_fs_t *fs, const char *from, const char *to) {
  const struct ftpd_held *a = ftpd_held_of(from), *b = ftpd_held_of(to);

  if (a == NULL || b == NULL) {
    return host.rename(fs, from, to);
  }

  if (!may_replace) {
    int res = renameat2(a->dir, a->name, b->dir, b->name, RENAME_NOREPLACE);

    /* EINVAL: this file system does not support that. */
    if (res == 0 || (errno != EINVAL && errno != ENOSYS)) {
      return res;
    }
  }

  return renameat(a->dir, a->name, b->dir, b->name);
}

int ftpd_rename_held(const char *from, const char *to, bool replace) {
  int res;

  may_replace = replace;
  res = FTPD_HELD_TWO(from, to, pr_fsio_rename(from, to));
  may_replace = true;
  return res;
}

static int on_link(pr_fs_t *fs, const char *from, const char *to) {
  const struct ftpd_held *a = ftpd_held_of(from), *b = ftpd_held_of(to);

  return b == NULL ? host.link(fs, from, to) :
    linkat(a != NULL ? a->dir : AT_FDCWD, ftpd_held_name(from), b->dir, b->name,
      0);
}

/* Nothing else changes the directory of the process, but it might. */
static int on_chdir(pr_fs_t *fs, const char *path) {
  ftpd_stand_elsewhere();
  return host.chdir(fs, path);
}

/* ---- What would follow it */

static int on_open(pr_fh_t *fh, const char *path, int flags) {
  const struct ftpd_held *at = ftpd_held_of(path);
  char buf[PATH_MAX];

  return at != NULL ? host.open(fh, at->name, flags|O_NOFOLLOW) :
    host.open(fh, ftpd_ftpaccess_is(path) ? ftpd_from_here(path, buf,
      sizeof(buf)) : path, flags);
}

static int on_chown(pr_fs_t *fs, const char *path, uid_t uid, gid_t gid) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? host.lchown(fs, at->name, uid, gid) :
    host.chown(fs, path, uid, gid);
}

static int on_utimes(pr_fs_t *fs, const char *path, struct timeval *tv) {
  const struct ftpd_held *at = ftpd_held_of(path);
  struct timespec ts[2];
  unsigned int i;

  if (at == NULL) {
    return host.utimes(fs, path, tv);
  }

  for (i = 0; i < 2; i++) {
    ts[i].tv_sec = tv[i].tv_sec;
    ts[i].tv_nsec = tv[i].tv_usec * 1000;
  }

  return utimensat(at->dir, at->name, ts, AT_SYMLINK_NOFOLLOW);
}

/* Opens a file that is not a link, and that has no side effects. */
static int open_there(const struct ftpd_held *at, int flags,
    struct stat *st) {
  int fd, xerrno;

  if (fstatat(at->dir, at->name, st, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  }

  if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) {
    errno = S_ISLNK(st->st_mode) ? ELOOP : EINVAL;
    return -1;
  }

  fd = openat(at->dir, at->name, flags|O_NOFOLLOW|O_NONBLOCK|O_NOCTTY|
    O_CLOEXEC);
  if (fd >= 0 && fstat(fd, st) < 0) {
    xerrno = errno;
    (void) close(fd);
    errno = xerrno;
    fd = -1;
  }

  return fd;
}

static int done_with(int fd, int res) {
  int xerrno = errno;

  (void) close(fd);
  errno = xerrno;
  return res;
}

static int on_truncate(pr_fs_t *fs, const char *path, off_t size) {
  const struct ftpd_held *at = ftpd_held_of(path);
  struct stat st;
  int fd;

  if (at == NULL) {
    return host.truncate(fs, path, size);
  }

  fd = open_there(at, O_WRONLY, &st);
  return fd < 0 ? -1 : done_with(fd, ftruncate(fd, size));
}

/* Only the owner may read or write: set as an ACL, because that does not follow
 * links.  An existing ACL is kept.
 */
static int open_for_owner(const struct ftpd_held *at) {
  static const char name[] = "system.posix_acl_access";
  static const unsigned char acl[] = { 2, 0, 0, 0,
    1, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,         /* owner: rw */
    4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,         /* group */
    32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };      /* others */

  if (lgetxattr(at->name, name, NULL, 0) < 0 && errno == ENODATA &&
      lsetxattr(at->name, name, acl, sizeof(acl), 0) == 0) {
    return 0;
  }

  errno = EACCES;
  return -1;
}

/* Linux before 6.6 can change the mode only of an open file, or of a name that
 * it follows.  The C library has a workaround, which needs /proc.
 */
static int chmod_opened(const struct ftpd_held *at, mode_t mode) {
  struct stat st;
  int fd = open_there(at, O_RDONLY, &st);

  if (fd < 0 && errno == EACCES) {
    fd = open_there(at, O_WRONLY, &st);
  }

  if (fd < 0 && errno == EACCES && open_for_owner(at) == 0) {
    fd = open_there(at, O_RDONLY, &st);
  }

  return fd < 0 ? -1 : done_with(fd, fchmod(fd, mode));
}

static int on_chmod(pr_fs_t *fs, const char *path, mode_t mode) {
  const struct ftpd_held *at = ftpd_held_of(path);

  if (at == NULL) {
    return host.chmod(fs, path, mode);
  }

  if (syscall(SYS_fchmodat2, at->dir, at->name, mode,
      AT_SYMLINK_NOFOLLOW) == 0) {
    return 0;
  }

  if (errno != ENOSYS && errno != EPERM) {
    return -1;
  }

  return fchmodat(at->dir, at->name, mode, AT_SYMLINK_NOFOLLOW) == 0 ? 0 :
    errno == EOPNOTSUPP ? chmod_opened(at, mode) : -1;
}

/* ---- Extended attributes */

static ssize_t on_getxattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name, void *value, size_t size) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? host.lgetxattr(p, fs, at->name, name, value, size) :
    host.getxattr(p, fs, path, name, value, size);
}

static ssize_t on_lgetxattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name, void *value, size_t size) {
  return host.lgetxattr(p, fs, ftpd_held_name(path), name, value, size);
}

static int on_listxattr(pool *p, pr_fs_t *fs, const char *path,
    array_header **names) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? host.llistxattr(p, fs, at->name, names) :
    host.listxattr(p, fs, path, names);
}

static int on_llistxattr(pool *p, pr_fs_t *fs, const char *path,
    array_header **names) {
  return host.llistxattr(p, fs, ftpd_held_name(path), names);
}

static int on_setxattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name, void *value, size_t size, int flags) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ?
    host.lsetxattr(p, fs, at->name, name, value, size, flags) :
    host.setxattr(p, fs, path, name, value, size, flags);
}

static int on_lsetxattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name, void *value, size_t size, int flags) {
  return host.lsetxattr(p, fs, ftpd_held_name(path), name, value, size, flags);
}

static int on_removexattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? host.lremovexattr(p, fs, at->name, name) :
    host.removexattr(p, fs, path, name);
}

static int on_lremovexattr(pool *p, pr_fs_t *fs, const char *path,
    const char *name) {
  return host.lremovexattr(p, fs, ftpd_held_name(path), name);
}

/* ---- Into their places */

void ftpd_bottom_init(void) {
  static bool done = false;
  pr_fs_t *fs = ftpd_fs_system();

  if (done || fs == NULL) {
    return;
  }

  host = *fs;
  fs->stat = on_stat;
  fs->lstat = on_lstat;
  fs->unlink = on_unlink;
  fs->symlink = on_symlink;
  fs->readlink = on_readlink;
  fs->lchown = on_lchown;
  fs->mkdir = on_mkdir;
  fs->rmdir = on_rmdir;
  fs->chdir = on_chdir;
  fs->rename = on_rename;
  fs->link = on_link;
  fs->open = on_open;
  fs->chown = on_chown;
  fs->utimes = on_utimes;
  fs->truncate = on_truncate;
  fs->chmod = on_chmod;
  fs->getxattr = on_getxattr;
  fs->lgetxattr = on_lgetxattr;
  fs->listxattr = on_listxattr;
  fs->llistxattr = on_llistxattr;
  fs->setxattr = on_setxattr;
  fs->lsetxattr = on_lsetxattr;
  fs->removexattr = on_removexattr;
  fs->lremovexattr = on_lremovexattr;
  done = true;
}

/* FSIO keeps what it has seen. */
void ftpd_bottom_show(const char *path, int fd) {
  int xerrno = errno;

  ftpd_bottom_init();
  pr_fs_clear_cache2(path != NULL ? path : shown_path);
  shown_path = path;
  shown_fd = fd;
  errno = xerrno;
}
