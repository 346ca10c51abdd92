/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* curve25519-sha256: RFC 8731.  libsodium is a little faster than libcrypto
 * here and refuses points of small order.
 */

#include <sodium.h>

#include "kex-method.h"
#include "ssh2.h"

#define X25519_LEN crypto_scalarmult_curve25519_BYTES

static int x25519_reply(struct sftp_kex_exchange *x, struct sftp_str theirs) {
  unsigned char priv[X25519_LEN], mine[X25519_LEN], shared[X25519_LEN];
  int res = SFTP_ERR_KEX;

  sftp_random(priv, sizeof(priv));
  if (crypto_scalarmult_curve25519_base(mine, priv) != 0) {
    goto done;
  }

  /* Fails when the result is zero: RFC 8731, section 3. */
  if (crypto_scalarmult_curve25519(shared, priv, theirs.ptr) != 0 ||
      sodium_is_zero(shared, sizeof(shared))) {
    goto done;
  }

  sftp_wr_str(&x->hashed, theirs);
  sftp_wr_string(&x->hashed, mine, sizeof(mine));
  sftp_wr_string(&x->reply, mine, sizeof(mine));
  sftp_wr_mpint(&x->k, shared, sizeof(shared));
  x->done = true;
  res = SFTP_OK;

done:
  sftp_wipe(priv, sizeof(priv));
  sftp_wipe(shared, sizeof(shared));
  return res;
}

static int x25519_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_str theirs;
  int res;

  if (type != SSH_MSG_KEXDH_INIT || x->done) {
    return SFTP_ERR_ORDER;
  }

  theirs = sftp_rd_string(r);
  res = sftp_rd_end(r);
  if (res == SFTP_OK && theirs.len != X25519_LEN) {
    res = SFTP_ERR_FORMAT;
  }

  return res == SFTP_OK ? x25519_reply(x, theirs) : res;
}

const struct sftp_kex_ops sftp_kex_x25519 = { x25519_message, "ECDH_INIT" };
