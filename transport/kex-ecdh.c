/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-ecdh.c -- ECDH over the NIST curves: RFC 5656, section 4. */

#include <openssl/core_names.h>
#include <openssl/err.h>

#include "kex-ec.h"
#include "kex-method.h"
#include "ssh2.h"

/* The x coordinate of the shared point into secret, curve->len bytes. */
static int derive_secret(const struct sftp_curve *curve, EVP_PKEY *mine,
    EVP_PKEY *theirs, unsigned char *secret) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
  size_t len = curve->len;
  int res = SFTP_ERR_KEX;

  /* sftp_curve_public() has validated the peer's point. */
  if (ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
      EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) == 1 &&
      EVP_PKEY_derive(ctx, secret, &len) == 1 && len == curve->len) {
    res = SFTP_OK;
  }

  EVP_PKEY_CTX_free(ctx);
  return res;
}

int sftp_kex_ecdh_agree(const struct sftp_curve *curve, struct sftp_str point,
    unsigned char mine[SFTP_POINT_MAX_LEN],
    unsigned char secret[SFTP_CURVE_MAX_LEN]) {
  EVP_PKEY *key = NULL, *theirs = sftp_curve_public(curve, point);
  int res = SFTP_ERR_KEX;

  if (theirs != NULL) {
    key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curve->evp);
  }

  if (key != NULL && sftp_curve_point(curve, key, mine) == SFTP_OK &&
      derive_secret(curve, key, theirs, secret) == SFTP_OK) {
    res = SFTP_OK;
  }

  EVP_PKEY_free(theirs);
  EVP_PKEY_free(key);
  ERR_clear_error();
  return res;
}

int sftp_kex_ecdh_init(const struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r, struct sftp_str *theirs) {
  if (type != SSH_MSG_KEX_ECDH_INIT || x->done) {
    return SFTP_ERR_ORDER;
  }

  *theirs = sftp_rd_string(r);
  return sftp_rd_end(r);
}

void sftp_kex_ecdh_done(struct sftp_kex_exchange *x, struct sftp_str theirs,
    struct sftp_str mine, struct sftp_str secret) {
  sftp_wr_str(&x->hashed, theirs);
  sftp_wr_str(&x->hashed, mine);
  sftp_wr_str(&x->reply, mine);
  sftp_wr_mpint(&x->k, secret.ptr, secret.len);
  x->done = true;
}

static int ecdh_reply(struct sftp_kex_exchange *x, struct sftp_str point) {
  const struct sftp_curve *curve = sftp_curve_find(x->method->parameter);
  unsigned char mine[SFTP_POINT_MAX_LEN], secret[SFTP_CURVE_MAX_LEN];
  int res = sftp_kex_ecdh_agree(curve, point, mine, secret);

  if (res == SFTP_OK) {
    sftp_kex_ecdh_done(x, point, (struct sftp_str) { mine, 1 + 2 * curve->len },
      (struct sftp_str) { secret, curve->len });
  }

  sftp_wipe(secret, sizeof(secret));
  return res;
}

static int ecdh_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_str point;
  int res = sftp_kex_ecdh_init(x, type, r, &point);

  return res == SFTP_OK ? ecdh_reply(x, point) : res;
}

const struct sftp_kex_ops sftp_kex_ecdh = {
  ecdh_message, NULL, "ECDH_INIT", NULL
};
