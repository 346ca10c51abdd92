/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* budget.c -- what a client may use before it has logged in: the table. */

#include "conn.h"

/* Several times as much as the most demanding login needs: an agent with 40
 * keys, each of them probed and then used for a signature, an IGNORE as padding
 * before each message, certificates, and dialogues with many questions.
 */
static const struct {
  const char *what;
  uint64_t max;
} budgets[BUDGET_KINDS] = {
  [BUDGET_MESSAGES] = { "messages", 1000 },
  [BUDGET_BYTES] = { "bytes", 4 * 1024 * 1024 },
  [BUDGET_EXCHANGES] = { "key exchanges", 5 },
  [BUDGET_SERVICES] = { "service requests", 10 },
  [BUDGET_REQUESTS] = { "authentication requests", 100 },
  [BUDGET_CHECKS] = { "signatures", 100 }
};

uint64_t sftp_budget_max(enum sftp_budget what) {
  return budgets[what].max;
}

int sftp_budget_use(struct ssh_conn *c, enum sftp_budget what, uint64_t n) {
  if (c->state.authenticated) {
    return SFTP_OK;
  }

  c->spent.n[what] += n;
  if (c->spent.n[what] <= budgets[what].max) {
    return SFTP_OK;
  }

  return sftp_fail(c, SFTP_ERR_BUDGET, "too many %s before the login: more "
    "than %lu", budgets[what].what, (unsigned long) budgets[what].max);
}
