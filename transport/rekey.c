/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* rekey.c -- when keys are replaced: by SFTPRekey, and because a key is limited
 * in the number of packets.
 */

#include "kex-int.h"
#include "kex.h"

/* The limits of SFTPRekey, and those of every key. */
static const char *worn(const struct sftp_settings *set,
    const struct sftp_packet_stats *dir) {
  if (set->rekey.bytes > 0 && dir->bytes >= set->rekey.bytes) {
    return "volume";
  }

  return dir->npackets >= SFTP_KEY_PACKETS_WORN ||
    (set->rekey.packets > 0 && dir->npackets >= set->rekey.packets) ?
    "packets" : NULL;
}

static bool used_up(const struct ssh_conn *c) {
  return c->state.keyed &&
    (sftp_packets_in(c->pkts)->npackets >= SFTP_KEY_PACKETS_LAST ||
     sftp_packets_out(c->pkts)->npackets >= SFTP_KEY_PACKETS_LAST);
}

static bool too_old(const struct ssh_conn *c) {
  return c->set->rekey.secs > 0 &&
    sftp_now_ms() - sftp_packets_out(c->pkts)->keyed_ms >=
      (uint64_t) c->set->rekey.secs * 1000;
}

/* None before login. */
static bool may_rekey(const struct ssh_conn *c) {
  return c->kex->run == NULL && c->state.phase == PH_OPEN &&
    !c->set->client.never_rekey;
}

static const char *volume_reason(const struct ssh_conn *c) {
  const char *why = worn(c->set, sftp_packets_in(c->pkts));

  return why != NULL ? why : worn(c->set, sftp_packets_out(c->pkts));
}

bool sftp_kex_wanted(const struct ssh_conn *c) {
  return may_rekey(c) && volume_reason(c) != NULL;
}

bool sftp_kex_holds(const struct ssh_conn *c) {
  return c->state.authenticated && !c->set->client.never_rekey &&
    worn(c->set, sftp_packets_out(c->pkts)) != NULL;
}

/* Our first KEXINIT waits for the client's (kex-offer.c). */
static bool is_waiting(const struct sftp_kex *k) {
  return k->run == NULL && !k->conn->state.keyed && k->wait_until_ms > 0;
}

uint64_t sftp_kex_due_ms(const struct ssh_conn *c) {
  const struct sftp_kex *k = c->kex;
  uint64_t now, at;

  if (is_waiting(k)) {
    at = k->wait_until_ms;

  } else if (c->state.phase != PH_OPEN && k->run == NULL) {
    return UINT64_MAX;

  } else if (k->run != NULL) {
    if (c->set->rekey.timeout_secs == 0 || !k->run->by_us || !c->state.keyed) {
      return UINT64_MAX;
    }

    at = k->run->started_ms + (uint64_t) c->set->rekey.timeout_secs * 1000;

  } else {
    if (c->set->rekey.secs == 0) {
      return UINT64_MAX;
    }

    at = sftp_packets_out(c->pkts)->keyed_ms +
      (uint64_t) c->set->rekey.secs * 1000;
  }

  now = sftp_now_ms();
  return at > now ? at - now : 0;
}

int sftp_kex_check(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  const char *why;

  if (used_up(c)) {
    return sftp_fail(c, SFTP_ERR_TOOMANY, "the keys are used up: 2^32 packets "
      "without a rekey");
  }

  if (k->run != NULL) {
    if (c->state.keyed && k->run->by_us && sftp_kex_due_ms(c) == 0) {
      return sftp_fail(c, SFTP_ERR_KEX,
        "rekeying was not completed within %u seconds (SFTPRekey)",
        c->set->rekey.timeout_secs);
    }

    return SFTP_OK;
  }

  if (is_waiting(k) && sftp_kex_due_ms(c) == 0) {
    return sftp_kex_start(c, "first");
  }

  if (!may_rekey(c)) {
    return SFTP_OK;
  }

  why = volume_reason(c);
  why = why == NULL && too_old(c) ? "time" : why;
  return why != NULL ? sftp_kex_start(c, why) : SFTP_OK;
}
