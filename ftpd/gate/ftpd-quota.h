/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota.h -- limits on what a user stores (ftpd-quota.c): each change is
 * accounted for before it is made, and any excess is given back.
 *
 * Functions that refuse set errno to EDQUOT; ftpd_quota_why() is the text.
 * Without a limit, all of them do nothing.
 */

#ifndef MOD_SFTP_FTPD_QUOTA_H
#define MOD_SFTP_FTPD_QUOTA_H

#include "ftpd-openfile.h"
#include "ftpd-request.h"

/* mod_quotatab's decision about a command before anything is done; it then
 * counts nothing by itself.
 */
int ftpd_quota_pre(cmd_rec *cmd);
void ftpd_quota_forget(void);
/* Whether files at the path count. */
bool ftpd_quota_counts(struct ftpd *h, const char *path);
/* The limit that refused, for the client; NULL if it must not be named. */
const char *ftpd_quota_why(struct ftpd *h);
/* The same as a refusal of op. */
void ftpd_quota_refuse(struct ftpd_op *op);
/* Bytes that files grow by, and bytes transferred for that. */
int ftpd_quota_pay(struct ftpd *h, off_t bytes, off_t moved);
void ftpd_quota_give_back(struct ftpd *h, off_t bytes, off_t moved);
/* A name will be created, with this many bytes. */
int ftpd_quota_name(struct ftpd *h, const char *path, off_t bytes);
/* It was not created after all. */
void ftpd_quota_unname(struct ftpd *h, const char *path, off_t bytes);
/* A name was removed; st is its former file. */
void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st);
/* Before a rename, and after its success or failure. */
int ftpd_quota_rename(struct ftpd *h, const char *from, const char *to,
  const struct stat *st);
void ftpd_quota_renamed(struct ftpd *h, const char *from, const char *to,
  const struct stat *st, bool done);
/* Whether directories count. */
bool ftpd_quota_has_dirs(struct ftpd *h);
/* A file is open for writing, or no longer. */
void ftpd_quota_hold(struct ftpd *h);
void ftpd_quota_release(struct ftpd *h);

/* An upload goes to a file that already counts. */
void ftpd_quota_again(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_QUOTA_H */
