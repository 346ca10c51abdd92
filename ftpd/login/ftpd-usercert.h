/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-usercert.h -- certificates of users (ftpd-usercert.c), and keys and
 * certificates that were revoked (ftpd-revoked.c).
 */

#ifndef MOD_SFTP_FTPD_USERCERT_H
#define MOD_SFTP_FTPD_USERCERT_H

#include "ftpd-session.h"

struct ftpd_key_grant;

/* Whether the authority of the certificate is trusted for this user, by
 * SFTPTrustedUserCAKeys or by a key store. 0 with the data of the key, -1 if
 * not; the log has the reason.
 */
int ftpd_usercert_allows(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  struct ftpd_key_grant *grant);
/* Compares its principals with a comma-separated list (NULL: the user's name).
 */
bool ftpd_usercert_is_for(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  const char *principals);

/* Whether every file of SFTPTrustedUserCAKeys is readable and trusted; -1 with
 * the first that is not, and why, in p.
 */
int ftpd_usercert_check(pool *p, server_rec *s, const char **path,
  const char **why);

/* ---- ftpd-revoked.c */

/* Whether SFTPRevokedKeys or SFTPKeyBlacklist exclude this key, or this
 * certificate; the log says so.  `what' names it in the log; probe: nothing has
 * to be proven yet.
 */
bool ftpd_userkey_revoked(struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, const char *what, bool probe);

/* Whether every file of SFTPRevokedKeys is usable; -1 with the first that is
 * not, and why, in p.
 */
int ftpd_revoked_check(pool *p, server_rec *s, const char **path,
  const char **why);

#endif /* MOD_SFTP_FTPD_USERCERT_H */
