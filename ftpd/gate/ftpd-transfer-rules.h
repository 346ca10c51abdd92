/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-transfer-rules.h -- sizes, restarts and rates of transfers
 * (ftpd-transfer-rules.c).
 */

#ifndef MOD_SFTP_FTPD_TRANSFER_RULES_H
#define MOD_SFTP_FTPD_TRANSFER_RULES_H

#include "ftpd-openfile.h"

/* EFBIG if MaxStoreFileSize of the directory last checked is below size. */
int ftpd_max_store(struct ftpd_op *op, const char *path, off_t size);
/* MaxStoreFileSize of the directory last checked; 0: none. */
off_t ftpd_max_store_size(void);
/* EFBIG if MaxRetrieveFileSize of the directory last checked is below size. */
int ftpd_max_retrieve(struct ftpd_op *op, const char *path, off_t size);
/* Whether one more STOR, APPE or RETR may begin, by MaxTransfersPerHost and
 * MaxTransfersPerUser; with `refused', mod_xfer has refused it, and the rule is
 * named by which it did.
 */
int ftpd_max_transfers(struct ftpd_op *op, const char *name,
  const char *path, bool refused);
/* EPERM if DigestMaxSize (mod_digest) of the directory last checked is below
 * the size of a file whose checksum is asked for.
 */
int ftpd_max_digest(struct ftpd_op *op, const char *path, off_t size);
/* The effect of AllowRetrieveRestart and AllowStoreRestart on a file that was
 * opened in the directory last checked.
 */
void ftpd_restart_rules(struct ftpd_file *f);
/* Whether it may be read or written at that offset; 0, or -1 with EACCES. */
int ftpd_restart_check(struct ftpd_file *f, off_t offset, bool writes);
/* Records that it was, up to that offset. */
void ftpd_restart_note(struct ftpd_file *f, off_t end, bool writes);
/* EFBIG, with the reason, if its MaxStoreFileSize is below size, and not 0. */
int ftpd_file_within(struct ftpd_file *f, off_t size);
/* Bytes at a time if a rate is set or a module listens. */
#define FTPD_PORTION 16384

/* Finds the TransferRate of a file that was opened: of its own command, or of
 * RETR or STOR where the server itself processes the file.
 */
void ftpd_rate_begin(struct ftpd_file *f);
/* Forgets it, and what session.xfer has of the file. */
void ftpd_rate_end(struct ftpd_file *f);
/* Waits as it requires; end: the transfer is over. */
void ftpd_rate_pause(struct ftpd_file *f, bool end);

#endif /* MOD_SFTP_FTPD_TRANSFER_RULES_H */
