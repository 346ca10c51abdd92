/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-ec.h -- one side of Diffie-Hellman over a curve, for the methods that use
 * it alone and those that combine it with something else.
 */

#ifndef MOD_SFTP_KEX_EC_H
#define MOD_SFTP_KEX_EC_H

#include "curves.h"

#define SFTP_X25519_LEN 32

/* Makes a key pair of our own, writes its public part and the secret that it
 * shares with the peer's key, which is checked.  SFTP_ERR_FORMAT for a wrong
 * length, SFTP_ERR_KEX when the result is zero.  The caller wipes secret.
 */
int sftp_kex_x25519_agree(struct sftp_str theirs,
  unsigned char mine[SFTP_X25519_LEN], unsigned char secret[SFTP_X25519_LEN])
  SFTP_MUST_CHECK;

/* The same over a NIST curve: a point of 1 + 2 * curve->len bytes, a secret
 * of curve->len (the x coordinate).  SFTP_ERR_KEX for any bad point.
 */
int sftp_kex_ecdh_agree(const struct sftp_curve *curve, struct sftp_str point,
  unsigned char mine[SFTP_POINT_MAX_LEN],
  unsigned char secret[SFTP_CURVE_MAX_LEN]) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KEX_EC_H */
