/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-userkey.h -- the daemon's part: whose a key is, and what it grants. */

#ifndef MOD_SFTP_FTPD_USERKEY_H
#define MOD_SFTP_FTPD_USERKEY_H

#include "ftpd-userauth.h"
#include "wire.h"

struct sftp_cert;

/* What comes with a key of a user: where it is and its options, in the pool of
 * the question.
 */
struct ftpd_key_grant {
  const char *id;               /* which store, line, comment: for the log */
  bool no_touch;                /* a security key need not be touched */
  bool verify;                  /* it has to know who touches it */
  const char *command;          /* the only one (forced.h), or NULL */
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
/* What a key limits its user to: only reading, where they begin (%d for their
 * home, %u for their name), the umask; NULL and -1 for what it does not say.
 */
void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
  int mask);

#endif /* MOD_SFTP_FTPD_USERKEY_H */
