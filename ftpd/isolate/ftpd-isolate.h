/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-isolate.h -- SFTPIsolation: the daemon keeps a nursery, and each session
 * gets a cell from it.
 */

#ifndef MOD_SFTP_FTPD_ISOLATE_H
#define MOD_SFTP_FTPD_ISOLATE_H

#include "ftpd-session.h"

/* Whether a virtual host isolates logins. */
bool ftpd_isolate_wanted(server_rec *s);

/* ---- In the daemon */

/* When the configuration has been read: NULL, or why logins cannot be isolated.
 * p lives until it is read again.
 */
const char *ftpd_isolate_check(pool *p);
/* The daemon runs, or has read its configuration again: starts a nursery, or a
 * new one.
 */
void ftpd_isolate_start(void);
void ftpd_isolate_restart(void);
void ftpd_isolate_stop(void);

/* ---- In a session */

/* A cell for the client: the other end of its pair, or -1 with a line in the
 * log.  Without a nursery, or one that makes no cell, it is started for this
 * session alone.
 */
int ftpd_isolate_cell(struct ftpd *h, int client);
/* This session needs no cell: closes what it has inherited. */
void ftpd_isolate_leave(void);

#endif /* MOD_SFTP_FTPD_ISOLATE_H */
