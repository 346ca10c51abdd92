/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-x448.c -- curve448-sha512: RFC 8731. */

#include <openssl/err.h>
#include <openssl/evp.h>

#include "kex-method.h"
#include "ssh2.h"

#define X448_LEN 56

/* Fails when the result is zero: RFC 8731, section 3. */
static int derive_secret(EVP_PKEY *mine, EVP_PKEY *theirs,
    unsigned char *secret) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
  static const unsigned char zero[X448_LEN];
  size_t len = X448_LEN;
  int res = SFTP_ERR_KEX;

  if (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
      EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
      EVP_PKEY_derive(ctx, secret, &len) == 1 && len == X448_LEN &&
      !sftp_same(secret, zero, sizeof(zero))) {
    res = SFTP_OK;
  }

  EVP_PKEY_CTX_free(ctx);
  return res;
}

static int x448_reply(struct sftp_kex_exchange *x, struct sftp_str point) {
  unsigned char own[X448_LEN], secret[X448_LEN];
  EVP_PKEY *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X448");
  EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, "X448", NULL,
    point.ptr, point.len);
  size_t len = sizeof(own);
  int res = SFTP_ERR_KEX;

  if (mine != NULL && theirs != NULL &&
      EVP_PKEY_get_raw_public_key(mine, own, &len) == 1 &&
      derive_secret(mine, theirs, secret) == SFTP_OK) {
    sftp_kex_ecdh_done(x, point, (struct sftp_str) { own, len },
      (struct sftp_str) { secret, sizeof(secret) });
    res = SFTP_OK;
  }

  sftp_wipe(secret, sizeof(secret));
  EVP_PKEY_free(theirs);
  EVP_PKEY_free(mine);
  ERR_clear_error();
  return res;
}

static int x448_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_str point;
  int res = sftp_kex_ecdh_init(x, type, r, &point);

  if (res == SFTP_OK && point.len != X448_LEN) {
    res = SFTP_ERR_FORMAT;
  }

  return res == SFTP_OK ? x448_reply(x, point) : res;
}

const struct sftp_kex_ops sftp_kex_x448 = {
  x448_message, NULL, "ECDH_INIT", NULL
};
