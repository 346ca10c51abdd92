/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota.h -- limits on what a user stores (ftpd-quota.c): each change is
 * paid for before it is made, and what was paid too much is given back.
 *
 * Functions that say no set errno to EDQUOT; ftpd_quota_why() is the text.
 * Where no limit holds, all of them do nothing.
 */

#ifndef MOD_SFTP_FTPD_QUOTA_H
#define MOD_SFTP_FTPD_QUOTA_H

#include "ftpd-openfile.h"
#include "ftpd-request.h"

/* What mod_quotatab says to a command before anything is done, and that it
 * counts nothing by itself.
 */
int ftpd_quota_pre(cmd_rec *cmd);
void ftpd_quota_forget(void);
/* Whether what is stored at the path counts. */
bool ftpd_quota_counts(struct ftpd *h, const char *path);
/* Which limit said no, for the client; NULL if that is not to be told. */
const char *ftpd_quota_why(struct ftpd *h);
/* The same as a refusal of op. */
void ftpd_quota_refuse(struct ftpd_op *op);
/* Bytes that files grow by, and bytes that are moved for it. */
int ftpd_quota_pay(struct ftpd *h, off_t bytes, off_t moved);
void ftpd_quota_give_back(struct ftpd *h, off_t bytes, off_t moved);
/* A name comes, with so many bytes behind it. */
int ftpd_quota_name(struct ftpd *h, const char *path, off_t bytes);
/* It was not made after all. */
void ftpd_quota_unname(struct ftpd *h, const char *path, off_t bytes);
/* A name has gone; st is what was there. */
void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st);
/* A name is about to become another; and it has, or not. */
int ftpd_quota_rename(struct ftpd *h, const char *from, const char *to,
  const struct stat *st);
void ftpd_quota_renamed(struct ftpd *h, const char *from, const char *to,
  const struct stat *st, bool done);
/* Whether directories count. */
bool ftpd_quota_has_dirs(struct ftpd *h);
/* A file is open for writing, no longer so. */
void ftpd_quota_hold(struct ftpd *h);
void ftpd_quota_release(struct ftpd *h);

/* An upload goes to a file that counts already. */
void ftpd_quota_again(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_QUOTA_H */
