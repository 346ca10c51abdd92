/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* global-t.c -- global requests, host keys that are told and proven, pings,
 * and a second EXT_INFO.
 */

#include <sys/socket.h>

#include "../fake/client.h"
#include "keys.h"
#include "tap.h"

static struct client *open_client(unsigned long opts) {
  static const struct sftp_chain_step password = { AUTH_PASSWORD, NULL };
  static const struct sftp_chain chain = { &password, 1 };
  struct client *cl = client_new();

  cl->set->opts = opts;
  cl->set->chains = &chain;
  cl->set->nchains = 1;
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no key exchange");
  }

  return cl;
}

static struct client *logged_in(unsigned long opts) {
  struct client *cl = open_client(opts);

  client_login(cl);
  (void) client_pump(cl);
  return cl;
}

static void request(struct client *cl, const char *name, bool want,
    const void *more, size_t len) {
  struct sftp_wr w;

  sftp_wr_init(&w, cl->pool, 64, 65536);
  sftp_wr_text(&w, name);
  sftp_wr_bool(&w, want);
  sftp_wr_bytes(&w, more, len);
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, w.ptr, w.len);
  (void) client_pump(cl);
}

static void host_keys_are_told(void) {
  struct client *cl = logged_in(0);
  struct sftp_pkt pkt;

  ok(client_expect(cl, SSH_MSG_GLOBAL_REQUEST, &pkt),
    "a request follows the login");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "hostkeys-00@openssh.com") &&
    !sftp_rd_bool(&pkt.in), "it is told, not asked");
  ok(sftp_str_same(sftp_rd_string(&pkt.in), cl->set->host_keys[0]->blob) &&
    sftp_rd_end(&pkt.in) == SFTP_OK, "with every host key");
  request(cl, "x", true, "", 0);
  ok(client_recv(cl, &pkt) && pkt.type == SSH_MSG_REQUEST_FAILURE, "once");
  client_free(cl);

  cl = open_client(0);
  cl->server->peer.software = "TTSSH/2.72";
  client_login(cl);
  (void) client_pump(cl);
  ok(!client_expect(cl, SSH_MSG_GLOBAL_REQUEST, &pkt),
    "not to a program that it would end");
  client_free(cl);
}

static struct sftp_str blob_of(struct client *cl) {
  struct sftp_wr w;

  sftp_wr_init(&w, cl->pool, 64, 65536);
  sftp_wr_str(&w, cl->set->host_keys[0]->blob);
  return sftp_wr_get(&w);
}

static void host_keys_are_proven(void) {
  struct client *cl = logged_in(0);
  struct sftp_str blob = blob_of(cl), sig;
  const struct sftp_key *key = cl->set->host_keys[0];
  const struct sftp_sig_alg *alg =
    sftp_sig_alg_find(sftp_str_of("ssh-ed25519"));
  struct sftp_pkt pkt;
  struct sftp_wr w;
  int i, left = 0;

  request(cl, "hostkeys-prove-00@openssh.com", true, blob.ptr, blob.len);
  ok(client_expect(cl, SSH_MSG_REQUEST_SUCCESS, &pkt), "a proof is given");
  sig = sftp_rd_string(&pkt.in);
  is_int(sftp_rd_end(&pkt.in), SFTP_OK, "one signature");
  sftp_wr_init(&w, cl->pool, 64, 65536);
  sftp_wr_text(&w, "hostkeys-prove-00@openssh.com");
  sftp_wr_str(&w, cl->session_id);
  sftp_wr_str(&w, key->blob);
  is_int(sftp_key_verify(key, alg, sig, sftp_wr_get(&w)), SFTP_OK,
    "over the session and the key");

  request(cl, "hostkeys-prove-00@openssh.com", true, blob.ptr, blob.len - 1);
  ok(client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt), "half a key: refused");
  request(cl, "hostkeys-prove-00@openssh.com", true, "", 0);
  ok(client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt), "no key: refused");
  request(cl, "hostkeys-prove-00@openssh.com", true, "\0\0\0\1x", 5);
  ok(client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt),
    "another key: refused");

  for (i = 0; i < 10; i++) {
    request(cl, "hostkeys-prove-00@openssh.com", true, blob.ptr, blob.len);
    left += client_recv(cl, &pkt) && pkt.type == SSH_MSG_REQUEST_SUCCESS;
  }

  ok(left < 4, "the work is bounded");
  is_int(client_pump(cl), SFTP_OK, "and the connection lives");
  client_free(cl);

  cl = logged_in(SFTP_OPT_NO_HOSTKEY_ROTATION);
  blob = blob_of(cl);
  ok(!client_expect(cl, SSH_MSG_GLOBAL_REQUEST, &pkt),
    "NoHostkeyRotation tells nothing");
  request(cl, "hostkeys-prove-00@openssh.com", true, blob.ptr, blob.len);
  ok(client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt), "and proves nothing");
  client_free(cl);
}

static struct sftp_key *ecdsa_key(pool *p) {
  const char *dir = getenv("srcdir"), *why = "";
  FILE *f = fopen(pstrcat(p, dir != NULL ? dir : ".",
    "/t/data/keys/ecdsa256", NULL), "r");
  unsigned char *bytes = palloc(p, 4096);
  struct sftp_str text = { bytes, 0 };
  struct sftp_key *key;

  if (f == NULL) {
    bail_out("no key");
  }

  text.len = fread(bytes, 1, 4096, f);
  (void) fclose(f);
  if (sftp_key_from_file(p, text, NULL, &key, &why) != SFTP_OK) {
    bail_out("no key: %s", why);
  }

  return key;
}

/* Each signs as its own kind does, whichever was used for the exchange. */
static void host_keys_of_two_kinds_are_proven(void) {
  const struct sftp_sig_alg *alg =
    sftp_sig_alg_find(sftp_str_of("ecdsa-sha2-nistp256"));
  struct client *cl = logged_in(0);
  struct sftp_key **keys = pcalloc(cl->pool, 2 * sizeof(*keys));
  struct sftp_pkt pkt;
  struct sftp_wr w;
  unsigned int i;

  keys[0] = cl->set->host_keys[0];
  keys[1] = ecdsa_key(cl->pool);
  cl->set->host_keys = keys;
  cl->set->nhost_keys = 2;
  sftp_wr_init(&w, cl->pool, 64, 65536);
  sftp_wr_str(&w, keys[0]->blob);
  sftp_wr_str(&w, keys[1]->blob);
  request(cl, "hostkeys-prove-00@openssh.com", true, w.ptr, w.len);
  ok(client_expect(cl, SSH_MSG_REQUEST_SUCCESS, &pkt), "two keys are proven");
  for (i = 0; i < 2; i++) {
    struct sftp_str sig = sftp_rd_string(&pkt.in);

    sftp_wr_init(&w, cl->pool, 64, 65536);
    sftp_wr_text(&w, "hostkeys-prove-00@openssh.com");
    sftp_wr_str(&w, cl->session_id);
    sftp_wr_str(&w, keys[i]->blob);
    is_int(sftp_key_verify(keys[i], i == 0 ? sftp_sig_alg_find(sftp_str_of(
      "ssh-ed25519")) : alg, sig, sftp_wr_get(&w)), SFTP_OK, "key %u", i);
  }

  is_int(sftp_rd_end(&pkt.in), SFTP_OK, "and nothing else is signed");
  client_free(cl);
}

static void pings_are_answered(void) {
  struct client *cl = open_client(SFTP_OPT_NO_HOSTKEY_ROTATION);
  struct sftp_pkt pkt;

  client_send(cl, SSH_MSG_PING, "\0\0\0\5hello", 9);
  is_int(client_pump(cl), SFTP_OK, "a ping before the login");
  ok(!client_expect(cl, SSH_MSG_PONG, &pkt), "is ignored");
  client_login(cl);
  client_send(cl, SSH_MSG_PING, "\0\0\0\5hello", 9);
  (void) client_pump(cl);
  ok(client_expect(cl, SSH_MSG_PONG, &pkt), "one after it");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "hello") &&
    sftp_rd_end(&pkt.in) == SFTP_OK, "comes back as it was");
  client_send(cl, SSH_MSG_PING, "\0\0\0\0", 4);
  (void) client_pump(cl);
  ok(client_expect(cl, SSH_MSG_PONG, &pkt), "and after, without data");
  client_send(cl, SSH_MSG_PING, "\0\0\0\5hell", 8);
  ok(client_pump(cl) < 0, "a short one ends the connection");
  client_free(cl);
}

static void send_ext_info(struct client *cl, const char *value) {
  struct sftp_wr w;

  sftp_wr_init(&w, cl->pool, 64, 1024);
  sftp_wr_u32(&w, 1);
  sftp_wr_text(&w, "ext-info-in-auth@openssh.com");
  sftp_wr_text(&w, value);
  client_send(cl, SSH_MSG_EXT_INFO, w.ptr, w.len);
  (void) client_pump(cl);
}

static void a_second_ext_info_for_those_who_can(void) {
  static const char *const values[] = { "0", "1" };
  struct sftp_pkt pkt;
  int i;

  for (i = 0; i < 2; i++) {
    struct client *cl = open_client(0);
    struct sftp_wr w;

    (void) client_expect(cl, SSH_MSG_EXT_INFO, &pkt);
    send_ext_info(cl, values[i]);
    sftp_phase_enter(cl->server, PH_AUTH);
    sftp_wr_init(&w, cl->pool, 64, 1024);
    sftp_wr_text(&w, "nobody");
    sftp_wr_text(&w, "ssh-connection");
    sftp_wr_text(&w, "none");
    client_send(cl, SSH_MSG_USERAUTH_REQUEST, w.ptr, w.len);
    (void) client_pump(cl);
    if (i == 0) {
      ok(client_expect(cl, SSH_MSG_EXT_INFO, &pkt) &&
        sftp_rd_u32(&pkt.in) == 1 &&
        sftp_str_is(sftp_rd_string(&pkt.in), "server-sig-algs"),
        "EXT_INFO comes again with the first request");

    } else {
      ok(!client_expect(cl, SSH_MSG_EXT_INFO, &pkt),
        "not to one that says something else");
    }

    client_free(cl);
  }
}

/* A client with these extensions, the last name without a value if `half'. */
static int told(const char *const *texts, uint32_t n, bool half) {
  struct client *cl = open_client(0);
  struct sftp_pkt pkt;
  struct sftp_wr w;
  uint32_t i;
  int res;

  (void) client_expect(cl, SSH_MSG_EXT_INFO, &pkt);
  sftp_wr_init(&w, cl->pool, 64, 8192);
  sftp_wr_u32(&w, n);
  for (i = 0; i < n; i++) {
    sftp_wr_text(&w, texts[2 * i]);
    if (i + 1 < n || !half) {
      sftp_wr_text(&w, texts[2 * i + 1]);
    }
  }

  client_send(cl, SSH_MSG_EXT_INFO, w.ptr, w.len);
  res = client_pump(cl);
  if (res == SFTP_OK) {
    client_send(cl, 29, "", 0);
    res = client_pump(cl);
    res = res == SFTP_OK &&
      !client_expect(cl, SSH_MSG_UNIMPLEMENTED, &pkt) ? 1 : res;
  }

  if (res == SFTP_OK && n < 2) {
    client_send(cl, SSH_MSG_EXT_INFO, "\0\0\0\0", 4);
    is_int(client_pump(cl), SFTP_ERR_ORDER, "but only once");
  }

  client_free(cl);
  return res;
}

/* What clients tell (RFC 8308, OpenSSH, Bitvise) is taken and not acted upon,
 * but for ext-info-in-auth.
 */
static void clients_tell_what_they_like(void) {
  static const char *const usual[] = { "server-sig-algs", "ssh-ed25519",
    "no-flow-control", "p", "delay-compression",
    "\0\0\0\4none\0\0\0\4none", "elevation", "d",
    "global-requests-ok", "", "ping@openssh.com", "0", "", "" };
  const char *many[66];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(many); i++) {
    many[i] = "x";
  }

  is_int(told(usual, 0, false), SFTP_OK, "nothing may be told");
  is_int(told(usual, 7, false), SFTP_OK, "unknown extensions are no harm");
  is_int(told(usual, 7, true), SFTP_ERR_SHORT, "half of one is");
  is_int(told(many, 32, false), SFTP_OK, "32 are taken");
  is_int(told(many, 33, false), SFTP_ERR_LIMIT, "33 are not");
}

int main(void) {
  init_pools();
  host_keys_are_told();
  host_keys_are_proven();
  host_keys_of_two_kinds_are_proven();
  pings_are_answered();
  a_second_ext_info_for_those_who_can();
  clients_tell_what_they_like();
  return done_testing();
}
