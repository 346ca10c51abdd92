/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-ctr.c -- counter mode (RFC 4344, section 4) over the block cipher
 * alone, for ciphers whose counter mode libcrypto does not have.
 */

#include "cipher-int.h"
#include "crypto.h"

#define BLOCK_BYTES 8
#define BATCH_BYTES (32 * BLOCK_BYTES)

struct ctr {
  EVP_CIPHER_CTX *ecb;
  uint64_t counter;             /* X of the RFC: the next block to encrypt */
};

static void ctr_free(struct sftp_cipher *c) {
  struct ctr *ctr = c->state;

  if (ctr != NULL) {
    EVP_CIPHER_CTX_free(ctr->ecb);
    sftp_wipe(ctr, sizeof(*ctr));
    c->state = NULL;
  }
}

static int ctr_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  const EVP_CIPHER *cipher = sftp_crypto_cipher(c->alg->evp);
  struct ctr *ctr;

  (void) encrypt;               /* both directions encrypt the counter */
  if (cipher == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  ctr = pcalloc(c->pool, sizeof(*ctr));
  c->state = ctr;
  ctr->counter = sftp_get_u64(iv);
  ctr->ecb = EVP_CIPHER_CTX_new();
  if (ctr->ecb == NULL ||
      EVP_EncryptInit_ex2(ctr->ecb, cipher, NULL, NULL, NULL) != 1 ||
      EVP_CIPHER_CTX_get_block_size(ctr->ecb) != BLOCK_BYTES ||
      EVP_CIPHER_CTX_set_key_length(ctr->ecb, c->alg->key_len) != 1 ||
      EVP_CIPHER_CTX_set_padding(ctr->ecb, 0) != 1 ||
      EVP_EncryptInit_ex2(ctr->ecb, NULL, key, NULL, NULL) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

static int ctr_crypt(struct sftp_cipher *c, unsigned char *p, size_t n) {
  unsigned char stream[BATCH_BYTES];
  struct ctr *ctr = c->state;
  int len, res = SFTP_OK;

  while (n > 0) {
    size_t i, part = n < sizeof(stream) ? n : sizeof(stream);

    for (i = 0; i < part; i += BLOCK_BYTES) {
      sftp_put_u64(stream + i, ctr->counter++);
    }

    /* i is part, rounded up to whole blocks. */
    if (EVP_EncryptUpdate(ctr->ecb, stream, &len, stream, (int) i) != 1 ||
        (size_t) len != i) {
      res = SFTP_ERR_CRYPTO;
      break;
    }

    for (i = 0; i < part; i++) {
      p[i] ^= stream[i];
    }

    p += part;
    n -= part;
  }

  sftp_wipe(stream, sizeof(stream));
  return res;
}

static int ctr_iv(const struct sftp_cipher *c, unsigned char *out) {
  const struct ctr *ctr = c->state;

  sftp_put_u64(out, ctr->counter);
  return SFTP_OK;
}

const struct sftp_cipher_ops sftp_cipher_ctr = {
  ctr_init, ctr_free, ctr_crypt, NULL, NULL, NULL, ctr_iv, NULL
};
