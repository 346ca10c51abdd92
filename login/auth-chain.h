/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-chain.h -- which methods are left, and when it is enough. */

#ifndef MOD_SFTP_AUTH_CHAIN_H
#define MOD_SFTP_AUTH_CHAIN_H

#include "auth-method.h"

/* A key or driver that has completed its step in this session. */
struct sftp_auth_used {
  struct sftp_auth_used *next;
  const char *what;             /* fingerprint, or the driver's name */
};

/* Resets the current chains: nothing is proven. */
void sftp_auth_begin_chains(struct ssh_conn *c, struct sftp_auth *a);
/* AUTH_* bits of the methods that can be tried now. */
unsigned int sftp_auth_offered(const struct ssh_conn *c);
/* Their names, comma-separated, in the order of the configuration. */
const char *sftp_auth_names(const struct ssh_conn *c, pool *p);
/* Whether this driver may be tried now for keyboard-interactive. */
bool sftp_auth_driver_offered(const struct ssh_conn *c, const char *driver);
/* The request has proven its method: advances every chain that waited for it.
 * Returns how many there were.
 */
unsigned int sftp_auth_advance(struct ssh_conn *c,
  const struct sftp_auth_req *req);
bool sftp_auth_complete(const struct ssh_conn *c);
/* Begins again: nothing is proven. */
void sftp_auth_restart(struct ssh_conn *c);

bool sftp_auth_was_used(const struct sftp_auth_used *list, const char *what);
void sftp_auth_use(struct ssh_conn *c, struct sftp_auth_used **list,
  const char *what);

#endif /* MOD_SFTP_AUTH_CHAIN_H */
