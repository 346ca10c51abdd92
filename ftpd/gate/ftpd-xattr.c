/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xattr.c -- extended attributes, through FSIO: FSOptions may switch them
 * off.
 */

#include "ftpd-openfile.h"

ssize_t ftpd_getxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    void *value, size_t size) {
  return x->file != NULL ?
    pr_fsio_fgetxattr(p, x->file->fh, name, value, size) : x->follow ?
    pr_fsio_getxattr(p, x->path, name, value, size) :
    pr_fsio_lgetxattr(p, x->path, name, value, size);
}

const char **ftpd_listxattr(const struct ftpd_xattrs *x, pool *p) {
  array_header *found = NULL;
  const char **names;
  unsigned int i;
  int res;

  res = x->file != NULL ? pr_fsio_flistxattr(p, x->file->fh, &found) :
    x->follow ? pr_fsio_listxattr(p, x->path, &found) :
    pr_fsio_llistxattr(p, x->path, &found);
  if (res < 0) {
    return NULL;
  }

  names = pcalloc(p, (size_t) (res + 1) * sizeof(*names));
  for (i = 0; found != NULL && i < (unsigned int) res &&
      i < (unsigned int) found->nelts; i++) {
    names[i] = ((const char **) found->elts)[i];
  }

  return names;
}

int ftpd_setxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    const void *value, size_t len, int flags) {
  int fl = ((flags & FTPD_XATTR_CREATE) != 0 ? PR_FSIO_XATTR_FL_CREATE : 0) |
    ((flags & FTPD_XATTR_REPLACE) != 0 ? PR_FSIO_XATTR_FL_REPLACE : 0);
  void *v = (void *) value;     /* FSIO only reads it */

  return x->file != NULL ?
    pr_fsio_fsetxattr(p, x->file->fh, name, v, len, fl) : x->follow ?
    pr_fsio_setxattr(p, x->path, name, v, len, fl) :
    pr_fsio_lsetxattr(p, x->path, name, v, len, fl);
}

int ftpd_removexattr(const struct ftpd_xattrs *x, pool *p, const char *name) {
  return x->file != NULL ? pr_fsio_fremovexattr(p, x->file->fh, name) :
    x->follow ? pr_fsio_removexattr(p, x->path, name) :
    pr_fsio_lremovexattr(p, x->path, name);
}
