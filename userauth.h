/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* userauth.h -- user authentication (RFC 4252).
 *
 * auth.c owns the requests, the chains and the answers; a method is a row in
 * its table and an auth-<method>.c.  Verification and login are the host's.
 */

#ifndef MOD_SFTP_USERAUTH_H
#define MOD_SFTP_USERAUTH_H

#include "wire.h"

struct ssh_conn;

struct sftp_auth *sftp_auth_new(struct ssh_conn *c);
int sftp_on_service_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_userauth_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_userauth_info_response(struct ssh_conn *c, struct sftp_rd *r);
/* Text to the client before login; 0 without sending after it.  Lines end in
 * CR LF (RFC 4252, section 5.4).
 */
int sftp_auth_banner(struct ssh_conn *c, const char *text) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_USERAUTH_H */
