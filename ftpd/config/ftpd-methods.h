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

/* Fills in the chains of SFTPAuthMethods, or the default. */
void ftpd_methods_chains(pool *p, server_rec *s, struct sftp_settings *set);
/* Whether any chain, of any user, has that method. */
bool ftpd_methods_use(pool *p, server_rec *s, const struct sftp_settings *set,
  unsigned int method);

/* The lines of SFTPAuthMethods for some users: their records. */
#define FTPD_METHODS_RULE "SFTPAuthMethods for"

/* Fills in the chains of such a record. */
void ftpd_methods_of_rule(pool *p, const config_rec *c,
  struct sftp_settings *set);

#endif /* MOD_SFTP_FTPD_METHODS_H */
