/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota-file.h -- what an open or a vanishing file costs and gives back
 * (ftpd-quota-file.c).
 */

#ifndef MOD_SFTP_FTPD_QUOTA_FILE_H
#define MOD_SFTP_FTPD_QUOTA_FILE_H

#include "ftpd-quota.h"

/* What may grow: made by the first, used up by the second. */
struct ftpd_growth {
  bool counted, locked;
  off_t from, to;               /* sizes that were paid for */
  size_t moved;
};

/* f is open now; fresh: it was paid for as a new name. */
void ftpd_quota_open(struct ftpd_file *f, bool fresh);
/* Before its descriptor is closed; and after. */
void ftpd_quota_closing(struct ftpd_file *f, struct stat *st);
void ftpd_quota_closed(struct ftpd_file *f, const struct stat *st);
/* What was removed: whether the session has it open, and gives its bytes back
 * when it is closed.
 */
bool ftpd_quota_note_removed(struct ftpd *h, const struct stat *st);
/* Before up to len bytes are written there (an appending file: at its end), or
 * its size is set; and after, when so many of them were.
 */
int ftpd_quota_grow(struct ftpd_file *f, off_t offset, size_t len,
  struct ftpd_growth *g);
int ftpd_quota_resize(struct ftpd_file *f, off_t size, struct ftpd_growth *g);
void ftpd_quota_grown(struct ftpd_file *f, const struct ftpd_growth *g,
  size_t done);
/* Before so many bytes are copied there: whether they would fit. */
int ftpd_quota_fits(struct ftpd_file *f, off_t offset, uint64_t len);
/* The file at a path is set to a size, by whoever is called in between. */
int ftpd_quota_truncate(struct ftpd_op *op, const char *path, off_t size,
  int (*set)(const char *, off_t));
/* An open file has been cut down to nothing; size is what it had. */
void ftpd_quota_cut(struct ftpd *h, const char *path, pr_fh_t *fh, off_t size);
/* Around the call by which a name goes, for ftpd_quota_gone(): others may have
 * changed the file since st was taken, or have put another in its place.
 */
int ftpd_quota_watch(struct ftpd *h, const char *path);
void ftpd_quota_seen(int watch, struct stat *st);

#endif /* MOD_SFTP_FTPD_QUOTA_FILE_H */
