/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Our first KEXINIT: whom it waits for, and what it adds for those who share
 * nothing with what everybody is offered.
 */

#include "client.h"
#include "ftpd-log.h"
#include "kex-int.h"
#include "namelist.h"
#include "tap.h"

#define CLASSIC_KEX "ecdh-sha2-nistp256,ecdh-sha2-nistp384," \
  "ecdh-sha2-nistp521,diffie-hellman-group14-sha256," \
  "diffie-hellman-group-exchange-sha256"
#define CLASSIC_MACS "hmac-sha2-256,hmac-sha2-512"
#define GCM "aes256-gcm@openssh.com"
#define BEST "curve25519-sha256"

static struct client *patient_client(void) {
  struct client *cl = client_new();

  cl->kexinit_later = true;
  return cl;
}

/* The server's KEXINIT, if it is there; its lists to list. */
static bool offers(struct client *cl, struct sftp_str *list) {
  struct sftp_pkt pkt;
  size_t i;

  /* A connection that fails sends what it has before it ends. */
  (void) client_pump(cl);
  (void) sftp_packets_flush(cl->server->pkts);
  if (!client_expect(cl, SSH_MSG_KEXINIT, &pkt)) {
    return false;
  }

  (void) sftp_rd_bytes(&pkt.in, 16);
  for (i = 0; i < NLISTS; i++) {
    list[i] = sftp_str_copy(cl->pool, sftp_rd_string(&pkt.in));
  }

  return sftp_rd_ok(&pkt.in) == SFTP_OK;
}

static bool has(struct sftp_str list, const char *names) {
  struct sftp_str left = sftp_str_of(names), name;

  while (sftp_names_next(&left, &name)) {
    if (!sftp_names_have(list, sftp_str_dup(permanent_pool, name))) {
      return false;
    }
  }

  return true;
}

/* What the client knows, and what is added for it: + to the methods of
 * exchange, to the MACs; - when it is refused.
 */
static const struct {
  const char *kex, *cipher, *mac;
  bool more_kex, more_macs, agreed;
} row[] = {
  { BEST, GCM, "hmac-sha1", false, false, true },
  { BEST, "aes128-ctr", "hmac-sha2-256-etm@openssh.com", false, false, true },
  { "ecdh-sha2-nistp256", GCM, "hmac-sha1", true, false, true },
  { "ecdh-sha2-nistp384", GCM, "hmac-sha1", true, false, true },
  { "ecdh-sha2-nistp521", GCM, "hmac-sha1", true, false, true },
  { "diffie-hellman-group14-sha256", GCM, "hmac-sha1", true, false, true },
  { "diffie-hellman-group-exchange-sha256", GCM, "none", true, false, true },
  { BEST, "aes256-ctr", "hmac-sha2-256", false, true, true },
  { BEST, "aes128-ctr", "hmac-sha2-512", false, true, true },
  { "diffie-hellman-group14-sha256", "aes128-ctr", "hmac-sha2-256", true,
    true, true },
  { "diffie-hellman-group14-sha1,diffie-hellman-group14-sha256",
    "aes128-cbc,aes128-ctr", "hmac-sha1,hmac-sha2-256", true, true, true },
  /* Nothing that is broken. */
  { "diffie-hellman-group14-sha1", GCM, "none", false, false, false },
  { "diffie-hellman-group-exchange-sha1", GCM, "none", false, false, false },
  { BEST, "aes128-ctr", "hmac-sha1", false, false, false },
  { BEST, "aes128-ctr", "hmac-md5,umac-64@openssh.com", false, false, false },
  { BEST, "aes128-cbc", "hmac-sha2-256", false, false, false },
  { "rsa1024-sha1", "aes128-ctr", "hmac-sha2-256", false, true, false }
};

static void the_offer_follows_what_the_client_can_do(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct client *cl = patient_client();
    struct sftp_str list[NLISTS];
    const struct sftp_kex *k;

    cl->kex = row[i].kex;
    cl->cipher = row[i].cipher;
    cl->mac = row[i].mac;
    (void) client_version(cl);
    client_send_kexinit(cl, false);
    ok(offers(cl, list) &&
      has(list[L_KEX], CLASSIC_KEX) == row[i].more_kex &&
      has(list[L_MAC_C2S], CLASSIC_MACS) == row[i].more_macs &&
      has(list[L_MAC_S2C], CLASSIC_MACS) == row[i].more_macs &&
      has(list[L_KEX], BEST) && has(list[L_CIPHER_C2S], GCM),
      "a client of %s, %s, %s: what is offered", row[i].kex, row[i].cipher,
      row[i].mac);
    ok((cl->server->failure.err == SFTP_OK) == row[i].agreed, "... it is %s",
      row[i].agreed ? "served" : "refused");

    k = cl->server->kex;
    ok(!sftp_names_have(list[L_KEX], "diffie-hellman-group14-sha1") &&
      !sftp_names_have(list[L_MAC_C2S], "hmac-sha1") &&
      (k->more.kex != NULL) == row[i].more_kex, "... nothing broken");
    client_free(cl);
  }
}

static void named_lists_are_left_alone(void) {
  int n;

  for (n = 0; n < 2; n++) {
    struct client *cl = patient_client();
    struct sftp_str list[NLISTS];

    cl->set->named = 1U << (n == 0 ? ALGS_KEX : ALGS_MAC);
    cl->kex = "diffie-hellman-group14-sha256";
    cl->cipher = "aes128-ctr";
    cl->mac = "hmac-sha2-256";
    (void) client_version(cl);
    client_send_kexinit(cl, false);
    ok(offers(cl, list) && has(list[L_KEX], CLASSIC_KEX) == (n == 1) &&
      has(list[L_MAC_C2S], CLASSIC_MACS) == (n == 0) &&
      cl->server->failure.err != SFTP_OK, "the named %s stay as they are",
      n == 0 ? "methods" : "MACs");
    client_free(cl);
  }
}

static void who_is_waited_for(void) {
  struct client *cl = patient_client();
  struct sftp_str list[NLISTS];

  (void) client_version(cl);
  ok(!offers(cl, list), "our KEXINIT waits for an unknown client's");
  ok(sftp_kex_due_ms(cl->server) <= 1000, "... a moment");
  cl->server->kex->wait_until_ms = 1;
  ok(offers(cl, list) && !has(list[L_KEX], CLASSIC_KEX),
    "... then it leaves as it is");
  ok(client_kex(cl) == SFTP_OK, "and the exchange goes on");
  client_free(cl);

  cl = patient_client();
  cl->set->clients_known = 1;
  (void) client_version(cl);
  ok(offers(cl, list), "a known client is answered at once");
  client_free(cl);

  cl = patient_client();
  cl->set->named = 1U << ALGS_KEX | 1U << ALGS_MAC;
  (void) client_version(cl);
  ok(offers(cl, list), "so is everybody when all lists are named");
  client_free(cl);
}

static void what_was_added_stays(void) {
  struct client *cl = patient_client();
  struct sftp_str list[NLISTS];

  cl->cipher = "aes128-ctr";
  cl->mac = "hmac-sha2-256";
  (void) client_version(cl);
  client_send_kexinit(cl, false);
  ok(client_kex(cl) == SFTP_OK, "keys with what was added");
  client_login(cl);
  ok(sftp_kex_start(cl->server, "time") == SFTP_OK && offers(cl, list) &&
    has(list[L_MAC_C2S], CLASSIC_MACS), "a rekey offers it again");
  ok(client_kex(cl) == SFTP_OK, "... and succeeds");
  client_free(cl);
}

static void a_wrong_guess_is_dropped(void) {
  struct client *cl = patient_client();
  struct sftp_str list[NLISTS];

  cl->kex = "ecdh-sha2-nistp256";
  (void) client_version(cl);
  client_send_kexinit(cl, true);
  client_send(cl, 30, "\0\0\0\1x", 5);
  ok(offers(cl, list) && cl->server->failure.err == SFTP_OK &&
    !cl->server->kex->run->drop_guess,
    "a guess of what was added is wrong, and dropped");
  client_free(cl);
}

int main(void) {
  the_offer_follows_what_the_client_can_do();
  named_lists_are_left_alone();
  who_is_waited_for();
  what_was_added_stays();
  a_wrong_guess_is_dropped();
  return done_testing();
}
