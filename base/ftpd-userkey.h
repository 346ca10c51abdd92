/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-userkey.h -- contract with the daemon: the owner of a key, and its
 * options.
 */

#ifndef MOD_SFTP_FTPD_USERKEY_H
#define MOD_SFTP_FTPD_USERKEY_H

#include "ftpd-userauth.h"
#include "wire.h"

struct sftp_cert;

/* What is known about a user's key: where it was found, and its options; in the
 * caller's pool.
 */
struct ftpd_key_grant {
  const char *id;               /* store, line and comment, for the log */
  bool no_touch;                /* a security key need not be touched */
  bool verify;                  /* the security key must verify its user */
  const char *command;          /* the forced command (forced.h), or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL-terminated; or NULL */
};

/* Whether this key is stored for the user, or a trusted authority's certificate
 * (NULL: a bare key) is valid for them; neither if it is revoked.  The same
 * work for unknown users. probe: nothing has been proven yet.
 */
enum ftpd_verdict ftpd_auth_user_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const struct sftp_cert *cert, bool probe,
  struct ftpd_key_grant *grant);
/* The same for the key of the client's host, which vouches for them: host is
 * its name as the client sent it, client_user their name on that host.
 */
enum ftpd_verdict ftpd_auth_host_key(struct ftpd *h, pool *p,
  struct sftp_str blob, const char *host, const char *client_user,
  const char **id);
/* Sets the restrictions of a key for its user: read-only, start directory (%d
 * for the home directory, %u for the name), umask; NULL and -1: no restriction.
 */
void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
  int mask);

#endif /* MOD_SFTP_FTPD_USERKEY_H */
