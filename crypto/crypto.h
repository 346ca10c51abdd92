/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* crypto.h -- libcrypto and libsodium, made ready once per process.
 *
 * Everything is fetched in the parent before it forks, and does not change
 * afterwards, so that sessions share the memory.
 */

#ifndef MOD_SFTP_CRYPTO_H
#define MOD_SFTP_CRYPTO_H

#include <openssl/evp.h>

#include "alg.h"
#include "wire.h"

/* Makes both libraries ready.  May be called again; SFTP_ERR_CRYPTO when
 * libcrypto or libsodium cannot be used at all (why is logged).
 */
int sftp_crypto_init(void) SFTP_MUST_CHECK;
void sftp_crypto_free(void);

/* From now on only approved algorithms are used (rows without ALG_FIPS become
 * unusable).  The same holds without this call when libcrypto runs with its
 * fips provider.
 */
void sftp_crypto_set_fips(bool on);
/* Whether something has needed libcrypto's legacy provider, and the wish that
 * nothing does: then it has no old algorithms.
 */
bool sftp_crypto_has_legacy(void);
void sftp_crypto_no_legacy(void);
bool sftp_crypto_fips(void);
/* Whether the row may be used: FIPS is not required, or approves of it. */
bool sftp_crypto_permits(const struct sftp_alg *alg);
/* Whether libcrypto's fips provider is active and preferred. */
bool sftp_crypto_has_fips(void);

/* Fetched objects by libcrypto's name ("AES-128-GCM", "SHA256", "HMAC"); NULL
 * when this libcrypto does not have it.  Owned by crypto.c.
 */
const EVP_CIPHER *sftp_crypto_cipher(const char *name);
const EVP_MD *sftp_crypto_digest(const char *name);
EVP_MAC *sftp_crypto_mac(const char *name);
/* Whether libcrypto has a key encapsulation of that name ("ML-KEM-768"). */
bool sftp_crypto_has_kem(const char *name);
/* Whether it has keys of that type ("ML-DSA-44"). */
bool sftp_crypto_has_key(const char *name);

/* Whether this CPU has instructions for AES-GCM, so that it is faster than
 * ChaCha20.
 */
bool sftp_crypto_fast_aes(void);

/* A digest that only identifies something: a key in the log, or in a list of
 * weak keys.  FIPS refuses MD5 for every purpose, so this function does not ask
 * for approval.  *len is the room at md and becomes the length;
 * SFTP_ERR_UNSUPPORTED when there is no such digest at all.
 */
int sftp_crypto_fingerprint(const char *digest, struct sftp_str data,
  unsigned char *md, size_t *len) SFTP_MUST_CHECK;

/* Drains libcrypto's error queue into text in p ("(unknown)" when empty). */
const char *sftp_crypto_errors(pool *p);

#endif /* MOD_SFTP_CRYPTO_H */
