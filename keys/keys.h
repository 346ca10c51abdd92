/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys.h -- public and private keys, signatures, fingerprints (RFC 4253,
 * section 6.6; RFC 5656; RFC 8332; RFC 8709; PROTOCOL.key of OpenSSH).
 *
 * A key type is a row with a struct of functions and a keys-<type>.c; a
 * signature algorithm is a row that names its key type and digest.
 *
 * Ownership: a key lives as long as the pool given at its birth; what it
 * holds of libcrypto is freed and wiped by the pool's clean-up.
 */

#ifndef MOD_SFTP_KEYS_H
#define MOD_SFTP_KEYS_H

#include <openssl/evp.h>

#include "alg.h"
#include "wire.h"

struct sftp_key;
struct sftp_sig_alg;

/* What a security key says about its signature. */
struct sftp_sig_info {
  bool touched;                 /* a person touched it */
  bool verified;                /* and was verified by PIN or fingerprint */
  uint32_t counter;             /* grows with each signature */
};

struct sftp_key_ops {
  /* Reads the fields behind the type name, to the end of the blob; sets
   * key->pkey or key->state.
   */
  int (*read_public)(struct sftp_key *key, struct sftp_rd *r);
  /* Reads the private fields of an openssh-key-v1 file behind the type name. */
  int (*read_private)(struct sftp_key *key, struct sftp_rd *r);
  /* Takes over a private key that libcrypto read (a reference of its own),
   * whose numbers stay the caller's, in guarded memory; SFTP_ERR_UNSUPPORTED
   * when its parameters are not the type's (the curve).
   */
  int (*adopt)(struct sftp_key *key, EVP_PKEY *pkey, OSSL_PARAM *numbers);
  /* Writes the fields behind the type name. */
  int (*write_public)(const struct sftp_key *key, struct sftp_wr *w);
  /* Signs data with digest (a libcrypto name or NULL); writes the inner
   * signature bytes of the algorithm, without its name.
   */
  int (*sign)(const struct sftp_key *key, const char *digest,
    struct sftp_str data, struct sftp_wr *sig);
  /* SFTP_OK only for a valid signature; SFTP_ERR_MAC for an invalid one. */
  int (*verify)(const struct sftp_key *key, const char *digest,
    struct sftp_str sig, struct sftp_str data);
  /* Only for security keys, otherwise NULL: the reader is behind the name in
   * the signature blob.
   */
  int (*verify_sk)(const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_rd *r, struct sftp_str data, struct sftp_sig_info *info);
};

struct sftp_key_type {
  const char *name;             /* "ssh-rsa", "ecdsa-sha2-nistp256" ... */
  const struct sftp_key_ops *ops;
  const char *parameter;        /* the curve, the type that a security key
                                 * signs with, or NULL */
  const char *evp;              /* libcrypto's type name: "RSA", "EC" ..., or
                                 * "" where it never has the private part */
  unsigned int bits;            /* 0: as libcrypto counts them */
  const char *needs;            /* a type of libcrypto that not all its versions
                                 * know, or NULL */
};

struct sftp_key {
  const struct sftp_key_type *type;
  EVP_PKEY *pkey;               /* or NULL where state holds the key */
  OSSL_PARAM *guarded;          /* the private part, when pkey is the public
                                 * one (keys-guard.c) */
  bool is_private;
  struct sftp_str blob;         /* public key as on the wire */
  pool *pool;
  void *state;                  /* the type's own, if any */

  /* Where the private part is elsewhere (an agent): writes a whole signature
   * blob over data made with alg.  Otherwise NULL.
   */
  int (*sign_by)(const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_str data, struct sftp_wr *w);
  void *signer;                 /* sign_by's own */
};

/* A signature algorithm: also what is negotiated as host key algorithm.  One
 * for certificates has a certificate in place of the public key.
 */
struct sftp_sig_alg {
  struct sftp_alg alg;
  const char *key_type;
  const char *digest;           /* NULL when the type hashes itself */
  const char *sig_name;         /* the name inside of the signature */
  const char *cert_type;        /* of the certificate; NULL: a bare key */
};

extern const struct sftp_key_type sftp_key_types[];
extern const struct sftp_sig_alg sftp_sig_algs[];

/* NULL as well where libcrypto lacks what the type needs. */
const struct sftp_key_type *sftp_key_type_find(struct sftp_str name);
const struct sftp_sig_alg *sftp_sig_alg_find(struct sftp_str name);
/* Whether a row of sftp_sig_algs can be used in this process. */
bool sftp_sig_is_usable(const struct sftp_alg *alg);

/* A public key from its wire form; the whole blob must be used up. */
int sftp_key_from_blob(pool *p, struct sftp_str blob, struct sftp_key **key)
  SFTP_MUST_CHECK;

/* A private key from the bytes of a file: PEM (PKCS#1, PKCS#8, SEC1, also
 * encrypted) or openssh-key-v1.  passphrase may be NULL;
 * SFTP_ERR_PASSPHRASE says that one is needed or wrong.  *why gets a text for
 * the administrator on every error.
 */
int sftp_key_from_file(pool *p, struct sftp_str file, const char *passphrase,
  struct sftp_key **key, const char **why) SFTP_MUST_CHECK;

/* Modulus bits of RSA and DSA, order bits of EC, 256 for Ed25519, 448 for
 * Ed448.
 */
unsigned int sftp_key_bits(const struct sftp_key *key);
/* Same type and same parameters. */
bool sftp_key_same(const struct sftp_key *a, const struct sftp_key *b);

/* Writes the signature blob (string algorithm, string signature). */
int sftp_key_sign(const struct sftp_key *key, const struct sftp_sig_alg *alg,
  struct sftp_str data, struct sftp_wr *w) SFTP_MUST_CHECK;
/* Checks a signature blob made with alg: the name inside must be alg's, the key
 * of alg's type.  SFTP_ERR_MAC when it does not verify.  A security key must
 * have been touched.
 */
int sftp_key_verify(const struct sftp_key *key, const struct sftp_sig_alg *alg,
  struct sftp_str sig, struct sftp_str data) SFTP_MUST_CHECK;
/* The same, but the caller judges the flags of a security key (other keys:
 * touched and verified).
 */
int sftp_key_verify_info(const struct sftp_key *key,
  const struct sftp_sig_alg *alg, struct sftp_str sig, struct sftp_str data,
  struct sftp_sig_info *info) SFTP_MUST_CHECK;
/* Whether there is an algorithm for it, and an approved one where FIPS is
 * required.
 */
bool sftp_key_approved(const struct sftp_key *key);
/* Whether only a device has the private part. */
bool sftp_key_is_sk(const struct sftp_key *key);

/* digest "SHA256" (or another of libcrypto) over the blob: "base64" without
 * padding, or lower-case hex with colons when hex is true.  NULL on failure.
 */
const char *sftp_key_fingerprint(pool *p, struct sftp_str blob,
  const char *digest, bool hex);

#endif /* MOD_SFTP_KEYS_H */
