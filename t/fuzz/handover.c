/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: the state of a connection that another process
 * hands over.
 *
 * Either it is refused, and the connection is as before; or the connection
 * writes the same state again, and can be used: it opens the input that was
 * handed over, and closes every channel in the end.  The blob of the only host
 * key is "host key".
 */

#include <sys/socket.h>

#include "../fake/client.h"
#include "../fake/shot.h"
#include "alg-table.h"
#include "conn-loop.h"
#include "messages.h"
#include "handover-int.h"
#include "target.h"

/* Everything that can be handed over is offered. */
static struct ssh_conn *new_server(struct client *cl) {
  struct sftp_key *key = pcalloc(cl->pool, sizeof(*key));
  struct sftp_settings *set = cl->set;

  *key = *set->host_keys[0];
  key->blob = sftp_str_of("host key");
  set->host_keys[0] = key;
  set->kex = sftp_alg_list(cl->pool, ALGS_KEX, 0, 0);
  set->ciphers = sftp_alg_list(cl->pool, ALGS_CIPHER, 0, 0);
  set->macs = sftp_alg_list(cl->pool, ALGS_MAC, 0, 0);
  set->compression = COMPRESS_ON;
  cl->server = sftp_conn_new(cl->pool, cl->server_fd, set, NULL);
  cl->server->state.keep_keys = true;
  return cl->server;
}

static void must_be_same(struct client *cl, const uint8_t *data, size_t size) {
  struct sftp_wr *w = palloc(cl->pool, sizeof(*w));

  sftp_handover_begin(w, cl->pool);
  must(sftp_handover_write(cl->server, w) == SFTP_OK);
  must(w->len == size && memcmp(w->ptr, data, size) == 0);
}

static int one_input(const uint8_t *data, size_t size) {
  static struct shot before, after;
  struct client *cl = client_new();
  struct ssh_conn *c = new_server(cl);
  struct sftp_rd r;

  sftp_rd_init(&r, data, size);
  shot_take(c, &before);
  if (sftp_handover_read(c, c->set, &r) == SFTP_OK) {
    must_be_same(cl, data, size);
    sftp_handover_open(c);
    must(c->state.phase == PH_OPEN && c->state.authenticated);
    (void) !sftp_conn_turn(c);
    client_drain(cl);

  } else {
    shot_take(c, &after);
    must(memcmp(&before, &after, sizeof(before)) == 0);
  }

  client_free(cl);
  return 0;
}
