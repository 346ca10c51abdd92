/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-alive.c -- SFTPClientAlive: asks a silent client for a reply, and
 * disconnects a client that has not replied several times.
 */

#include "conn-int.h"

#include "kex.h"

static uint64_t patience_ms(const struct ssh_conn *c) {
  return (uint64_t) c->set->alive.secs * 1000;
}

bool sftp_conn_alive_due(const struct ssh_conn *c) {
  const struct conn_alive *a = &c->loop->alive;
  uint64_t now, quiet = patience_ms(c);

  if (quiet == 0 || !c->state.authenticated || sftp_kex_running(c)) {
    return false;
  }

  now = sftp_now_ms();
  return now - a->heard_ms >= quiet && now - a->asked_ms >= quiet;
}

int sftp_conn_alive_ask(struct ssh_conn *c, const uint32_t *channel) {
  const struct sftp_settings *set = c->set;
  struct conn_alive *a = &c->loop->alive;
  struct sftp_wr *w;

  a->asked_ms = sftp_now_ms();
  if (set->client.keepalive == KEEPALIVE_IGNORE) {
    w = sftp_packet_begin(c->pkts, SSH_MSG_IGNORE, 16);
    sftp_wr_string(w, "", 0);
    return sftp_packet_end(c->pkts);
  }

  if (a->nasked++ >= set->alive.count) {
    return sftp_fail(c, SFTP_ERR_TIMEOUT, "client alive threshold reached");
  }

  if (set->client.keepalive == KEEPALIVE_CHANNEL && channel != NULL) {
    w = sftp_packet_begin(c->pkts, SSH_MSG_CHANNEL_REQUEST, 64);
    sftp_wr_u32(w, *channel);

  } else {
    w = sftp_packet_begin(c->pkts, SSH_MSG_GLOBAL_REQUEST, 64);
  }

  sftp_wr_text(w, "keepalive@proftpd.org");
  sftp_wr_bool(w, true);
  return sftp_packet_end(c->pkts);
}

void sftp_conn_alive_answered(struct ssh_conn *c) {
  c->loop->alive.nasked = 0;
}

uint64_t sftp_conn_alive_max_ms(const struct ssh_conn *c) {
  return c->set->alive.secs > 0 && c->state.authenticated ? patience_ms(c) :
    UINT64_MAX;
}
