/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-attrs.h -- contract with the daemon: attributes of files.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Paths come
 * from ftpd_permit(): if links have appeared since then, the functions fail.
 */

#ifndef MOD_SFTP_FTPD_ATTRS_H
#define MOD_SFTP_FTPD_ATTRS_H

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base.h"

struct ftpd;
struct ftpd_op;
struct ftpd_file;

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st);
int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st);
int ftpd_truncate(struct ftpd_op *op, const char *path, off_t size);
int ftpd_chmod(struct ftpd *h, const char *path, mode_t mode);
int ftpd_chown(struct ftpd *h, const char *path, uid_t uid, gid_t gid);
int ftpd_lchown(struct ftpd *h, const char *path, uid_t uid, gid_t gid);
int ftpd_utimes(struct ftpd *h, const char *path, const struct timespec ts[2],
  bool follow);
int ftpd_statvfs(struct ftpd *h, const char *path, struct statvfs *st);

/* Of an open file. */
int ftpd_fstat(struct ftpd_file *f, struct stat *st);
int ftpd_ftruncate(struct ftpd_file *f, off_t size);
int ftpd_fchmod(struct ftpd_file *f, mode_t mode);
int ftpd_fchown(struct ftpd_file *f, uid_t uid, gid_t gid);
int ftpd_futimes(struct ftpd_file *f, const struct timespec ts[2]);
int ftpd_fstatvfs(struct ftpd_file *f, struct statvfs *st);

/* The file that this session has open and that gets the path when it is closed,
 * or NULL: an upload that is yet to be checked (SFTPUploadCheck).  Until then
 * the path is what it was, but for this session's looks and attributes.
 */
struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path);

/* Applies DirFake* to st, for the client. */
void ftpd_fake_stat(struct ftpd *h, const char *path, struct stat *st);
/* Whether clients see times in GMT. */
bool ftpd_times_gmt(struct ftpd *h);

/* Attributes that stat(2) lacks, of an open file, or of a path if f is NULL. */
struct ftpd_extra_attrs {
  bool has_birth;
  struct timespec birth;
  bool encrypted, compressed, append_only, immutable;
};

int ftpd_extra_attrs(struct ftpd *h, struct ftpd_file *f, const char *path,
  bool follow, struct ftpd_extra_attrs *more);

/* The POSIX ACL of an open file, or of a path, as the system stores it: a
 * version of 4 bytes, then entries of 8 bytes, all little-endian.  Returns its
 * size in bytes; ENODATA if there is none.  A size of 0 removes it.
 */
#define FTPD_ACL_MAX 4096
ssize_t ftpd_acl_get(struct ftpd *h, pool *p, struct ftpd_file *f,
  const char *path, void *buf, size_t size);
int ftpd_acl_set(struct ftpd *h, pool *p, struct ftpd_file *f,
  const char *path, const void *buf, size_t size);

#endif /* MOD_SFTP_FTPD_ATTRS_H */
