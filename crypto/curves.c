/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* curves.c -- the NIST curves: their names, sizes and points. */

#include <openssl/core_names.h>

#include "curves.h"
#include "params.h"

#define POINT_UNCOMPRESSED 0x04

static const struct sftp_curve curves[] = {
  { "nistp256", "P-256", "prime256v1", 32 },
  { "nistp384", "P-384", "secp384r1", 48 },
  { "nistp521", "P-521", "secp521r1", 66 },
};

const struct sftp_curve *sftp_curve_find(const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(curves); i++) {
    if (strcmp(name, curves[i].ssh) == 0 ||
        strcmp(name, curves[i].evp) == 0) {
      return &curves[i];
    }
  }

  return NULL;
}

EVP_PKEY *sftp_curve_public(const struct sftp_curve *curve,
    struct sftp_str point) {
  struct sftp_params l;

  if (point.len != 1 + 2 * curve->len || point.ptr[0] != POINT_UNCOMPRESSED) {
    return NULL;
  }

  sftp_params_init(&l);
  sftp_params_text(&l, OSSL_PKEY_PARAM_GROUP_NAME, curve->evp);
  sftp_params_bytes(&l, OSSL_PKEY_PARAM_PUB_KEY, point);
  return sftp_params_key(&l, "EC", EVP_PKEY_PUBLIC_KEY);
}

int sftp_curve_point(const struct sftp_curve *curve, const EVP_PKEY *pkey,
    unsigned char point[SFTP_POINT_MAX_LEN]) {
  BIGNUM *x = NULL, *y = NULL;
  int len = (int) curve->len, res = SFTP_ERR_CRYPTO;

  if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
      EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
      BN_bn2binpad(x, point + 1, len) == len &&
      BN_bn2binpad(y, point + 1 + len, len) == len) {
    point[0] = POINT_UNCOMPRESSED;
    res = SFTP_OK;
  }

  BN_free(x);
  BN_free(y);
  return res;
}
