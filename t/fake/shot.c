/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "shot.h"

#include "fake-pool.h"

void shot_take(const struct ssh_conn *c, struct shot *s) {
  memset(s, 0, sizeof(*s));
  memcpy(&s->conn, c, sizeof(s->conn));
  memcpy(&s->pkts, c->pkts, sizeof(s->pkts));
  memcpy(&s->kex, c->kex, sizeof(s->kex));
  memcpy(&s->loop, c->loop, sizeof(s->loop));
  s->bytes = fake_pool_bytes(c->pool);
}
