/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-keys.c -- the exchange hash and the keys derived from it: RFC 4253,
 * sections 7.2 and 8.
 */

#include "kex-int.h"

#include "crypto.h"

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

/* Ends the hash; *len is the digest's length.  SFTP_ERR_CRYPTO on any failure.
 */
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
int sftp_kex_hash_of(const struct ssh_conn *c,
    const struct sftp_transcript *t, unsigned char *out, size_t *len) {
  struct hash h;

  if (hash_begin(&h, t->method->digest)) {
    hash_string(&h, sftp_str_of(c->peer.ident));
    hash_string(&h, sftp_str_of(c->set->ident));
    hash_string(&h, t->theirs);
    hash_string(&h, t->ours);
    hash_string(&h, t->host_key);
    hash_bytes(&h, t->hashed.ptr, t->hashed.len);
    hash_bytes(&h, t->secret.ptr, t->secret.len);
  }

  return hash_end(&h, out, len);
}

int sftp_kex_hash(struct ssh_conn *c, struct sftp_str host_key,
    unsigned char *out, size_t *len) {
  const struct kex_run *run = c->kex->run;
  const struct sftp_transcript t = {
    .method = run->x.method, .theirs = run->theirs, .ours = run->ours,
    .host_key = host_key, .hashed = sftp_wr_get(&run->x.hashed),
    .secret = sftp_wr_get(&run->x.k)
  };

  return sftp_kex_hash_of(c, &t, out, len);
}

/* `need' bytes for one letter (RFC 4253, section 7.2). */
static int derive_key(struct ssh_conn *c, struct sftp_str H, char letter,
    unsigned char *out, size_t need) {
  struct sftp_kex *k = c->kex;
  struct sftp_str secret = sftp_wr_get(&k->run->x.k);
  unsigned char block[KEX_MAX_DIGEST];
  size_t have = 0, len = 0;
  int res = SFTP_OK;

  while (have < need && res == SFTP_OK) {
    struct hash h;

    if (hash_begin(&h, k->run->x.method->digest)) {
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
int sftp_kex_make_keys(struct ssh_conn *c, struct sftp_str H, bool in,
    struct sftp_keys *keys) {
  const struct sftp_kex *k = c->kex;
  unsigned char iv[SFTP_CIPHER_IV_MAX], key[SFTP_CIPHER_KEY_MAX],
    mac_key[SFTP_MAC_KEY_MAX];
  struct sftp_key_parts parts = {
    .cipher = (const struct sftp_cipher_alg *)
      k->run->alg[in ? L_CIPHER_C2S : L_CIPHER_S2C],
    .mac = (const struct sftp_mac_alg *)
      k->run->alg[in ? L_MAC_C2S : L_MAC_S2C],
    .compression = k->run->alg[in ? L_COMP_C2S : L_COMP_S2C],
    .key = key, .iv = iv, .mac_key = mac_key, .keep = c->state.keep_keys
  };
  int res = SFTP_ERR_CRYPTO;

  memset(keys, 0, sizeof(*keys));
  if (parts.cipher->iv_len > sizeof(iv) ||
      parts.cipher->key_len > sizeof(key) ||
      (parts.mac != NULL && parts.mac->key_len > sizeof(mac_key))) {
    return res;
  }

  if (derive_key(c, H, in ? 'A' : 'B', iv, parts.cipher->iv_len) == SFTP_OK &&
      derive_key(c, H, in ? 'C' : 'D', key,
        parts.cipher->key_len) == SFTP_OK &&
      (parts.mac == NULL || derive_key(c, H, in ? 'E' : 'F', mac_key,
        parts.mac->key_len) == SFTP_OK)) {
    res = sftp_keys_new(c->pool, &parts, in, keys);
  }

  sftp_wipe(iv, sizeof(iv));
  sftp_wipe(key, sizeof(key));
  sftp_wipe(mac_key, sizeof(mac_key));
  return res;
}
