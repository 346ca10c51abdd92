/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lookup.h -- expensive lookups of keys: commands, LDAP, databases
 * (ftpd-lookup.c).
 */

#ifndef MOD_SFTP_FTPD_LOOKUP_H
#define MOD_SFTP_FTPD_LOOKUP_H

#include "ftpd-session.h"
#include "ftpd-source.h"

/* A question of this connection, and the answer. */
struct ftpd_lookup {
  struct ftpd_lookup *next;
  pool *pool;                   /* as long as the session */
  const char *store, *question;
  int res;                      /* 0, or -1 */
  struct ftpd_answer answer;
};

/* The lookup with its answer, or a new one (*fresh) that the caller makes and
 * fills in, or NULL if a store has been asked too often; the log says so once.
 */
struct ftpd_lookup *ftpd_lookup(struct ftpd *h, const char *store,
  const char *question, bool *fresh);

#endif /* MOD_SFTP_FTPD_LOOKUP_H */
