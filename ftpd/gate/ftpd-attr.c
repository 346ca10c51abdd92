/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-attr.c -- attributes of files that stat(2) does not return: time of
 * creation, flags of the file system, POSIX ACLs.
 */

#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-record.h"

#include "ftpd-attrs.h"
#include "ftpd-xattr.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ACL_NAME "system.posix_acl_access"

/* ---- Birth and flags */

static int ask_statx(int fd, const char *path, int flags,
    struct ftpd_extra_attrs *more) {
  struct statx stx;

  if (statx(fd, path, flags|AT_STATX_DONT_SYNC, STATX_BTIME, &stx) < 0) {
    return -1;
  }

  more->has_birth = (stx.stx_mask & STATX_BTIME) != 0;
  if (more->has_birth) {
    more->birth.tv_sec = (time_t) stx.stx_btime.tv_sec;
    more->birth.tv_nsec = (long) stx.stx_btime.tv_nsec;
  }

  more->encrypted = (stx.stx_attributes & STATX_ATTR_ENCRYPTED) != 0;
  more->compressed = (stx.stx_attributes & STATX_ATTR_COMPRESSED) != 0;
  more->append_only = (stx.stx_attributes & STATX_ATTR_APPEND) != 0;
  more->immutable = (stx.stx_attributes & STATX_ATTR_IMMUTABLE) != 0;
  return 0;
}

int ftpd_extra_attrs(struct ftpd *h, struct ftpd_file *f, const char *path,
    bool follow, struct ftpd_extra_attrs *more) {
  (void) h;
  (void) follow;                /* no link is left */
  memset(more, 0, sizeof(*more));
  if (f != NULL) {
    return ask_statx(f->fd, "", AT_EMPTY_PATH, more);
  }

  /* File systems of other modules do not support this. */
  if (!FTPD_HOLDABLE(path, stat)) {
    errno = ENOSYS;
    return -1;
  }

  return FTPD_HELD(path, ask_statx(AT_FDCWD, ftpd_held_name(path),
    AT_SYMLINK_NOFOLLOW, more));
}

/* ---- ACLs */

ssize_t ftpd_acl_get(struct ftpd *h, pool *p, struct ftpd_file *f,
    const char *path, void *buf, size_t size) {
  struct ftpd_xattrs on = { h, f, path, true };

  return ftpd_getxattr(&on, p, ACL_NAME, buf, size);
}

int ftpd_acl_set(struct ftpd *h, pool *p, struct ftpd_file *f,
    const char *path, const void *buf, size_t size) {
  struct ftpd_xattrs on = { h, f, path, true };
  struct stat st;
  int res;

  res = ftpd_record_did("acl", size == 0 ? ftpd_removexattr(&on, p, ACL_NAME) :
    ftpd_setxattr(&on, p, ACL_NAME, buf, size, 0));
  if (res == 0 && (f != NULL ? ftpd_fstat(f, &st) : ftpd_stat(h, path,
      &st)) == 0) {
    ftpd_record_mode(st.st_mode);       /* the ACL may have changed it */
  }

  return res;
}
