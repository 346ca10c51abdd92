/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xattr.c -- extended attributes, through FSIO: FSOptions may turn them
 * off.
 *
 * A module that maps paths (mod_vroot) maps them when a file is opened, and
 * often has no functions for attributes by path: FSIO would pass these paths to
 * the system unchanged.  So for them an open file is used.
 *
 * The receipts of SFTPTransferDigest are the server's own: there are none for
 * clients.
 */

#include "ftpd-digest-receipt.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-record.h"
#include "ftpd-scan.h"

#include "ftpd-attrs.h"
#include "ftpd-xattr.h"

/* The owner of the attributes: an open file or, if fh is NULL, a path. */
struct target {
  pr_fh_t *fh;
  bool ours;                    /* opened for the lookup */
};

/* Opens the file if necessary; -1 with errno. */
static int target_open(const struct ftpd_xattrs *x, struct target *t) {
  struct stat st;

  t->fh = x->file != NULL ? x->file->fh : NULL;
  t->ours = false;
  if (t->fh != NULL) {
    return 0;
  }

  if (FTPD_FS_PLAIN(ftpd_fs_of(x->path), open)) {
    return ftpd_hold(x->path);
  }

  if (ftpd_lstat(x->ftpd, x->path, &st) < 0) {
    return -1;
  }

  if (S_ISLNK(st.st_mode) && !x->follow) {
    errno = EOPNOTSUPP;
    return -1;
  }

  t->fh = ftpd_open_held(x->path, O_RDONLY|O_NONBLOCK);
  t->ours = true;
  return t->fh != NULL ? 0 : -1;
}

static void target_close(const struct target *t) {
  (void) ftpd_let_go(0);
  if (t->ours) {
    ftpd_drop(t->fh);
  }
}

ssize_t ftpd_getxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    void *value, size_t size) {
  struct target t;
  ssize_t res;

  if (ftpd_receipt_is(name)) {
    errno = ENODATA;
    return -1;
  }

  if (target_open(x, &t) < 0) {
    return -1;
  }

  res = t.fh != NULL ? pr_fsio_fgetxattr(p, t.fh, name, value, size) :
    x->follow ? pr_fsio_getxattr(p, x->path, name, value, size) :
    pr_fsio_lgetxattr(p, x->path, name, value, size);
  target_close(&t);
  return res;
}

const char **ftpd_listxattr(const struct ftpd_xattrs *x, pool *p) {
  array_header *found = NULL;
  const char **names;
  struct target t;
  unsigned int i, n = 0;
  int res;

  if (target_open(x, &t) < 0) {
    return NULL;
  }

  res = t.fh != NULL ? pr_fsio_flistxattr(p, t.fh, &found) :
    x->follow ? pr_fsio_listxattr(p, x->path, &found) :
    pr_fsio_llistxattr(p, x->path, &found);
  target_close(&t);
  if (res < 0) {
    return NULL;
  }

  names = pcalloc(p, (size_t) (res + 1) * sizeof(*names));
  for (i = 0; found != NULL && i < (unsigned int) res &&
      i < (unsigned int) found->nelts; i++) {
    const char *name = ((const char **) found->elts)[i];

    if (!ftpd_receipt_is(name)) {
      names[n++] = name;
    }
  }

  return names;
}

static int refuse_receipt(const char *name) {
  errno = EPERM;
  return ftpd_receipt_is(name) ? -1 : 0;
}

int ftpd_setxattr(const struct ftpd_xattrs *x, pool *p, const char *name,
    const void *value, size_t len, int flags) {
  int fl = ((flags & FTPD_XATTR_CREATE) != 0 ? PR_FSIO_XATTR_FL_CREATE : 0) |
    ((flags & FTPD_XATTR_REPLACE) != 0 ? PR_FSIO_XATTR_FL_REPLACE : 0), res;
  void *v = (void *) value;     /* FSIO only reads it */
  struct target t;

  ftpd_record_xattr(name, false);
  if (refuse_receipt(name) < 0 || target_open(x, &t) < 0) {
    return -1;
  }

  res = t.fh != NULL ? pr_fsio_fsetxattr(p, t.fh, name, v, len, fl) :
    x->follow ? pr_fsio_setxattr(p, x->path, name, v, len, fl) :
    pr_fsio_lsetxattr(p, x->path, name, v, len, fl);
  target_close(&t);
  return ftpd_record_did("xattr", res);
}

int ftpd_removexattr(const struct ftpd_xattrs *x, pool *p, const char *name) {
  struct target t;
  int res;

  ftpd_record_xattr(name, true);
  if (refuse_receipt(name) < 0 || target_open(x, &t) < 0) {
    return -1;
  }

  res = t.fh != NULL ? pr_fsio_fremovexattr(p, t.fh, name) :
    x->follow ? pr_fsio_removexattr(p, x->path, name) :
    pr_fsio_lremovexattr(p, x->path, name);
  target_close(&t);
  return ftpd_record_did("xattr", res);
}
