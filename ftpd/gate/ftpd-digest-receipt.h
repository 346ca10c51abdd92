/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-receipt.h -- SFTPTransferDigest: the digest of an upload, kept in
 * an extended attribute of the file (ftpd-digest-receipt.c).
 */

#ifndef MOD_SFTP_FTPD_DIGEST_RECEIPT_H
#define MOD_SFTP_FTPD_DIGEST_RECEIPT_H

#include "ftpd-session.h"

#define FTPD_RECEIPT_NAME "user.mod_sftp.receipt"
#define FTPD_RECEIPT_HEX 65     /* bytes of a SHA-256 in digits */
#define FTPD_RECEIPT_MAX 320    /* bytes of the text, with its end */

/* Whether an attribute has the name of a receipt. */
bool ftpd_receipt_is(const char *name);
/* Whether an open file has no attribute but perhaps a receipt. */
bool ftpd_receipt_alone(int fd);

/* Whether the file may get one: it is this user's alone, and its file system
 * has attributes that FSOptions lets be used.
 */
bool ftpd_receipt_possible(pool *p, pr_fh_t *fh);
/* Gives one to an open file with that digest; st is its state at that time.
 * Failures are only traced.
 */
void ftpd_receipt_put(int fd, const struct stat *st, const char *hex);
/* Removes it, if there is one. */
void ftpd_receipt_drop(int fd);
/* The digest that the receipt of an open file has, if this session may believe
 * it.
 */
bool ftpd_receipt_get(pool *p, pr_fh_t *fh, char hex[FTPD_RECEIPT_HEX]);

#endif /* MOD_SFTP_FTPD_DIGEST_RECEIPT_H */
