/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls.h -- ftpdctl sftp: what the daemon tells its administrator.
 *
 * One table in ftpd-controls.c has a row for each command.
 */

#ifndef MOD_SFTP_FTPD_CONTROLS_H
#define MOD_SFTP_FTPD_CONTROLS_H

#include "ftpd-session.h"

/* In the master: when the module is loaded, when the configuration is complete,
 * and when the module is unloaded.
 */
void ftpd_controls_init(void);
void ftpd_controls_start(void);
void ftpd_controls_end(void);

/* One SFTPControlsACLs. */
struct controls_acl {
  pool *pool;                   /* of the directive */
  const char *commands, *may, *who;
  char *names;
};

/* -1: *bad is a command that does not exist. */
int ftpd_controls_allow(const struct controls_acl *acl, const char **bad);
/* The names of all commands, joined by ", "; in p. */
const char *ftpd_controls_names(pool *p);

#endif /* MOD_SFTP_FTPD_CONTROLS_H */
