/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-rsa.c -- RSA keys: RFC 4253, section 6.6; signatures PKCS#1 v1.5 with
 * SHA-2 (RFC 8332) or SHA-1.
 */

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "keys-int.h"
#include "params.h"

#define MODULUS_MIN_BITS 512    /* what libcrypto accepts; policy is
                                 * elsewhere */
#define MODULUS_MAX_BYTES (16384 / 8)
#define EXPONENT_MAX_BYTES 32   /* FIPS 186-5, appendix A.1.1 */

/* Whether the numbers can be an RSA key.  Magnitudes have no leading zeros. */
static int check_numbers(struct sftp_str n, struct sftp_str e) {
  if (n.len < MODULUS_MIN_BITS / 8 || n.len > MODULUS_MAX_BYTES) {
    return SFTP_ERR_KEY_SIZE;
  }

  if ((n.ptr[n.len - 1] & 1) == 0 || e.len == 0 ||
      e.len > EXPONENT_MAX_BYTES || (e.ptr[e.len - 1] & 1) == 0) {
    return SFTP_ERR_FORMAT;
  }

  return e.len > 1 || e.ptr[0] >= 3 ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int rsa_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str e = sftp_rd_mpint(r);
  struct sftp_str n = sftp_rd_mpint(r);
  struct sftp_params l;
  int res = sftp_rd_end(r);

  if (res == SFTP_OK) {
    res = check_numbers(n, e);
  }

  if (res != SFTP_OK) {
    return res == SFTP_ERR_LIMIT ? SFTP_ERR_KEY_SIZE : res;
  }

  sftp_params_init(&l);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_N, n, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_E, e, false);
  key->pkey = sftp_params_key(&l, "RSA", EVP_PKEY_PUBLIC_KEY);
  return key->pkey != NULL ? SFTP_OK : SFTP_ERR_CRYPTO;
}

/* d mod (prime - 1), which the file does not hold; NULL on failure. */
static BIGNUM *crt_exponent(const BIGNUM *d, const BIGNUM *prime) {
  BIGNUM *m = BN_secure_new(), *res = BN_secure_new();
  BN_CTX *ctx = BN_CTX_secure_new();
  bool done = false;

  if (d != NULL && prime != NULL && m != NULL && res != NULL && ctx != NULL &&
      BN_sub(m, prime, BN_value_one()) == 1) {
    BN_set_flags(m, BN_FLG_CONSTTIME);
    done = BN_div(NULL, res, d, m, ctx) == 1;
  }

  BN_CTX_free(ctx);
  BN_clear_free(m);
  if (!done) {
    BN_clear_free(res);
    res = NULL;
  }

  return res;
}

/* Whether n = p * q and q * qinv = 1 mod p.  libcrypto would sign with damaged
 * primes nevertheless, only slower.
 */
static bool primes_fit(const EVP_PKEY *pkey) {
  static const char *const names[] = { OSSL_PKEY_PARAM_RSA_N,
    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2,
    OSSL_PKEY_PARAM_RSA_COEFFICIENT1 };
  BIGNUM *bn[SFTP_NELEMS(names)] = { NULL }, *res = BN_secure_new();
  BN_CTX *ctx = BN_CTX_secure_new();
  bool fit = res != NULL && ctx != NULL;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    fit = EVP_PKEY_get_bn_param(pkey, names[i], &bn[i]) == 1 && fit;
  }

  fit = fit && BN_mul(res, bn[1], bn[2], ctx) == 1 &&
    BN_cmp(res, bn[0]) == 0 &&
    BN_mod_mul(res, bn[2], bn[3], bn[1], ctx) == 1 && BN_is_one(res);

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    BN_clear_free(bn[i]);
  }

  BN_clear_free(res);
  BN_CTX_free(ctx);
  return fit;
}

/* PROTOCOL.key: n, e, d, iqmp, p, q. */
static int rsa_read_private(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str n = sftp_rd_mpint(r), e = sftp_rd_mpint(r);
  struct sftp_str d = sftp_rd_mpint(r), qinv = sftp_rd_mpint(r);
  struct sftp_str p = sftp_rd_mpint(r), q = sftp_rd_mpint(r);
  const BIGNUM *bn_d, *bn_p, *bn_q;
  struct sftp_params l;
  int res = sftp_rd_ok(r);

  if (res == SFTP_OK) {
    res = check_numbers(n, e);
  }

  if (res != SFTP_OK) {
    return res;
  }

  if (d.len == 0 || d.len > n.len || p.len == 0 ||
      p.len >= n.len || q.len == 0 || q.len >= n.len || qinv.len == 0 ||
      qinv.len > p.len) {
    return SFTP_ERR_FORMAT;
  }

  sftp_params_init(&l);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_N, n, false);
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_E, e, false);
  bn_d = sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_D, d, true);
  bn_p = sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_FACTOR1, p, true);
  bn_q = sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_FACTOR2, q, true);
  sftp_params_bn(&l, OSSL_PKEY_PARAM_RSA_EXPONENT1, crt_exponent(bn_d, bn_p));
  sftp_params_bn(&l, OSSL_PKEY_PARAM_RSA_EXPONENT2, crt_exponent(bn_d, bn_q));
  sftp_params_number(&l, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, qinv, true);
  key->pkey = sftp_params_key(&l, "RSA", EVP_PKEY_KEYPAIR);
  if (key->pkey == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  return primes_fit(key->pkey) ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int rsa_adopt(struct sftp_key *key, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  if (EVP_PKEY_get_bits(pkey) < MODULUS_MIN_BITS ||
      EVP_PKEY_get_bits(pkey) > MODULUS_MAX_BYTES * 8) {
    EVP_PKEY_free(pkey);
    return SFTP_ERR_LIMIT;
  }

  key->pkey = pkey;
  return primes_fit(pkey) ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int rsa_write_public(const struct sftp_key *key, struct sftp_wr *w) {
  sftp_key_put_number(key, OSSL_PKEY_PARAM_RSA_E, w);
  sftp_key_put_number(key, OSSL_PKEY_PARAM_RSA_N, w);
  return sftp_wr_end(w);
}

static int rsa_verify(const struct sftp_key *key, const char *digest,
    struct sftp_str sig, struct sftp_str data) {
  unsigned char padded[MODULUS_MAX_BYTES];
  size_t len = (size_t) EVP_PKEY_get_size(key->pkey);

  if (sig.len == 0 || sig.len > len || len > sizeof(padded)) {
    return SFTP_ERR_MAC;
  }

  /* Old PuTTYs drop leading zeros; RFC 8332, section 3, tells verifiers to
   * put them back.
   */
  memset(padded, 0, len - sig.len);
  memcpy(padded + len - sig.len, sig.ptr, sig.len);
  return sftp_key_evp_verify(key, digest, padded, len, data);
}

const struct sftp_key_ops sftp_key_rsa = {
  rsa_read_public, rsa_read_private, rsa_adopt, rsa_write_public,
  sftp_key_evp_write, rsa_verify, NULL
};
