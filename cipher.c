/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher.c -- the table of ciphers. */

#include "cipher-int.h"
#include "crypto.h"

/* In order of preference: AEAD before the rest, and among equals the fastest on
 * CPUs with AES instructions (for others, see alg-profile.c).  Lengths in
 * bytes: key, IV, block, tag, discarded key stream (RFC 4345).
 *
 * The key of chacha20-poly1305 consists of two keys.  RFC 4253, section 6.3 and
 * RFC 4344, section 4 define the others.
 */
const struct sftp_cipher_alg sftp_ciphers[] = {
  { { "aes128-gcm@openssh.com", ALG_DEFAULT|ALG_MODERN|ALG_FIPS },
    &sftp_cipher_gcm, "AES-128-GCM", 16, 12, 16, 16, 0 },
  { { "aes256-gcm@openssh.com", ALG_DEFAULT|ALG_MODERN|ALG_FIPS },
    &sftp_cipher_gcm, "AES-256-GCM", 32, 12, 16, 16, 0 },
  { { "chacha20-poly1305@openssh.com", ALG_DEFAULT|ALG_MODERN },
    &sftp_cipher_chacha, "ChaCha20", 64, 0, 8, 16, 0 },
  { { "aes128-ctr", ALG_DEFAULT|ALG_FIPS },
    &sftp_cipher_evp, "AES-128-CTR", 16, 16, 16, 0, 0 },
  { { "aes192-ctr", ALG_DEFAULT|ALG_FIPS },
    &sftp_cipher_evp, "AES-192-CTR", 24, 16, 16, 0, 0 },
  { { "aes256-ctr", ALG_DEFAULT|ALG_FIPS },
    &sftp_cipher_evp, "AES-256-CTR", 32, 16, 16, 0, 0 },

  /* CBC as SSH uses it leaks plaintext to an attacker (CPNI-957037). */
  { { "aes256-cbc", ALG_OPT_IN|ALG_FIPS },
    &sftp_cipher_evp, "AES-256-CBC", 32, 16, 16, 0, 0 },
  { { "aes192-cbc", ALG_OPT_IN|ALG_FIPS },
    &sftp_cipher_evp, "AES-192-CBC", 24, 16, 16, 0, 0 },
  { { "aes128-cbc", ALG_OPT_IN|ALG_FIPS },
    &sftp_cipher_evp, "AES-128-CBC", 16, 16, 16, 0, 0 },

  /* Blocks of 64 bits: unsafe after a few GiB under one key, and no longer
   * approved for encryption (NIST SP 800-131A).
   */
  { { "cast128-cbc", ALG_OPT_IN },
    &sftp_cipher_evp, "CAST5-CBC", 16, 8, 8, 0, 0 },
  { { "3des-ctr", ALG_OPT_IN },
    &sftp_cipher_ctr, "DES-EDE3-ECB", 24, 8, 8, 0, 0 },
  { { "3des-cbc", ALG_OPT_IN },
    &sftp_cipher_evp, "DES-EDE3-CBC", 24, 8, 8, 0, 0 },
  { { "blowfish-ctr", ALG_OPT_IN },
    &sftp_cipher_ctr, "BF-ECB", 32, 8, 8, 0, 0 },
  { { "blowfish-cbc", ALG_OPT_IN },
    &sftp_cipher_evp, "BF-CBC", 16, 8, 8, 0, 0 },
  { { "arcfour256", ALG_OPT_IN },
    &sftp_cipher_evp, "RC4", 32, 0, 8, 0, 1536 },
  { { "arcfour128", ALG_OPT_IN },
    &sftp_cipher_evp, "RC4", 16, 0, 8, 0, 1536 },
  { { "none", ALG_OPT_IN },
    &sftp_cipher_none, NULL, 0, 0, 8, 0, 0 },

  { { NULL, 0 }, NULL, NULL, 0, 0, 0, 0, 0 }
};

bool sftp_cipher_is_usable(const struct sftp_alg *alg) {
  const struct sftp_cipher_alg *cipher = (const void *) alg;

  return sftp_crypto_permits(alg) &&
    (cipher->evp == NULL || sftp_crypto_cipher(cipher->evp) != NULL) &&
    (cipher->ops->mac == NULL || sftp_crypto_mac(cipher->ops->mac) != NULL);
}

static void free_cipher(void *data) {
  struct sftp_cipher *c = data;

  c->alg->ops->free(c);
}

int sftp_cipher_new(pool *p, const struct sftp_cipher_alg *alg,
    const unsigned char *key, const unsigned char *iv, bool encrypt,
    struct sftp_cipher **c) {
  int res;

  *c = pcalloc(p, sizeof(**c));
  (*c)->alg = alg;
  (*c)->pool = p;

  /* Registered first, so that everything left by a failed init() is freed with
   * the pool.
   */
  register_cleanup2(p, *c, free_cipher);
  res = alg->ops->init(*c, key, iv, encrypt);
  if (res != SFTP_OK) {
    *c = NULL;
  }

  return res;
}

/* ---- Going on in another process.  The position in a key stream cannot be
 * set: it is made again up to there.
 */

#define POSITION_LEN 8
#define RESUME_MAX (64 * 1024 * 1024)

static bool is_stream(const struct sftp_cipher_alg *alg) {
  return alg->discard > 0;
}

size_t sftp_cipher_iv_len(const struct sftp_cipher_alg *alg) {
  return is_stream(alg) ? POSITION_LEN : alg->iv_len;
}

int sftp_cipher_iv(const struct sftp_cipher *c, unsigned char *out) {
  if (is_stream(c->alg)) {
    sftp_put_u64(out, c->used);
    return SFTP_OK;
  }

  return c->alg->ops->iv(c, out);
}

static int skip_to(struct sftp_cipher *c, uint64_t position) {
  unsigned char stream[1024];
  int res = position < c->used ? SFTP_ERR_FORMAT :
    position > RESUME_MAX ? SFTP_ERR_LIMIT : SFTP_OK;

  memset(stream, 0, sizeof(stream));
  while (res == SFTP_OK && c->used < position) {
    uint64_t left = position - c->used;

    res = c->alg->ops->crypt(c, stream, left < sizeof(stream) ?
      (size_t) left : sizeof(stream));
  }

  sftp_wipe(stream, sizeof(stream));
  return res;
}

int sftp_cipher_resume(pool *p, const struct sftp_cipher_alg *alg,
    const unsigned char *key, const unsigned char *iv, bool encrypt,
    struct sftp_cipher **c) {
  int res = sftp_cipher_new(p, alg, key, iv, encrypt, c);

  if (res == SFTP_OK && is_stream(alg)) {
    res = skip_to(*c, sftp_get_u64(iv));
  }

  return res;
}

/* ---- none (RFC 4253, section 6.3) */

static int none_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  (void) c;
  (void) key;
  (void) iv;
  (void) encrypt;
  return SFTP_OK;
}

static void none_free(struct sftp_cipher *c) {
  (void) c;
}

static int none_crypt(struct sftp_cipher *c, unsigned char *p, size_t n) {
  (void) c;
  (void) p;
  (void) n;
  return SFTP_OK;
}

static int none_iv(const struct sftp_cipher *c, unsigned char *out) {
  (void) c;
  (void) out;
  return SFTP_OK;
}

const struct sftp_cipher_ops sftp_cipher_none = {
  none_init, none_free, none_crypt, NULL, NULL, NULL, none_iv, NULL
};
