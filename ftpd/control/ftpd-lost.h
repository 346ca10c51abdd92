/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lost.h -- sessions that did not end by themselves: the system log says
 * whose they were, and which transfers were lost.
 */

#ifndef MOD_SFTP_FTPD_LOST_H
#define MOD_SFTP_FTPD_LOST_H

#include "ftpd-session.h"

/* In the master: the daemon has gone to the background, and its log is open. */
void ftpd_lost_start(void);
/* The configuration has been read; does nothing before the start. */
void ftpd_lost_restart(void);
/* In every session, and when the module is unloaded: others look. */
void ftpd_lost_end(void);

#endif /* MOD_SFTP_FTPD_LOST_H */
