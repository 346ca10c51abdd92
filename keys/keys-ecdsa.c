/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-ecdsa.c -- ECDSA keys and signatures: RFC 5656, section 3. */

#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "curves.h"
#include "keys-int.h"
#include "params.h"

/* SEQUENCE of two INTEGERs of at most 67 bytes. */
#define DER_MAX_LEN 160

static const struct sftp_curve *curve_of(const struct sftp_key *key) {
  return sftp_curve_find(key->type->parameter);
}

static int ecdsa_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str name = sftp_rd_string(r);
  struct sftp_str point = sftp_rd_string(r);
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  if (!sftp_str_is(name, key->type->parameter)) {
    return SFTP_ERR_FORMAT;
  }

  key->pkey = sftp_curve_public(curve_of(key), point);
  return key->pkey != NULL ? SFTP_OK : SFTP_ERR_FORMAT;
}

/* PROTOCOL.key: curve name, Q, d. */
static int ecdsa_read_private(struct sftp_key *key, struct sftp_rd *r) {
  const struct sftp_curve *curve = curve_of(key);
  struct sftp_str name = sftp_rd_string(r);
  struct sftp_str point = sftp_rd_string(r);
  struct sftp_str d = sftp_rd_mpint(r);
  EVP_PKEY *public_part;
  struct sftp_params l;
  int res = sftp_rd_ok(r);

  if (res != SFTP_OK) {
    return res;
  }

  public_part = sftp_curve_public(curve, point);
  if (!sftp_str_is(name, key->type->parameter) || public_part == NULL ||
      d.len == 0 || d.len > curve->len) {
    EVP_PKEY_free(public_part);
    return SFTP_ERR_FORMAT;
  }

  EVP_PKEY_free(public_part);
  sftp_params_init(&l);
  sftp_params_text(&l, OSSL_PKEY_PARAM_GROUP_NAME, curve->evp);
  sftp_params_bytes(&l, OSSL_PKEY_PARAM_PUB_KEY, point);
  sftp_params_number(&l, OSSL_PKEY_PARAM_PRIV_KEY, d, true);
  key->pkey = sftp_params_key(&l, "EC", EVP_PKEY_KEYPAIR);
  return key->pkey != NULL ? SFTP_OK : SFTP_ERR_CRYPTO;
}

static int ecdsa_adopt(struct sftp_key *key, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  char group[80];

  if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
      strcmp(group, curve_of(key)->group) != 0) {
    EVP_PKEY_free(pkey);
    return SFTP_ERR_UNSUPPORTED;
  }

  key->pkey = pkey;
  return SFTP_OK;
}

static int ecdsa_write_public(const struct sftp_key *key, struct sftp_wr *w) {
  const struct sftp_curve *curve = curve_of(key);
  unsigned char point[SFTP_POINT_MAX_LEN];
  int res = sftp_curve_point(curve, key->pkey, point);

  if (res == SFTP_OK) {
    sftp_wr_text(w, curve->ssh);
    sftp_wr_string(w, point, 1 + 2 * curve->len);
    res = sftp_wr_end(w);
  }

  return res;
}

static void put_number(const BIGNUM *bn, struct sftp_wr *w) {
  unsigned char bytes[SFTP_CURVE_MAX_LEN];

  sftp_wr_mpint(w, bytes, (size_t) BN_bn2bin(bn, bytes));
}

/* RFC 5656, section 3.1.2: mpint r, mpint s. */
static int ecdsa_sign(const struct sftp_key *key, const char *digest,
    struct sftp_str data, struct sftp_wr *w) {
  unsigned char der[DER_MAX_LEN];
  const unsigned char *p = der;
  size_t len = sizeof(der);
  ECDSA_SIG *sig;
  int res = sftp_key_evp_sign(key, digest, data, der, &len);

  if (res != SFTP_OK) {
    return res;
  }

  sig = d2i_ECDSA_SIG(NULL, &p, (long) len);
  if (sig == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  put_number(ECDSA_SIG_get0_r(sig), w);
  put_number(ECDSA_SIG_get0_s(sig), w);
  ECDSA_SIG_free(sig);
  return sftp_wr_end(w);
}

/* The signature as libcrypto wants it; der has DER_MAX_LEN bytes.  Returns
 * the length, 0 on failure.
 */
static size_t der_of(struct sftp_str r, struct sftp_str s,
    unsigned char *der) {
  ECDSA_SIG *sig = ECDSA_SIG_new();
  BIGNUM *bn_r = BN_bin2bn(r.ptr, (int) r.len, NULL);
  BIGNUM *bn_s = BN_bin2bn(s.ptr, (int) s.len, NULL);
  int len = 0;

  if (sig != NULL && bn_r != NULL && bn_s != NULL &&
      ECDSA_SIG_set0(sig, bn_r, bn_s) == 1) {
    bn_r = bn_s = NULL;         /* sig's now */
    len = i2d_ECDSA_SIG(sig, &der);
  }

  BN_free(bn_r);
  BN_free(bn_s);
  ECDSA_SIG_free(sig);
  return len > 0 ? (size_t) len : 0;
}

static int ecdsa_verify(const struct sftp_key *key, const char *digest,
    struct sftp_str sig, struct sftp_str data) {
  const struct sftp_curve *curve = curve_of(key);
  unsigned char der[DER_MAX_LEN];
  struct sftp_str r, s;
  struct sftp_rd rd;
  size_t len;
  int res;

  sftp_rd_init_str(&rd, sig);
  r = sftp_rd_mpint(&rd);
  s = sftp_rd_mpint(&rd);
  res = sftp_rd_end(&rd);
  if (res != SFTP_OK) {
    return res;
  }

  /* libcrypto refuses r and s that are not below the order. */
  if (r.len == 0 || r.len > curve->len || s.len == 0 || s.len > curve->len) {
    return SFTP_ERR_MAC;
  }

  len = der_of(r, s, der);
  if (len == 0) {
    return SFTP_ERR_CRYPTO;
  }

  return sftp_key_evp_verify(key, digest, der, len, data);
}

const struct sftp_key_ops sftp_key_ecdsa = {
  ecdsa_read_public, ecdsa_read_private, ecdsa_adopt, ecdsa_write_public,
  ecdsa_sign, ecdsa_verify, NULL
};
