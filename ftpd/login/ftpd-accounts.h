/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-accounts.h -- the account files that a session has open
 * (ftpd-accounts.c).
 */

#ifndef MOD_SFTP_FTPD_ACCOUNTS_H
#define MOD_SFTP_FTPD_ACCOUNTS_H

#include "ftpd-session.h"

/* Opens the files for looking up names of owners and groups, which are not
 * accessible inside a chroot, and removes the passwords from them: they no
 * longer allow a login. -1 with errno.
 */
int ftpd_accounts_keep(pool *p);

#endif /* MOD_SFTP_FTPD_ACCOUNTS_H */
