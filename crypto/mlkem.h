/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mlkem.h -- ML-KEM-768 and ML-KEM-1024 (FIPS 203), for versions of libcrypto
 * without it: before OpenSSL 3.5.
 *
 * Constant time: no branch and no address depends on a secret.  A server needs
 * encapsulation only; the other half is for the tests, and is complete.
 */

#ifndef MOD_SFTP_MLKEM_H
#define MOD_SFTP_MLKEM_H

#include "base.h"

#define SFTP_MLKEM_SECRET_LEN 32
#define SFTP_MLKEM_SEED_LEN 32
#define SFTP_MLKEM_MAX_PUBLIC_LEN 1568
#define SFTP_MLKEM_MAX_PRIVATE_LEN 3168
#define SFTP_MLKEM_MAX_CIPHERTEXT_LEN 1568

struct sftp_mlkem {
  const char *name;             /* "ML-KEM-768", as libcrypto calls it */
  unsigned int k, du, dv;       /* FIPS 203, section 8 */
  size_t public_len, private_len, ciphertext_len;
};

extern const struct sftp_mlkem sftp_mlkem768, sftp_mlkem1024;

/* Whether libcrypto has it, or at least the hashes that ours needs (not where
 * FIPS is required).  Fetches what is needed.
 */
bool sftp_mlkem_usable(const struct sftp_mlkem *kem);

/* A secret and its ciphertext for the owner of a public key (public_len
 * bytes), by libcrypto if it can.  SFTP_ERR_FORMAT when the key holds numbers
 * that are not reduced (section 7.2).
 */
int sftp_mlkem_encaps(const struct sftp_mlkem *kem, const unsigned char *pub,
  unsigned char *ciphertext, unsigned char secret[SFTP_MLKEM_SECRET_LEN])
  SFTP_MUST_CHECK;

/* The same by our own code with given randomness m (Algorithm 17). */
int sftp_mlkem_encaps_with(const struct sftp_mlkem *kem,
  const unsigned char *pub, const unsigned char m[SFTP_MLKEM_SEED_LEN],
  unsigned char *ciphertext, unsigned char secret[SFTP_MLKEM_SECRET_LEN])
  SFTP_MUST_CHECK;
/* Algorithm 16, d and z being 32 random bytes each. */
int sftp_mlkem_keygen_with(const struct sftp_mlkem *kem,
  const unsigned char d[SFTP_MLKEM_SEED_LEN],
  const unsigned char z[SFTP_MLKEM_SEED_LEN], unsigned char *pub,
  unsigned char *priv) SFTP_MUST_CHECK;
/* Algorithm 18: a ciphertext that was not made for the key gives a random
 * secret, not an error.
 */
int sftp_mlkem_decaps(const struct sftp_mlkem *kem, const unsigned char *priv,
  const unsigned char *ciphertext,
  unsigned char secret[SFTP_MLKEM_SECRET_LEN]) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_MLKEM_H */
