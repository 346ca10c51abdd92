/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* sntrup761.h -- the server's half of Streamlined NTRU Prime 761: a secret
 * for the owner of a public key.
 *
 * Constant time: no branch and no address depends on a secret.
 */

#ifndef MOD_SFTP_SNTRUP761_H
#define MOD_SFTP_SNTRUP761_H

#include "base.h"

#define SFTP_SNTRUP761_N 761
#define SFTP_SNTRUP761_PUBLIC_LEN 1158
#define SFTP_SNTRUP761_CIPHERTEXT_LEN 1039
#define SFTP_SNTRUP761_SECRET_LEN 32

void sftp_sntrup761_encaps(const unsigned char *pub, unsigned char *ciphertext,
  unsigned char secret[SFTP_SNTRUP761_SECRET_LEN]);

/* The same with a given input r: 286 of its numbers are 1 or -1, the rest 0.
 */
void sftp_sntrup761_encaps_with(const unsigned char *pub,
  const signed char r[SFTP_SNTRUP761_N], unsigned char *ciphertext,
  unsigned char secret[SFTP_SNTRUP761_SECRET_LEN]);

/* A random r (for encaps, and its test). */
void sftp_sntrup761_short(signed char r[SFTP_SNTRUP761_N]);

#endif /* MOD_SFTP_SNTRUP761_H */
