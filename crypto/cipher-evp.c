/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-evp.c -- ciphers that libcrypto does as SSH wants them: CBC (RFC
 * 4253, section 6.3), CTR (RFC 4344, section 4) and arcfour (RFC 4345).
 */

#include <limits.h>

#include "cipher-int.h"
#include "crypto.h"

static void evp_free(struct sftp_cipher *c) {
  EVP_CIPHER_CTX_free(c->state);        /* wipes the key schedule */
  c->state = NULL;
}

static int evp_crypt(struct sftp_cipher *c, unsigned char *p, size_t n) {
  int len;

  if (n == 0) {
    return SFTP_OK;
  }

  if (n > INT_MAX || EVP_CipherUpdate(c->state, p, &len, p, (int) n) != 1 ||
      (size_t) len != n) {
    return SFTP_ERR_CRYPTO;
  }

  c->used += n;
  return SFTP_OK;
}

/* RFC 4345: the first bytes of the key stream leak information about the key.
 */
static int discard(struct sftp_cipher *c) {
  unsigned char stream[64];
  size_t left = c->alg->discard, part;
  int res = SFTP_OK;

  memset(stream, 0, sizeof(stream));
  while (left > 0 && res == SFTP_OK) {
    part = left < sizeof(stream) ? left : sizeof(stream);
    res = evp_crypt(c, stream, part);
    left -= part;
  }

  sftp_wipe(stream, sizeof(stream));
  return res;
}

static int evp_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  const EVP_CIPHER *cipher = sftp_crypto_cipher(c->alg->evp);
  EVP_CIPHER_CTX *ctx;

  if (cipher == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  ctx = EVP_CIPHER_CTX_new();
  c->state = ctx;
  if (ctx == NULL) {
    return SFTP_ERR_CRYPTO;
  }

  /* First without the key: RC4 and Blowfish must be told its length. */
  if (EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL) != 1 ||
      EVP_CIPHER_CTX_set_key_length(ctx, c->alg->key_len) != 1 ||
      EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
      EVP_CipherInit_ex2(ctx, NULL, key, c->alg->iv_len > 0 ? iv : NULL,
        encrypt, NULL) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return discard(c);
}

/* Packets are whole blocks: no part of a counter's block is left over. */
static int evp_iv(const struct sftp_cipher *c, unsigned char *out) {
  return EVP_CIPHER_CTX_get_updated_iv(c->state, out, c->alg->iv_len) == 1 ?
    SFTP_OK : SFTP_ERR_CRYPTO;
}

const struct sftp_cipher_ops sftp_cipher_evp = {
  evp_init, evp_free, evp_crypt, NULL, NULL, NULL, evp_iv, NULL
};
