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

/* Whether the authority of the certificate is trusted to name this user, by
 * SFTPTrustedUserCAKeys or by a key store.  0 with what comes with it, -1 when
 * not; the log has the reason.
 */
int ftpd_usercert_allows(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  struct ftpd_key_grant *grant);
/* Its principals, against those of a list joined by commas (NULL: the user's
 * name).
 */
bool ftpd_usercert_is_for(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  const char *principals);

/* Whether every file of SFTPTrustedUserCAKeys can be read and trusted; -1 with
 * the first that cannot, and why, in p.
 */
int ftpd_usercert_check(pool *p, server_rec *s, const char **path,
  const char **why);

/* ---- ftpd-revoked.c */

/* Whether SFTPRevokedKeys or SFTPKeyBlacklist rule out this key, or this
 * certificate; says so in the log.  `what' names it in the log; probe: nothing
 * is to be proven yet.
 */
bool ftpd_userkey_revoked(struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, const char *what, bool probe);

/* Whether every file of SFTPRevokedKeys can be used; -1 with the first that
 * cannot, and why, in p.
 */
int ftpd_revoked_check(pool *p, server_rec *s, const char **path,
  const char **why);

#endif /* MOD_SFTP_FTPD_USERCERT_H */
