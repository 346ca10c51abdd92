/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* honest.c -- an exchange of keys whose transcript is kept. */

#include "honest.h"

#include "kex-elsewhere.h"
#include "kex.h"
#include "messages.h"
#include "ssh-version.h"

const struct fake_user honest_users[] = {
  { "alice", "secret", { { NULL, 0 } }, false },
  { NULL, NULL, { { NULL, 0 } }, false }
};

static const struct sftp_chain_step pw[] = { { AUTH_PASSWORD, NULL } };
static const struct sftp_chain chains[] = { { pw, SFTP_NELEMS(pw) } };
static struct honest *meeting;

static int sign_and_keep(struct ssh_conn *c, struct sftp_str H,
    struct sftp_wr *sig) {
  struct sftp_wr w;

  sftp_wr_init(&w, meeting->cl->pool, 8192, SFTP_TRANSCRIPT_MAX);
  sftp_transcript_write(c, &w);
  meeting->transcript = sftp_wr_get(&w);
  return sftp_key_sign(c->set->host_keys[0],
    sftp_sig_alg_find(sftp_str_of("ssh-ed25519")), H, sig);
}

static struct sftp_str no_groups(struct ssh_conn *c) {
  (void) c;
  return sftp_str_of("");
}

static void nobody_observes(struct ssh_conn *c, const char *const *does,
    size_t n) {
  (void) c;
  (void) does;
  (void) n;
}

static const struct sftp_elsewhere elsewhere = {
  .sign = sign_and_keep, .observed = nobody_observes, .groups = no_groups
};

bool honest_meet(struct honest *h) {
  struct client *cl = client_new();

  h->cl = cl;
  meeting = h;
  cl->set->chains = chains;
  cl->set->nchains = 1;
  cl->server = sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd, cl->set,
    NULL);
  cl->server->state.keep_keys = true;
  cl->server->elsewhere = &elsewhere;
  return sftp_version_send(cl->server) == SFTP_OK &&
    sftp_kex_start(cl->server, "first") == SFTP_OK &&
    client_version(cl) == SFTP_OK && client_kex(cl) == SFTP_OK;
}
