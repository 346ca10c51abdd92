/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ssh-version.h -- the exchange of versions (RFC 4253, section 4.2), and what
 * else tells which program the client is.
 */

#ifndef MOD_SFTP_SSH_VERSION_H
#define MOD_SFTP_SSH_VERSION_H

#include "wire.h"

struct ssh_conn;

int sftp_version_send(struct ssh_conn *c) SFTP_MUST_CHECK;
/* 1: the client's line has been read and is acceptable, 0: not yet there. */
int sftp_version_read(struct ssh_conn *c) SFTP_MUST_CHECK;

/* The client was observed to do something by which clients.h knows programs:
 * how and what are in its words.
 */
void sftp_client_observed(struct ssh_conn *c, const char *how,
  struct sftp_str what);

#endif /* MOD_SFTP_SSH_VERSION_H */
