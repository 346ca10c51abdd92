/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-rsa.c -- RSA key exchange: RFC 4432.  The server speaks first, with a
 * public key that lives for this one exchange; the client chooses K and
 * encrypts it.
 */

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "kex-method.h"
#include "params.h"

#define KEXRSA_PUBKEY 30
#define KEXRSA_SECRET 31
#define KEXRSA_DONE 32

/* RFC 4432, sections 5 and 6, ask for at least 1024 and 2048 bits: clients
 * accept any size, and no client needs the smaller one.
 */
#define KEY_BITS 2048
#define KEY_LEN (KEY_BITS / 8)

static void free_key(void *data) {
  EVP_PKEY_free(data);
}

static void put_number(struct sftp_wr *w, const EVP_PKEY *key,
    const char *name) {
  unsigned char bytes[KEY_LEN];
  BIGNUM *bn = NULL;

  if (EVP_PKEY_get_bn_param(key, name, &bn) == 1 &&
      BN_num_bytes(bn) <= (int) sizeof(bytes)) {
    sftp_wr_mpint(w, bytes, (size_t) BN_bn2bin(bn, bytes));

  } else {
    sftp_wr_fail(w, SFTP_ERR_CRYPTO);
  }

  BN_free(bn);
}

static int rsa_begin(struct sftp_kex_exchange *x) {
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t) KEY_BITS);
  struct sftp_wr blob, w;
  int res;

  if (key == NULL) {
    ERR_clear_error();
    return SFTP_ERR_CRYPTO;
  }

  register_cleanup2(x->pool, key, free_key);
  sftp_wr_init(&blob, x->pool, 512, 1024);
  sftp_wr_text(&blob, "ssh-rsa");
  put_number(&blob, key, OSSL_PKEY_PARAM_RSA_E);
  put_number(&blob, key, OSSL_PKEY_PARAM_RSA_N);

  sftp_wr_init(&w, x->pool, 1024, 65536);
  sftp_wr_u8(&w, KEXRSA_PUBKEY);
  sftp_wr_str(&w, x->host_key);
  sftp_wr_str(&w, sftp_wr_get(&blob));
  sftp_wr_str(&x->hashed, sftp_wr_get(&blob));
  res = sftp_wr_end(&blob);
  if (res == SFTP_OK) {
    res = sftp_wr_end(&w);
  }

  x->state = key;
  return res == SFTP_OK ? x->send(x, sftp_wr_get(&w)) : res;
}

/* RSAES-OAEP with the method's digest, also for its mask. */
static int decrypt(EVP_PKEY *key, const char *digest, struct sftp_str in,
    unsigned char *out, size_t *len) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
  int res = SFTP_ERR_KEX;

  if (ctx != NULL && EVP_PKEY_decrypt_init(ctx) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
      EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, digest, NULL) == 1 &&
      EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, digest, NULL) == 1 &&
      EVP_PKEY_decrypt(ctx, out, len, in.ptr, in.len) == 1) {
    res = SFTP_OK;
  }

  EVP_PKEY_CTX_free(ctx);
  ERR_clear_error();
  return res;
}

/* The plaintext is K as an mpint.  RFC 4432, section 4, limits K to what fits
 * under OAEP, so a larger one cannot arrive.
 */
static int take_secret(struct sftp_kex_exchange *x, struct sftp_str plain) {
  struct sftp_rd r;
  struct sftp_str k;
  int res;

  sftp_rd_init_str(&r, plain);
  k = sftp_rd_mpint(&r);
  res = sftp_rd_end(&r);
  if (res != SFTP_OK) {
    return res;
  }

  sftp_wr_mpint(&x->k, k.ptr, k.len);
  return sftp_wr_end(&x->k);
}

static int rsa_message(struct sftp_kex_exchange *x, unsigned int type,
    struct sftp_rd *r) {
  unsigned char plain[KEY_LEN];
  struct sftp_str secret = { plain, sizeof(plain) };
  struct sftp_str sealed;
  int res;

  if (type != KEXRSA_SECRET || x->done || x->state == NULL) {
    return SFTP_ERR_ORDER;
  }

  sealed = sftp_rd_string(r);
  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return res;
  }

  res = decrypt(x->state, x->method->digest, sealed, plain, &secret.len);
  if (res == SFTP_OK) {
    res = take_secret(x, secret);
  }

  /* All failures look the same. */
  sftp_wipe(plain, sizeof(plain));
  if (res != SFTP_OK) {
    return SFTP_ERR_KEX;
  }

  sftp_wr_str(&x->hashed, sealed);
  x->reply_type = KEXRSA_DONE;
  x->bare_reply = true;
  x->done = true;
  return SFTP_OK;
}

const struct sftp_kex_ops sftp_kex_rsa = {
  rsa_message, rsa_begin, "KEXRSA_SECRET", NULL
};
