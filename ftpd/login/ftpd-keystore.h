/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keystore.h -- the stores of users' and hosts' keys: files, commands
 * (ftpd-keyexec.c), LDAP (ftpd-keyldap.c), stores of other modules.
 */

#ifndef MOD_SFTP_FTPD_KEYSTORE_H
#define MOD_SFTP_FTPD_KEYSTORE_H

#include "ftpd-session.h"

struct ftpd_key_grant;

/* Registers the store "file"; from the module's init. */
void ftpd_keystore_init(void);

/* Whether a store in SFTPAuthorizedUserKeys contains this key, or (cert not
 * NULL) that of its authority as a cert-authority whose certificates this user
 * may log in with. 0 with the data of the key, -1 if not.
 */
int ftpd_keystore_user_key(struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, struct ftpd_key_grant *grant);
/* The text of a key file, found and checked as by the store "file"; -1 if it is
 * unusable (the log says why): errno is ENOENT if there is none.
 */
int ftpd_keyfile_read(struct ftpd *h, pool *p, const char *info,
  const char **path, struct sftp_str *text);

/* ---- ftpd-known.c */

/* Whether a store in SFTPAuthorizedHostKeys contains this key for a host of
 * that name. 0 with *id for the log, -1 if not.
 */
int ftpd_known_key(struct ftpd *h, pool *p, struct sftp_str blob,
  const char *host, const char *client_user, const char **id);

#endif /* MOD_SFTP_FTPD_KEYSTORE_H */
