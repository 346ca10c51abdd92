/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* transport-t.c -- a whole connection over a socket pair: version exchange,
 * key exchange with every cipher and MAC, rekeys by either side at any
 * moment, and messages out of their order.
 */

#include "../fake/client.h"
#include "../fake/ftpd-log.h"
#include "../fake/ftpd-session.h"
#include "packet-int.h"
#include "ssh2.h"
#include <sys/socket.h>

#include "alg-table.h"
#include "disconnect.h"
#include "kex.h"
#include "tap.h"

static struct client *keyed_client(void) {
  struct client *cl = client_new();

  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no connection: %s", cl->server != NULL &&
      cl->server->failure.why != NULL ? cl->server->failure.why : "?");
  }

  return cl;
}

static struct client *open_client(void) {
  struct client *cl = keyed_client();

  client_login(cl);
  return cl;
}

/* An IGNORE of n bytes goes through and the answer to an unknown global
 * request comes back: both directions work.
 */
static bool works(struct client *cl, size_t n) {
  unsigned char *junk = calloc(1, n + 4);
  struct sftp_pkt pkt;
  struct sftp_wr w;
  unsigned char req[64];

  sftp_put_u32(junk, (uint32_t) n);
  client_send(cl, SSH_MSG_IGNORE, junk, n + 4);
  free(junk);
  sftp_wr_init_fixed(&w, req, sizeof(req));
  sftp_wr_text(&w, "no-such-request@example.com");
  sftp_wr_bool(&w, true);
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, w.ptr, w.len);
  return client_expect(cl, SSH_MSG_REQUEST_FAILURE, &pkt);
}

static void try_pair(const struct sftp_alg *cipher,
    const struct sftp_alg *mac) {
  struct client *cl = client_new();
  const size_t sizes[] = { 0, 1, 7, 8, 9, 15, 16, 17, 255, 4096, 32768,
    200000 };
  size_t i, good = 0;

  cl->set->ciphers = cl->cipher = cipher->name;
  cl->set->macs = cl->mac = mac->name;
  if (client_version(cl) == SFTP_OK && client_kex(cl) == SFTP_OK) {
    client_login(cl);
    for (i = 0; i < SFTP_NELEMS(sizes); i++) {
      good += works(cl, sizes[i]);
    }

    client_send_kexinit(cl, false);
    good += client_kex(cl) == SFTP_OK && works(cl, 1000);
  }

  is_int(good, SFTP_NELEMS(sizes) + 1, "%s with %s, and a rekey",
    cipher->name, mac->name);
  client_free(cl);
}

static void every_cipher_and_mac_works(void) {
  const struct sftp_alg *cipher, *mac;
  size_t i, j;

  for (i = 0; (cipher = sftp_alg_at(ALGS_CIPHER, i)) != NULL; i++) {
    bool aead = ((const struct sftp_cipher_alg *) cipher)->tag_len > 0;

    if (!sftp_alg_usable(ALGS_CIPHER, cipher) ||
        strcmp(cipher->name, "none") == 0) {
      continue;
    }

    for (j = 0; (mac = sftp_alg_at(ALGS_MAC, j)) != NULL; j++) {
      if (sftp_alg_usable(ALGS_MAC, mac) && strcmp(mac->name, "none") != 0 &&
          (!aead || j == 0)) {
        try_pair(cipher, mac);
      }
    }
  }
}

static void agreed_names_are_told(void) {
  struct client *cl = keyed_client();
  const struct sftp_kex_names *n = sftp_kex_agreed(cl->server);

  is_str(n->cipher_c2s, "aes128-gcm@openssh.com", "cipher agreed on");
  is_str(n->mac_c2s, "implicit", "an AEAD cipher needs no MAC");
  is_str(fake_note("SFTP_KEX_ALGO"), "curve25519-sha256", "a session note");
  is_str(fake_note("SFTP_CLIENT_BANNER"), "test_1.0", "the client's name");
  ok(fake_log_has(" + Session key exchange: curve25519-sha256"),
    "a line in the log");
  client_free(cl);
}

static void no_common_algorithm_says_both_lists(void) {
  struct client *cl = client_new();
  struct sftp_pkt pkt;

  fake_log_reset();
  cl->cipher = "aes128-cbc,blowfish-cbc";
  (void) client_version(cl);
  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_NOMATCH, "nothing in common");
  ok(fake_log_has("no shared client-to-server encryption algorithm found "
    "(client sent 'aes128-cbc,blowfish-cbc', server sent 'aes128-gcm"),
    "the log names both lists");
  (void) pkt;
  client_free(cl);
}

static void newkeys_wait_where_told(void) {
  struct client *cl = keyed_client();

  ok(cl->server_first, "our NEWKEYS waits for nobody");
  client_free(cl);
  cl = client_new();
  cl->set->pessimistic_newkeys = true;
  ok(client_version(cl) == SFTP_OK && client_kex(cl) == SFTP_OK,
    "an exchange with pessimisticNewkeys");
  ok(!cl->server_first, "... where it waits for the client's");
  client_free(cl);
}

static void what_clients_offer_is_told(void) {
  struct client *cl = client_new();

  cl->comp = "zlib@openssh.com,none,a-name-of-its-own@example.com";
  ok(client_version(cl) == SFTP_OK && client_kex(cl) == SFTP_OK,
    "an exchange");
  is_str(fake_note("does"), "offers a-name-of-its-own@example.com",
    "the names of its KEXINIT were told, the last ones last");
  client_free(cl);
}

static void keepalives_are_of_a_kind(void) {
  static const struct {
    enum sftp_keepalive kind;
    uint8_t type;
  } tried[] = {
    { KEEPALIVE_CHANNEL, SSH_MSG_GLOBAL_REQUEST },      /* there is none */
    { KEEPALIVE_GLOBAL, SSH_MSG_GLOBAL_REQUEST },
    { KEEPALIVE_IGNORE, SSH_MSG_IGNORE }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(tried); i++) {
    struct client *cl = open_client();
    struct sftp_pkt pkt;
    unsigned int n;

    cl->set->alive.secs = 5;
    cl->set->alive.count = 2;
    cl->set->client.keepalive = tried[i].kind;
    while (client_recv(cl, &pkt)) {
    }

    for (n = 0; n < 2; n++) {
      fake_now_ms += 6000;
      is_int(client_pump(cl), SFTP_OK, "the client is silent");
      ok(client_recv(cl, &pkt) && pkt.type == tried[i].type,
        "keepalive of kind %u", (unsigned int) tried[i].kind);
    }

    fake_now_ms += 6000;
    is_int(client_pump(cl), tried[i].kind == KEEPALIVE_IGNORE ? SFTP_OK :
      SFTP_ERR_TIMEOUT, "... which is answered or not");
    client_free(cl);
  }
}

static void text_for_the_user_is_said(void) {
  struct client *cl = keyed_client();
  char *flood = calloc(1, 5000);
  struct sftp_pkt pkt;
  unsigned int i;

  while (client_recv(cl, &pkt)) {
  }

  sftp_conn_say(cl->server, "we close");
  sftp_conn_say(cl->server, "at five");
  is_int(client_pump(cl), SFTP_OK, "nobody is logged in");
  ok(!client_recv(cl, &pkt), "nothing is said yet");
  client_login(cl);
  is_int(client_pump(cl), SFTP_OK, "somebody is");
  ok(client_expect(cl, SSH_MSG_DEBUG, &pkt), "it is said");
  ok(sftp_rd_bool(&pkt.in), "... to be displayed");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "we close\r\nat five"),
    "... line by line");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "") &&
    sftp_rd_end(&pkt.in) == SFTP_OK, "... in no language");

  memset(flood, 'x', 4999);
  for (i = 0; i < 3; i++) {
    sftp_conn_say(cl->server, flood);
  }

  is_int(client_pump(cl), SFTP_OK, "much is to be said");
  ok(client_expect(cl, SSH_MSG_DEBUG, &pkt) && sftp_rd_bool(&pkt.in) &&
    sftp_rd_string(&pkt.in).len < 4096, "what is too much is cut off");
  is_int(client_pump(cl), SFTP_OK, "once more");
  ok(!client_recv(cl, &pkt), "it is said once");
  free(flood);
  client_free(cl);
}

static void marker_is_no_algorithm(void) {
  struct client *cl = client_new();

  cl->kex = "kex-strict-s-v00@openssh.com,ext-info-s";
  (void) client_version(cl);
  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_NOMATCH,
    "a marker cannot be chosen as key exchange");
  client_free(cl);
}

static void ext_info_lists_signatures(void) {
  struct client *cl = keyed_client();
  struct sftp_pkt pkt;

  ok(client_expect(cl, SSH_MSG_EXT_INFO, &pkt), "EXT_INFO behind NEWKEYS");
  is_int(sftp_rd_u32(&pkt.in), 3, "three extensions");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "server-sig-algs"), "its name");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), cl->set->userkeys), "its list");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "publickey-hostbound@openssh.com") &&
    sftp_str_is(sftp_rd_string(&pkt.in), "0"), "logins bound to our key");
  ok(sftp_str_is(sftp_rd_string(&pkt.in), "ping@openssh.com") &&
    sftp_str_is(sftp_rd_string(&pkt.in), "0"), "and pings");
  is_int(sftp_rd_end(&pkt.in), SFTP_OK, "nothing more");
  client_free(cl);

  cl = client_new();
  cl->ext_info = false;
  (void) client_version(cl);
  (void) client_kex(cl);
  ok(!client_recv(cl, &pkt), "none for a client that did not ask");
  client_free(cl);
}

static void long_kexinits_are_hashed(void) {
  struct client *cl = client_new();
  const char *list = "curve25519-sha256";
  unsigned int i;

  for (i = 0; i < 10; i++) {
    list = pstrcat(cl->pool, "x@example.org,", list, ",y@example.org", NULL);
    list = pstrcat(cl->pool, list, ",", list, NULL);
  }

  cl->kex = list;
  (void) client_version(cl);
  client_send_kexinit(cl, false);
  is_int(client_kex(cl), SFTP_OK, "a KEXINIT of some 77,000 bytes is signed");
  client_free(cl);
}

static void wrong_guess_is_dropped(void) {
  struct client *cl = client_new();
  struct sftp_pkt pkt;

  cl->kex = "curve25519-sha256@libssh.org,curve25519-sha256";
  cl->set->kex = "curve25519-sha256";
  (void) client_version(cl);
  client_send_kexinit(cl, true);
  client_send(cl, SSH_MSG_KEXDH_INIT, "\0\0\0\1x", 5);
  is_int(client_kex(cl), SFTP_OK, "a wrongly guessed message is skipped");
  (void) pkt;
  client_free(cl);

  cl = client_new();
  cl->set->kex = "curve25519-sha256,ecdh-sha2-nistp256";
  (void) client_version(cl);
  client_send_kexinit(cl, true);
  is_int(client_kex(cl), SFTP_OK, "a right guess is used");
  client_free(cl);

  /* The host key belongs to it (RFC 4253, section 7). */
  cl = client_new();
  cl->hostkey = "ecdsa-sha2-nistp256,ssh-ed25519";
  (void) client_version(cl);
  client_send_kexinit(cl, true);
  client_send(cl, SSH_MSG_KEXDH_INIT, "\0\0\0\1x", 5);
  is_int(client_kex(cl), SFTP_OK, "another host key makes a guess wrong");
  client_free(cl);
}

static void strict_kex_refuses_strangers(void) {
  const uint8_t types[] = { SSH_MSG_IGNORE, SSH_MSG_DEBUG,
    SSH_MSG_UNIMPLEMENTED, 19, SSH_MSG_EXT_INFO, SSH_MSG_SERVICE_REQUEST,
    SSH_MSG_NEWKEYS, SSH_MSG_USERAUTH_REQUEST, SSH_MSG_CHANNEL_OPEN };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(types); i++) {
    struct client *cl = client_new();

    (void) client_version(cl);
    client_send_kexinit(cl, false);
    client_send(cl, types[i], "\0\0\0\0\0\0\0\0", 8);
    is_int(client_pump(cl), SFTP_ERR_ORDER,
      "message %u in the first exchange ends it", types[i]);
    client_free(cl);
  }
}

static void strict_kex_wants_kexinit_first(void) {
  struct client *cl = client_new();

  (void) client_version(cl);
  client_send(cl, SSH_MSG_IGNORE, "\0\0\0\0", 4);
  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_ORDER, "IGNORE before a strict KEXINIT");
  client_free(cl);

  cl = client_new();
  cl->strict = false;
  (void) client_version(cl);
  client_send(cl, SSH_MSG_IGNORE, "\0\0\0\0", 4);
  client_send_kexinit(cl, false);
  client_send(cl, SSH_MSG_DEBUG, "\0\0\0\0\0\0\0\0\0", 9);
  is_int(client_kex(cl), SFTP_OK, "both are fine without strict KEX");
  client_free(cl);
}

static void a_second_kexinit_is_refused(void) {
  struct client *cl = open_client();

  client_send_kexinit(cl, false);
  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_ORDER,
    "a second KEXINIT within an exchange");
  client_free(cl);
}

static void server_rekeys_by_volume(void) {
  struct client *cl = open_client();
  struct sftp_pkt pkt;
  unsigned int i, nkex = 0;

  cl->set->rekey.bytes = 65536;
  for (i = 0; i < 64; i++) {
    unsigned char junk[8192] = { 0, 0, 0x1f, 0xfc };

    client_send(cl, SSH_MSG_IGNORE, junk, sizeof(junk));
    (void) client_pump(cl);
    if (sftp_kex_running(cl->server)) {
      nkex++;
      /* Data may still be on its way before the client answers. */
      client_send(cl, SSH_MSG_IGNORE, junk, sizeof(junk));
      is_int(client_kex(cl), SFTP_OK, "rekey %u of the server", nkex);
    }
  }

  ok(nkex >= 7, "a rekey about every 64 KiB (%u)", nkex);
  ok(works(cl, 10), "and everything works");
  (void) pkt;
  client_free(cl);
}

/* phpseclib 2 believes the latest KEXINIT; others ignore the marker there. */
static void strictness_is_said_again(void) {
  static const char marker[] = "kex-strict-s-v00@openssh.com";
  bool strict;

  for (strict = false; ; strict = true) {
    struct client *cl = client_new();
    struct sftp_pkt pkt;

    cl->strict = strict;
    is_int(client_version(cl), SFTP_OK, "versions");
    is_int(client_kex(cl), SFTP_OK, "the first exchange");
    client_login(cl);
    is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "the server rekeys");
    ok(client_expect(cl, SSH_MSG_KEXINIT, &pkt) &&
      (memmem(cl->kexinit_s.ptr, cl->kexinit_s.len, marker,
        sizeof(marker) - 1) != NULL) == strict,
      "... and offers to be strict if it is");
    client_free(cl);
    if (strict) {
      return;
    }
  }
}

static void both_sides_rekey_at_once(void) {
  struct client *cl = open_client();

  is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "the server starts");
  is_int(sftp_kex_start(cl->server, "again"), SFTP_OK, "... once");
  client_send_kexinit(cl, false);
  is_int(client_kex(cl), SFTP_OK, "both KEXINITs cross");
  ok(works(cl, 10), "and everything works");
  client_free(cl);
}

static void answers_wait_for_the_rekey(void) {
  struct client *cl = open_client();
  struct sftp_pkt pkt;
  unsigned char req[64];
  struct sftp_wr w;
  unsigned int others = 0;
  bool kexinit = false;

  is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "the server rekeys");
  sftp_wr_init_fixed(&w, req, sizeof(req));
  sftp_wr_text(&w, "no-such-request@example.com");
  sftp_wr_bool(&w, true);
  client_send(cl, SSH_MSG_GLOBAL_REQUEST, w.ptr, w.len);
  while (client_recv(cl, &pkt)) {
    kexinit = kexinit || pkt.type == SSH_MSG_KEXINIT;
    others += pkt.type > SSH_MSG_KEX_LAST;
    if (kexinit && cl->kexinit_s.len == 0) {
      break;
    }
  }

  ok(kexinit && others == 0, "only KEXINIT leaves while it runs");
  client_free(cl);
}

/* RFC 4253, section 7.1, names it, although its number is low. */
static void service_accept_waits_for_the_rekey(void) {
  struct client *cl = open_client();
  struct sftp_pkt pkt;
  bool early = false;

  is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "the server rekeys");
  client_send(cl, SSH_MSG_SERVICE_REQUEST, "\0\0\0\16ssh-connection", 18);
  while (client_recv(cl, &pkt)) {
    early = early || pkt.type == SSH_MSG_SERVICE_ACCEPT;
  }

  ok(!early && cl->kexinit_s.len > 0, "SERVICE_ACCEPT waits while it runs");
  is_int(client_kex(cl), SFTP_OK, "the rekey goes on");
  ok(client_expect(cl, SSH_MSG_SERVICE_ACCEPT, &pkt), "then it comes");
  client_free(cl);
}

static void no_rekey_before_login(void) {
  struct client *cl = keyed_client();

  cl->set->rekey.bytes = 1;
  cl->set->rekey.secs = 1;
  fake_now_ms += 10000;
  is_int(client_pump(cl), SFTP_OK, "an idle turn");
  ok(!sftp_kex_running(cl->server), "the server does not rekey before login");
  client_free(cl);
}

/* Nobody sends anything: the loop wakes for the rekey itself. */
static void rekey_by_time_without_traffic(void) {
  struct client *cl = open_client();

  ok(sftp_kex_due_ms(cl->server) == UINT64_MAX, "never, without SFTPRekey");
  cl->set->rekey.secs = 60;
  ok(sftp_kex_due_ms(cl->server) > 59000 &&
    sftp_kex_due_ms(cl->server) <= 60000, "the loop sleeps until then");
  fake_now_ms += 59000;
  is_int(client_pump(cl), SFTP_OK, "an idle turn before it");
  ok(!sftp_kex_running(cl->server), "does nothing");
  fake_now_ms += 1000;
  is_int(sftp_kex_due_ms(cl->server), 0, "then it is due");
  is_int(client_pump(cl), SFTP_OK, "an idle turn");
  ok(sftp_kex_running(cl->server), "starts the rekey");
  client_free(cl);

  cl = keyed_client();
  cl->set->rekey.secs = 60;
  ok(sftp_kex_due_ms(cl->server) == UINT64_MAX, "never, before login");
  client_free(cl);
}

static void few_rekeys_before_login(void) {
  struct client *cl = keyed_client();
  unsigned int n;

  for (n = 1; n <= 4; n++) {
    is_int(client_kex(cl), SFTP_OK, "rekey %u of the client", n);
  }

  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_BUDGET, "and no more before login");
  is_str(cl->server->failure.why, "too many key exchanges before the login: "
    "more than 5", "for that reason");
  client_free(cl);

  cl = open_client();
  for (n = 0; n < 9 && client_kex(cl) == SFTP_OK; n++) {
    ;
  }

  is_int(n, 9, "as many as it likes after login");
  client_free(cl);
}

/* Sends that message until the connection ends: how often, at most `max'. */
static unsigned int send_many(struct client *cl, uint8_t type, const void *p,
    size_t len, unsigned int max) {
  unsigned int n = 0;
  struct sftp_pkt pkt;

  while (n < max && cl->server->failure.err == SFTP_OK) {
    client_send(cl, type, p, len);
    (void) client_pump(cl);
    n++;
    while (client_recv(cl, &pkt)) {
    }
  }

  return n;
}

static void few_messages_before_login(void) {
  static const unsigned char zeros[9];
  static const struct { uint8_t type; size_t len; const char *name; } kinds[] =
  { { SSH_MSG_IGNORE, 4, "IGNORE" },
    { SSH_MSG_UNIMPLEMENTED, 4, "UNIMPLEMENTED" },
    { SSH_MSG_DEBUG, 9, "DEBUG" }, { SSH_MSG_PING, 4, "PING" },
    { 29, 0, "an unknown message" } };
  unsigned int max = (unsigned int) sftp_budget_max(BUDGET_MESSAGES), n;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(kinds); i++) {
    struct client *cl = keyed_client();

    n = send_many(cl, kinds[i].type, zeros, kinds[i].len, 2 * max);
    ok(n > max - 10 && n <= max, "%s is taken %u times", kinds[i].name, n);
    is_int(cl->server->failure.err, SFTP_ERR_BUDGET, "then it is too much");
    is_str(cl->server->failure.why, "too many messages before the login: more "
      "than 1000", "of all messages");
    client_free(cl);

    cl = open_client();
    n = send_many(cl, kinds[i].type, zeros, kinds[i].len, max + 5);
    ok(n == max + 5 && cl->server->failure.err == SFTP_OK,
      "after the login there is no budget for %s", kinds[i].name);
    client_free(cl);
  }
}

static void few_bytes_before_login(void) {
  struct client *cl = keyed_client();
  size_t len = 200000, max = sftp_budget_max(BUDGET_BYTES);
  unsigned char *junk = calloc(1, len);
  unsigned int n;

  sftp_put_u32(junk, (uint32_t) len - 4);
  n = send_many(cl, SSH_MSG_IGNORE, junk, len, 1000);
  is_int(n, (long) (max / len) + 1, "as many bytes as the budget has");
  is_int(cl->server->failure.err, SFTP_ERR_BUDGET, "then it is too much");
  ok(strncmp(cl->server->failure.why, "too many bytes", 14) == 0, "of bytes");
  is_int(sftp_disconnect_reason(SFTP_ERR_BUDGET),
    SSH_DISCONNECT_BY_APPLICATION, "the client is told");
  free(junk);
  client_free(cl);
}

static void rekey_timeout_ends_the_connection(void) {
  struct client *cl = open_client();

  cl->set->rekey.timeout_secs = 5;
  is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "the server rekeys");
  is_int(client_pump(cl), SFTP_OK, "within the time");
  fake_now_ms += 6000;
  is_int(client_pump(cl), SFTP_ERR_KEX, "beyond SFTPRekey's timeout");
  client_free(cl);
}

/* ---- Keys wear out */

/* What one key of the server has done so far, in one direction. */
static void key_has_done(struct client *cl, bool in, uint32_t npackets) {
  struct sftp_packets *pk = cl->server->pkts;

  (in ? &pk->in.dir : &pk->out.dir)->stats.npackets = npackets;
}

static void worn_keys_are_replaced(void) {
  int in;

  for (in = 0; in < 2; in++) {
    const char *way = in ? "in" : "out";
    struct client *cl = open_client();

    key_has_done(cl, in, SFTP_KEY_PACKETS_WORN - 3);
    ok(works(cl, 10) && !sftp_kex_running(cl->server),
      "no rekey yet with SFTPRekey none (packets %s)", way);
    key_has_done(cl, in, SFTP_KEY_PACKETS_WORN);
    is_int(client_pump(cl), SFTP_OK, "a turn");
    ok(sftp_kex_running(cl->server), "a rekey after 2^31 packets %s", way);
    is_int(client_kex(cl), SFTP_OK, "... which goes well");
    ok(works(cl, 10) && !sftp_kex_running(cl->server),
      "... and counts anew");
    client_free(cl);

    cl = open_client();
    cl->set->rekey.packets = UINT32_MAX;
    key_has_done(cl, in, SFTP_KEY_PACKETS_WORN);
    ok(client_pump(cl) == SFTP_OK && sftp_kex_running(cl->server),
      "no setting puts it off (packets %s)", way);
    client_free(cl);
  }
}

/* The server is at the end of a key: it says so, and that is all. */
static void ends_at_last_packet(struct client *cl, bool in, const char *what) {
  const char *text = "keys are used up";
  struct sftp_pkt pkt;
  struct sftp_str said;

  key_has_done(cl, in, SFTP_KEY_PACKETS_LAST);
  is_int(client_pump(cl), SFTP_ERR_TOOMANY, "the end of a key %s, %s",
    in ? "in" : "out", what);
  ok(cl->server->failure.why != NULL &&
    strstr(cl->server->failure.why, text) != NULL,
    "... for the reason: %s", cl->server->failure.why);
  fake_log_reset();
  sftp_disconnect(cl->server, sftp_disconnect_reason(cl->server->failure.err),
    cl->server->failure.why);
  ok(client_expect(cl, SSH_MSG_DISCONNECT, &pkt) &&
    sftp_rd_u32(&pkt.in) == SSH_DISCONNECT_BY_APPLICATION,
    "... DISCONNECT still leaves");
  said = sftp_rd_string(&pkt.in);
  ok(memmem(said.ptr, said.len, text, strlen(text)) != NULL &&
    fake_log_has(text), "... and says why, as the log does");
  client_free(cl);
}

static void used_up_keys_end_the_connection(void) {
  int in;

  for (in = 0; in < 2; in++) {
    struct client *cl = open_client();

    cl->set->client.never_rekey = true;
    key_has_done(cl, in, SFTP_KEY_PACKETS_LAST - 3);
    ok(works(cl, 10) && !sftp_kex_running(cl->server),
      "a client that may not be asked goes on without a rekey");
    ends_at_last_packet(cl, in, "no rekey by us");

    cl = open_client();
    is_int(sftp_kex_start(cl->server, "test"), SFTP_OK, "we rekey");
    ends_at_last_packet(cl, in, "the client never answers");

    cl = open_client();
    client_send_kexinit(cl, false);
    is_int(client_pump(cl), SFTP_OK, "the client rekeys");
    ends_at_last_packet(cl, in, "and never goes on");

    ends_at_last_packet(keyed_client(), in, "before login");
  }
}

/* Whatever asks for it: none is sealed or opened with a number used before. */
static void no_number_comes_twice(void) {
  struct client *cl = open_client();
  struct sftp_packets *pk = cl->server->pkts;
  const char *why = NULL;
  struct sftp_pkt pkt;

  key_has_done(cl, false, UINT32_MAX);
  (void) sftp_packet_begin(pk, SSH_MSG_IGNORE, 1);
  is_int(sftp_packet_end(pk), SFTP_ERR_TOOMANY, "nothing more is sealed");
  is_int(pk->out.dir.stats.npackets, UINT32_MAX, "... the count stands still");
  client_send(cl, SSH_MSG_IGNORE, "\0\0\0\0", 4);
  key_has_done(cl, true, UINT32_MAX);
  ok(sftp_packets_flush(cl->pkts) == 1 && sftp_packets_fill(pk) == 1 &&
    sftp_packets_next(pk, &pkt, &why) == SFTP_ERR_TOOMANY,
    "nothing more is opened");
  client_free(cl);
}

/* The server starts a rekey for a reason that `set' makes. */
static void one_reason(const char *why, void (*make)(struct client *cl)) {
  struct client *cl = open_client();
  char text[128];

  make(cl);
  fake_log_reset();
  is_int(client_pump(cl), SFTP_OK, "a turn");
  snprintf(text, sizeof(text), "rekeying (started by server: %s)", why);
  ok(fake_log_has(text), "the log has: %s", text);
  fake_now_ms += 7;
  is_int(client_kex(cl), SFTP_OK, "the exchange");
  snprintf(text, sizeof(text), "rekeying done (started by server: %s) after "
    "7 ms", why);
  ok(fake_log_has(text), "... and: %s", text);
  ok(works(cl, 10), "... and everything works");
  client_free(cl);
}

static void much_was_sent(struct client *cl) {
  (void) works(cl, 70000);
  cl->set->rekey.bytes = 65536;
}

static void many_were_sent(struct client *cl) {
  unsigned int i;

  for (i = 0; i < 20; i++) {
    (void) works(cl, 1);
  }

  cl->set->rekey.packets = 20;
}

static void time_passes(struct client *cl) {
  cl->set->rekey.secs = 60;
  fake_now_ms += 60000;
}

static void log_says_why_the_server_rekeys(void) {
  one_reason("volume", much_was_sent);
  one_reason("packets", many_were_sent);
  one_reason("time", time_passes);
}

static void log_says_that_the_client_rekeys(void) {
  struct client *cl = open_client();

  fake_log_reset();
  client_send_kexinit(cl, false);
  is_int(client_kex(cl), SFTP_OK, "the client rekeys");
  ok(fake_log_has("rekeying (started by client)") &&
    fake_log_has("rekeying done (started by client) after 0 ms"),
    "... and the log says so");
  client_free(cl);
}

static void log_says_that_a_rekey_failed(void) {
  struct client *cl = open_client();

  cl->set->rekey.timeout_secs = 5;
  time_passes(cl);
  is_int(client_pump(cl), SFTP_OK, "the server rekeys");
  fake_now_ms += 6000;
  fake_log_reset();
  is_int(client_pump(cl), SFTP_ERR_KEX, "... in vain");
  sftp_disconnect(cl->server, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
    cl->server->failure.why);
  sftp_kex_broken_off(cl->server, "once more");
  ok(fake_log_has("rekeying failed (started by server: time) after 6000 ms: "
    "rekeying was not completed within 5 seconds (SFTPRekey)") &&
    !fake_log_has("once more"), "... and the log says so once");
  client_free(cl);

  cl = open_client();
  cl->cipher = "no-such-cipher";
  fake_log_reset();
  client_send_kexinit(cl, false);
  is_int(client_pump(cl), SFTP_ERR_NOMATCH, "a rekey without a common cipher");
  sftp_kex_broken_off(cl->server, cl->server->failure.why);
  ok(fake_log_has("rekeying (started by client)") && fake_log_has("rekeying "
    "failed (started by client) after 0 ms: no shared client-to-server "
    "encryption algorithm found"), "... and the log says so");
  client_free(cl);

  cl = keyed_client();
  fake_log_reset();
  sftp_kex_broken_off(cl->server, "received EOF");
  ok(!fake_log_has("rekeying"), "an end without a rekey is no failed one");
  client_free(cl);
}

/* Keys that are used up carry no more data; a client that cannot rekey goes
 * on with them.
 */
static void used_up_keys_hold_data(void) {
  struct client *cl = open_client();

  ok(!sftp_kex_holds(cl->server) && !sftp_kex_wanted(cl->server),
    "fresh keys are good");
  cl->set->rekey.packets = 1;
  (void) works(cl, 1);
  ok(sftp_kex_running(cl->server) && !sftp_kex_wanted(cl->server),
    "one rekey at a time");
  client_free(cl);

  cl = open_client();
  cl->set->client.never_rekey = true;
  cl->set->rekey.packets = 1;
  cl->set->rekey.secs = 1;
  fake_now_ms += 2000;
  ok(works(cl, 1) && works(cl, 1), "a client that cannot rekey");
  ok(!sftp_kex_running(cl->server) && !sftp_kex_holds(cl->server) &&
    !sftp_kex_wanted(cl->server), "... is left alone");
  client_free(cl);
}

static void damaged_packets_are_refused(void) {
  size_t at, refused = 0, tried = 0;

  /* Flips one bit at many places of one encrypted packet. */
  for (at = 0; at < 40; at++) {
    struct client *cl = open_client();
    unsigned char raw[512];
    int fds[2];
    ssize_t n;

    (void) fds;
    client_send(cl, SSH_MSG_IGNORE, "\0\0\0\4abcd", 8);
    n = recv(cl->server_fd, raw, sizeof(raw), MSG_DONTWAIT);
    if (n > (ssize_t) at) {
      raw[at] ^= (unsigned char) (1 << (at % 8));
      (void) !send(cl->fd, raw, (size_t) n, 0);
      tried++;
      if (at < 4) {
        /* The length: maybe more bytes are waited for. */
        char more[4096] = { 0 };

        (void) !send(cl->fd, more, sizeof(more), 0);
      }

      refused += client_pump(cl) != SFTP_OK || at < 4;
    }

    client_free(cl);
  }

  is_int(refused, tried, "every flipped bit of a packet is noticed");
}

/* How many bytes, from the first of a packet with n bytes of data, the server
 * reads before it fails, if one bit of the packet is another: of the byte `at',
 * or counted from its end.
 */
static size_t read_until_failure(size_t n, ssize_t at, char why[80]) {
  struct client *cl = client_new();
  static unsigned char raw[300000];
  const unsigned char more[16] = { 0 };
  ssize_t len = 0, got;
  size_t total;

  cl->set->ciphers = cl->cipher = "aes128-cbc";
  cl->set->macs = cl->mac = "hmac-sha2-256";
  if (client_version(cl) != SFTP_OK || client_kex(cl) != SFTP_OK) {
    bail_out("no connection");
  }

  client_login(cl);
  memset(raw, 0, sizeof(raw));
  sftp_put_u32(raw, (uint32_t) n);
  client_send(cl, SSH_MSG_IGNORE, raw, 4 + n);
  while ((got = recv(cl->server_fd, raw + len, sizeof(raw) - (size_t) len,
      MSG_DONTWAIT)) > 0) {
    len += got;
  }

  raw[at < 0 ? len + at : at] ^= 1;
  for (total = 0; client_pump(cl) == SFTP_OK && total < 2 * sizeof(raw);
      total += sizeof(more)) {
    (void) !send(cl->fd, total < (size_t) len ? raw + total : more,
      sizeof(more), 0);
  }

  snprintf(why, 80, "%s", cl->server->failure.why);
  client_free(cl);
  return total;
}

/* CPNI-957037: who puts a block of another packet into the place of a length
 * learns nothing about its plaintext.
 */
static void bad_lengths_look_like_bad_macs(void) {
  char of_length[80], of_mac[80], of_long[80];
  size_t length = read_until_failure(100, 0, of_length);

  ok(length > SFTP_PACKET_MAX, "a wrong length is no end before %lu bytes",
    (unsigned long) length);
  is_int(read_until_failure(100, -1, of_mac), length,
    "nor is a wrong MAC: as many bytes");
  is_int(read_until_failure(200000, -1, of_long), length,
    "... of a long packet, too");
  ok(strcmp(of_length, of_mac) == 0 && strcmp(of_mac, of_long) == 0,
    "and all fail for the same reason: %s", of_mac);
}

static void odd_versions(void) {
  static const struct { const char *line; int res; } lines[] = {
    { "SSH-2.0-x", SFTP_OK },
    { "SSH-2.0-x with comments", SFTP_OK },
    { "SSH-1.5-old", SFTP_ERR_VERSION },
    { "SSH-1.99-both", SFTP_ERR_VERSION },
    { "SSH-2.0-", SFTP_ERR_VERSION },
    { "SSH-2.0- x", SFTP_ERR_VERSION },
    { "SSH-2.0-\001", SFTP_ERR_VERSION },
    { "SSH-2.0-~ ~", SFTP_OK },
    { "SSH-2.0-x\177", SFTP_ERR_VERSION },
    { "SSH-2.0-x\037", SFTP_ERR_VERSION },
    { "SSH-2.0-x\200", SFTP_ERR_VERSION },
    { "GET / HTTP/1.0", SFTP_ERR_VERSION },
    { "", SFTP_ERR_VERSION },
    { "SSH-2.0-SSH_Version_Mapper", SFTP_ERR_VERSION },
    { "SSH-2.0-Probe-tool_1", SFTP_ERR_VERSION },
    { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2", SFTP_ERR_VERSION }
  };
  char longest[300];
  struct client *cl;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(lines); i++) {
    cl = client_new();
    cl->ident = lines[i].line;
    (void) client_version(cl);
    is_int(cl->server->failure.err, lines[i].res, "version line %lu",
      (unsigned long) i);
    client_free(cl);
  }

  cl = client_new();
  cl->ident = "PROXY TCP4 192.0.2.1 192.0.2.2 1 2";
  (void) client_version(cl);
  ok(strstr(cl->server->failure.why, "PROXY header from") != NULL,
    "a PROXY header is named");
  client_free(cl);

  cl = client_new();
  cl->set->opts |= SFTP_OPT_OLD_PROTO_COMPAT;
  cl->ident = "SSH-1.99-both";
  (void) client_version(cl);
  is_int(client_kex(cl), SFTP_OK, "OldProtocolCompat takes 1.99");
  client_free(cl);

  memset(longest, 'a', sizeof(longest));
  memcpy(longest, "SSH-2.0-", 8);
  for (i = 255; i < 260; i++) {
    longest[i] = '\0';
    cl = client_new();
    cl->ident = longest;
    (void) client_version(cl);
    is_int(cl->server->failure.err, i > 255 ? SFTP_ERR_VERSION : SFTP_OK,
      "a line of %lu bytes", (unsigned long) i);
    client_free(cl);
    longest[i] = 'a';
  }

  cl = client_new();
  is_int(send(cl->fd, "SSH-2.0-a\0b\r\n", 13, 0), 13, "a NUL byte is sent");
  ok(client_pump(cl) < 0 && cl->server->failure.err == SFTP_ERR_VERSION,
    "a line that has one");
  ok(fake_log_has("Bad protocol version '(with a NUL byte)'"), "is named so");
  client_free(cl);
}

/* Whoever has sent no version line may not be an SSH client. */
static void strangers_get_no_packet(void) {
  struct client *cl = client_new();
  unsigned char got[1000];
  ssize_t before, after;

  (void) client_pump(cl);
  before = recv(cl->fd, got, sizeof(got), MSG_PEEK|MSG_DONTWAIT);
  sftp_disconnect(cl->server, SSH_DISCONNECT_BY_APPLICATION, "enough");
  after = recv(cl->fd, got, sizeof(got), MSG_PEEK|MSG_DONTWAIT);
  is_int(after, before, "a stranger gets no DISCONNECT");
  client_free(cl);
}

static void bad_lengths_before_keys(void) {
  static const unsigned char bad[][8] = {
    { 0xff, 0xff, 0xff, 0xff, 4, 20 },  /* huge */
    { 0, 4, 0, 8, 4, 20 },              /* one block beyond 256 KiB */
    { 0, 0, 0, 0, 0, 0 },               /* nothing */
    { 0, 0, 0, 4, 4, 20 },              /* no room for padding */
    { 0, 0, 0, 13, 4, 20 },             /* not a multiple of the block */
    { 0, 0, 0, 12, 3, 20 },             /* padding below 4 */
    { 0, 0, 0, 12, 11, 20 },            /* empty payload */
    { 0, 0, 0, 12, 255, 20 }            /* padding beyond the packet */
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    struct client *cl = client_new();
    unsigned char raw[16] = { 0 };

    (void) client_version(cl);
    memcpy(raw, bad[i], 8);
    (void) !send(cl->fd, raw, sizeof(raw), 0);
    ok(client_pump(cl) < 0, "bad packet %lu is refused", (unsigned long) i);
    client_free(cl);
  }
}

/* A client that goes on talking loses nothing of what it was told. */
static void last_word_arrives(void) {
  struct client *cl = open_client();
  unsigned char more[1000] = { 0 }, got[1000];
  ssize_t n, total = 0;

  is_int(send(cl->fd, more, sizeof(more), MSG_NOSIGNAL), sizeof(more),
    "a client talks while the server ends");
  shutdown(cl->fd, SHUT_WR);
  (void) sftp_fail(cl->server, SFTP_ERR_TOOMANY, "enough");
  sftp_disconnect(cl->server, SSH_DISCONNECT_TOO_MANY_CONNECTIONS, "enough");
  sftp_disconnect_linger(cl->server);
  is_int(recv(cl->server_fd, got, sizeof(got), MSG_DONTWAIT), 0,
    "... nothing is left unread on the server's side");

  while ((n = recv(cl->fd, got, sizeof(got), MSG_DONTWAIT)) > 0) {
    total += n;
  }

  ok(total > 0 && n == 0, "... the client reads it, and then the end");
  client_free(cl);
}

static void nobody_waits_for_who_has_left(void) {
  static const int errs[] = { SFTP_ERR_EOF, SFTP_ERR_CLOSED, SFTP_ERR_IO };
  unsigned char got[1];
  size_t i;

  for (i = 0; i < SFTP_NELEMS(errs); i++) {
    struct client *cl = open_client();

    (void) sftp_fail(cl->server, errs[i], "gone");
    sftp_disconnect_linger(cl->server);
    ok(recv(cl->fd, got, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN,
      "%s: the socket is left alone", sftp_strerror(errs[i]));
    client_free(cl);
  }
}

static bool send_from_server(struct client *cl, unsigned char *payload,
    size_t n) {
  struct sftp_str s = { payload, n };

  return sftp_packet_send(cl->server->pkts, s) == SFTP_OK;
}

/* Each exchange begins anew: with no messages, and with room for a MiB. */
static void held_messages_come_once_and_in_order(void) {
  struct client *cl = open_client();
  static unsigned char payload[32000] = { SSH_MSG_GLOBAL_REQUEST };
  struct sftp_pkt pkt;
  unsigned int i, k, sent = 0, good = 0, more = 0;

  while (client_recv(cl, &pkt)) {
  }

  for (i = 0; i < 3; i++) {
    (void) !sftp_packets_hold(cl->server->pkts, true);
    for (k = 0; k < 20; k++) {
      payload[1] = (unsigned char) k;
      sent += send_from_server(cl, payload, sizeof(payload));
    }

    more += client_recv(cl, &pkt);
    is_int(sftp_packets_hold(cl->server->pkts, false), SFTP_OK, "exchange %u "
      "ends", i);
    for (k = 0; k < 20 && client_recv(cl, &pkt); k++) {
      good += pkt.type == SSH_MSG_GLOBAL_REQUEST &&
        sftp_rd_u8(&pkt.in) == k && pkt.in.left == sizeof(payload) - 2;
    }

    more += client_recv(cl, &pkt);
  }

  is_int(sent, 60, "messages are held back");
  is_int(good, 60, "they come in order");
  is_int(more, 0, "not before, and once");
  client_free(cl);
}

static void few_messages_are_held(void) {
  struct client *cl = open_client();
  static unsigned char payload[32768] = { SSH_MSG_GLOBAL_REQUEST };
  unsigned int n = 0;

  (void) !sftp_packets_hold(cl->server->pkts, true);
  while (n < 100 && send_from_server(cl, payload, sizeof(payload))) {
    n++;
  }

  is_int(n, 32, "a MiB is held back, not more");
  client_free(cl);
}

/* An unknown message is answered, 1024 of them. */
static void unknown_messages_have_a_limit(void) {
  struct client *cl = open_client();
  unsigned int i;
  int res = SFTP_OK;

  for (i = 0; i < 1024 && res == SFTP_OK; i++) {
    client_send(cl, 199, "", 0);
    res = client_pump(cl);
    client_drain(cl);
  }

  is_int(res, SFTP_OK, "unknown messages do no harm");
  client_send(cl, 199, "", 0);
  is_int(client_pump(cl), SFTP_ERR_LIMIT, "... if they are not too many");
  client_free(cl);
}

int main(void) {
  every_cipher_and_mac_works();
  agreed_names_are_told();
  no_common_algorithm_says_both_lists();
  newkeys_wait_where_told();
  what_clients_offer_is_told();
  keepalives_are_of_a_kind();
  text_for_the_user_is_said();
  marker_is_no_algorithm();
  ext_info_lists_signatures();
  long_kexinits_are_hashed();
  wrong_guess_is_dropped();
  strict_kex_refuses_strangers();
  strict_kex_wants_kexinit_first();
  a_second_kexinit_is_refused();
  server_rekeys_by_volume();
  strictness_is_said_again();
  both_sides_rekey_at_once();
  answers_wait_for_the_rekey();
  service_accept_waits_for_the_rekey();
  no_rekey_before_login();
  rekey_by_time_without_traffic();
  few_rekeys_before_login();
  few_messages_before_login();
  few_bytes_before_login();
  rekey_timeout_ends_the_connection();
  worn_keys_are_replaced();
  used_up_keys_end_the_connection();
  no_number_comes_twice();
  log_says_why_the_server_rekeys();
  log_says_that_the_client_rekeys();
  log_says_that_a_rekey_failed();
  used_up_keys_hold_data();
  held_messages_come_once_and_in_order();
  few_messages_are_held();
  damaged_packets_are_refused();
  bad_lengths_look_like_bad_macs();
  odd_versions();
  strangers_get_no_packet();
  bad_lengths_before_keys();
  last_word_arrives();
  nobody_waits_for_who_has_left();
  unknown_messages_have_a_limit();
  return done_testing();
}
