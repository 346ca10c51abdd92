/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-userkey.h -- contract with the daemon: whose a key is, and what it
 * grants.
 */

#ifndef MOD_SFTP_FTPD_USERKEY_H
#define MOD_SFTP_FTPD_USERKEY_H

#include "ftpd-userauth.h"
#include "wire.h"

struct sftp_cert;

/* What comes with a user's key: where it was found, and its options; in the
 * caller's pool.
 */
struct ftpd_key_grant {
  const char *id;               /* which store, line, comment: for the log */
  bool no_touch;                /* a security key need not be touched */
  bool verify;                  /* the key must verify who touches it */
  const char *command;          /* the forced command (forced.h), or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL ends; or NULL */
};

/* Whether a stored key of the user is this one, or a trusted authority's
 * certificate (NULL: a bare key) is good for them; neither if it is revoked.
 * Equal work for users that do not exist.  probe: nothing is proven yet.
 */
enum ftpd_verdict ftpd_auth_user_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const struct sftp_cert *cert, bool probe,
  struct ftpd_key_grant *grant);
/* The same for the key of the host that the client comes from, which vouches
 * for them: host is its name as the client says, client_user their name there.
 */
enum ftpd_verdict ftpd_auth_host_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const char *host, const char *client_user,
  const char **id);
/* Sets the limits that a key has for its user: reading only, the first
 * directory (%d for the home, %u for the name), the umask; NULL and -1 where
 * there is none.
 */
void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
  int mask);

#endif /* MOD_SFTP_FTPD_USERKEY_H */
