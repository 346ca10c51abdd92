/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include "conn.h"

#include "cert.h"
#include "crypto.h"
#include "compress.h"
#include "host.h"
#include "kex-method.h"
#include "keys.h"
#include "traffic.h"

#define COOKIE_LEN 16
#define MAX_DIGEST 64
#define MAX_KEXINIT SFTP_PACKET_MAX
#define MAX_CLIENT_EXT 32
#define EARLY_MAX 4U

/* The name-lists of KEXINIT in the order of RFC 4253, section 7.1. */
enum { L_KEX, L_HOSTKEY, L_CIPHER_C2S, L_CIPHER_S2C, L_MAC_C2S, L_MAC_S2C,
  L_COMP_C2S, L_COMP_S2C, L_LANG_C2S, L_LANG_S2C, NLISTS };

static const struct {
  const char *kind;             /* for the log */
  enum sftp_alg_family family;
} lists[L_LANG_C2S] = {
  { "key exchange", ALGS_KEX },
  { "server hostkey", ALGS_HOSTKEY },
  { "client-to-server encryption", ALGS_CIPHER },
  { "server-to-client encryption", ALGS_CIPHER },
  { "client-to-server MAC", ALGS_MAC },
  { "server-to-client MAC", ALGS_MAC },
  { "client-to-server compression", ALGS_COMPRESS },
  { "server-to-client compression", ALGS_COMPRESS }
};

/* Session notes that carry what was agreed; same order. */
static const char *const list_notes[L_LANG_C2S] = {
  "SFTP_KEX_ALGO", "SFTP_HOST_KEY_ALGO", "SFTP_CLIENT_CIPHER_ALGO",
  "SFTP_SERVER_CIPHER_ALGO", "SFTP_CLIENT_MAC_ALGO", "SFTP_SERVER_MAC_ALGO",
  "SFTP_CLIENT_COMPRESSION_ALGO", "SFTP_SERVER_COMPRESSION_ALGO"
};

struct sftp_kex {
  struct ssh_conn *conn;
  struct sftp_str session_id;
  struct sftp_str first_host_key;
  bool ext_info_seen;
  bool ext_info_in_auth;        /* one more is welcome */

  /* The exchange that runs, if any. */
  pool *pool;                   /* NULL: none */
  const char *why;              /* what started it; NULL: its end is logged */
  uint64_t started_ms;
  bool by_us;                   /* our KEXINIT was first */
  unsigned int early;           /* rekeys that the client began before login */
  bool sent_newkeys;
  struct sftp_str ours, theirs; /* KEXINIT payloads; len 0: not yet */
  const char *offered[NLISTS];
  const struct sftp_alg *alg[L_LANG_C2S];       /* NULL: MAC with AEAD */
  bool drop_guess;
  struct sftp_kex_exchange x;
  struct sftp_keys in, out;

  struct sftp_kex_names names;  /* of the exchange last completed */
  pool *names_pool;
  bool told_c2s, told_s2c;      /* that compression has begun */
};

static void wipe_secret(void *data) {
  sftp_wr_wipe(data);
}

static void forget_exchange(struct sftp_kex *k) {
  destroy_pool(k->pool);
  k->pool = NULL;
}

struct sftp_kex *sftp_kex_new(struct ssh_conn *c) {
  struct sftp_kex *k = pcalloc(c->pool, sizeof(*k));

  k->conn = c;
  return k;
}

struct sftp_str sftp_kex_first_host_key(const struct ssh_conn *c) {
  return c->kex->first_host_key;
}

struct sftp_str sftp_kex_session_id(const struct ssh_conn *c) {
  return c->kex->session_id;
}

bool sftp_kex_running(const struct ssh_conn *c) {
  return c->kex->pool != NULL;
}

const struct sftp_kex_names *sftp_kex_agreed(const struct ssh_conn *c) {
  return c->kex->names_pool != NULL ? &c->kex->names : NULL;
}

/* ---- KEXINIT: what we offer */

/* The key for that algorithm and the blob that stands for it, its certificate
 * perhaps; NULL when there is none.
 */
static const struct sftp_key *host_key_for(const struct sftp_settings *set,
    const struct sftp_sig_alg *alg, struct sftp_str *blob) {
  unsigned int i;

  for (i = set->nhost_keys; i-- > 0; ) {
    const struct sftp_key *key = set->host_keys[i];
    const struct sftp_cert *cert =
      set->host_certs != NULL ? set->host_certs[i] : NULL;

    if (strcmp(key->type->name, alg->key_type) != 0 ||
        (alg->cert_type != NULL &&
          (cert == NULL || strcmp(cert->type, alg->cert_type) != 0))) {
      continue;
    }

    *blob = alg->cert_type != NULL ? cert->blob : key->blob;
    return key;
  }

  return NULL;
}

/* The configured host key algorithms for which there is a key. */
static const char *offered_hostkeys(pool *p, const struct sftp_settings *set) {
  struct sftp_str left = sftp_str_of(set->hostkeys), name;
  const char *res = "";

  while (sftp_names_next(&left, &name)) {
    const struct sftp_sig_alg *alg = sftp_sig_alg_find(name);
    struct sftp_str blob;

    if (alg != NULL && host_key_for(set, alg, &blob) != NULL) {
      res = pstrcat(p, res, *res != '\0' ? "," : "", alg->alg.name, NULL);
    }
  }

  return res;
}

static const char *offered_kex(pool *p, const struct ssh_conn *c) {
  const char *res = c->set->kex;

  if (!c->keyed && (c->set->opts & SFTP_OPT_NO_EXT_INFO) == 0) {
    res = pstrcat(p, res, ",ext-info-s", NULL);
  }

  /* What counts is the first KEXINIT (OpenSSH PROTOCOL, section 1.9), and a
   * client must ignore it later.  phpseclib 2 believes the latest instead, so
   * it stays as it is, as OpenSSH's own server has it.
   */
  if (c->keyed ? c->strict_kex :
      (c->set->opts & SFTP_OPT_NO_STRICT_KEX) == 0) {
    res = pstrcat(p, res, ",kex-strict-s-v00@openssh.com", NULL);
  }

  return res;
}

static const char *offered_compression(const struct sftp_settings *set) {
  switch (set->compression) {
    case COMPRESS_ON:
      /* Newer clients only know the delayed one. */
      return "zlib,zlib@openssh.com,none";

    case COMPRESS_DELAYED:
      return "zlib@openssh.com,none";

    default:
      return "none";
  }
}

static void make_offer(struct sftp_kex *k) {
  struct ssh_conn *c = k->conn;

  k->offered[L_KEX] = offered_kex(k->pool, c);
  k->offered[L_HOSTKEY] = offered_hostkeys(k->pool, c->set);
  k->offered[L_CIPHER_C2S] = k->offered[L_CIPHER_S2C] = c->set->ciphers;
  k->offered[L_MAC_C2S] = k->offered[L_MAC_S2C] = c->set->macs;
  k->offered[L_COMP_C2S] = k->offered[L_COMP_S2C] =
    offered_compression(c->set);
  k->offered[L_LANG_C2S] = k->offered[L_LANG_S2C] = "";
}

static int send_kexinit(struct sftp_kex *k) {
  struct ssh_conn *c = k->conn;
  unsigned char cookie[COOKIE_LEN];
  struct sftp_wr w;
  size_t i;
  int res;

  make_offer(k);
  sftp_random(cookie, sizeof(cookie));

  sftp_wr_init(&w, k->pool, 2048, MAX_KEXINIT);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, cookie, sizeof(cookie));
  for (i = 0; i < NLISTS; i++) {
    sftp_wr_text(&w, k->offered[i]);
  }

  sftp_wr_bool(&w, false);
  sftp_wr_u32(&w, 0);
  res = sftp_wr_end(&w);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "KEXINIT is too long");
  }

  k->ours = sftp_wr_get(&w);
  res = sftp_packet_send(c->pkts, k->ours);

  /* From here to our NEWKEYS only messages 1 to 49 may leave us (RFC 4253,
   * section 7.1); answers wait.
   */
  return res == SFTP_OK ? sftp_packets_hold(c->pkts, true) : res;
}

/* ---- What the log says of a rekey: who started it, why, how it ended */

static const char *starter(const struct sftp_kex *k) {
  return k->by_us ? pstrcat(k->pool, "server: ", k->why, NULL) : "client";
}

static void tell_rekey_began(const struct sftp_kex *k) {
  if (k->conn->keyed) {
    sftp_log("rekeying (started by %s)", starter(k));
  }
}

static unsigned long took_ms(const struct sftp_kex *k) {
  return (unsigned long) (sftp_now_ms() - k->started_ms);
}

void sftp_kex_broken_off(struct ssh_conn *c, const char *why) {
  struct sftp_kex *k = c->kex;

  if (c->keyed && k->pool != NULL && k->why != NULL) {
    sftp_log("rekeying failed (started by %s) after %lu ms: %s", starter(k),
      took_ms(k), why);
    k->why = NULL;
  }
}

static void begin_exchange(struct sftp_kex *k, const char *why, bool by_us) {
  k->pool = make_sub_pool(k->conn->pool);
  pr_pool_tag(k->pool, "SSH key exchange");
  k->why = pstrdup(k->pool, why);
  k->by_us = by_us;
  k->started_ms = sftp_now_ms();
  k->sent_newkeys = k->drop_guess = false;
  k->ours.len = k->theirs.len = 0;
  memset(&k->x, 0, sizeof(k->x));
  memset(&k->in, 0, sizeof(k->in));
  memset(&k->out, 0, sizeof(k->out));
  tell_rekey_began(k);
}

int sftp_kex_start(struct ssh_conn *c, const char *why) {
  struct sftp_kex *k = c->kex;

  if (k->pool != NULL) {
    return SFTP_OK;             /* never a second KEXINIT while one runs */
  }

  begin_exchange(k, why, true);
  return send_kexinit(k);
}

/* ---- KEXINIT: what both agree on */

static int no_match(struct ssh_conn *c, size_t i, struct sftp_str theirs) {
  const char *client = sftp_str_dup(c->kex->pool, theirs);

  sftp_log("no shared %s algorithm found (client sent '%s', server sent '%s')",
    lists[i].kind, client, c->kex->offered[i]);
  return sftp_fail(c, SFTP_ERR_NOMATCH,
    "no shared %s algorithm found (server offers %s)", lists[i].kind,
    c->kex->offered[i]);
}

static int agree(struct ssh_conn *c, const struct sftp_str *theirs) {
  struct sftp_kex *k = c->kex;
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    struct sftp_str name;

    k->alg[i] = NULL;
    if ((i == L_MAC_C2S || i == L_MAC_S2C) &&
        ((const struct sftp_cipher_alg *) k->alg[i - 2])->tag_len > 0) {
      continue;                 /* the cipher authenticates by itself */
    }

    name = sftp_names_match(theirs[i], sftp_str_of(k->offered[i]));
    if (name.len > 0) {
      k->alg[i] = sftp_alg_find(lists[i].family, name);
    }

    /* A marker (ext-info-c and the like) is in both lists but in no table. */
    if (k->alg[i] == NULL) {
      return no_match(c, i, theirs[i]);
    }
  }

  return SFTP_OK;
}

static struct sftp_str first_name(struct sftp_str list) {
  struct sftp_str name = { list.ptr, 0 };

  (void) sftp_names_next(&list, &name);
  return name;
}

/* RFC 4253, section 7: a guess is right when both sides prefer the same key
 * exchange and the same host key algorithm.
 */
static bool is_right_guess(const struct sftp_kex *k,
    const struct sftp_str *theirs) {
  return sftp_str_same(first_name(theirs[L_KEX]),
      first_name(sftp_str_of(k->offered[L_KEX]))) &&
    sftp_str_same(first_name(theirs[L_HOSTKEY]),
      first_name(sftp_str_of(k->offered[L_HOSTKEY])));
}

/* What a client offers tells what it is.  No client has more names. */
#define MAX_TOLD 512

static void tell_offers(struct ssh_conn *c, const struct sftp_str *theirs) {
  unsigned int told = 0;
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    struct sftp_str left = theirs[i], name;

    while (told < MAX_TOLD && sftp_names_next(&left, &name)) {
      sftp_client_did(c, "offers", name);
      told++;
    }
  }
}

/* The markers a client puts into its first KEXINIT. */
static int read_markers(struct ssh_conn *c, struct sftp_str kex_list) {
  c->client_ext_info = sftp_names_have(kex_list, "ext-info-c") &&
    (c->set->opts & SFTP_OPT_NO_EXT_INFO) == 0;
  c->strict_kex = sftp_names_have(kex_list, "kex-strict-c-v00@openssh.com") &&
    (c->set->opts & SFTP_OPT_NO_STRICT_KEX) == 0;

  /* OpenSSH PROTOCOL, section 1.9: nothing may come before it. */
  if (c->strict_kex && sftp_packets_seqno_in(c->pkts) != 1) {
    return sftp_fail(c, SFTP_ERR_ORDER,
      "KEXINIT was not the first message of a client with strict KEX");
  }

  return SFTP_OK;
}

static const struct sftp_key *host_key_of(const struct sftp_kex *k,
    struct sftp_str *blob) {
  return host_key_for(k->conn->set,
    (const struct sftp_sig_alg *) k->alg[L_HOSTKEY], blob);
}

static void set_up_exchange(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  struct sftp_kex_exchange *x = &k->x;
  struct sftp_str blob = { NULL, 0 };

  x->host_key = host_key_of(k, &blob) != NULL ? blob : sftp_str_of("");
  x->pool = k->pool;
  x->method = (const struct sftp_kex_method *) k->alg[L_KEX];
  x->reply_type = SSH_MSG_KEXDH_REPLY;
  x->arg = c;
  x->weak_dh = (c->set->opts & SFTP_OPT_ALLOW_WEAK_DH) != 0;
  x->dh_param_file = c->set->dh_param_file;
  x->dh_param_len = c->set->dh_param_len;
  sftp_wr_init(&x->hashed, k->pool, 1024, 65536);
  sftp_wr_init(&x->reply, k->pool, 512, 65536);
  sftp_wr_init(&x->k, k->pool, 128, 4096);
  register_cleanup2(k->pool, &x->k, wipe_secret);
}

static int exchange_send(struct sftp_kex_exchange *x, struct sftp_str payload) {
  struct ssh_conn *c = x->arg;

  return sftp_packet_send(c->pkts, payload);
}

static int failed(struct ssh_conn *c, int err) {
  host_event(c->host, "mod_sftp.ssh2.kex.failed", NULL);
  return sftp_fail(c, err == SFTP_ERR_ORDER || err == SFTP_ERR_SHORT ||
    err == SFTP_ERR_EXTRA ? err : SFTP_ERR_KEX,
    "key exchange %s failed: %s", c->kex->x.method->alg.name,
    sftp_strerror(err));
}

/* RFC 4253, section 7.1. */
static int read_kexinit(struct sftp_rd *r, struct sftp_str *theirs,
    bool *follows) {
  bool valid = true;
  size_t i;
  int res;

  (void) sftp_rd_bytes(r, COOKIE_LEN);
  for (i = 0; i < NLISTS; i++) {
    theirs[i] = sftp_rd_string(r);
    valid = valid && sftp_names_valid(theirs[i]);
  }

  *follows = sftp_rd_bool(r);
  (void) sftp_rd_u32(r);
  res = sftp_rd_end(r);
  return res == SFTP_OK && !valid ? SFTP_ERR_FORMAT : res;
}

/* The method is agreed on: what follows is its messages. */
static int start_method(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  int res = SFTP_OK;

  set_up_exchange(c);
  k->x.send = exchange_send;
  if (c->phase != PH_KEXINIT) {
    c->resume = c->phase;
  }

  c->phase = PH_KEX;
  if (k->x.method->ops->begin != NULL) {
    res = k->x.method->ops->begin(&k->x);
  }

  return res == SFTP_OK ? SFTP_OK : failed(c, res);
}

/* Keys cost us more than the client: somebody who has not logged in gets the
 * few exchanges that a slow conversation may need.
 */
static int check_early(struct ssh_conn *c) {
  if (c->authenticated || !c->keyed || ++c->kex->early <= EARLY_MAX) {
    return SFTP_OK;
  }

  return sftp_fail(c, SFTP_ERR_LIMIT, "more than %u rekeys before login",
    EARLY_MAX);
}

int sftp_on_kexinit(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  struct sftp_str theirs[NLISTS], all = { r->ptr, r->left };
  struct sftp_wr w;
  bool follows;
  int res;

  res = read_kexinit(r, theirs, &follows);
  if (res != SFTP_OK) {
    host_ssh_cmd(c->host, "KEXINIT", "(data)", HOST_SSH_AUTH, false);
    return sftp_fail(c, res, "malformed KEXINIT");
  }

  if (k->pool == NULL) {
    res = check_early(c);
    if (res != SFTP_OK) {
      return res;
    }

    begin_exchange(k, "client", false);
    res = send_kexinit(k);
    if (res != SFTP_OK) {
      return res;
    }
  }

  sftp_wr_init(&w, k->pool, all.len + 1, all.len + 1);
  sftp_wr_u8(&w, SSH_MSG_KEXINIT);
  sftp_wr_bytes(&w, all.ptr, all.len);
  k->theirs = sftp_wr_get(&w);

  if (!c->keyed) {
    res = read_markers(c, theirs[L_KEX]);
    if (res != SFTP_OK) {
      return res;
    }

    tell_offers(c, theirs);
  }

  res = agree(c, theirs);
  host_ssh_cmd(c->host, "KEXINIT", "(data)", HOST_SSH_AUTH, res == SFTP_OK);
  if (res != SFTP_OK) {
    return res;
  }

  k->drop_guess = follows && !is_right_guess(k, theirs);
  return start_method(c);
}

/* ---- Exchange hash, signature, keys */

struct hash {
  EVP_MD_CTX *ctx;
  bool failed;
};

static void hash_bytes(struct hash *h, const void *p, size_t n) {
  h->failed = h->failed || EVP_DigestUpdate(h->ctx, p, n) != 1;
}

static void hash_string(struct hash *h, struct sftp_str s) {
  unsigned char len[4];

  sftp_put_u32(len, (uint32_t) s.len);
  hash_bytes(h, len, sizeof(len));
  hash_bytes(h, s.ptr, s.len);
}

static bool hash_begin(struct hash *h, const char *digest) {
  h->failed = false;
  h->ctx = EVP_MD_CTX_new();
  if (h->ctx == NULL ||
      EVP_DigestInit_ex2(h->ctx, sftp_crypto_digest(digest), NULL) != 1) {
    h->failed = true;
  }

  return !h->failed;
}

/* Ends it; *len gets the digest's length.  SFTP_ERR_CRYPTO on any failure. */
static int hash_end(struct hash *h, unsigned char *out, size_t *len) {
  unsigned int n = 0;

  if (!h->failed && EVP_DigestFinal_ex(h->ctx, out, &n) != 1) {
    h->failed = true;
  }

  EVP_MD_CTX_free(h->ctx);
  *len = n;
  return h->failed ? SFTP_ERR_CRYPTO : SFTP_OK;
}

/* RFC 4253, section 8; the fields in the middle are the method's. */
static int exchange_hash(struct ssh_conn *c, struct sftp_str host_key,
    unsigned char *out, size_t *len) {
  struct sftp_kex *k = c->kex;
  struct sftp_str hashed = sftp_wr_get(&k->x.hashed),
    secret = sftp_wr_get(&k->x.k);
  struct hash h;

  if (hash_begin(&h, k->x.method->digest)) {
    hash_string(&h, sftp_str_of(c->client_ident));
    hash_string(&h, sftp_str_of(c->set->ident));
    hash_string(&h, k->theirs);
    hash_string(&h, k->ours);
    hash_string(&h, host_key);
    hash_bytes(&h, hashed.ptr, hashed.len);
    hash_bytes(&h, secret.ptr, secret.len);
  }

  return hash_end(&h, out, len);
}

/* `need' bytes for one letter (RFC 4253, section 7.2). */
static int derive(struct ssh_conn *c, struct sftp_str H, char letter,
    unsigned char *out, size_t need) {
  struct sftp_kex *k = c->kex;
  struct sftp_str secret = sftp_wr_get(&k->x.k);
  unsigned char block[MAX_DIGEST];
  size_t have = 0, len = 0;
  int res = SFTP_OK;

  while (have < need && res == SFTP_OK) {
    struct hash h;

    if (hash_begin(&h, k->x.method->digest)) {
      hash_bytes(&h, secret.ptr, secret.len);
      hash_bytes(&h, H.ptr, H.len);
      if (have == 0) {
        hash_bytes(&h, &letter, 1);
        hash_bytes(&h, k->session_id.ptr, k->session_id.len);

      } else {
        hash_bytes(&h, out, have);
      }
    }

    res = hash_end(&h, block, &len);
    if (res == SFTP_OK) {
      size_t n = len < need - have ? len : need - have;

      memcpy(out + have, block, n);
      have += n;
    }
  }

  sftp_wipe(block, sizeof(block));
  return res;
}

/* The parts of one direction's keys: RFC 4253, section 7.2, letters A to F. */
static int make_keys(struct ssh_conn *c, struct sftp_str H, bool in,
    struct sftp_keys *keys) {
  const struct sftp_kex *k = c->kex;
  const struct sftp_cipher_alg *cipher = (const struct sftp_cipher_alg *)
    k->alg[in ? L_CIPHER_C2S : L_CIPHER_S2C];
  const struct sftp_mac_alg *mac = (const struct sftp_mac_alg *)
    k->alg[in ? L_MAC_C2S : L_MAC_S2C];
  unsigned char iv[64], key[64], mac_key[128];
  int res = SFTP_ERR_CRYPTO;

  memset(keys, 0, sizeof(*keys));
  if (cipher->iv_len > sizeof(iv) || cipher->key_len > sizeof(key) ||
      (mac != NULL && mac->key_len > sizeof(mac_key))) {
    return res;
  }

  keys->pool = make_sub_pool(c->pool);
  pr_pool_tag(keys->pool, "SSH session keys");
  keys->compression = k->alg[in ? L_COMP_C2S : L_COMP_S2C];

  if (derive(c, H, in ? 'A' : 'B', iv, cipher->iv_len) == SFTP_OK &&
      derive(c, H, in ? 'C' : 'D', key, cipher->key_len) == SFTP_OK &&
      (mac == NULL || derive(c, H, in ? 'E' : 'F', mac_key,
        mac->key_len) == SFTP_OK)) {
    res = sftp_cipher_new(keys->pool, cipher, key, iv, !in, &keys->cipher);
    if (res == SFTP_OK && mac != NULL) {
      res = sftp_mac_new(keys->pool, mac, mac_key, &keys->mac);
    }
  }

  sftp_wipe(iv, sizeof(iv));
  sftp_wipe(key, sizeof(key));
  sftp_wipe(mac_key, sizeof(mac_key));
  if (res != SFTP_OK) {
    destroy_pool(keys->pool);
    memset(keys, 0, sizeof(*keys));
  }

  return res;
}

static int send_reply(struct ssh_conn *c, const struct sftp_key *host_key,
    struct sftp_str H) {
  struct sftp_kex *k = c->kex;
  const struct sftp_sig_alg *alg =
    (const struct sftp_sig_alg *) k->alg[L_HOSTKEY];
  struct sftp_str fields = sftp_wr_get(&k->x.reply);
  struct sftp_wr sig, *w;
  int res;

  sftp_wr_init(&sig, k->pool, 512, 8192);
  res = sftp_key_sign(host_key, alg, H, &sig);
  if (res != SFTP_OK || sftp_wr_end(&sig) != SFTP_OK) {
    return sftp_fail(c, SFTP_ERR_KEX, "cannot sign with the %s host key: %s",
      alg->alg.name, sftp_crypto_errors(k->pool));
  }

  w = sftp_packet_begin(c->pkts, (uint8_t) k->x.reply_type,
    k->x.host_key.len + fields.len + sig.len + 64);
  if (!k->x.bare_reply) {
    sftp_wr_str(w, k->x.host_key);
    sftp_wr_bytes(w, fields.ptr, fields.len);
  }

  sftp_wr_str(w, sftp_wr_get(&sig));
  return sftp_packet_end(c->pkts);
}

/* RFC 8308: right behind our first NEWKEYS, and perhaps once more. */
static int send_ext_info(struct ssh_conn *c, bool first) {
  const char *algs = c->set->userkeys;
  struct sftp_wr *w = sftp_packet_begin(c->pkts, SSH_MSG_EXT_INFO,
    strlen(algs) + 128);

  /* OpenSSH PROTOCOL, sections 1.10 and 3.1. */
  sftp_wr_u32(w, first ? 3 : 1);
  sftp_wr_text(w, "server-sig-algs");
  sftp_wr_text(w, algs);
  if (first) {
    sftp_wr_text(w, "publickey-hostbound@openssh.com");
    sftp_wr_text(w, "0");
    sftp_wr_text(w, "ping@openssh.com");
    sftp_wr_text(w, "0");
  }

  host_ssh_cmd(c->host, "EXT_INFO", "", HOST_SSH_MISC, true);
  return sftp_packet_end(c->pkts);
}

/* Sends NEWKEYS and everything that waited for it. */
static int send_newkeys(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  bool first = !c->keyed;
  int res;

  (void) sftp_packet_begin(c->pkts, SSH_MSG_NEWKEYS, 1);
  res = sftp_packet_end(c->pkts);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_packets_set_out(c->pkts, &k->out, c->strict_kex);
  memset(&k->out, 0, sizeof(k->out));
  k->sent_newkeys = true;

  if (first && c->client_ext_info) {
    res = send_ext_info(c, true);
  }

  return res == SFTP_OK ? sftp_packets_hold(c->pkts, false) : res;
}

/* All of the method's messages are through: the rest of the exchange. */
static int complete(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  struct sftp_str blob;
  const struct sftp_key *host_key = host_key_of(k, &blob);
  unsigned char hash[MAX_DIGEST];
  struct sftp_str H = { hash, 0 };
  int res = SFTP_ERR_KEX;

  if (host_key == NULL || sftp_wr_end(&k->x.hashed) != SFTP_OK ||
      sftp_wr_end(&k->x.reply) != SFTP_OK || sftp_wr_end(&k->x.k) != SFTP_OK) {
    goto done;
  }

  res = exchange_hash(c, k->x.host_key, hash, &H.len);
  if (res != SFTP_OK) {
    goto done;
  }

  if (k->session_id.len == 0) {
    k->session_id = sftp_str_copy(c->pool, H);
    k->first_host_key = sftp_str_copy(c->pool, k->x.host_key);
  }

  res = send_reply(c, host_key, H);
  if (res == SFTP_OK) {
    res = make_keys(c, H, true, &k->in);
  }

  if (res == SFTP_OK) {
    res = make_keys(c, H, false, &k->out);
  }

  if (res == SFTP_OK) {
    c->phase = PH_NEWKEYS;
    res = c->set->pessimistic_newkeys ? SFTP_OK : send_newkeys(c);
  }

done:
  sftp_wipe(hash, sizeof(hash));
  sftp_wr_wipe(&k->x.k);
  return res;
}

int sftp_on_kex_message(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  int res;

  if (k->drop_guess) {
    k->drop_guess = false;      /* RFC 4253, section 7.1 */
    return SFTP_OK;
  }

  res = k->x.method->ops->message(&k->x, c->msg_type, r);
  if (res == SFTP_OK && k->x.done) {
    res = complete(c);
  }

  host_ssh_cmd(c->host, k->x.method->ops->command, "(data)", HOST_SSH_AUTH,
    res == SFTP_OK);
  return res == SFTP_OK ? SFTP_OK : failed(c, res);
}

/* ---- The end of an exchange */

/* Keeps, logs and notes what was agreed. */
static void tell_agreed(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  const char **name[L_LANG_C2S] = { &k->names.kex, &k->names.hostkey,
    &k->names.cipher_c2s, &k->names.cipher_s2c, &k->names.mac_c2s,
    &k->names.mac_s2c, &k->names.comp_c2s, &k->names.comp_s2c };
  size_t i;

  for (i = 0; i < L_LANG_C2S; i++) {
    *name[i] = k->alg[i] != NULL ? k->alg[i]->name : "implicit";
    sftp_log(" + Session %s: %s", lists[i].kind, *name[i]);
    host_note(c->host, list_notes[i], *name[i]);
  }

  k->names_pool = c->pool;
}

/* A direction that begins to compress, the first time it does. */
static void tell_one_compression(struct ssh_conn *c, const char *name,
    const char *event, bool *told) {
  const struct sftp_alg *alg = sftp_alg_find(ALGS_COMPRESS, sftp_str_of(name));

  if (!*told && sftp_compress_is_zlib(alg) &&
      (c->authenticated || !sftp_compress_is_delayed(alg))) {
    *told = true;
    host_event(c->host, event, NULL);
  }
}

void sftp_kex_tell_compression(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;

  if (k->names_pool != NULL) {
    tell_one_compression(c, k->names.comp_c2s,
      "mod_sftp.ssh.client-compression", &k->told_c2s);
    tell_one_compression(c, k->names.comp_s2c,
      "mod_sftp.ssh.server-compression", &k->told_s2c);
  }
}

int sftp_on_newkeys(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_kex *k = c->kex;
  int res = sftp_rd_end(r);

  host_ssh_cmd(c->host, "NEWKEYS", "", HOST_SSH_AUTH, res == SFTP_OK);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "malformed NEWKEYS");
  }

  if (!k->sent_newkeys) {
    res = send_newkeys(c);
    if (res != SFTP_OK) {
      return res;
    }
  }

  sftp_packets_set_in(c->pkts, &k->in, c->strict_kex);
  memset(&k->in, 0, sizeof(k->in));
  tell_agreed(c);
  if (c->keyed) {
    sftp_log("rekeying done (started by %s) after %lu ms", starter(k),
      took_ms(k));
    c->phase = c->resume;

  } else {
    c->keyed = true;
    c->phase = PH_SERVICE;
    host_keyed(c->host);
  }

  forget_exchange(k);
  sftp_traffic_keyed(c);
  sftp_kex_tell_compression(c);
  host_event(c->host, "mod_sftp.ssh2.kex.completed", NULL);
  return SFTP_OK;
}

int sftp_on_ext_info(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t n = sftp_rd_u32(r), i;
  int res;

  if (c->kex->ext_info_seen) {
    return sftp_fail(c, SFTP_ERR_ORDER, "more than one EXT_INFO");
  }

  if (n > MAX_CLIENT_EXT) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "EXT_INFO of %u extensions", n);
  }

  c->kex->ext_info_seen = true;
  for (i = 0; i < n; i++) {
    struct sftp_str name = sftp_rd_string(r), value = sftp_rd_string(r);

    if (sftp_str_is(name, "ext-info-in-auth@openssh.com") &&
        sftp_str_is(value, "0")) {
      c->kex->ext_info_in_auth = true;
    }

    SFTP_TRACE(TRACE_SSH2, 12, "client extension '%.*s' (%lu bytes)",
      name.len < 64 ? (int) name.len : 64, (const char *) name.ptr,
      (unsigned long) value.len);
  }

  res = sftp_rd_end(r);
  return res == SFTP_OK ? SFTP_OK :
    sftp_fail(c, res, "malformed EXT_INFO");
}

int sftp_kex_auth_info(struct ssh_conn *c) {
  if (!c->kex->ext_info_in_auth || !c->client_ext_info) {
    return SFTP_OK;
  }

  c->kex->ext_info_in_auth = false;
  return send_ext_info(c, false);
}

/* ---- When to rekey */

static const char *used_up(const struct sftp_settings *set,
    const struct sftp_packet_stats *dir) {
  if (set->rekey_bytes > 0 && dir->bytes >= set->rekey_bytes) {
    return "volume";
  }

  return set->rekey_packets > 0 && dir->npackets >= set->rekey_packets ?
    "packets" : NULL;
}

static bool too_old(const struct ssh_conn *c) {
  return c->set->rekey_secs > 0 &&
    sftp_now_ms() - sftp_packets_out(c->pkts)->keyed_ms >=
      (uint64_t) c->set->rekey_secs * 1000;
}

/* None before login. */
static bool may_rekey(const struct ssh_conn *c) {
  return c->kex->pool == NULL && c->phase == PH_OPEN &&
    !c->set->client.never_rekey;
}

static const char *volume_reason(const struct ssh_conn *c) {
  const char *why = used_up(c->set, sftp_packets_in(c->pkts));

  return why != NULL ? why : used_up(c->set, sftp_packets_out(c->pkts));
}

bool sftp_kex_wanted(const struct ssh_conn *c) {
  return may_rekey(c) && volume_reason(c) != NULL;
}

bool sftp_kex_holds(const struct ssh_conn *c) {
  return c->authenticated && !c->set->client.never_rekey &&
    used_up(c->set, sftp_packets_out(c->pkts)) != NULL;
}

uint64_t sftp_kex_due_ms(const struct ssh_conn *c) {
  const struct sftp_kex *k = c->kex;
  uint64_t now, at;

  if (c->phase != PH_OPEN && k->pool == NULL) {
    return UINT64_MAX;
  }

  if (k->pool != NULL) {
    if (c->set->rekey_timeout_secs == 0 || !k->by_us || !c->keyed) {
      return UINT64_MAX;
    }

    at = k->started_ms + (uint64_t) c->set->rekey_timeout_secs * 1000;

  } else {
    if (c->set->rekey_secs == 0) {
      return UINT64_MAX;
    }

    at = sftp_packets_out(c->pkts)->keyed_ms +
      (uint64_t) c->set->rekey_secs * 1000;
  }

  now = sftp_now_ms();
  return at > now ? at - now : 0;
}

int sftp_kex_check(struct ssh_conn *c) {
  struct sftp_kex *k = c->kex;
  const char *why;

  if (k->pool != NULL) {
    if (c->keyed && k->by_us && sftp_kex_due_ms(c) == 0) {
      return sftp_fail(c, SFTP_ERR_KEX,
        "rekeying was not completed within %u seconds (SFTPRekey)",
        c->set->rekey_timeout_secs);
    }

    return SFTP_OK;
  }

  if (!may_rekey(c)) {
    return SFTP_OK;
  }

  why = volume_reason(c);
  why = why == NULL && too_old(c) ? "time" : why;
  return why != NULL ? sftp_kex_start(c, why) : SFTP_OK;
}
