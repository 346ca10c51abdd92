/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-hybrid.c -- post-quantum key exchanges combined with a curve. */

#include <openssl/evp.h>

#include "crypto.h"
#include "kex-ec.h"
#include "kex-hybrid.h"
#include "mlkem.h"
#include "sntrup761.h"
#include "ssh2.h"

#define REPLY_MAX_LEN (SFTP_KEM_MAX_LEN + SFTP_POINT_MAX_LEN)
#define JOINED_MAX_LEN (SFTP_KEM_SECRET_LEN + SFTP_CURVE_MAX_LEN)

/* ---- Encapsulations */

static int mlkem768_encaps(const unsigned char *pub, unsigned char *ct,
    unsigned char *secret) {
  return sftp_mlkem_encaps(&sftp_mlkem768, pub, ct, secret);
}

static bool mlkem768_usable(void) {
  return sftp_mlkem_usable(&sftp_mlkem768);
}

static int mlkem1024_encaps(const unsigned char *pub, unsigned char *ct,
    unsigned char *secret) {
  return sftp_mlkem_encaps(&sftp_mlkem1024, pub, ct, secret);
}

static bool mlkem1024_usable(void) {
  return sftp_mlkem_usable(&sftp_mlkem1024);
}

static int sntrup761_encaps(const unsigned char *pub, unsigned char *ct,
    unsigned char *secret) {
  sftp_sntrup761_encaps(pub, ct, secret);
  return SFTP_OK;
}

static const struct sftp_kem mlkem768 = {
  1184, 1088, mlkem768_encaps, mlkem768_usable
};
static const struct sftp_kem mlkem1024 = {
  1568, 1568, mlkem1024_encaps, mlkem1024_usable
};
static const struct sftp_kem sntrup761 = {
  SFTP_SNTRUP761_PUBLIC_LEN, SFTP_SNTRUP761_CIPHERTEXT_LEN, sntrup761_encaps,
  NULL
};

const struct sftp_hybrid sftp_hybrid_mlkem768_x25519 = { &mlkem768, NULL };
const struct sftp_hybrid sftp_hybrid_mlkem768_p256 = { &mlkem768, "P-256" };
const struct sftp_hybrid sftp_hybrid_mlkem1024_p384 = { &mlkem1024, "P-384" };
const struct sftp_hybrid sftp_hybrid_sntrup761_x25519 = { &sntrup761, NULL };

/* ---- The exchange */

/* Writes the curve's part of the reply to mine, and its secret after that of
 * the KEM; with the lengths of both.
 */
static int agree_secret(const struct sftp_hybrid *h, struct sftp_str theirs,
    unsigned char *mine, size_t *mine_len, unsigned char *secret,
    size_t *secret_len) {
  const struct sftp_curve *curve;

  if (h->curve == NULL) {
    *mine_len = *secret_len = SFTP_X25519_LEN;
    return sftp_kex_x25519_agree(theirs, mine, secret);
  }

  curve = sftp_curve_find(h->curve);
  *mine_len = 1 + 2 * curve->len;
  *secret_len = curve->len;
  return sftp_kex_ecdh_agree(curve, theirs, mine, secret);
}

/* K = HASH(K_PQ || K_CL), hashed later on as a string, not an mpint. */
static int put_secret(struct sftp_kex_exchange *x, const unsigned char *joined,
    size_t len) {
  unsigned char k[EVP_MAX_MD_SIZE];
  unsigned int k_len = 0;
  int res = SFTP_ERR_CRYPTO;

  if (EVP_Digest(joined, len, k, &k_len, sftp_crypto_digest(x->method->digest),
      NULL) == 1) {
    sftp_wr_string(&x->k, k, k_len);
    res = sftp_wr_end(&x->k);
  }

  sftp_wipe(k, sizeof(k));
  return res;
}

/* init is C_INIT: the KEM's public key, then the curve's. */
static int hybrid_reply(struct sftp_kex_exchange *x, struct sftp_str init) {
  const struct sftp_hybrid *h = x->method->parameter;
  const struct sftp_kem *kem = h->kem;
  unsigned char reply[REPLY_MAX_LEN], joined[JOINED_MAX_LEN];
  size_t mine_len = 0, secret_len = 0;
  struct sftp_str theirs;
  int res;

  if (init.len <= kem->public_len) {
    return SFTP_ERR_FORMAT;
  }

  theirs.ptr = init.ptr + kem->public_len;
  theirs.len = init.len - kem->public_len;
  res = agree_secret(h, theirs, reply + kem->ciphertext_len, &mine_len,
    joined + SFTP_KEM_SECRET_LEN, &secret_len);
  if (res == SFTP_OK) {
    res = kem->encaps(init.ptr, reply, joined);
  }

  if (res == SFTP_OK) {
    res = put_secret(x, joined, SFTP_KEM_SECRET_LEN + secret_len);
  }

  if (res == SFTP_OK) {
    sftp_wr_str(&x->hashed, init);
    sftp_wr_string(&x->hashed, reply, kem->ciphertext_len + mine_len);
    sftp_wr_string(&x->reply, reply, kem->ciphertext_len + mine_len);
    x->done = true;
  }

  sftp_wipe(joined, sizeof(joined));
  return res;
}

static int hybrid_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  struct sftp_str init;
  /* SSH_MSG_KEX_HYBRID_INIT has the same number. */
  int res = sftp_kex_ecdh_init(x, type, r, &init);

  return res == SFTP_OK ? hybrid_reply(x, init) : res;
}

static bool hybrid_usable(const struct sftp_kex_method *m) {
  const struct sftp_hybrid *h = m->parameter;

  return h->kem->usable == NULL || h->kem->usable();
}

const struct sftp_kex_ops sftp_kex_hybrid = {
  hybrid_message, NULL, "ECDH_INIT", hybrid_usable
};
