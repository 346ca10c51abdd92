/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-mldsa44.c -- ML-DSA-44 and Ed25519 in one key, so that a forger needs to
 * break both: draft-miller-sshm-mldsa44-ed25519-composite-sigs-00, as OpenSSH
 * 10.4 and 10.5 have it, with the scheme MLDSA44-Ed25519-SHA512 of
 * draft-ietf-lamps-pq-composite-sigs.
 *
 * Keys, seeds and signatures are those of ML-DSA (FIPS 204) with those of
 * Ed25519 behind them.  Both halves sign the same short text with the digest of
 * the data.
 */

#include <openssl/err.h>
#include <openssl/params.h>

#include <sodium.h>

#include "keys-int.h"

#define EVP_NAME "ML-DSA-44"
#define ML_PUB_LEN 1312
#define ML_SIG_LEN 2420
#define ML_SEED_LEN 32
#define PUB_LEN (ML_PUB_LEN + crypto_sign_PUBLICKEYBYTES)
#define SIG_LEN (ML_SIG_LEN + crypto_sign_BYTES)
#define SEEDS_LEN (ML_SEED_LEN + crypto_sign_SEEDBYTES)

/* The prefix of all composite schemes, then the label of this one, which is
 * also the context of ML-DSA.
 */
#define PREFIX "CompositeAlgorithmSignatures2025"
#define LABEL "COMPSIG-MLDSA44-Ed25519-SHA512"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
#define LABEL_LEN (sizeof(LABEL) - 1)
#define TEXT_LEN (PREFIX_LEN + LABEL_LEN + 1 + crypto_hash_sha512_BYTES)

struct private_part {           /* in libsodium's guarded memory */
  unsigned char ml_seed[ML_SEED_LEN];
  unsigned char ed[crypto_sign_SECRETKEYBYTES];
};

struct mldsa44 {
  unsigned char pub[PUB_LEN];
  EVP_PKEY *ml;                 /* the public half of ML-DSA */
  struct private_part *priv;    /* or NULL */
};

static void mldsa44_cleanup(void *data) {
  struct mldsa44 *k = data;

  EVP_PKEY_free(k->ml);
  sodium_free(k->priv);         /* wipes */
  k->ml = NULL;
  k->priv = NULL;
}

static struct mldsa44 *new_state(struct sftp_key *key) {
  struct mldsa44 *k = pcalloc(key->pool, sizeof(*k));

  key->state = k;
  register_cleanup2(key->pool, k, mldsa44_cleanup);
  return k;
}

/* ---- Keys */

/* The whole key of ML-DSA (FIPS 204, section 6.1); NULL on failure. */
static EVP_PKEY *expand(struct private_part *priv) {
  OSSL_PARAM params[] = {
    OSSL_PARAM_octet_string("seed", priv->ml_seed, ML_SEED_LEN),
    OSSL_PARAM_END
  };
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, EVP_NAME, NULL);
  EVP_PKEY *pkey = NULL;

  if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
      EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1) {
    pkey = NULL;
  }

  EVP_PKEY_CTX_free(ctx);
  return pkey;
}

static int set_public(struct mldsa44 *k, struct sftp_str pub) {
  /* On the curve, canonical, in the group of prime order. */
  if (pub.len != PUB_LEN ||
      crypto_core_ed25519_is_valid_point(pub.ptr + ML_PUB_LEN) != 1) {
    return SFTP_ERR_FORMAT;
  }

  memcpy(k->pub, pub.ptr, PUB_LEN);
  k->ml = EVP_PKEY_new_raw_public_key_ex(NULL, EVP_NAME, NULL, pub.ptr,
    ML_PUB_LEN);
  ERR_clear_error();
  return k->ml != NULL ? SFTP_OK : SFTP_ERR_FORMAT;
}

static int mldsa44_read_public(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  int res = sftp_rd_end(r);

  return res == SFTP_OK ? set_public(new_state(key), pub) : res;
}

/* SFTP_ERR_FORMAT unless the seeds are those of the public key. */
static int set_private(struct mldsa44 *k, const unsigned char *seeds) {
  unsigned char pub[PUB_LEN];
  size_t len = ML_PUB_LEN;
  EVP_PKEY *pkey = NULL;
  int res = SFTP_ERR_CRYPTO;

  k->priv = sodium_malloc(sizeof(*k->priv));
  if (k->priv == NULL) {
    return res;
  }

  memcpy(k->priv->ml_seed, seeds, ML_SEED_LEN);
  pkey = expand(k->priv);
  if (pkey != NULL && EVP_PKEY_get_raw_public_key(pkey, pub, &len) == 1 &&
      len == ML_PUB_LEN && crypto_sign_seed_keypair(pub + ML_PUB_LEN,
      k->priv->ed, seeds + ML_SEED_LEN) == 0) {
    res = sftp_same(pub, k->pub, PUB_LEN) ? SFTP_OK : SFTP_ERR_FORMAT;
  }

  sodium_mprotect_noaccess(k->priv);
  EVP_PKEY_free(pkey);
  return res;
}

/* OpenSSH writes the public key, then both seeds in one string. */
static int mldsa44_read_private(struct sftp_key *key, struct sftp_rd *r) {
  struct sftp_str pub = sftp_rd_string(r);
  struct sftp_str seeds = sftp_rd_string(r);
  struct mldsa44 *k = new_state(key);
  int res = sftp_rd_ok(r);

  if (res == SFTP_OK) {
    res = seeds.len == SEEDS_LEN ? set_public(k, pub) : SFTP_ERR_FORMAT;
  }

  return res == SFTP_OK ? set_private(k, seeds.ptr) : res;
}

/* No PEM file has such a key. */
static int mldsa44_adopt(struct sftp_key *key SFTP_UNUSED, EVP_PKEY *pkey,
    OSSL_PARAM *numbers SFTP_UNUSED) {
  EVP_PKEY_free(pkey);
  return SFTP_ERR_UNSUPPORTED;
}

static int mldsa44_write_public(const struct sftp_key *key,
    struct sftp_wr *w) {
  const struct mldsa44 *k = key->state;

  sftp_wr_string(w, k->pub, PUB_LEN);
  return sftp_wr_end(w);
}

/* ---- Signatures */

/* What both halves sign.  The context of SSH is empty: a length of 0. */
static void make_text(struct sftp_str data, unsigned char *text) {
  memcpy(text, PREFIX, PREFIX_LEN);
  memcpy(text + PREFIX_LEN, LABEL, LABEL_LEN);
  text[PREFIX_LEN + LABEL_LEN] = 0;
  crypto_hash_sha512(text + PREFIX_LEN + LABEL_LEN + 1, data.ptr, data.len);
}

static void put_context(OSSL_PARAM *params) {
  static const char label[] = LABEL;

  params[0] = OSSL_PARAM_construct_octet_string("context-string",
    (void *) (uintptr_t) label, LABEL_LEN);
  params[1] = OSSL_PARAM_construct_end();
}

static int sign_ml(const struct mldsa44 *k, const unsigned char *text,
    unsigned char *sig) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  EVP_PKEY *pkey = expand(k->priv);
  size_t len = ML_SIG_LEN;
  OSSL_PARAM params[2];
  int res = SFTP_ERR_CRYPTO;

  put_context(params);
  if (ctx != NULL && pkey != NULL && EVP_DigestSignInit_ex(ctx, NULL, NULL,
      NULL, NULL, pkey, params) == 1 &&
      EVP_DigestSign(ctx, sig, &len, text, TEXT_LEN) == 1 &&
      len == ML_SIG_LEN) {
    res = SFTP_OK;
  }

  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(pkey);
  return res;
}

static int mldsa44_sign(const struct sftp_key *key,
    const char *digest SFTP_UNUSED, struct sftp_str data, struct sftp_wr *w) {
  const struct mldsa44 *k = key->state;
  unsigned char text[TEXT_LEN], sig[SIG_LEN];
  int res;

  make_text(data, text);
  sodium_mprotect_readonly(k->priv);
  res = sign_ml(k, text, sig);
  if (res == SFTP_OK && crypto_sign_detached(sig + ML_SIG_LEN, NULL, text,
      TEXT_LEN, k->priv->ed) != 0) {
    res = SFTP_ERR_CRYPTO;
  }

  sodium_mprotect_noaccess(k->priv);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_wr_bytes(w, sig, SIG_LEN);
  return sftp_wr_end(w);
}

static bool verifies_ml(const struct mldsa44 *k, const unsigned char *text,
    const unsigned char *sig) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  OSSL_PARAM params[2];
  bool good = false;

  put_context(params);
  if (ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL,
      k->ml, params) == 1) {
    good = EVP_DigestVerify(ctx, sig, ML_SIG_LEN, text, TEXT_LEN) == 1;
  }

  ERR_clear_error();
  EVP_MD_CTX_free(ctx);
  return good;
}

/* Neither half is enough. */
static int mldsa44_verify(const struct sftp_key *key,
    const char *digest SFTP_UNUSED, struct sftp_str sig,
    struct sftp_str data) {
  const struct mldsa44 *k = key->state;
  unsigned char text[TEXT_LEN];

  if (sig.len != SIG_LEN) {
    return SFTP_ERR_MAC;
  }

  make_text(data, text);
  return crypto_sign_verify_detached(sig.ptr + ML_SIG_LEN, text, TEXT_LEN,
    k->pub + ML_PUB_LEN) == 0 && verifies_ml(k, text, sig.ptr) ? SFTP_OK :
    SFTP_ERR_MAC;
}

const struct sftp_key_ops sftp_key_mldsa44 = {
  mldsa44_read_public, mldsa44_read_private, mldsa44_adopt,
  mldsa44_write_public, mldsa44_sign, mldsa44_verify, NULL
};
