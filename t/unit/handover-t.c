/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* handover-t.c -- a connection begins with one server and goes on with another
 * one, over the same socket; the client notices nothing.  And states that no
 * honest server writes.
 */

#include <sys/socket.h>
#include <unistd.h>

#include "../fake/client.h"
#include "../fake/fake-pool.h"
#include "../fake/ftpd-log.h"
#include "../fake/shot.h"
#include "alg-table.h"
#include "conn-loop.h"
#include "messages.h"
#include "handover-int.h"
#include "kex.h"
#include "ssh-version.h"
#include "tap.h"

#define ETM "hmac-sha2-256-etm@openssh.com"

static const char *const macs[] = { ETM, "hmac-sha2-512", "hmac-sha1",
  "umac-64-etm@openssh.com", "umac-128@openssh.com", "none" };

/* ---- The first server: A */

/* In a pool of its own, so that it can vanish. */
static struct client *new_client(const char *cipher, const char *mac) {
  struct client *cl = client_new();

  cl->set->ciphers = cl->cipher = cipher;
  cl->set->macs = cl->mac = mac;
  cl->server = sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd, cl->set,
    NULL);
  cl->server->state.keep_keys = true;
  return cl;
}

static struct client *begun(struct client *cl) {
  if (sftp_version_send(cl->server) != SFTP_OK ||
      sftp_kex_start(cl->server, "first") != SFTP_OK ||
      client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no connection with %s and %s: %s", cl->cipher, cl->mac,
      cl->server->failure.why != NULL ? cl->server->failure.why : "?");
  }

  return cl;
}

/* Before the login, A answers unknown messages. */
static bool a_works(struct client *cl, size_t n) {
  unsigned char *junk = calloc(1, n + 4);
  struct sftp_pkt pkt;

  t_fill(junk + 4, n, (unsigned int) n);
  sftp_put_u32(junk, (uint32_t) n);
  client_send(cl, SSH_MSG_IGNORE, junk, n + 4);
  free(junk);
  client_send(cl, 8, "", 0);
  return client_expect(cl, SSH_MSG_UNIMPLEMENTED, &pkt);
}

static struct client *used(const char *cipher, const char *mac, bool strict) {
  struct client *cl = new_client(cipher, mac);
  size_t n, good = 0;

  cl->strict = strict;
  (void) begun(cl);
  for (n = 1; n <= 500; n *= 5) {
    good += a_works(cl, n);
  }

  if (good != 4) {
    bail_out("nothing goes to and fro with %s and %s", cipher, mac);
  }

  return cl;
}

/* ---- From A to B */

/* The state of A in a block of exactly its size, which the caller frees; NULL
 * when it cannot be had.
 */
static unsigned char *state_of(const struct ssh_conn *c, size_t *len,
    int *res) {
  pool *p = make_sub_pool(permanent_pool);
  struct sftp_wr *w = palloc(p, sizeof(*w));
  unsigned char *state = NULL;

  sftp_handover_begin(w, p);
  *res = sftp_handover_write(c, w);
  *len = w->len;
  if (*res == SFTP_OK) {
    state = t_exact_copy(w->ptr, w->len);

  } else if (w->len > 0) {
    bail_out("something was written nevertheless");
  }

  destroy_pool(p);
  return state;
}

static struct ssh_conn *new_server(struct client *cl) {
  return sftp_conn_new(make_sub_pool(cl->pool), cl->server_fd, cl->set, NULL);
}

static int take(struct ssh_conn *c, const unsigned char *state, size_t len) {
  struct sftp_rd r;

  sftp_rd_init(&r, state, len);
  return sftp_handover_read(c, c->set, &r);
}

/* A vanishes, with everything that it had allocated. */
static bool hand_over(struct client *cl) {
  struct ssh_conn *b = new_server(cl);
  size_t len;
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);

  if (state == NULL) {
    diag("no state: %s", sftp_strerror(res));
    return false;
  }

  destroy_pool(cl->server->pool);
  cl->server = b;
  res = take(b, state, len);
  if (res != SFTP_OK) {
    diag("not read: %s", sftp_strerror(res));
  }

  free(state);
  return res == SFTP_OK;
}

static void log_in(struct client *cl) {
  sftp_handover_open(cl->server);
  sftp_packets_authenticated(cl->pkts);
}

/* After the login, both ways. */
static bool works(struct client *cl, size_t n) {
  unsigned char *junk = calloc(1, n + 4), req[64];
  struct sftp_pkt pkt;
  struct sftp_wr w;

  sftp_put_u32(junk, (uint32_t) n);
  client_send(cl, SSH_MSG_IGNORE, junk, n + 4);
  free(junk);
  sftp_wr_init_fixed(&w, req, sizeof(req));
  sftp_wr_text(&w, "no-such-request@example.com");
  sftp_wr_bool(&w, true);
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, w.ptr, w.len);
  return client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt);
}

static bool same_session(const struct client *cl) {
  return sftp_str_same(cl->session_id, sftp_kex_session_id(cl->server));
}

/* ---- Honest states */

/* Both sides rekey with B; the session stays the same. */
static unsigned int rekeys(struct client *cl) {
  unsigned int good = 0;

  client_send_kexinit(cl, false);
  good += client_kex(cl) == SFTP_OK && works(cl, 300) && same_session(cl);
  good += sftp_kex_start(cl->server, "test") == SFTP_OK &&
    client_kex(cl) == SFTP_OK && works(cl, 300) && same_session(cl);
  return good;
}

static void try_pair(const char *cipher, const char *mac, bool strict) {
  static const size_t sizes[] = { 0, 1, 8, 15, 16, 255, 4096, 40000 };
  struct client *cl = used(cipher, mac, strict);
  size_t i, good = 0;

  good += hand_over(cl);
  log_in(cl);
  for (i = 0; i < SFTP_NELEMS(sizes); i++) {
    good += works(cl, sizes[i]);
  }

  good += same_session(cl);
  is_int(good, SFTP_NELEMS(sizes) + 2, "%s with %s%s goes on", cipher, mac,
    strict ? "" : ", not strict");
  is_int(rekeys(cl), 2, "... and both sides can rekey");
  client_free(cl);
}

typedef void (*pair_test)(const char *cipher, const char *mac);

static void for_each_pair(pair_test test) {
  const struct sftp_alg *cipher;
  size_t i, j;

  for (i = 0; (cipher = sftp_alg_at(ALGS_CIPHER, i)) != NULL; i++) {
    bool aead = ((const struct sftp_cipher_alg *) cipher)->tag_len > 0;

    if (!sftp_alg_usable(ALGS_CIPHER, cipher)) {
      continue;
    }

    for (j = 0; j < (aead ? 1 : SFTP_NELEMS(macs)); j++) {
      test(cipher->name, macs[j]);
    }
  }
}

static void goes_on(const char *cipher, const char *mac) {
  try_pair(cipher, mac, true);
  try_pair(cipher, mac, false);
}

/* Puts a message into the client's buffer without sending it. */
static void queue(struct client *cl, uint8_t type, size_t n) {
  struct sftp_wr *w = sftp_packet_begin(cl->pkts, type, n + 5);
  unsigned char *junk = calloc(1, n + 1);

  sftp_wr_string(w, junk, n);
  free(junk);
  if (sftp_packet_end(cl->pkts) != SFTP_OK) {
    bail_out("the client cannot send");
  }
}

static void send_part(struct client *cl, size_t n) {
  struct sftp_packets *pk = cl->pkts;

  if (send(cl->fd, pk->out.buf + pk->out.start, n, 0) != (ssize_t) n) {
    bail_out("the client cannot send");
  }

  pk->out.start += n;
}

/* A has n bytes of a packet, and has looked at them. */
static bool survives_cut(const char *cipher, const char *mac, size_t n) {
  struct client *cl = used(cipher, mac, true);
  struct sftp_pkt pkt;
  const char *why;
  bool good;

  queue(cl, SSH_MSG_IGNORE, 100);
  if (n > sftp_packets_pending(cl->pkts) - 1) {
    n = sftp_packets_pending(cl->pkts) - 1;
  }

  send_part(cl, n);
  good = sftp_packets_fill(cl->server->pkts) == 1 &&
    sftp_packets_next(cl->server->pkts, &pkt, &why) == 0 && hand_over(cl) &&
    sftp_packets_arrived(cl->server->pkts).len == n;
  log_in(cl);
  good = good && works(cl, 20) && client_kex(cl) == SFTP_OK && works(cl, 20);
  client_free(cl);
  return good;
}

static void part_of_a_packet_is_kept(const char *cipher, const char *mac) {
  static const size_t cuts[] = { 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33,
    47, 48, 64, 100, 9999 };
  size_t i, good = 0;

  for (i = 0; i < SFTP_NELEMS(cuts); i++) {
    good += survives_cut(cipher, mac, cuts[i]);
  }

  is_int(good, SFTP_NELEMS(cuts), "%s with %s: part of a packet is kept",
    cipher, mac);
}

/* Some whole packets that A did not look at, and a part of one more. */
static void pipelined_packets_are_kept(void) {
  struct client *cl = used("aes256-ctr", "hmac-sha2-256", true);
  struct sftp_pkt pkt;
  unsigned int i, answers = 0;
  size_t all;

  for (i = 0; i < 5; i++) {
    queue(cl, SSH_MSG_IGNORE, 1000);
    queue(cl, SSH_MSG_PING, 0);
  }

  all = sftp_packets_pending(cl->pkts);
  send_part(cl, all - 3);
  is_int(sftp_packets_fill(cl->server->pkts), 1, "A has the packets");
  ok(hand_over(cl) && sftp_packets_arrived(cl->server->pkts).len == all - 3,
    "B has them");
  log_in(cl);
  while (client_recv(cl, &pkt)) {
    answers += pkt.type == SSH_MSG_PONG;
  }

  is_int(answers, 5, "... and answers each");
  is_int(rekeys(cl), 2, "... and goes on");
  client_free(cl);
}

/* More than the first buffer of a connection has room for. */
static void much_input_is_kept(void) {
  struct client *cl = used("aes128-gcm@openssh.com", ETM, true);
  struct sftp_packets *pk = cl->server->pkts;
  struct sftp_pkt pkt;
  unsigned int i, answers = 0;

  if (sftp_packets_resize(&pk->in.buf, &pk->in.size, IN_LARGE) != SFTP_OK) {
    bail_out("no memory");
  }

  for (i = 0; i < 4; i++) {
    queue(cl, SSH_MSG_IGNORE, 100000);
    queue(cl, SSH_MSG_PING, 0);
    while (sftp_packets_flush(cl->pkts) == 0) {
      (void) !sftp_packets_fill(pk);
    }

    (void) !sftp_packets_fill(pk);
  }

  ok(sftp_packets_arrived(pk).len > 400000 && hand_over(cl),
    "much input is handed over");
  log_in(cl);
  while (client_recv(cl, &pkt)) {
    answers += pkt.type == SSH_MSG_PONG;
  }

  is_int(answers, 4, "... and answered");
  client_free(cl);
}

static void unsent_output_is_kept(void) {
  struct client *cl = used("aes128-cbc", "hmac-sha2-256", true);
  struct sftp_pkt pkt;
  struct sftp_wr *w;
  unsigned int i;
  size_t pending;

  for (i = 0; i < 300; i++) {
    w = sftp_packet_begin(cl->server->pkts, SSH_MSG_IGNORE, 64);
    sftp_wr_text(w, "it waits for the socket");
    if (sftp_packet_end(cl->server->pkts) != SFTP_OK) {
      bail_out("A cannot send");
    }
  }

  (void) sftp_packet_begin(cl->server->pkts, SSH_MSG_USERAUTH_SUCCESS, 1);
  ok(sftp_packet_end(cl->server->pkts) == SFTP_OK, "A has sealed a message");
  pending = sftp_packets_pending(cl->server->pkts);
  ok(hand_over(cl) && sftp_packets_pending(cl->server->pkts) == pending,
    "... which B has");
  log_in(cl);
  ok(client_expect(cl, SSH_MSG_USERAUTH_SUCCESS, &pkt), "... and sends");
  is_int(rekeys(cl), 2, "... and goes on");
  client_free(cl);
}

static void delayed_compression_begins_at_b(void) {
  struct client *cl = new_client("aes128-ctr", ETM);
  const struct sftp_packets *pk;
  size_t len;
  int res;

  cl->set->compression = COMPRESS_DELAYED;
  cl->comp = "zlib@openssh.com";
  (void) begun(cl);
  ok(a_works(cl, 100) && hand_over(cl), "a hand-over before the login");
  pk = cl->server->pkts;
  ok(pk->in.inflate == NULL && pk->out.deflate == NULL, "B does not compress");
  log_in(cl);
  ok(pk->in.inflate != NULL && pk->out.deflate != NULL, "... then it does");
  ok(works(cl, 100000) && rekeys(cl) == 2, "... and it works");
  ok(state_of(cl->server, &len, &res) == NULL && res == SFTP_ERR_ORDER,
    "nothing can be handed over any more");
  client_free(cl);
}

/* As where a login opens the connection before the state comes. */
static void open_connections_compress_at_once(void) {
  struct client *cl = new_client("aes128-ctr", ETM);
  unsigned char *state;
  struct ssh_conn *b;
  size_t len;
  int res;

  cl->set->compression = COMPRESS_DELAYED;
  cl->comp = "zlib@openssh.com";
  (void) begun(cl);
  (void) a_works(cl, 1);
  state = state_of(cl->server, &len, &res);
  b = new_server(cl);
  sftp_handover_open(b);
  ok(take(b, state, len) == SFTP_OK && b->pkts->in.inflate != NULL,
    "a connection that is open compresses at once");
  free(state);
  cl->server = b;
  log_in(cl);
  ok(works(cl, 5000) && rekeys(cl) == 2, "... and it works");
  client_free(cl);
}

static void limits_of_keys_go_on(void) {
  struct client *cl = used("aes128-gcm@openssh.com", ETM, false);
  struct sftp_packet_stats in = *sftp_packets_in(cl->server->pkts),
    out = *sftp_packets_out(cl->server->pkts), now;
  uint32_t seqno_in = sftp_packets_seqno_in(cl->server->pkts),
    seqno_out = sftp_packets_seqno_out(cl->server->pkts);
  int lowat = 5000;
  socklen_t len = sizeof(lowat);

  fake_now_ms += 50000;
  (void) setsockopt(cl->server_fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, len);
  ok(hand_over(cl), "a hand-over some time after the keys");
  now = *sftp_packets_in(cl->server->pkts);
  ok(now.bytes == in.bytes && now.npackets == in.npackets &&
    now.keyed_ms == in.keyed_ms && now.total == in.total,
    "what came in counts on");
  now = *sftp_packets_out(cl->server->pkts);
  ok(now.bytes == out.bytes && now.npackets == out.npackets &&
    now.keyed_ms == out.keyed_ms && now.total == out.total,
    "what went out counts on");
  ok(sftp_packets_seqno_in(cl->server->pkts) == seqno_in &&
    sftp_packets_seqno_out(cl->server->pkts) == seqno_out &&
    seqno_in > now.npackets, "and so do the sequence numbers");
  ok(cl->server->loop->told_in == in.total &&
    cl->server->loop->told_out == out.total, "no byte is reported twice");
  ok(getsockopt(cl->server_fd, SOL_SOCKET, SO_RCVLOWAT, &lowat, &len) == 0 &&
    lowat == 1, "the socket waits for no more than a byte");
  log_in(cl);
  cl->set->rekey.secs = 60;
  is_int(sftp_kex_due_ms(cl->server), 10000, "the rekey is due in time");
  fake_now_ms += 10000;
  is_int(client_pump(cl), SFTP_OK, "then");
  ok(sftp_kex_running(cl->server) && client_kex(cl) == SFTP_OK &&
    works(cl, 10), "... it comes");
  client_free(cl);
}

static void what_is_known_of_the_client_is_kept(void) {
  struct client *cl = new_client("aes128-cbc", ETM);
  const struct sftp_kex_names *n;
  struct sftp_str host_key;

  cl->ident = "SSH-2.0-name_1.2 and comments";
  (void) begun(cl);
  client_send(cl, SSH_MSG_EXT_INFO, "\0\0\0\1\0\0\0\34"
    "ext-info-in-auth@openssh.com\0\0\0\0010", 41);
  is_int(client_pump(cl), SFTP_OK, "an EXT_INFO");
  ok(cl->server->kex->ext_info_in_auth, "... is understood");
  host_key = sftp_str_copy(cl->pool, sftp_kex_first_host_key(cl->server));
  ok(hand_over(cl), "a hand-over");
  is_str(cl->server->peer.ident, cl->ident, "the version line");
  is_str(cl->server->peer.software, "name_1.2", "the software");
  ok(cl->server->peer.ext_info && cl->server->kex->ext_info_seen &&
    cl->server->kex->ext_info_in_auth, "what it said of EXT_INFO");
  ok(cl->server->state.strict_kex && cl->server->state.keyed,
    "that it is strict, and has keys");
  ok(host_key.len > 0 &&
    sftp_str_same(host_key, sftp_kex_first_host_key(cl->server)),
    "the host key");
  n = sftp_kex_agreed(cl->server);
  is_str(n != NULL ? n->kex : NULL, "curve25519-sha256", "the key exchange");
  is_str(n->hostkey, "ssh-ed25519", "the kind of host key");
  is_str(n->cipher_s2c, "aes128-cbc", "the cipher");
  is_str(n->mac_c2s, ETM, "the MAC");
  is_str(n->comp_s2c, "none", "no compression");
  ok(cl->server->pkts->out.cover != NULL, "CBC is covered");
  ok(cl->server->pkts->in.dir.keys.kept == NULL, "keys are not kept again");
  client_free(cl);
}

/* The client knows no MAC of the server's, so it was offered others. */
static struct client *widened(void) {
  struct client *cl = new_client("aes128-ctr", ETM);

  cl->mac = "hmac-sha2-256";
  if (sftp_version_send(cl->server) != SFTP_OK ||
      client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK ||
      cl->server->kex->more.macs == NULL) {
    bail_out("the offer is not widened");
  }

  return cl;
}

static void additions_to_the_offer_are_kept(void) {
  struct client *cl = widened();
  unsigned char *state;
  size_t len;
  int res;

  ok(hand_over(cl), "a client with additional algorithms");
  log_in(cl);
  ok(cl->server->kex->more.macs != NULL && cl->server->kex->more.kex == NULL,
    "the addition is known");
  is_int(rekeys(cl), 2, "... and is offered again");
  client_free(cl);

  cl = widened();
  state = state_of(cl->server, &len, &res);
  cl->set->named = 1U << ALGS_MAC;
  is_int(take(new_server(cl), state, len), SFTP_ERR_DENIED,
    "none is added to a list that was named");
  cl->set->named = 0;
  state[1] &= (unsigned char) ~HANDOVER_MORE_MACS;
  is_int(take(new_server(cl), state, len), SFTP_ERR_DENIED,
    "without the addition, its names are not offered");
  free(state);
  client_free(cl);
}

/* ---- Moments at which nothing can be handed over */

static void refused(struct client *cl, int want, const char *why) {
  size_t len;
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);

  is_int(res, want, "%s: cannot be handed over", why);
  free(state);
  client_free(cl);
}

static struct client *ready(void) {
  return used("aes128-ctr", "hmac-sha2-256", true);
}

static void exchanges_are_not_handed_over(void) {
  struct client *cl = new_client("aes128-ctr", ETM);

  refused(cl, SFTP_ERR_ORDER, "nothing has begun");

  cl = new_client("aes128-ctr", ETM);
  cl->server->state.keep_keys = false;
  refused(begun(cl), SFTP_ERR_ORDER, "keys that were not kept");

  cl = ready();
  client_send_kexinit(cl, false);
  (void) client_pump(cl);
  refused(cl, SFTP_ERR_ORDER, "an exchange of the client");

  cl = ready();
  (void) !sftp_kex_start(cl->server, "test");
  refused(cl, SFTP_ERR_ORDER, "an exchange of the server");

  cl = ready();
  ok(client_kex(cl) == SFTP_OK && a_works(cl, 10) && hand_over(cl),
    "but after an exchange, with its keys");
  log_in(cl);
  is_int(rekeys(cl), 2, "... the connection goes on");
  client_free(cl);
}

static void messages_between_are_not_handed_over(void) {
  struct client *cl = ready();

  (void) sftp_packet_begin(cl->server->pkts, SSH_MSG_IGNORE, 10);
  refused(cl, SFTP_ERR_ORDER, "an open message");

  cl = ready();
  (void) !sftp_packets_hold(cl->server->pkts, true);
  refused(cl, SFTP_ERR_ORDER, "messages are held");

  cl = ready();
  sftp_packet_gathering(cl->server->pkts, true);
  refused(cl, SFTP_ERR_ORDER, "a message that is being gathered");

  cl = ready();
  cl->server->pkts->in.doomed = 1;
  refused(cl, SFTP_ERR_ORDER, "a damaged packet");

  cl = ready();
  (void) sftp_fail(cl->server, SFTP_ERR_LIMIT, "test");
  refused(cl, SFTP_ERR_ORDER, "a connection that failed");
}

static void too_much_is_not_handed_over(void) {
  struct client *cl = ready();
  struct sftp_packets *pk = cl->server->pkts;

  if (sftp_packets_resize(&pk->in.buf, &pk->in.size,
        SFTP_HANDOVER_INPUT_MAX + 1) != SFTP_OK ||
      sftp_packets_resize(&pk->out.buf, &pk->out.size,
        SFTP_HANDOVER_OUTPUT_MAX + 1) != SFTP_OK) {
    bail_out("no memory");
  }

  pk->in.start = 0;
  pk->in.end = SFTP_HANDOVER_INPUT_MAX + 1;
  memset(pk->in.buf, 0, pk->in.size);
  refused(cl, SFTP_ERR_LIMIT, "more input than is read ahead");

  cl = ready();
  pk = cl->server->pkts;
  if (sftp_packets_resize(&pk->out.buf, &pk->out.size,
      SFTP_HANDOVER_OUTPUT_MAX + 1) != SFTP_OK) {
    bail_out("no memory");
  }

  memset(pk->out.buf, 0, pk->out.size);
  pk->out.end = SFTP_HANDOVER_OUTPUT_MAX + 1;
  refused(cl, SFTP_ERR_LIMIT, "much output");
}

static void streams_are_not_handed_over(void) {
  struct client *cl = new_client("aes128-ctr", ETM);

  cl->set->compression = COMPRESS_ON;
  cl->comp = "zlib";
  refused(begun(cl), SFTP_ERR_ORDER, "compression from the first byte");
}

/* ---- Secrets */

struct secret {
  const unsigned char *ptr;
  size_t len;
  bool seen, wiped;
};

static bool is_zero(const unsigned char *p, size_t n) {
  while (n > 0 && p[n - 1] == 0) {
    n--;
  }

  return n == 0;
}

static void look_at_secret(void *data) {
  struct secret *s = data;

  s->seen = true;
  s->wiped = is_zero(s->ptr, s->len);
}

/* A pool runs its clean-ups, then destroys the pools below, then frees. */
static void watch(struct secret *s, pool *p) {
  s->seen = s->wiped = false;
  register_cleanup2(make_sub_pool(p), s, look_at_secret);
}

static void secrets_are_wiped(void) {
  struct client *cl = ready();
  const struct sftp_keys *keys = &cl->server->pkts->in.dir.keys;
  struct secret kept = { (const void *) keys->kept, sizeof(*keys->kept),
    false, false };
  pool *p = make_sub_pool(cl->pool);
  struct sftp_wr *w = palloc(p, sizeof(*w));
  struct secret state;

  sftp_handover_begin(w, p);
  ok(sftp_handover_write(cl->server, w) == SFTP_OK &&
    memmem(w->ptr, w->len, keys->kept->key, 16) != NULL &&
    memmem(w->ptr, w->len, keys->kept->mac_key, 32) != NULL,
    "a state has the keys");
  state.ptr = w->ptr;
  state.len = w->len;
  watch(&state, p);
  destroy_pool(p);
  ok(state.seen && state.wiped, "... and is wiped with its pool");

  ok(!is_zero(kept.ptr, kept.len), "keys are kept");
  watch(&kept, keys->pool);
  is_int(client_kex(cl), SFTP_OK, "... until the next exchange");
  ok(kept.seen && kept.wiped, "... and are wiped then");
  keys = &cl->server->pkts->out.dir.keys;
  kept.ptr = (const void *) keys->kept;
  watch(&kept, keys->pool);
  destroy_pool(cl->server->pool);
  ok(kept.seen && kept.wiped, "... and at the end of the connection");
  cl->server = NULL;
  client_free(cl);
}

/* ---- Hostile states */

/* The places of a state, in its order. */
enum { F_VERSION, F_FLAGS, F_IDENT, F_SESSION, F_HOST_KEY, F_NAMES,
  F_KEY_IN = F_NAMES + L_LANG_C2S, F_IV_IN, F_MAC_IN, F_COUNTERS_IN, F_KEY_OUT,
  F_IV_OUT, F_MAC_OUT, F_COUNTERS_OUT, F_INPUT, F_OUTPUT, NFIELDS };

#define COUNTERS_LEN (4 + 4 + 4 * 8)

static size_t bare_len(size_t field) {
  return field == F_VERSION || field == F_FLAGS ? 1 :
    field == F_COUNTERS_IN || field == F_COUNTERS_OUT ? COUNTERS_LEN : 0;
}

static void split_state(const unsigned char *state, size_t len,
    struct sftp_str *fields) {
  struct sftp_rd r;
  size_t i;

  sftp_rd_init(&r, state, len);
  for (i = 0; i < NFIELDS; i++) {
    fields[i] = bare_len(i) > 0 ? sftp_rd_bytes(&r, bare_len(i)) :
      sftp_rd_string(&r);
  }

  if (sftp_rd_end(&r) != SFTP_OK) {
    bail_out("the state has another form");
  }
}

static void join_state(const struct sftp_str *fields, struct sftp_wr *w) {
  size_t i;

  for (i = 0; i < NFIELDS; i++) {
    if (bare_len(i) > 0) {
      sftp_wr_bytes(w, fields[i].ptr, fields[i].len);

    } else {
      sftp_wr_str(w, fields[i]);
    }
  }
}

/* Refused, and the connection is as it was. */
static int refuses(struct ssh_conn *c, const unsigned char *state, size_t len) {
  static struct shot before, after;
  unsigned char *copy = t_exact_copy(state, len);
  int res;

  shot_take(c, &before);
  res = take(c, copy, len);
  free(copy);
  shot_take(c, &after);
  if (res != SFTP_OK && memcmp(&before, &after, sizeof(before)) != 0) {
    diag("a refused state has changed the connection");
    return SFTP_OK;
  }

  return res;
}

/* A server that takes a state writes the same, and can be used. */
static bool is_consistent(struct client *cl, const unsigned char *state,
    size_t len) {
  struct ssh_conn *c = new_server(cl);
  size_t again_len = 0;
  unsigned char *again = NULL;
  bool good;
  int res;

  c->state.keep_keys = true;
  res = refuses(c, state, len);
  good = res < 0;
  if (res == SFTP_OK) {
    again = state_of(c, &again_len, &res);
    good = again != NULL && again_len == len && memcmp(again, state, len) == 0;
    sftp_handover_open(c);
    (void) !sftp_conn_turn(c);
    client_drain(cl);
  }

  free(again);
  destroy_pool(c->pool);
  return good;
}

/* With input, output and half a packet that has been looked at. */
static unsigned char *full_state(struct client *cl, size_t *len) {
  struct sftp_packets *pk = cl->server->pkts;
  struct sftp_pkt pkt;
  const char *why;
  int res;
  unsigned char *state;

  queue(cl, SSH_MSG_IGNORE, 20);
  send_part(cl, 40);
  (void) sftp_packet_begin(pk, SSH_MSG_USERAUTH_SUCCESS, 1);
  if (sftp_packets_fill(pk) != 1 || sftp_packets_next(pk, &pkt, &why) != 0 ||
      sftp_packet_end(pk) != SFTP_OK ||
      (state = state_of(cl->server, len, &res)) == NULL) {
    bail_out("no state");
  }

  return state;
}

static void each_truncation_is_refused(const char *cipher, const char *mac) {
  struct client *cl = used(cipher, mac, true);
  struct ssh_conn *b = new_server(cl);
  size_t len, n, good = 0;
  unsigned char *state = full_state(cl, &len), *longer = malloc(len + 1);

  for (n = 0; n < len; n++) {
    good += refuses(b, state, n) == SFTP_ERR_SHORT || (n == 0 &&
      refuses(b, state, n) < 0);
  }

  is_int(good, len, "%s with %s: each truncation is refused", cipher, mac);
  memcpy(longer, state, len);
  longer[len] = 0;
  is_int(refuses(b, longer, len + 1), SFTP_ERR_EXTRA, "... and one byte more");
  is_int(take(b, state, len), SFTP_OK, "... and the state itself is taken");
  is_int(take(b, state, len), SFTP_ERR_ORDER, "... once");
  free(longer);
  free(state);
  client_free(cl);
}

static void each_changed_byte_is_judged(const char *cipher, const char *mac) {
  static const unsigned char flips[] = { 0x01, 0x80, 0xff };
  struct client *cl = used(cipher, mac, true);
  size_t len, at, i, good = 0;
  unsigned char *state = full_state(cl, &len);

  for (at = 0; at < len; at++) {
    for (i = 0; i < SFTP_NELEMS(flips); i++) {
      state[at] ^= flips[i];
      good += is_consistent(cl, state, len);
      state[at] ^= flips[i];
    }
  }

  is_int(good, len * SFTP_NELEMS(flips),
    "%s with %s: each changed byte is refused, or changes nothing else",
    cipher, mac);
  ok(is_consistent(cl, state, len), "... and what is read can be written");
  free(state);
  client_free(cl);
}

/* A state with another content of one place. */
static int take_other(struct client *cl, size_t field, struct sftp_str other) {
  struct sftp_str fields[NFIELDS];
  struct ssh_conn *b = new_server(cl);
  size_t len;
  struct sftp_wr w;
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);

  sftp_wr_init(&w, cl->pool, 4096, 2 * SFTP_HANDOVER_MAX);
  split_state(state, len, fields);
  fields[field] = other;
  join_state(fields, &w);
  free(state);
  return sftp_wr_end(&w) == SFTP_OK ? refuses(b, w.ptr, w.len) : SFTP_OK;
}

static void names_are_looked_up(void) {
  static const struct {
    size_t list;
    const char *name;
    int res;
  } others[] = {
    { L_KEX, "no-such-method", SFTP_ERR_UNSUPPORTED },
    { L_KEX, "", SFTP_ERR_UNSUPPORTED },
    { L_KEX, "ext-info-s", SFTP_ERR_UNSUPPORTED },
    { L_KEX, "diffie-hellman-group1-sha1", SFTP_ERR_DENIED },
    { L_KEX, "curve25519-sha256,curve448-sha512", SFTP_ERR_UNSUPPORTED },
    { L_HOSTKEY, "ssh-rsa", SFTP_ERR_DENIED },
    { L_HOSTKEY, "rsa-sha2-256", SFTP_ERR_DENIED },     /* there is no key */
    { L_CIPHER_C2S, "aes128-cbc", SFTP_ERR_DENIED },
    { L_CIPHER_S2C, "none", SFTP_ERR_DENIED },
    { L_CIPHER_S2C, "implicit", SFTP_ERR_UNSUPPORTED },
    { L_CIPHER_C2S, "aes128-gcm@openssh.com", SFTP_ERR_FORMAT },
    { L_CIPHER_C2S, "aes256-ctr", SFTP_ERR_FORMAT },    /* a longer key */
    { L_MAC_C2S, "implicit", SFTP_ERR_UNSUPPORTED },
    { L_MAC_S2C, "none", SFTP_ERR_DENIED },
    { L_MAC_S2C, "hmac-sha2-512", SFTP_ERR_FORMAT },    /* as well */
    { L_COMP_C2S, "zlib", SFTP_ERR_UNSUPPORTED },
    { L_COMP_S2C, "zlib-9", SFTP_ERR_UNSUPPORTED },
    { L_COMP_S2C, "aes128-ctr", SFTP_ERR_UNSUPPORTED },
    { L_COMP_S2C, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      "aaaaaaaaaa", SFTP_ERR_UNSUPPORTED }
  };
  struct client *cl = ready();
  size_t i;

  cl->set->ciphers = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com";
  cl->set->macs = "hmac-sha2-256,hmac-sha2-512";
  cl->set->compression = COMPRESS_ON;
  for (i = 0; i < SFTP_NELEMS(others); i++) {
    is_int(take_other(cl, F_NAMES + others[i].list,
      sftp_str_of(others[i].name)), others[i].res, "'%s' as %s",
      others[i].name, sftp_kex_lists[others[i].list].kind);
  }

  ok(take_other(cl, F_NAMES + L_KEX, sftp_str_of("curve448-sha512")) ==
    SFTP_OK, "another name of the offer is possible");
  client_free(cl);

  cl = used("chacha20-poly1305@openssh.com", ETM, true);
  is_int(take_other(cl, F_NAMES + L_MAC_C2S, sftp_str_of(ETM)),
    SFTP_ERR_FORMAT, "a MAC beside AEAD");
  client_free(cl);
}

static void lengths_are_exact(void) {
  static const struct {
    size_t field;
    size_t len;
    int res;
  } others[] = {
    { F_SESSION, 19, SFTP_ERR_FORMAT }, { F_SESSION, 65, SFTP_ERR_FORMAT },
    { F_SESSION, 20, SFTP_OK }, { F_SESSION, 64, SFTP_OK },
    { F_HOST_KEY, 0, SFTP_ERR_DENIED }, { F_HOST_KEY, 51, SFTP_ERR_DENIED },
    { F_IDENT, 0, SFTP_ERR_FORMAT }, { F_IDENT, 20, SFTP_ERR_FORMAT },
    { F_KEY_IN, 15, SFTP_ERR_FORMAT }, { F_KEY_IN, 17, SFTP_ERR_FORMAT },
    { F_KEY_OUT, 0, SFTP_ERR_FORMAT }, { F_KEY_OUT, 64, SFTP_ERR_FORMAT },
    { F_IV_IN, 0, SFTP_ERR_FORMAT }, { F_IV_IN, 12, SFTP_ERR_FORMAT },
    { F_IV_OUT, 17, SFTP_ERR_FORMAT }, { F_MAC_IN, 31, SFTP_ERR_FORMAT },
    { F_MAC_OUT, 33, SFTP_ERR_FORMAT }, { F_MAC_OUT, 0, SFTP_ERR_FORMAT },
    { F_INPUT, SFTP_HANDOVER_INPUT_MAX, SFTP_OK },
    { F_INPUT, SFTP_HANDOVER_INPUT_MAX + 1, SFTP_ERR_LIMIT },
    { F_OUTPUT, SFTP_HANDOVER_OUTPUT_MAX, SFTP_OK },
    { F_OUTPUT, SFTP_HANDOVER_OUTPUT_MAX + 1, SFTP_ERR_LIMIT }
  };
  struct client *cl = ready();
  unsigned char *junk = calloc(1, SFTP_HANDOVER_OUTPUT_MAX + 1);
  size_t i;

  for (i = 0; i < SFTP_NELEMS(others); i++) {
    struct sftp_str other = { junk, others[i].len };

    is_int(take_other(cl, others[i].field, other), others[i].res,
      "%lu bytes in place %lu", (unsigned long) others[i].len,
      (unsigned long) others[i].field);
  }

  free(junk);
  client_free(cl);
}

static void versions_and_flags_are_known(void) {
  static const struct {
    size_t field;
    const char *bytes;
    int res;
  } others[] = {
    { F_VERSION, "\2", SFTP_ERR_UNSUPPORTED },
    { F_FLAGS, "\x81", SFTP_ERR_FORMAT },
    { F_FLAGS, "\x41", SFTP_ERR_FORMAT },       /* there is no input */
    { F_IDENT, "SSH-1.5-x", SFTP_ERR_FORMAT },
    { F_IDENT, "SSH-2.0-", SFTP_ERR_FORMAT },
    { F_IDENT, "SSH-2.0-a\x01z", SFTP_ERR_FORMAT },
    { F_IDENT, "SSH-2.0-another", SFTP_OK }
  };
  struct client *cl = ready();
  size_t i;

  for (i = 0; i < SFTP_NELEMS(others); i++) {
    is_int(take_other(cl, others[i].field, sftp_str_of(others[i].bytes)),
      others[i].res, "place %lu with other content %lu",
      (unsigned long) others[i].field, (unsigned long) i);
  }

  client_free(cl);
}

/* Changes one number of the counters. */
static int take_counter(struct client *cl, bool out, size_t at,
    uint64_t value) {
  struct sftp_str fields[NFIELDS], other = { NULL, COUNTERS_LEN };
  size_t len, field = out ? F_COUNTERS_OUT : F_COUNTERS_IN;
  unsigned char bytes[COUNTERS_LEN];
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);

  split_state(state, len, fields);
  memcpy(bytes, fields[field].ptr, COUNTERS_LEN);
  free(state);
  if (at < 8) {
    sftp_put_u32(bytes + at, (uint32_t) value);

  } else {
    sftp_put_u64(bytes + at, value);
  }

  other.ptr = bytes;
  return take_other(cl, field, other);
}

static void counters_are_plausible(void) {
  struct client *cl = ready();
  uint64_t total = sftp_packets_in(cl->server->pkts)->total;
  int out;

  for (out = 0; out < 2; out++) {
    is_int(take_counter(cl, out, 0, 7), SFTP_ERR_FORMAT,
      "a strict sequence number that is not that of the packets");
    is_int(take_counter(cl, out, 4, 1), SFTP_ERR_FORMAT, "too few packets");
    is_int(take_counter(cl, out, 8, UINT64_MAX), SFTP_ERR_FORMAT,
      "more bytes than packets have");
    is_int(take_counter(cl, out, 16, UINT64_MAX), SFTP_ERR_FORMAT,
      "older than the system");
    is_int(take_counter(cl, out, 16, fake_now_ms), SFTP_OK, "as old as it");
    is_int(take_counter(cl, out, 24, 1), SFTP_ERR_FORMAT,
      "more was reported than there is");
    is_int(take_counter(cl, out, 32, UINT64_MAX), SFTP_ERR_FORMAT, "as well");
  }

  is_int(take_counter(cl, false, 24, total + 5), SFTP_OK, "another total");
  client_free(cl);

  cl = used("aes128-ctr", ETM, false);
  is_int(take_counter(cl, false, 0, UINT32_MAX), SFTP_OK,
    "any sequence number, if the client is not strict");
  is_int(take_counter(cl, true, 4, SFTP_KEY_PACKETS_LAST), SFTP_ERR_FORMAT,
    "a key that is used up");
  client_free(cl);
}

/* A server that kept its own notes believes no others. */
static void what_is_known_cannot_change(void) {
  struct client *cl = ready();
  size_t len;
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);
  struct sftp_kex_names names = *sftp_kex_agreed(cl->server);
  struct ssh_conn *b = new_server(cl);

  b->peer.ident = "SSH-2.0-test_1.1";
  is_int(refuses(b, state, len), SFTP_ERR_DENIED, "another version line");
  b->peer.ident = cl->ident;
  b->kex->session_id = sftp_str_of("12345678901234567890");
  is_int(refuses(b, state, len), SFTP_ERR_DENIED, "another session");
  b->kex->session_id = cl->session_id;
  b->kex->first_host_key = sftp_str_of("no such key");
  is_int(refuses(b, state, len), SFTP_ERR_DENIED, "another host key");
  b->kex->first_host_key = cl->server->kex->first_host_key;
  b->kex->names_pool = b->pool;
  b->kex->names = names;
  b->kex->names.mac_s2c = "hmac-sha2-512";
  is_int(refuses(b, state, len), SFTP_ERR_DENIED, "another MAC");
  b->kex->names.mac_s2c = names.mac_s2c;
  is_int(take(b, state, len), SFTP_OK, "what it knows is right");
  cl->server = b;
  b->peer.software = "test_1.0";
  log_in(cl);
  is_int(rekeys(cl), 2, "... and the connection goes on");
  free(state);
  client_free(cl);
}

static void connections_in_use_take_none(void) {
  struct client *cl = ready(), *other = ready();
  size_t len;
  int res;
  unsigned char *state = state_of(cl->server, &len, &res);
  struct ssh_conn *b = new_server(cl);

  is_int(refuses(other->server, state, len), SFTP_ERR_ORDER,
    "one that has keys takes no others");
  (void) !sftp_version_send(b);
  is_int(refuses(b, state, len), SFTP_ERR_ORDER, "nor one that sends already");
  ok(a_works(other, 10), "... and it goes on as before");
  free(state);
  client_free(other);
  client_free(cl);
}

int main(void) {
  for_each_pair(goes_on);
  for_each_pair(part_of_a_packet_is_kept);
  pipelined_packets_are_kept();
  much_input_is_kept();
  unsent_output_is_kept();
  delayed_compression_begins_at_b();
  open_connections_compress_at_once();
  limits_of_keys_go_on();
  what_is_known_of_the_client_is_kept();
  additions_to_the_offer_are_kept();
  exchanges_are_not_handed_over();
  messages_between_are_not_handed_over();
  too_much_is_not_handed_over();
  streams_are_not_handed_over();
  secrets_are_wiped();
  each_truncation_is_refused("aes128-ctr", "hmac-sha2-256");
  each_truncation_is_refused("aes256-gcm@openssh.com", ETM);
  each_changed_byte_is_judged("3des-cbc", "umac-64@openssh.com");
  each_changed_byte_is_judged("aes128-ctr", "hmac-sha2-256");
  each_changed_byte_is_judged("chacha20-poly1305@openssh.com", ETM);
  names_are_looked_up();
  lengths_are_exact();
  versions_and_flags_are_known();
  counters_are_plausible();
  what_is_known_cannot_change();
  connections_in_use_take_none();
  return done_testing();
}
