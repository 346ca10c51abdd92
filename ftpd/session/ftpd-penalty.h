/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty.h -- SFTPPerSourcePenalties.
 */

#ifndef MOD_SFTP_FTPD_PENALTY_H
#define MOD_SFTP_FTPD_PENALTY_H

#include "ftpd-session.h"

int ftpd_penalty_init(void);
/* The configuration is complete: in the master, at every (re)start. */
void ftpd_penalty_start(void);
/* A connection was accepted. */
void ftpd_penalty_connect(const conn_t *c);
/* Ends the session if its source is blocked; for every virtual host, with the
 * engine on or off.
 */
void ftpd_penalty_check(void);
/* The end of this session adds none. */
void ftpd_penalty_spare(void);
/* Why the connection failed before the login: SFTP_ERR_*. */
void ftpd_penalty_failed(int err);
/* Whether the end of this session may add a penalty. */
bool ftpd_penalty_watches(void);
/* In the master: how many sources of that kind have a penalty, and how many
 * may.  False: penalties are off.
 */
bool ftpd_penalty_usage(unsigned int ipv6, uint64_t *now, uint64_t *max);

#endif /* MOD_SFTP_FTPD_PENALTY_H */
