/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-int.h -- inside the family of keys-*.c only. */

#ifndef MOD_SFTP_KEYS_INT_H
#define MOD_SFTP_KEYS_INT_H

#include "keys.h"

extern const struct sftp_key_ops sftp_key_rsa;          /* keys-rsa.c */
extern const struct sftp_key_ops sftp_key_ecdsa;        /* keys-ecdsa.c */
extern const struct sftp_key_ops sftp_key_ed25519;      /* keys-ed25519.c */
extern const struct sftp_key_ops sftp_key_ed448;        /* keys-ed448.c */
extern const struct sftp_key_ops sftp_key_dsa;          /* keys-dsa.c */
extern const struct sftp_key_ops sftp_key_mldsa44;      /* keys-mldsa44.c */
extern const struct sftp_key_ops sftp_key_sk_ecdsa,     /* keys-sk.c */
  sftp_key_sk_ed25519;

/* A key of that type without content; pkey is freed with the pool. */
struct sftp_key *sftp_key_new(pool *p, const struct sftp_key_type *type);

/* Writes a public number of libcrypto's key as mpint. */
void sftp_key_put_number(const struct sftp_key *key, const char *name,
  struct sftp_wr *w);

/* Sets key->blob from what the key holds. */
int sftp_key_set_blob(struct sftp_key *key) SFTP_MUST_CHECK;

/* An openssh-key-v1 file, armour included (keys-openssh.c); the private part
 * is not yet compared with the public one.
 */
int sftp_key_from_openssh(pool *p, struct sftp_str file,
  const char *passphrase, struct sftp_key **key, const char **why)
  SFTP_MUST_CHECK;

/* Room for libcrypto's name of a type. */
#define SFTP_KEY_EVP_LEN 32

/* The private key in a PEM file as libcrypto's numbers, in libsodium's guarded
 * memory, which must be made readable first; the caller frees it (sodium_free).
 * type gets libcrypto's name.  Works in a process of its own (keys-isolated.c).
 */
int sftp_key_read_pem(pool *p, struct sftp_str file, const char *passphrase,
  char *type, OSSL_PARAM **numbers, const char **why) SFTP_MUST_CHECK;
/* The same for a key that libcrypto already has. */
int sftp_key_numbers(pool *p, const EVP_PKEY *pkey, OSSL_PARAM **numbers)
  SFTP_MUST_CHECK;
/* The reverse; NULL when the numbers do not fit. */
EVP_PKEY *sftp_key_of_numbers(const char *type, OSSL_PARAM *numbers);

/* A text for the administrator in p. */
const char *sftp_key_why(pool *p, const char *fmt, ...) SFTP_PRINTF(2, 3);

/* The numbers are the key's from now on (keys-guard.c). */
void sftp_key_set_guarded(struct sftp_key *key, OSSL_PARAM *numbers);
/* Moves the private part to guarded memory; key->pkey is the public part
 * afterwards.  Nothing to do for keys that libcrypto does not hold.
 */
int sftp_key_guard(struct sftp_key *key) SFTP_MUST_CHECK;
/* The whole key, to sign with and to free at once; NULL on failure. */
EVP_PKEY *sftp_key_unguard(const struct sftp_key *key);

/* Signs as libcrypto does (PKCS#1 v1.5 for RSA); *sig_len is the room and
 * becomes the length.
 */
int sftp_key_evp_sign(const struct sftp_key *key, const char *digest,
  struct sftp_str data, unsigned char *sig, size_t *sig_len) SFTP_MUST_CHECK;
/* The same, for types whose signatures are on the wire as libcrypto makes
 * them.
 */
int sftp_key_evp_write(const struct sftp_key *key, const char *digest,
  struct sftp_str data, struct sftp_wr *w) SFTP_MUST_CHECK;
/* SFTP_ERR_MAC unless libcrypto finds the signature valid. */
int sftp_key_evp_verify(const struct sftp_key *key, const char *digest,
  const unsigned char *sig, size_t sig_len, struct sftp_str data)
  SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KEYS_INT_H */
