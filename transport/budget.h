/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* budget.h -- what a client may use before it has logged in.
 *
 * Everything that costs something is counted, whatever its message is, and the
 * connection ends with SFTP_ERR_BUDGET when a budget is exceeded.  Time is
 * TimeoutLogin's (ftpd_login_due_ms()).  After the login nothing is counted.
 */

#ifndef MOD_SFTP_BUDGET_H
#define MOD_SFTP_BUDGET_H

#include "base.h"

struct ssh_conn;

enum sftp_budget {
  BUDGET_MESSAGES,      /* of every kind */
  BUDGET_BYTES,         /* in them, decompressed */
  BUDGET_EXCHANGES,     /* key exchanges; each costs a signature */
  BUDGET_SERVICES,      /* SERVICE_REQUESTs */
  BUDGET_REQUESTS,      /* USERAUTH_REQUESTs */
  BUDGET_CHECKS,        /* signatures that are verified, of certificates too */
  BUDGET_KINDS
};

/* What has been used; initially zeroed. */
struct sftp_spent {
  uint64_t n[BUDGET_KINDS];
};

/* The maximum. */
uint64_t sftp_budget_max(enum sftp_budget what);
/* The client uses n more: SFTP_OK, or the connection fails. */
int sftp_budget_use(struct ssh_conn *c, enum sftp_budget what, uint64_t n)
  SFTP_MUST_CHECK;

#endif /* MOD_SFTP_BUDGET_H */
