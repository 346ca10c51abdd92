/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-seen.c -- what a session tells the tables of ftpd-book.h: its client,
 * what that offers, what was negotiated.
 */

#include "ftpd-board.h"
#include "ftpd-conf.h"
#include "ftpd-record.h"
#include "ftpd-seen.h"

#include "cert.h"
#include "keys.h"
#include "namelist.h"

#define OFFERS "offers "
#define BITS BOOK_BITS

static struct book_login *own_login(void) {
  struct board_slot *s = ftpd_board_own();

  return s != NULL && atomic_load(&s->login.ready) == 0 ? &s->login : NULL;
}

/* The number of the row; BITS: there is none. */
static unsigned int find_alg(enum sftp_alg_family f, struct sftp_str name) {
  const struct sftp_alg *alg;
  unsigned int i;

  for (i = 0; i < BITS && (alg = sftp_alg_at(f, i)) != NULL; i++) {
    if (sftp_str_is(name, alg->name)) {
      return i;
    }
  }

  return BITS;
}

static uint64_t bit_of(unsigned int i) {
  return i < BITS ? UINT64_C(1) << i : 0;
}

/* ---- Before the login */

static void note_cipher(struct book_client *c, unsigned int i) {
  size_t n = strnlen((const char *) c->ciphers, sizeof(c->ciphers));

  if (n < sizeof(c->ciphers) &&
      (c->offered.bits[ALGS_CIPHER] & bit_of(i)) == 0) {
    c->ciphers[n] = (uint8_t) (i + 1);
  }
}

/* All lists of a client are reported as one.  Only "none" is a name in more
 * than one of them: it means the compression.
 */
void ftpd_seen_does(const char *does) {
  struct book_login *l = own_login();
  struct sftp_str name;
  unsigned int f;

  if (l == NULL || strncmp(does, OFFERS, strlen(OFFERS)) != 0) {
    return;
  }

  name = sftp_str_of(does + strlen(OFFERS));
  for (f = 0; f < ALGS_SIGNATURE; f++) {
    bool ambiguous = (f == ALGS_CIPHER || f == ALGS_MAC) &&
      sftp_str_is(name, "none");
    unsigned int i = ambiguous ? BITS : find_alg(f, name);

    if (f == ALGS_CIPHER && i < BITS) {
      note_cipher(&l->client, i);
    }

    l->client.offered.bits[f] |= bit_of(i);
  }
}

/* What a key can sign with: the algorithm that it has, and others for it that
 * are offered, unless they are older.
 */
static uint64_t usable_for(const struct sftp_settings *set, const char *used) {
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(sftp_str_of(used));
  struct sftp_str left = sftp_str_of(set->userkeys), name;
  uint64_t bits = bit_of(find_alg(ALGS_SIGNATURE, sftp_str_of(used)));

  while (alg != NULL && sftp_names_next(&left, &name)) {
    const struct sftp_sig_alg *other = sftp_sig_alg_find(name);
    bool is_old = other != NULL && other->digest != NULL &&
      strcmp(other->digest, "SHA1") == 0;
    bool fits = other != NULL && !is_old && alg->digest != NULL &&
      strcmp(alg->digest, "SHA1") != 0 &&
      strcmp(other->key_type, alg->key_type) == 0 &&
      (other->cert_type == NULL) == (alg->cert_type == NULL);

    bits |= fits ? bit_of(find_alg(ALGS_SIGNATURE, name)) : 0;
  }

  return bits;
}

static void put_print(pool *p, char *to, size_t size, struct sftp_str blob) {
  const char *print = sftp_key_fingerprint(p, blob, "SHA256", false);

  snprintf(to, size, "%s%s", print != NULL ? "SHA256:" : "?", print != NULL ?
    print : "");
}

void ftpd_seen_key(const struct ftpd *h, pool *p, struct sftp_str blob,
    const struct sftp_cert *cert, bool of_host) {
  struct book_login *l = own_login();
  struct sftp_key *key;
  struct book_key *k;

  ftpd_record_key(p, blob, cert);
  if (l == NULL || l->nkeys >= BOOK_KEYS_OF_ONE ||
      sftp_key_from_blob(p, blob, &key) != SFTP_OK) {
    return;
  }

  k = &l->keys[l->nkeys];
  memset(k, 0, sizeof(*k));
  sstrncpy(k->type, cert != NULL ? cert->type : key->type->name,
    sizeof(k->type));
  put_print(p, k->print, sizeof(k->print), key->blob);
  if (cert != NULL) {
    put_print(p, k->ca, sizeof(k->ca), cert->ca->blob);
  }

  k->bits = sftp_key_bits(key);
  k->of_host = of_host;
  l->uses[l->nkeys].expires = cert == NULL || cert->valid_before > INT64_MAX ?
    0 : (int64_t) cert->valid_before;
  sstrncpy(l->uses[l->nkeys].source, h->remote_ip,
    sizeof(l->uses[l->nkeys].source));
}

/* The key that was looked at last has signed. */
static void count_key(struct book_login *l, bool of_host) {
  if (l->nkeys < BOOK_KEYS_OF_ONE && l->keys[l->nkeys].type[0] != '\0' &&
      (l->keys[l->nkeys].of_host == 1) == of_host) {
    l->nkeys++;
  }
}

void ftpd_seen_proof(const struct ftpd *h, const char *method) {
  struct book_login *l = own_login();
  const char *used = pr_table_get(session.notes, "SFTP_USER_PUBLICKEY_ALGO",
    NULL);

  bool by_key = strncmp(method, "publickey", 9) == 0;

  if (l != NULL && (by_key || strcmp(method, "hostbased") == 0)) {
    count_key(l, !by_key);
  }

  if (l != NULL && used != NULL && by_key) {
    l->shared.bits[ALGS_SIGNATURE] = usable_for(h->set, used);
  }
}

/* ---- The login */

static uint64_t bits_of(enum sftp_alg_family f, const char *list) {
  struct sftp_str left = sftp_str_of(list), name;
  uint64_t bits = 0;

  while (sftp_names_next(&left, &name)) {
    bits |= bit_of(find_alg(f, name));
  }

  return bits;
}

static uint64_t hostkeys_of(const struct sftp_settings *set) {
  struct sftp_str left = sftp_str_of(set->hostkeys), name;
  uint64_t bits = 0;

  while (sftp_names_next(&left, &name)) {
    bits |= ftpd_conf_signs(set, name) ? bit_of(find_alg(ALGS_HOSTKEY, name)) :
      0;
  }

  return bits;
}

static void note_agreed(struct book_login *l) {
  static const struct {
    const char *note;
    enum sftp_alg_family family;
  } agreed[] = {
    { "SFTP_KEX_ALGO", ALGS_KEX },
    { "SFTP_HOST_KEY_ALGO", ALGS_HOSTKEY },
    { "SFTP_SERVER_CIPHER_ALGO", ALGS_CIPHER },
    { "SFTP_CLIENT_CIPHER_ALGO", ALGS_CIPHER },
    { "SFTP_SERVER_MAC_ALGO", ALGS_MAC },
    { "SFTP_CLIENT_MAC_ALGO", ALGS_MAC },
    { "SFTP_SERVER_COMPRESSION_ALGO", ALGS_COMPRESS },
    { "SFTP_CLIENT_COMPRESSION_ALGO", ALGS_COMPRESS }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(agreed); i++) {
    const char *name = pr_table_get(session.notes, agreed[i].note, NULL);
    enum sftp_alg_family f = agreed[i].family;
    unsigned int n = name != NULL ? find_alg(f, sftp_str_of(name)) : BITS;

    /* An AEAD cipher has no MAC. */
    l->shared.bits[f] |= bit_of(n);
    l->agreed[f] = n < BITS ? (uint8_t) (n + 1) : 0;
  }
}

static void note_shared(const struct sftp_settings *set,
    struct book_login *l) {
  static const char *const compressions[] = {
    [COMPRESS_OFF] = "none", [COMPRESS_ON] = "zlib,zlib@openssh.com,none",
    [COMPRESS_DELAYED] = "zlib@openssh.com,none"
  };
  const uint64_t ours[ALGS_SIGNATURE] = {
    [ALGS_KEX] = bits_of(ALGS_KEX, set->kex),
    [ALGS_HOSTKEY] = hostkeys_of(set),
    [ALGS_CIPHER] = bits_of(ALGS_CIPHER, set->ciphers),
    [ALGS_MAC] = bits_of(ALGS_MAC, set->macs),
    [ALGS_COMPRESS] = bits_of(ALGS_COMPRESS, compressions[set->compression])
  };
  size_t f;

  for (f = 0; f < ALGS_SIGNATURE; f++) {
    l->shared.bits[f] = ours[f] & l->client.offered.bits[f];
  }

  note_agreed(l);
}

void ftpd_seen_login(const struct ftpd *h) {
  struct book_login *l = own_login();
  const char *client = pr_table_get(session.notes, "SFTP_CLIENT_BANNER", NULL);
  struct book_client *c;

  if (l == NULL || session.user == NULL) {
    return;
  }

  c = &l->client;
  sstrncpy(c->client, client != NULL ? client : "", sizeof(c->client));
  sstrncpy(c->user, session.user, sizeof(c->user));
  snprintf(c->server, sizeof(c->server), "%s:%u", h->server->addr != NULL ?
    pr_netaddr_get_ipstr(h->server->addr) : h->server->ServerAddress,
    h->server->ServerPort);
  note_shared(h->set, l);
  l->when = (int64_t) time(NULL);
  atomic_store(&l->ready, 1);
}
