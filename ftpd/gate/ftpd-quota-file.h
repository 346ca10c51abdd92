/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota-file.h -- the quota of open and disappearing files
 * (ftpd-quota-file.c).
 */

#ifndef MOD_SFTP_FTPD_QUOTA_FILE_H
#define MOD_SFTP_FTPD_QUOTA_FILE_H

#include "ftpd-quota.h"

/* Possible growth: reserved by the first function, used by the second. */
struct ftpd_growth {
  bool counted, locked;
  off_t from, to;               /* sizes that are accounted for */
  size_t moved;
};

/* f is now open; fresh: it was accounted for as a new name. */
void ftpd_quota_open(struct ftpd_file *f, bool fresh);
/* Before and after its descriptor is closed. */
void ftpd_quota_closing(struct ftpd_file *f, struct stat *st);
void ftpd_quota_closed(struct ftpd_file *f, const struct stat *st);
/* A removed file: whether the session has it open, and gives its bytes back
 * when it is closed.
 */
bool ftpd_quota_note_removed(struct ftpd *h, const struct stat *st);
/* Before up to len bytes are written at an offset (appending: at the end), or
 * the size is set; and afterwards, with the number written.
 */
int ftpd_quota_grow(struct ftpd_file *f, off_t offset, size_t len,
  struct ftpd_growth *g);
int ftpd_quota_resize(struct ftpd_file *f, off_t size, struct ftpd_growth *g);
void ftpd_quota_grown(struct ftpd_file *f, const struct ftpd_growth *g,
  size_t done);
/* Before so many bytes are copied there: whether they would fit. */
int ftpd_quota_fits(struct ftpd_file *f, off_t offset, uint64_t len);
/* Around setting the size of the file at a path. */
int ftpd_quota_truncate(struct ftpd_op *op, const char *path, off_t size,
  int (*set)(const char *, off_t));
/* An open file has been truncated to nothing; size is its former size. */
void ftpd_quota_cut(struct ftpd *h, const char *path, pr_fh_t *fh, off_t size);
/* Around the call that removes a name, for ftpd_quota_gone(): others may have
 * changed the file since st was read, or have replaced it.
 */
int ftpd_quota_watch(struct ftpd *h, const char *path);
void ftpd_quota_seen(int watch, struct stat *st);

#endif /* MOD_SFTP_FTPD_QUOTA_FILE_H */
