/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-system-needs.h -- what the system's own configuration needs of a session
 * after the login.
 */

#ifndef MOD_SFTP_FTPD_SYSTEM_NEEDS_H
#define MOD_SFTP_FTPD_SYSTEM_NEEDS_H

#include "ftpd-session.h"

/* Whether a service of PAM, a file in dir, runs programs when a session
 * ends.
 */
bool ftpd_pam_runs_programs(const char *dir, const char *service);
/* Whether look-ups of users and groups connect to other machines, by the file
 * nsswitch.conf.
 */
bool ftpd_nss_connects(const char *path);

#endif /* MOD_SFTP_FTPD_SYSTEM_NEEDS_H */
