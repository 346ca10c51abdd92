/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-open-lock.c -- the uses of an open file, and the uses that it denies to
 * others meanwhile (SSH_FXF_BLOCK_READ and similar flags of OPEN).
 *
 * Like the locks on ranges (ftpd-lock.c), these are locks of the system on
 * bytes that no file has: a region for each use of a file, another for each use
 * that is denied to others, and in each region a byte for each open file.  A
 * session marks first and checks afterwards, so that of two sessions that do so
 * at once, one sees the other.
 */

#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"

#include "effects.h"

#include <fcntl.h>

#define NUSES           3
#define REGION          ((off_t) 1 << 40)
#define REGIONS         (FTPD_LOCK_SPACE + REGION)

/* Where the marks of a use are; kept: the marks of sessions that deny it. */
static off_t region(unsigned int use, bool kept) {
  return REGIONS + (off_t) (use + (kept ? NUSES : 0)) * REGION;
}

/* This session's byte in every region. */
static off_t own_byte(void) {
  static unsigned int count;

  return ((off_t) getpid() << 16 | (off_t) (count++ & 0xffff)) & (REGION - 1);
}

static int mark(int fd, bool readable, off_t at) {
  struct flock fl = { .l_type = readable ? F_RDLCK : F_WRLCK,
    .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };

  return fcntl(fd, F_OFD_SETLK, &fl);
}

/* Programs that lock a whole file lock these bytes as well, but mean its
 * content.
 */
static bool is_marked(int fd, off_t from) {
  struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
    .l_start = from, .l_len = REGION };

  return fcntl(fd, F_OFD_GETLK, &fl) == 0 && fl.l_type != F_UNLCK &&
    fl.l_start >= FTPD_LOCK_SPACE;
}

bool ftpd_open_lock_kept(int fd, unsigned int uses) {
  unsigned int i;

  for (i = 0; i < NUSES; i++) {
    if ((uses & 1U << i) != 0 && is_marked(fd, region(i, true))) {
      return true;
    }
  }

  return false;
}

bool ftpd_open_lock_used(int fd) {
  unsigned int i;

  for (i = 0; i < NUSES; i++) {
    if (is_marked(fd, region(i, false))) {
      return true;
    }
  }

  return ftpd_lock_transfers(fd, true, true);
}

static bool is_used(int fd, unsigned int deny) {
  unsigned int i;

  for (i = 0; i < NUSES; i++) {
    if ((deny & 1U << i) != 0 && is_marked(fd, region(i, false))) {
      return true;
    }
  }

  return ftpd_lock_transfers(fd, (deny & FTPD_USE_READ) != 0,
    (deny & FTPD_USE_WRITE) != 0);
}

/* A file that cannot be marked is opened nevertheless, unless others must be
 * locked out.
 */
static int mark_all(int fd, unsigned int uses, unsigned int deny) {
  bool readable = (uses & FTPD_USE_READ) != 0;
  off_t at = own_byte();
  unsigned int i;

  for (i = 0; i < NUSES; i++) {
    if ((uses & 1U << i) != 0) {
      (void) mark(fd, readable, region(i, false) + at);
    }

    if ((deny & 1U << i) != 0 && mark(fd, readable, region(i, true) + at) < 0) {
      errno = errno == EAGAIN || errno == EACCES ? EAGAIN : ENOTSUP;
      return -1;
    }
  }

  return 0;
}

struct device_cache {
  dev_t dev;                    /* of the file opened last */
  bool is_local;
};

/* Looked up once, as long as all files are on one device. */
static bool is_local(struct ftpd_files *s, int fd, dev_t dev) {
  if (s->device == NULL || s->device->dev != dev) {
    s->device = s->device != NULL ? s->device :
      pcalloc(s->pool, sizeof(*s->device));
    s->device->dev = dev;
    s->device->is_local = ftpd_lock_is_local(fd);
  }

  return s->device->is_local;
}

int ftpd_open_lock(const struct ftpd_op *op, pr_fh_t *fh, const struct stat *st,
    int flags) {
  unsigned int uses = op->deletes ? FTPD_USE_DELETE : 0;
  int fd = PR_FH_FD(fh);

  if (!FTPD_FS_PLAIN(fh->fh_fs, open)) {
    errno = ENOTSUP;
    return op->deny == 0 ? 0 : -1;
  }

  if (op->deny == 0 && !is_local(ftpd_files_of(op->ftpd), fd, st->st_dev)) {
    return 0;
  }

  uses |= (flags & O_ACCMODE) != O_WRONLY ? FTPD_USE_READ : 0;
  uses |= (flags & O_ACCMODE) != O_RDONLY ? FTPD_USE_WRITE : 0;
  if (mark_all(fd, uses, op->deny) < 0) {
    return -1;
  }

  if (ftpd_open_lock_kept(fd, uses) || is_used(fd, op->deny)) {
    errno = EAGAIN;
    return -1;
  }

  return 0;
}

/* For a file that is changed without being opened; if it cannot be opened, that
 * is not a reason to refuse.
 */
int ftpd_open_lock_changed(const char *path) {
  int fd, kept;

  if (!FTPD_FS_PLAIN(pr_get_fs(path, NULL), open)) {
    return 0;
  }

  fd = FTPD_HELD(path, open(ftpd_held_name(path), O_RDONLY|O_NONBLOCK|
    O_NOCTTY|O_NOFOLLOW|O_CLOEXEC));
  if (fd < 0) {
    return 0;
  }

  kept = ftpd_open_lock_kept(fd, FTPD_USE_WRITE) ? -1 : 0;
  (void) close(fd);
  errno = EAGAIN;
  return kept;
}

/* Asks the kernel about the existing file. */
static bool has_access(const char *path, int mode) {
  struct stat st;

  return pr_fsio_stat(path, &st) < 0 ||
    pr_fsio_access(path, mode, session.uid, session.gid, session.gids) == 0;
}

int ftpd_may_keep(struct ftpd_op *op, const char *path, bool reads,
    bool writes) {
  bool read_too = (op->deny & FTPD_USE_READ) != 0 && !reads;
  bool write_too = (op->deny & FTPD_USE_WRITE) != 0 && !writes;

  if ((read_too && ftpd_permit_effect(op, path, SFTP_EFF_READ) < 0) ||
      (write_too && ftpd_permit_effect(op, path, SFTP_EFF_REPLACE) < 0)) {
    return -1;
  }

  if ((read_too && !has_access(path, R_OK)) ||
      (write_too && !has_access(path, W_OK))) {
    sftp_log("'%s' is not locked for a user who may not %s it", path,
      read_too && !has_access(path, R_OK) ? "read" : "write");
    ftpd_refuse(op, "others are kept only from what the user may do");
    errno = EACCES;
    return -1;
  }

  return 0;
}
