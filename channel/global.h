/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* global.h -- requests that concern the whole connection (RFC 4254, section 4),
 * including the end of new sessions (OpenSSH PROTOCOL, section 2.2), host keys
 * (section 2.5) and ping@openssh.com (section 1.10).
 *
 * Functions return SFTP_OK or an error that ends the connection.
 */

#ifndef MOD_SFTP_GLOBAL_H
#define MOD_SFTP_GLOBAL_H

#include "conn.h"

struct sftp_global;

struct sftp_global *sftp_global_new(struct ssh_conn *c);
/* Announces all host keys to the client after the login. */
int sftp_global_check(struct ssh_conn *c) SFTP_MUST_CHECK;
/* The client has promised to open no more sessions. */
bool sftp_global_no_more_sessions(const struct ssh_conn *c);
int sftp_on_global_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_ping(struct ssh_conn *c, struct sftp_rd *r);

#endif /* MOD_SFTP_GLOBAL_H */
