/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-methods.h -- the chains of SFTPAuthMethods.
 */

#ifndef MOD_SFTP_FTPD_METHODS_H
#define MOD_SFTP_FTPD_METHODS_H

#include "directives.h"

/* The chains of SFTPAuthMethods, or of what could work. */
void ftpd_methods_chains(pool *p, server_rec *s, struct sftp_settings *set);
bool ftpd_methods_use(const struct sftp_settings *set, unsigned int method);

#endif /* MOD_SFTP_FTPD_METHODS_H */
