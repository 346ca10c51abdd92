/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-bottleneck.h -- what limits a transfer: the part of the account
 * (times.h) between opening and closing its file.
 */

#ifndef MOD_SFTP_FTPD_BOTTLENECK_H
#define MOD_SFTP_FTPD_BOTTLENECK_H

#include "ftpd-openfile.h"

/* The file was opened. */
void ftpd_bottleneck_begin(struct ftpd_file *f);
/* Adds the time since begun_us (sftp_now_us()). */
void ftpd_bottleneck_add(const struct ftpd_file *f, enum sftp_cause cause,
  uint64_t begun_us);
/* The end of one direction: notes of its command, and, if there is a record of
 * it, a line in SFTPLog.
 */
void ftpd_bottleneck_tell(const struct ftpd_file *f, enum ftpd_way way,
  cmd_rec *cmd, bool recorded);

#endif /* MOD_SFTP_FTPD_BOTTLENECK_H */
