/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-accounts.h -- what a session keeps of files of accounts
 * (ftpd-accounts.c).
 */

#ifndef MOD_SFTP_FTPD_ACCOUNTS_H
#define MOD_SFTP_FTPD_ACCOUNTS_H

#include "ftpd-session.h"

/* Opens what names of owners and groups are looked up in, which is out of reach
 * inside of a root, and takes the passwords out of it: nobody can log in by it
 * any more.  -1 with errno.
 */
int ftpd_accounts_keep(pool *p);

#endif /* MOD_SFTP_FTPD_ACCOUNTS_H */
