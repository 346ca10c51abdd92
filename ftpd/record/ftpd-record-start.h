/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-start.h -- how a session finds the recorder. */

#ifndef MOD_SFTP_FTPD_RECORD_START_H
#define MOD_SFTP_FTPD_RECORD_START_H

/* Where sessions introduce themselves; -1: there is no recorder. */
int ftpd_record_door(void);
/* This process keeps nothing of the daemon's descriptors. */
void ftpd_record_leave(void);

#endif /* MOD_SFTP_FTPD_RECORD_START_H */
