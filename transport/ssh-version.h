/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ssh-version.h -- the exchange of versions (RFC 4253, section 4.2), and other
 * signs of the client's program.
 */

#ifndef MOD_SFTP_SSH_VERSION_H
#define MOD_SFTP_SSH_VERSION_H

#include "wire.h"

struct ssh_conn;

int sftp_version_send(struct ssh_conn *c) SFTP_MUST_CHECK;
/* 1: the client's line was read and is acceptable, 0: it is not complete yet.
 */
int sftp_version_read(struct ssh_conn *c) SFTP_MUST_CHECK;

/* Whether it is such a line; what a client has is then known by it. */
bool sftp_version_is_acceptable(const struct ssh_conn *c, const char *line);
void sftp_version_know(struct ssh_conn *c, const char *line);

/* Reports an action of the client, in the words of clients.h, which recognizes
 * programs by their actions.
 */
void sftp_client_observed_all(struct ssh_conn *c, pool *p, const char *how,
  const struct sftp_str *what, size_t n);
void sftp_client_observed(struct ssh_conn *c, const char *how,
  struct sftp_str what);

#endif /* MOD_SFTP_SSH_VERSION_H */
