/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: USERAUTH_REQUEST and USERAUTH_INFO_RESPONSE.
 *
 * The first byte of the input selects the chains; messages follow, each after
 * its kind (one byte) and its length (two).  In every case, nobody is logged in
 * whom the host did not verify.
 */

#include "../fake/client.h"
#include "../fake/ftpd-auth.h"
#include "auth-method.h"
#include "auth-state.h"
#include "target.h"
#include "userauth.h"

static const struct sftp_chain_step pk_pw[] = { { AUTH_PUBLICKEY, NULL },
  { AUTH_PASSWORD, NULL } }, ki[] = { { AUTH_KBDINT, NULL } },
  hb[] = { { AUTH_HOSTBASED, NULL } };
static const struct sftp_chain chains[] = { { pk_pw + 1, 1 }, { pk_pw, 2 },
  { pk_pw, 1 }, { ki, 1 }, { hb, 1 } };
static const struct fake_user users[] = {
  { "alice", "secret", { { NULL, 0 } }, false },
  { NULL, NULL, { { NULL, 0 } }, false } };

static enum ftpd_verdict driver_says(struct ssh_conn *c) {
  const struct sftp_auth_prompt prompt = { "?", false };

  return sftp_auth_ask(c, NULL, NULL, 1, &prompt) == SFTP_OK ? FTPD_AUTH_BAD :
    FTPD_AUTH_ERROR;
}

static const struct fake_driver drivers[] = {
  { "pam", driver_says }, { NULL, NULL } };

static struct client *keyed_client(void) {
  struct client *cl = client_new();

  cl->set->chains = chains;
  cl->set->nchains = SFTP_NELEMS(chains);
  must(client_version(cl) == SFTP_OK && client_kex(cl) == SFTP_OK);
  return cl;
}

/* An answer, as if a driver had asked for as many. */
static int answer(struct ssh_conn *c, struct sftp_rd *r, unsigned int n) {
  struct sftp_auth_req req;
  int res;

  memset(&req, 0, sizeof(req));
  c->auth->talk.req = &req;
  c->auth->talk.pool = c->pool;
  c->auth->talk.nwanted = n;
  c->auth->talk.answered = false;
  res = sftp_on_userauth_info_response(c, r);
  c->auth->talk.req = NULL;
  c->auth->talk.pool = NULL;
  return res;
}

static void message(struct ssh_conn *c, uint8_t kind, const uint8_t *p,
    size_t n) {
  uint8_t *copy = malloc(n > 0 ? n : 1);
  struct sftp_rd r;

  must(copy != NULL);
  memcpy(copy, p, n);
  sftp_rd_init(&r, copy, n);
  if ((kind & 1) != 0) {
    (void) answer(c, &r, kind >> 1 & 7);

  } else {
    (void) sftp_on_userauth_request(c, &r);
  }

  free(copy);
}

static int one_input(const uint8_t *data, size_t size) {
  static struct client *cl;
  struct sftp_pkt pkt;
  struct ssh_conn *c;
  pool *conn_pool;

  if (cl == NULL) {
    cl = keyed_client();
  }

  fake_auth_reset();
  fake_auth.users = users;
  fake_auth.drivers = drivers;
  fake_auth.conn = c = cl->server;
  fake_auth.late = cl->set;
  conn_pool = c->pool;
  c->pool = make_sub_pool(conn_pool);
  cl->set->nchains = size > 0 ? data[0] % (SFTP_NELEMS(chains) + 1) : 0;
  c->auth = sftp_auth_new(c);
  c->state.authenticated = false;
  sftp_phase_enter(c, PH_AUTH);
  c->failure.err = SFTP_OK;

  for (data++; size > 3 && c->failure.err == SFTP_OK; ) {
    size_t n = (size_t) data[1] << 8 | data[2];

    size -= 4;
    n = n < size ? n : size;
    message(c, data[0], data + 3, n);
    data += 3 + n;
    size -= n;
    size++;                     /* as if the choice still stood in front */
  }

  must(!c->state.authenticated || (strstr(fake_auth.calls, "verify") != NULL &&
    strstr(fake_auth.calls, "logged-in") != NULL));
  c->failure.err = SFTP_OK;
  (void) sftp_packets_flush(c->pkts);
  c->state.authenticated = false;
  while (client_recv(cl, &pkt)) {
    continue;
  }

  destroy_pool(c->pool);
  c->pool = conn_pool;
  return 0;
}
