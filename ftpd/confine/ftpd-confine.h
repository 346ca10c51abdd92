/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-confine.h -- a session after the login can do what a file server does,
 * and nothing else.
 */

#ifndef MOD_SFTP_FTPD_CONFINE_H
#define MOD_SFTP_FTPD_CONFINE_H

#include "ftpd-session.h"

/* Values of SFTPSandbox. */
enum ftpd_sandbox {
  SANDBOX_OFF,
  SANDBOX_ON,
  SANDBOX_STRICT                /* whatever modules need */
};

/* At the start of the daemon: tells which virtual hosts have weaker sessions,
 * and for whom.
 */
void ftpd_confine_check(void);
/* What needs root: before the root of the session is entered. */
void ftpd_confine_begin(void);
/* The login is complete, all its handlers have run, and root is gone. */
void ftpd_confine(void);

#endif /* MOD_SFTP_FTPD_CONFINE_H */
