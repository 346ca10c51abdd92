/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-carry.h -- SFTPTransferDigest: receipts over changes of names,
 * modes and times by this module (ftpd-digest-carry.c).
 */

#ifndef MOD_SFTP_FTPD_DIGEST_CARRY_H
#define MOD_SFTP_FTPD_DIGEST_CARRY_H

#include "ftpd-digest-receipt.h"

struct ftpd_carry {
  pr_fh_t *fh;                  /* of a file with a receipt that counts; or
                                 * NULL */
  struct stat st;
  char hex[FTPD_RECEIPT_HEX];
  char text[FTPD_RECEIPT_MAX];  /* of the receipt */
};

/* Before the change of what is at path. */
void ftpd_carry_take(struct ftpd_carry *c, struct ftpd *h, const char *path);
/* After it, with its result, which is returned with its errno; modified: the
 * time that it set, or NULL.
 */
int ftpd_carry_put(struct ftpd_carry *c, int res,
  const struct timeval *modified);
/* Around a change after which no receipt counts: without it, nor a mark of a
 * session that writes the file.  NULL: there is nothing to do.
 */
pr_fh_t *ftpd_carry_nothing(const char *path);
void ftpd_carry_nothing_end(pr_fh_t *fh);

#endif /* MOD_SFTP_FTPD_DIGEST_CARRY_H */
