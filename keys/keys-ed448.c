/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-ed448.c -- Ed448 keys and signatures: RFC 8709, RFC 8032. */

#include <openssl/bn.h>

#include "keys-int.h"

#define ED448_LEN 57
#define ED448_SIG_LEN 114
#define ED448_D 39081           /* the curve is x^2 + y^2 = 1 - D x^2 y^2 */

/* p = 2^448 - 2^224 - 1 */
static BIGNUM *prime(void) {
  BIGNUM *p = BN_new();

  if (p != NULL && (BN_set_bit(p, 448) != 1 || BN_sub_word(p, 1) != 1 ||
      BN_clear_bit(p, 224) != 1)) {
    BN_free(p);
    p = NULL;
  }

  return p;
}

/* Whether there is an x for y, that is, (y^2 - 1) / (-D y^2 - 1) is a square;
 * the product is one when the quotient is.
 */
static bool has_x(const BIGNUM *y, const BIGNUM *p, BN_CTX *ctx) {
  BIGNUM *u = BN_new(), *v = BN_new();
  bool square = false;

  if (u != NULL && v != NULL && BN_mod_sqr(u, y, p, ctx) == 1 &&
      BN_copy(v, u) != NULL && BN_sub_word(u, 1) == 1 &&
      BN_mul_word(v, ED448_D) == 1 && BN_add_word(v, 1) == 1) {
    BN_set_negative(v, 1);
    square = BN_mod_mul(u, u, v, p, ctx) == 1 &&
      BN_kronecker(u, p, ctx) == 1;
  }

  BN_free(u);
  BN_free(v);
  return square;
}

/* RFC 8032, section 5.2.3, without the points of small order: their y is 0, 1
 * or -1.
 */
static bool is_sane(const unsigned char *point) {
  BIGNUM *p = prime(), *y = BN_lebin2bn(point, ED448_LEN - 1, NULL);
  BN_CTX *ctx = BN_CTX_new();
  bool sane = false;

  if (p != NULL && y != NULL && ctx != NULL && BN_add_word(y, 1) == 1 &&
      BN_cmp(y, p) < 0 && BN_sub_word(y, 1) == 1) {
    sane = (point[ED448_LEN - 1] & 0x7f) == 0 && !BN_is_zero(y) &&
      !BN_is_one(y) && has_x(y, p, ctx);
  }

  BN_CTX_free(ctx);
  BN_free(y);
  BN_free(p);
  return sane;
}

static int ed448_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  if (pub.len != ED448_LEN || !is_sane(pub.ptr)) {
    return SFTP_ERR_FORMAT;
  }

  key->pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "ED448", NULL, pub.ptr,
    pub.len);
  return key->pkey != NULL ? SFTP_OK : SFTP_ERR_CRYPTO;
}

/* As PuTTY writes it: public key, then private and public in one string. */
static int ed448_read_private(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  struct sftp_str priv = sftp_rd_string(r);
  unsigned char derived[ED448_LEN];
  size_t len = sizeof(derived);
  int res = sftp_rd_ok(r);

  if (res != SFTP_OK) {
    return res;
  }

  if (pub.len != ED448_LEN || priv.len != 2 * ED448_LEN) {
    return SFTP_ERR_FORMAT;
  }

  key->pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "ED448", NULL, priv.ptr,
    ED448_LEN);
  if (key->pkey == NULL ||
      EVP_PKEY_get_raw_public_key(key->pkey, derived, &len) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return sftp_same(derived, pub.ptr, ED448_LEN) &&
    sftp_same(derived, priv.ptr + ED448_LEN, ED448_LEN) ? SFTP_OK :
    SFTP_ERR_FORMAT;
}

static int ed448_adopt(struct sftp_key *key, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  key->pkey = pkey;
  return SFTP_OK;
}

static int ed448_write_public(const struct sftp_key *key, struct sftp_wr *w) {
  unsigned char pub[ED448_LEN];
  size_t len = sizeof(pub);

  if (EVP_PKEY_get_raw_public_key(key->pkey, pub, &len) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  sftp_wr_string(w, pub, len);
  return sftp_wr_end(w);
}

static int ed448_verify(const struct sftp_key *key, const char *digest,
    struct sftp_str sig, struct sftp_str data) {
  if (sig.len != ED448_SIG_LEN) {
    return SFTP_ERR_MAC;
  }

  return sftp_key_evp_verify(key, digest, sig.ptr, sig.len, data);
}

const struct sftp_key_ops sftp_key_ed448 = {
  ed448_read_public, ed448_read_private, ed448_adopt, ed448_write_public,
  sftp_key_evp_write, ed448_verify, NULL
};
