/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-x25519.c -- curve25519-sha256: RFC 8731.  libsodium is a little faster
 * than libcrypto here and refuses points of small order.
 */

#include <sodium.h>

#include "kex-ec.h"
#include "kex-method.h"
#include "ssh2.h"

int sftp_kex_x25519_agree(struct sftp_str theirs,
    unsigned char mine[SFTP_X25519_LEN],
    unsigned char secret[SFTP_X25519_LEN]) {
  unsigned char priv[SFTP_X25519_LEN];
  int res = SFTP_OK;

  if (theirs.len != SFTP_X25519_LEN) {
    return SFTP_ERR_FORMAT;
  }

  /* Fails when the result is zero: RFC 8731, section 3. */
  sftp_random(priv, sizeof(priv));
  if (crypto_scalarmult_curve25519_base(mine, priv) != 0 ||
      crypto_scalarmult_curve25519(secret, priv, theirs.ptr) != 0 ||
      sodium_is_zero(secret, SFTP_X25519_LEN)) {
    res = SFTP_ERR_KEX;
  }

  sftp_wipe(priv, sizeof(priv));
  return res;
}

static int x25519_reply(struct sftp_kex_exchange *x, struct sftp_str theirs) {
  unsigned char mine[SFTP_X25519_LEN], secret[SFTP_X25519_LEN];
  int res = sftp_kex_x25519_agree(theirs, mine, secret);

  if (res == SFTP_OK) {
    sftp_kex_ecdh_done(x, theirs, (struct sftp_str) { mine, sizeof(mine) },
      (struct sftp_str) { secret, sizeof(secret) });
  }

  sftp_wipe(secret, sizeof(secret));
  return res;
}

static int x25519_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_str theirs;
  int res = sftp_kex_ecdh_init(x, type, r, &theirs);

  return res == SFTP_OK ? x25519_reply(x, theirs) : res;
}

const struct sftp_kex_ops sftp_kex_x25519 = {
  x25519_message, NULL, "ECDH_INIT", NULL
};
