/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-startups.h -- SFTPMaxStartups: how many connections may be open without
 * a login, in memory that all processes of the daemon share.
 */

#ifndef MOD_SFTP_FTPD_STARTUPS_H
#define MOD_SFTP_FTPD_STARTUPS_H

#include "ftpd-session.h"

/* The configuration is complete: in the master, at every (re)start. */
void ftpd_startups_start(void);
/* In the master: how many wait, and the maximum; false: there is none. */
bool ftpd_startups_usage(uint64_t *now, uint64_t *max);
/* This connection waits for its login; ends the session if it must go. */
void ftpd_startups_enter(void);
/* It has logged in, or ends. */
void ftpd_startups_leave(void);
/* Ends the session if another connection has taken its place. */
void ftpd_startups_check(struct ftpd *h);
/* Maximum of a sleep before the login. */
int ftpd_startups_wait_ms(int timeout_ms);

#endif /* MOD_SFTP_FTPD_STARTUPS_H */
