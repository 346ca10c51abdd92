/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xattr.h -- contract with the daemon: extended attributes.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.
 */

#ifndef MOD_SFTP_FTPD_XATTR_H
#define MOD_SFTP_FTPD_XATTR_H

#include "base.h"

struct ftpd;
struct ftpd_file;

/* Extended attributes of an open file or, if f is NULL, of a path; follow:
 * links are followed.  Values are bytes.  ERANGE if the value is larger than
 * size; ENODATA if there is no such attribute.
 */
struct ftpd_xattrs {
  struct ftpd *ftpd;
  struct ftpd_file *file;
  const char *path;
  bool follow;
};

ssize_t ftpd_getxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
  void *value, size_t size);
/* Their names, NULL-terminated in p; NULL with errno. */
const char **ftpd_listxattr(const struct ftpd_xattrs *x, pool *p);

#define FTPD_XATTR_CREATE  0x1  /* EEXIST if it exists */
#define FTPD_XATTR_REPLACE 0x2  /* ENODATA if it does not */
int ftpd_setxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
  const void *value, size_t len, int flags);
int ftpd_removexattr(const struct ftpd_xattrs *x, pool *p, const char *name);

#endif /* MOD_SFTP_FTPD_XATTR_H */
