/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limits.h -- limits of the daemon that each virtual host has: what is in
 * use, and how much of it there may be.
 */

#ifndef MOD_SFTP_FTPD_LIMITS_H
#define MOD_SFTP_FTPD_LIMITS_H

#include "ftpd-session.h"

#define LIMIT_USED "limit_used"
#define LIMIT_USED_HELP "sessions of all protocols that count for a limit"
#define LIMIT_MAX "limit_maximum"
#define LIMIT_MAX_HELP "limits of virtual hosts, by directive"

struct limit_use {
  const char *limit;            /* the directive, and what it is for */
  const char *server;           /* address:port */
  unsigned int now;             /* of those that have most of it */
  unsigned int max;
};

/* In the master: all limits that are set in virtual hosts with SFTPEngine, as
 * struct limit_use, in p.  Sessions of all protocols count, as they stand in
 * the scoreboard; empty if that cannot be read.
 */
array_header *ftpd_limits(pool *p);

#endif /* MOD_SFTP_FTPD_LIMITS_H */
