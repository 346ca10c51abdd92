/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-anon.h -- UserAlias, AuthAliasOnly and <Anonymous>.
 */

#ifndef MOD_SFTP_FTPD_ANON_H
#define MOD_SFTP_FTPD_ANON_H

#include "ftpd-session.h"

/* The account of the name, in p; sets its fields of h->login. */
const char *ftpd_anon_resolve(struct ftpd *h, pool *p, const char *given);
/* Whether the password is checked (AnonRequirePassword). */
bool ftpd_anon_wants_password(const struct ftpd *h);
/* AnonRejectPasswords. */
bool ftpd_anon_rejects(const struct ftpd *h, const char *password);
/* The configuration of the login: that of <Anonymous>, or of the server. */
xaset_t *ftpd_anon_conf(const struct ftpd *h);
/* The group of <Anonymous>, which replaces the user's. */
void ftpd_anon_group(struct ftpd *h, pool *p, struct passwd *pw);
/* Its directory, resolved as the user; -1 with errno. */
int ftpd_anon_root(struct ftpd *h, pool *p, const char **root);
/* How the session, its logs and its process title show it. */
void ftpd_anon_announce(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_ANON_H */
