/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-ed25519.c -- Ed25519 keys and signatures: RFC 8709, RFC 8032.
 *
 * libsodium does the work: it takes less than half the time of libcrypto 3, and
 * refuses small-order keys and S + L, as a verifier should.  The private key is
 * in libsodium's guarded memory, which is not in core dumps, and is readable
 * only during a signature.
 */

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <sodium.h>

#include "keys-int.h"

struct ed25519 {
  unsigned char pub[crypto_sign_PUBLICKEYBYTES];
  unsigned char *priv;          /* seed, then public key; or NULL */
};

static void ed25519_cleanup(void *data) {
  struct ed25519 *ed = data;

  sodium_free(ed->priv);        /* wipes */
  ed->priv = NULL;
}

static struct ed25519 *new_state(struct sftp_key *key) {
  struct ed25519 *ed = pcalloc(key->pool, sizeof(*ed));

  key->state = ed;
  register_cleanup2(key->pool, ed, ed25519_cleanup);
  return ed;
}

static int set_private(struct sftp_key *key, const unsigned char *seed) {
  struct ed25519 *ed = new_state(key);

  ed->priv = sodium_malloc(crypto_sign_SECRETKEYBYTES);
  if (ed->priv == NULL ||
      crypto_sign_seed_keypair(ed->pub, ed->priv, seed) != 0) {
    return SFTP_ERR_CRYPTO;
  }

  sodium_mprotect_noaccess(ed->priv);
  return SFTP_OK;
}

static int ed25519_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  int res = sftp_rd_end(r);

  if (res != SFTP_OK) {
    return res;
  }

  /* On the curve, canonical, in the group of prime order. */
  if (pub.len != crypto_sign_PUBLICKEYBYTES ||
      crypto_core_ed25519_is_valid_point(pub.ptr) != 1) {
    return SFTP_ERR_FORMAT;
  }

  memcpy(new_state(key)->pub, pub.ptr, pub.len);
  return SFTP_OK;
}

/* PROTOCOL.key: public key, then seed and public key in one string. */
static int ed25519_read_private(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  struct sftp_str priv = sftp_rd_string(r);
  const struct ed25519 *ed;
  int res = sftp_rd_ok(r);

  if (res != SFTP_OK) {
    return res;
  }

  if (pub.len != crypto_sign_PUBLICKEYBYTES ||
      priv.len != crypto_sign_SECRETKEYBYTES) {
    return SFTP_ERR_FORMAT;
  }

  res = set_private(key, priv.ptr);
  ed = key->state;
  if (res == SFTP_OK && (!sftp_same(ed->pub, pub.ptr, pub.len) ||
      !sftp_same(ed->pub, priv.ptr + crypto_sign_SEEDBYTES, pub.len))) {
    res = SFTP_ERR_FORMAT;
  }

  return res;
}

static int ed25519_adopt(struct sftp_key *key, EVP_PKEY *pkey,
    OSSL_PARAM *numbers) {
  const OSSL_PARAM *seed;
  int res = SFTP_ERR_CRYPTO;

  EVP_PKEY_free(pkey);
  sodium_mprotect_readonly(numbers);
  seed = OSSL_PARAM_locate_const(numbers, OSSL_PKEY_PARAM_PRIV_KEY);
  if (seed != NULL && seed->data_size == crypto_sign_SEEDBYTES) {
    res = set_private(key, seed->data);
  }

  sodium_mprotect_noaccess(numbers);
  return res;
}

static int ed25519_write_public(const struct sftp_key *key,
    struct sftp_wr *w) {
  const struct ed25519 *ed = key->state;

  sftp_wr_string(w, ed->pub, sizeof(ed->pub));
  return sftp_wr_end(w);
}

static int ed25519_sign(const struct sftp_key *key,
    const char *digest SFTP_UNUSED, struct sftp_str data, struct sftp_wr *w) {
  const struct ed25519 *ed = key->state;
  unsigned char sig[crypto_sign_BYTES];
  int res;

  sodium_mprotect_readonly(ed->priv);
  res = crypto_sign_detached(sig, NULL, data.ptr, data.len, ed->priv);
  sodium_mprotect_noaccess(ed->priv);
  if (res != 0) {
    return SFTP_ERR_CRYPTO;
  }

  sftp_wr_bytes(w, sig, sizeof(sig));
  return sftp_wr_end(w);
}

static int ed25519_verify(const struct sftp_key *key,
    const char *digest SFTP_UNUSED, struct sftp_str sig,
    struct sftp_str data) {
  const struct ed25519 *ed = key->state;

  if (sig.len != crypto_sign_BYTES || crypto_sign_verify_detached(sig.ptr,
      data.ptr, data.len, ed->pub) != 0) {
    return SFTP_ERR_MAC;
  }

  return SFTP_OK;
}

const struct sftp_key_ops sftp_key_ed25519 = {
  ed25519_read_public, ed25519_read_private, ed25519_adopt,
  ed25519_write_public, ed25519_sign, ed25519_verify, NULL
};
