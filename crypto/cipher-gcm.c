/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-gcm.c -- AES-GCM: RFC 5647, sections 7.1 to 7.3, with OpenSSH's names
 * (the negotiated MAC then has no meaning).
 *
 * The four length bytes are authenticated but not encrypted; the nonce is 4
 * fixed bytes and a counter of 8 bytes that starts with a value of the key
 * exchange.
 */

#include <limits.h>

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "cipher-int.h"
#include "crypto.h"

#define IV_BYTES 12
#define TAG_BYTES 16
#define LENGTH_BYTES 4

struct gcm {
  EVP_CIPHER_CTX *ctx;
  unsigned char iv[IV_BYTES];   /* of the next packet */
};

static void gcm_free(struct sftp_cipher *c) {
  struct gcm *gcm = c->state;

  if (gcm != NULL) {
    EVP_CIPHER_CTX_free(gcm->ctx);
    sftp_wipe(gcm, sizeof(*gcm));
    c->state = NULL;
  }
}

static int gcm_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  const EVP_CIPHER *cipher = sftp_crypto_cipher(c->alg->evp);
  struct gcm *gcm;

  if (cipher == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  gcm = pcalloc(c->pool, sizeof(*gcm));
  c->state = gcm;
  memcpy(gcm->iv, iv, IV_BYTES);
  gcm->ctx = EVP_CIPHER_CTX_new();
  if (gcm->ctx == NULL ||
      EVP_CipherInit_ex2(gcm->ctx, cipher, key, iv, encrypt, NULL) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* RFC 5647, section 7.1: the counter of the next packet. */
static void next_iv(struct gcm *gcm) {
  sftp_put_u64(gcm->iv + 4, sftp_get_u64(gcm->iv + 4) + 1);
}

static int gcm_length(struct sftp_cipher *c, uint32_t seqno,
    const unsigned char *p, uint32_t *len) {
  (void) c;
  (void) seqno;
  *len = sftp_get_u32(p);
  return SFTP_OK;
}

/* The packet's bytes through the cipher, under the nonce set before. */
static int transform(EVP_CIPHER_CTX *ctx, unsigned char *p, size_t len) {
  int n;

  if (EVP_CipherUpdate(ctx, NULL, &n, p, LENGTH_BYTES) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  p += LENGTH_BYTES;
  if (EVP_CipherUpdate(ctx, p, &n, p, (int) len) != 1 || (size_t) n != len) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

static int gcm_seal(struct sftp_cipher *c, uint32_t seqno, unsigned char *p,
    size_t len) {
  struct gcm *gcm = c->state;
  OSSL_PARAM params[2];
  int n;

  (void) seqno;
  if (len == 0 || len > INT_MAX ||
      EVP_CipherInit_ex2(gcm->ctx, NULL, NULL, gcm->iv, 1, NULL) != 1 ||
      transform(gcm->ctx, p, len) != SFTP_OK ||
      EVP_CipherFinal_ex(gcm->ctx, p + LENGTH_BYTES + len, &n) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
    p + LENGTH_BYTES + len, TAG_BYTES);
  params[1] = OSSL_PARAM_construct_end();
  if (EVP_CIPHER_CTX_get_params(gcm->ctx, params) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  next_iv(gcm);
  return SFTP_OK;
}

static int gcm_open(struct sftp_cipher *c, uint32_t seqno, unsigned char *p,
    size_t len) {
  struct gcm *gcm = c->state;
  OSSL_PARAM params[2];
  int n;

  (void) seqno;
  if (len == 0 || len > INT_MAX) {
    return SFTP_ERR_CRYPTO;
  }

  params[0] = OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG,
    p + LENGTH_BYTES + len, TAG_BYTES);
  params[1] = OSSL_PARAM_construct_end();
  if (EVP_CipherInit_ex2(gcm->ctx, NULL, NULL, gcm->iv, 0, params) != 1 ||
      transform(gcm->ctx, p, len) != SFTP_OK) {
    return SFTP_ERR_CRYPTO;
  }

  /* Only now is the tag compared, by libcrypto and in constant time.  What was
   * decrypted before is never used if it fails: the packet layer ends the
   * connection.
   */
  if (EVP_CipherFinal_ex(gcm->ctx, p + LENGTH_BYTES + len, &n) != 1) {
    sftp_wipe(p + LENGTH_BYTES, len);
    return SFTP_ERR_MAC;
  }

  next_iv(gcm);
  return SFTP_OK;
}

static int gcm_iv(const struct sftp_cipher *c, unsigned char *out) {
  const struct gcm *gcm = c->state;

  memcpy(out, gcm->iv, IV_BYTES);
  return SFTP_OK;
}

const struct sftp_cipher_ops sftp_cipher_gcm = {
  gcm_init, gcm_free, NULL, gcm_length, gcm_seal, gcm_open, gcm_iv,
  NULL
};
