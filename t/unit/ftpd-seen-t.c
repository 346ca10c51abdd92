/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-seen-t.c -- what a session tells the tables of clients, users and
 * algorithms.
 */

#include "daemon.h"
#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-record.h"
#include "ftpd-seen.h"
#include "cert.h"
#include "keys.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set,
  .remote_ip = "198.51.100.7" };
static struct board_slot slot;
static bool has_slot = true;
static const char *signs;
static unsigned int recorded;

struct board_slot *ftpd_board_own(void) {
  return has_slot ? &slot : NULL;
}

bool ftpd_conf_signs(const struct sftp_settings *s, struct sftp_str name) {
  return s == &set && signs != NULL && sftp_str_is(name, signs);
}

void ftpd_record_key(pool *in, struct sftp_str blob,
    const struct sftp_cert *cert) {
  (void) in;
  (void) blob;
  (void) cert;
  recorded++;
}

static void begin(void) {
  memset(&slot, 0, sizeof(slot));
  session.notes = pr_table_alloc(p, 0);
  session.user = "alice";
  has_slot = true;
  signs = NULL;
  server.addr = NULL;
  server.ServerAddress = "192.0.2.9";
  server.ServerPort = 22;
  set.kex = set.hostkeys = set.ciphers = set.macs = set.userkeys = "";
  set.compression = COMPRESS_OFF;
}

static unsigned int number_of(enum sftp_alg_family f, const char *name) {
  const struct sftp_alg *alg;
  unsigned int i;

  for (i = 0; (alg = sftp_alg_at(f, i)) != NULL; i++) {
    if (strcmp(alg->name, name) == 0) {
      return i;
    }
  }

  bail_out("no algorithm %s", name);
}

/* The names of the bits. */
static const char *names_of(enum sftp_alg_family f, const struct book_algs *a) {
  const struct sftp_alg *alg;
  char *text = pstrdup(p, "");
  unsigned int i;

  for (i = 0; (alg = sftp_alg_at(f, i)) != NULL; i++) {
    if ((a->bits[f] >> i & 1) != 0) {
      text = pstrcat(p, text, *text != '\0' ? "," : "", alg->name, NULL);
    }
  }

  return text;
}

/* ---- Offers */

static void offers_are_noted(void) {
  const struct book_client *c = &slot.login.client;
  unsigned int i;

  begin();
  ftpd_seen_does("offers aes256-ctr");
  ftpd_seen_does("offers aes128-ctr");
  ftpd_seen_does("offers aes256-ctr");
  ftpd_seen_does("offers curve25519-sha256");
  ftpd_seen_does("offers none");
  ftpd_seen_does("offers no-such-thing");
  ftpd_seen_does("ext-info-c");
  ok(c->ciphers[0] == number_of(ALGS_CIPHER, "aes256-ctr") + 1 &&
    c->ciphers[1] == number_of(ALGS_CIPHER, "aes128-ctr") + 1 &&
    c->ciphers[2] == 0, "ciphers, in their order");
  is_str(names_of(ALGS_KEX, &c->offered), "curve25519-sha256", "exchanges");
  is_str(names_of(ALGS_MAC, &c->offered), "", "'none' is no MAC");
  is_str(names_of(ALGS_COMPRESS, &c->offered), "none", "but a compression");
  is_int(c->offered.bits[ALGS_SIGNATURE], 0, "signatures are not offered");
  ok(strstr(names_of(ALGS_CIPHER, &c->offered), "none") == NULL,
    "nor a cipher");
  for (i = 0; i < BOOK_ORDER; i++) {
    slot.login.client.ciphers[i] = 1;
  }

  slot.login.client.offered.bits[ALGS_CIPHER] = 0;
  ftpd_seen_does("offers aes256-ctr");
  is_int(c->offered.bits[ALGS_MAC], 0, "more ciphers than there is room for");
  has_slot = false;
  ftpd_seen_does("offers hmac-sha2-256");
  has_slot = true;
  is_int(c->offered.bits[ALGS_MAC], 0, "without a slot, nothing is noted");
  atomic_store(&slot.login.ready, 1);
  ftpd_seen_does("offers hmac-sha2-256");
  is_int(c->offered.bits[ALGS_MAC], 0, "nor after the login");
}

/* ---- Keys */

static const unsigned char ed25519[] = { 0, 0, 0, 11, 's', 's', 'h', '-', 'e',
  'd', '2', '5', '5', '1', '9', 0, 0, 0, 32, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1,
  0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72,
  0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51,
  0x1a };

static void see(const struct sftp_cert *cert, bool of_host) {
  ftpd_seen_key(&ftpd, p, (struct sftp_str) { ed25519, sizeof(ed25519) }, cert,
    of_host);
}

static void keys_count_when_they_sign(void) {
  const struct book_key *k = slot.login.keys;
  const struct book_key_use *u = slot.login.uses;

  begin();
  recorded = 0;
  see(NULL, false);
  is_int(recorded, 1, "the record is told");
  ok(strcmp(k->type, "ssh-ed25519") == 0 && k->bits == 256 &&
    k->of_host == 0 && strncmp(k->print, "SHA256:", 7) == 0 &&
    strlen(k->print) == 50 && *k->ca == '\0', "a key");
  ok(u->expires == 0 && strcmp(u->source, "198.51.100.7") == 0, "its use");
  is_int(slot.login.nkeys, 0, "is not counted");
  ftpd_seen_proof(&ftpd, "password");
  is_int(slot.login.nkeys, 0, "by another method");
  ftpd_seen_proof(&ftpd, "hostbased");
  is_int(slot.login.nkeys, 0, "or as that of a host");
  ftpd_seen_proof(&ftpd, "publickey");
  is_int(slot.login.nkeys, 1, "but when it has signed");
  ftpd_seen_proof(&ftpd, "publickey");
  is_int(slot.login.nkeys, 1, "once");
  see(NULL, true);
  is_int(k[1].of_host, 1, "the key of a host");
  ftpd_seen_proof(&ftpd, "publickey/x");
  is_int(slot.login.nkeys, 1, "is no user's");
  ftpd_seen_proof(&ftpd, "hostbased");
  is_int(slot.login.nkeys, 2, "but the host's");
  slot.login.nkeys = BOOK_KEYS_OF_ONE;
  memset(slot.login.uses, 0, sizeof(slot.login.uses));
  see(NULL, false);
  is_int(slot.login.uses[0].expires, 0, "what follows stays");
  ftpd_seen_proof(&ftpd, "publickey");
  is_int(slot.login.nkeys, BOOK_KEYS_OF_ONE, "not too many");
  slot.login.nkeys = 0;
  memset(slot.login.keys, 0, sizeof(slot.login.keys));
  ftpd_seen_key(&ftpd, p, sftp_str_of("nonsense"), NULL, false);
  is_str(k->type, "", "what is no key");
  ftpd_seen_proof(&ftpd, "publickey");
  is_int(slot.login.nkeys, 0, "does not count");
  has_slot = false;
  see(NULL, false);
  ftpd_seen_proof(&ftpd, "publickey");
  is_str(k->type, "", "nothing does without a slot");
}

static void certificates_name_their_authority(void) {
  struct sftp_key ca = { .blob = { ed25519, sizeof(ed25519) } };
  struct sftp_cert cert = { .type = "ssh-ed25519-cert-v01@openssh.com",
    .ca = &ca, .valid_before = 5000 };
  const struct book_key *k = slot.login.keys;

  begin();
  see(&cert, false);
  is_str(k->type, cert.type, "the type of the certificate");
  is_str(k->ca, k->print, "its authority");
  is_int(slot.login.uses[0].expires, 5000, "its end");
  cert.valid_before = (uint64_t) INT64_MAX;
  see(&cert, false);
  ok(slot.login.uses[0].expires == INT64_MAX, "far away");
  cert.valid_before = UINT64_MAX;
  see(&cert, false);
  is_int(slot.login.uses[0].expires, 0, "never");
}

static const char *usable(const char *used, const char *offered) {
  begin();
  set.userkeys = offered;
  (void) pr_table_add(session.notes, "SFTP_USER_PUBLICKEY_ALGO", used, 0);
  ftpd_seen_proof(&ftpd, "publickey");
  return names_of(ALGS_SIGNATURE, &slot.login.shared);
}

static void keys_can_use_several_algorithms(void) {
  is_str(usable("ssh-ed25519", "ssh-ed25519,rsa-sha2-256"), "ssh-ed25519",
    "one key, one algorithm");
  is_str(usable("rsa-sha2-256",
    "ssh-rsa,rsa-sha2-256,rsa-sha2-512,ssh-ed25519"),
    usable("rsa-sha2-512", "rsa-sha2-256,rsa-sha2-512"),
    "a key of RSA has two, and not the old one");
  ok(strstr(usable("rsa-sha2-256", "rsa-sha2-512"), "rsa-sha2-512") != NULL,
    "one that was not used");
  ok(strstr(usable("rsa-sha2-256", "rsa-sha2-512-cert-v01@openssh.com"),
    "cert") == NULL, "no certificate");
  is_str(usable("ssh-rsa", "rsa-sha2-512"), "ssh-rsa", "an old one is alone");
  is_str(usable("nonsense", "ssh-ed25519"), "", "no algorithm");
  begin();
  ftpd_seen_proof(&ftpd, "publickey");
  is_int(slot.login.shared.bits[ALGS_SIGNATURE], 0, "or none");
  begin();
  (void) pr_table_add(session.notes, "SFTP_USER_PUBLICKEY_ALGO",
    "ssh-ed25519", 0);
  ftpd_seen_proof(&ftpd, "password");
  is_int(slot.login.shared.bits[ALGS_SIGNATURE], 0, "or another method");
}

/* ---- The login */

static void logins_are_complete(void) {
  struct book_login *l = &slot.login;

  begin();
  session.user = NULL;
  ftpd_seen_login(&ftpd);
  is_int(atomic_load(&l->ready), 0, "nobody");
  session.user = "alice";
  has_slot = false;
  ftpd_seen_login(&ftpd);
  has_slot = true;
  is_int(atomic_load(&l->ready), 0, "no slot");
  ftpd_seen_login(&ftpd);
  ok(atomic_load(&l->ready) == 1 && l->when > 0, "somebody");
  is_str(l->client.user, "alice", "by name");
  is_str(l->client.client, "", "a client without a name");
  is_str(l->client.server, "192.0.2.9:22", "a server");
  begin();
  daemon_client("198.51.100.7", "x");
  server.addr = session.c->local_addr;
  (void) pr_table_add(session.notes, "SFTP_CLIENT_BANNER", "OpenSSH_9", 0);
  ftpd_seen_login(&ftpd);
  is_str(l->client.client, "OpenSSH_9", "a client's name");
  is_str(l->client.server, DAEMON_IP ":22", "a server's address");
}

static void what_both_have_is_shared(void) {
  struct book_login *l = &slot.login;

  begin();
  ftpd_seen_does("offers aes256-ctr");
  ftpd_seen_does("offers aes128-ctr");
  ftpd_seen_does("offers ssh-ed25519");
  ftpd_seen_does("offers rsa-sha2-256");
  ftpd_seen_does("offers zlib");
  ftpd_seen_does("offers none");
  ftpd_seen_does("offers zlib@openssh.com");
  set.ciphers = "aes128-ctr,aes192-ctr";
  set.hostkeys = "ssh-ed25519,rsa-sha2-256";
  signs = "ssh-ed25519";
  (void) pr_table_add(session.notes, "SFTP_SERVER_CIPHER_ALGO", "aes192-ctr",
    0);
  (void) pr_table_add(session.notes, "SFTP_CLIENT_CIPHER_ALGO", "aes128-ctr",
    0);
  (void) pr_table_add(session.notes, "SFTP_SERVER_MAC_ALGO", "implicit", 0);
  ftpd_seen_login(&ftpd);
  ok(strstr(names_of(ALGS_CIPHER, &l->shared), "aes128-ctr") != NULL &&
    strstr(names_of(ALGS_CIPHER, &l->shared), "aes192-ctr") != NULL &&
    strstr(names_of(ALGS_CIPHER, &l->shared), "aes256-ctr") == NULL,
    "ciphers, and what was agreed");
  is_int(l->agreed[ALGS_CIPHER], number_of(ALGS_CIPHER, "aes128-ctr") + 1,
    "the client's");
  ok(l->shared.bits[ALGS_MAC] == 0 && l->agreed[ALGS_MAC] == 0, "no MAC");
  is_str(names_of(ALGS_HOSTKEY, &l->shared), "ssh-ed25519",
    "host keys that are there");
  is_str(names_of(ALGS_COMPRESS, &l->shared), "none", "no compression");
  atomic_store(&l->ready, 0);
  set.compression = COMPRESS_DELAYED;
  ftpd_seen_login(&ftpd);
  ok(strstr(names_of(ALGS_COMPRESS, &l->shared), "zlib@openssh.com") != NULL &&
    strlen(names_of(ALGS_COMPRESS, &l->shared)) == 21, "a delayed one");
  atomic_store(&l->ready, 0);
  set.compression = COMPRESS_ON;
  ftpd_seen_login(&ftpd);
  is_int(strlen(names_of(ALGS_COMPRESS, &l->shared)), 26, "or any");
}

int main(void) {
  p = make_sub_pool(NULL);
  offers_are_noted();
  keys_count_when_they_sign();
  certificates_name_their_authority();
  keys_can_use_several_algorithms();
  logins_are_complete();
  what_both_have_is_shared();
  destroy_pool(p);
  return done_testing();
}
