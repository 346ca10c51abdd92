/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* phase.c -- what the client may send next; only this file changes it. */

#include "conn.h"

/* The phases that lead from one set of keys to the next. */
#define PH_EXCHANGE (PH_KEX|PH_NEWKEYS)

void sftp_phase_begin(struct ssh_conn *c) {
  c->state.phase = PH_VERSION;
  c->state.resume = PH_SERVICE;
}

void sftp_phase_enter(struct ssh_conn *c, enum sftp_phase next) {
  if (c->state.phase == PH_DEAD) {
    return;
  }

  if ((c->state.phase & PH_EXCHANGE) != 0 && (next & PH_KEYED) != 0) {
    c->state.resume = next;
    return;
  }

  if ((next & PH_EXCHANGE) != 0 && (c->state.phase & PH_KEYED) != 0) {
    c->state.resume = c->state.phase;
  }

  c->state.phase = next;
}

void sftp_phase_keyed(struct ssh_conn *c) {
  if ((c->state.phase & PH_EXCHANGE) != 0) {
    c->state.phase = c->state.resume;
  }
}

enum sftp_phase sftp_phase_beyond_exchange(const struct ssh_conn *c) {
  return c->state.keyed && (c->state.phase & PH_EXCHANGE) != 0 ?
    c->state.resume : c->state.phase;
}
