/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-check.h -- SFTPUploadCheck: uploads get their names when they have been
 * checked (ftpd-check.c).
 */

#ifndef MOD_SFTP_FTPD_CHECK_H
#define MOD_SFTP_FTPD_CHECK_H

#include "ftpd-openfile.h"
#include "ftpd-request.h"

struct upload_check;

/* The check of the directory last entered, or NULL. */
const struct upload_check *ftpd_check_of(void);
/* A name for the file until then, beside path. */
const char *ftpd_check_name(pool *p, const char *path);
/* Whether it is such a name. */
bool ftpd_check_is_name(const char *path);

/* A request that would use an unchecked file, or give one a name: -1 with
 * errno and op->refused.  The paths are those that ftpd_permit() returns.
 */
int ftpd_check_names(struct ftpd_op *op, const char *path,
  const char *second);
/* An upload to an existing file of a kind that cannot be checked: -1 with errno
 * and op->refused.
 */
int ftpd_check_kind(struct ftpd_op *op, const struct stat *st);
/* A change of the size of the file at a path, which nobody would check. */
int ftpd_check_resize(struct ftpd_op *op, const char *path, off_t size);

/* The new file `hidden' has been opened for an upload, as fh: opens it for the
 * check.  It gets the mode of the file that it will replace, `old', or keeps
 * its own if that is NULL.  NULL with errno.
 */
pr_fh_t *ftpd_check_begin(const char *hidden, pr_fh_t *fh,
  const struct stat *old);
/* A path was removed, or gets another name: so do uploads of this session that
 * are to have it.  Whether there are any; 0, or -1 with errno.
 */
bool ftpd_check_removed(struct ftpd *h, const char *path);
int ftpd_check_renamed(struct ftpd_op *op, const char *from, const char *to);
/* An upload that changes a file goes to a copy of it, which is made piece by
 * piece.  It lives in op->pool; NULL with errno.
 */
struct ftpd_check_copy;
struct ftpd_check_copy *ftpd_check_copy_begin(struct ftpd_op *op,
  const char *path, pr_fh_t *to);
/* 1: there is more to copy; 0: it is complete; -1 with errno. */
int ftpd_check_copy_some(struct ftpd_check_copy *c, pr_fh_t *to);
/* Unless it is done, its content no longer counts. */
void ftpd_check_copy_end(struct ftpd_check_copy *c, bool done);
/* The upload is complete and closed: 0, or an errno and f->refused. */
int ftpd_check_end(struct ftpd_file *f);
/* Whatever became of it. */
void ftpd_check_drop(struct ftpd_file *f);

#endif /* MOD_SFTP_FTPD_CHECK_H */
