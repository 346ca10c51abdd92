/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-dsa.c -- DSA keys and signatures: RFC 4253, section 6.6.  They use SHA-1
 * only, so they are off unless the administrator names them.
 */

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/err.h>

#include "keys-int.h"
#include "params.h"

#define PRIME_MIN_LEN (512 / 8)
#define PRIME_MAX_LEN (4096 / 8)
#define NUMBER_LEN 20           /* of q, r and s: 160 bits */
#define DER_MAX_LEN 64

struct dsa_numbers {
  struct sftp_str p, q, g, y;
};

static void read_numbers(struct sftp_rd *r, struct dsa_numbers *n) {
  n->p = sftp_rd_mpint(r);
  n->q = sftp_rd_mpint(r);
  n->g = sftp_rd_mpint(r);
  n->y = sftp_rd_mpint(r);
}

static bool is_odd_size(const struct dsa_numbers *n) {
  return n->p.len < PRIME_MIN_LEN || n->p.len > PRIME_MAX_LEN;
}

/* Odd primes, g and y within them; the rest is libcrypto's to check. */
static bool is_sane(const struct dsa_numbers *n) {
  if ((n->p.ptr[n->p.len - 1] & 1) == 0 || n->q.len != NUMBER_LEN ||
      (n->q.ptr[NUMBER_LEN - 1] & 1) == 0) {
    return false;
  }

  return n->g.len > 0 && n->g.len <= n->p.len && n->y.len > 0 &&
    n->y.len <= n->p.len;
}

/* 1 < y < p - 1 and y^q = 1: of the subgroup. */
static bool public_part_is_good(EVP_PKEY *pkey) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
  bool good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

  EVP_PKEY_CTX_free(ctx);
  ERR_clear_error();
  return good;
}

/* x is NULL for a public key. */
static int set_key(struct sftp_key *key, const struct dsa_numbers *n,
    const struct sftp_str *x) {
  struct sftp_params l;

  if (is_odd_size(n)) {
    return SFTP_ERR_KEY_SIZE;
  }

  if (!is_sane(n)) {
    return SFTP_ERR_FORMAT;
  }

  sftp_params_init(&l);
  sftp_params_number(&l, OSSL_PKEY_PARAM_FFC_P, n->p, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_FFC_Q, n->q, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_FFC_G, n->g, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_PUB_KEY, n->y, false);
  if (x != NULL) {
    sftp_params_number(&l, OSSL_PKEY_PARAM_PRIV_KEY, *x, true);
  }

  key->pkey = sftp_params_key(&l, "DSA",
    x != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY);
  if (key->pkey == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  return public_part_is_good(key->pkey) ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int dsa_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct dsa_numbers n;
  int res;

  read_numbers(r, &n);
  res = sftp_rd_end(r);
  return res == SFTP_OK ? set_key(key, &n, NULL) : res == SFTP_ERR_LIMIT ?
    SFTP_ERR_KEY_SIZE : res;
}

/* PROTOCOL.key: p, q, g, y, x. */
static int dsa_read_private(struct sftp_key *key, struct sftp_rd *r) {
  struct dsa_numbers n;
  struct sftp_str x;
  int res;

  read_numbers(r, &n);
  x = sftp_rd_mpint(r);
  res = sftp_rd_ok(r);
  if (res == SFTP_OK && (x.len == 0 || x.len > NUMBER_LEN)) {
    res = SFTP_ERR_FORMAT;
  }

  return res == SFTP_OK ? set_key(key, &n, &x) : res;
}

static int dsa_adopt(struct sftp_key *key, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  BIGNUM *q = NULL;
  bool fits;

  fits = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_FFC_Q, &q) == 1 &&
    BN_num_bytes(q) == NUMBER_LEN &&
    EVP_PKEY_get_bits(pkey) <= PRIME_MAX_LEN * 8;
  BN_free(q);
  if (!fits) {
    EVP_PKEY_free(pkey);
    return SFTP_ERR_UNSUPPORTED;
  }

  key->pkey = pkey;
  return SFTP_OK;
}

static int dsa_write_public(const struct sftp_key *key, struct sftp_wr *w) {
  sftp_key_put_number(key, OSSL_PKEY_PARAM_FFC_P, w);
  sftp_key_put_number(key, OSSL_PKEY_PARAM_FFC_Q, w);
  sftp_key_put_number(key, OSSL_PKEY_PARAM_FFC_G, w);
  sftp_key_put_number(key, OSSL_PKEY_PARAM_PUB_KEY, w);
  return sftp_wr_end(w);
}

/* r and s as 160 bits each, without lengths. */
static int dsa_sign(const struct sftp_key *key, const char *digest,
    struct sftp_str data, struct sftp_wr *w) {
  unsigned char der[DER_MAX_LEN], raw[2 * NUMBER_LEN];
  const unsigned char *p = der;
  size_t len = sizeof(der);
  DSA_SIG *sig;
  const BIGNUM *r, *s;
  int res = sftp_key_evp_sign(key, digest, data, der, &len);

  if (res != SFTP_OK) {
    return res;
  }

  sig = d2i_DSA_SIG(NULL, &p, (long) len);
  if (sig == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  DSA_SIG_get0(sig, &r, &s);
  if (BN_bn2binpad(r, raw, NUMBER_LEN) != NUMBER_LEN ||
      BN_bn2binpad(s, raw + NUMBER_LEN, NUMBER_LEN) != NUMBER_LEN) {
    sftp_wr_fail(w, SFTP_ERR_CRYPTO);
  }

  DSA_SIG_free(sig);
  sftp_wr_bytes(w, raw, sizeof(raw));
  return sftp_wr_end(w);
}

/* The signature as libcrypto wants it; 0 on failure. */
static size_t der_of(const unsigned char *raw, unsigned char *der) {
  DSA_SIG *sig = DSA_SIG_new();
  BIGNUM *r = BN_bin2bn(raw, NUMBER_LEN, NULL);
  BIGNUM *s = BN_bin2bn(raw + NUMBER_LEN, NUMBER_LEN, NULL);
  int len = 0;

  if (sig != NULL && r != NULL && s != NULL && DSA_SIG_set0(sig, r, s) == 1) {
    r = s = NULL;               /* sig's now */
    len = i2d_DSA_SIG(sig, &der);
  }

  BN_free(r);
  BN_free(s);
  DSA_SIG_free(sig);
  return len > 0 ? (size_t) len : 0;
}

static int dsa_verify(const struct sftp_key *key, const char *digest,
    struct sftp_str sig, struct sftp_str data) {
  unsigned char der[DER_MAX_LEN];
  size_t len;

  if (sig.len != 2 * NUMBER_LEN) {
    return SFTP_ERR_MAC;
  }

  len = der_of(sig.ptr, der);
  if (len == 0) {
    return SFTP_ERR_CRYPTO;
  }

  return sftp_key_evp_verify(key, digest, der, len, data);
}

const struct sftp_key_ops sftp_key_dsa = {
  dsa_read_public, dsa_read_private, dsa_adopt, dsa_write_public, dsa_sign,
  dsa_verify, NULL
};
