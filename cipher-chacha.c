/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-chacha.c -- chacha20-poly1305@openssh.com (OpenSSH's file
 * PROTOCOL.chacha20poly1305).
 *
 * Two ChaCha20 keys: the first 32 bytes (K_2 there) for the packet and its
 * Poly1305 key, the last 32 (K_1) for the four length bytes alone.  The nonce
 * of both is the sequence number.  The code covers the encrypted packet with
 * its encrypted length, so it is checked before anything is decrypted.
 */

#include <limits.h>

#include "cipher-int.h"
#include "crypto.h"

#define KEY_BYTES 32
#define IV_BYTES 16             /* 8 bytes of block counter, 8 of nonce */
#define BLOCK_BYTES 64
#define TAG_BYTES 16
#define LENGTH_BYTES 4

struct chacha {
  EVP_CIPHER_CTX *packet, *length;
  EVP_MAC_CTX *poly;
};

static void chacha_free(struct sftp_cipher *c) {
  struct chacha *s = c->state;

  if (s != NULL) {
    EVP_CIPHER_CTX_free(s->packet);
    EVP_CIPHER_CTX_free(s->length);
    EVP_MAC_CTX_free(s->poly);
    sftp_wipe(s, sizeof(*s));
    c->state = NULL;
  }
}

static int chacha_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  const EVP_CIPHER *cipher = sftp_crypto_cipher(c->alg->evp);
  EVP_MAC *poly = sftp_crypto_mac("POLY1305");
  struct chacha *s;

  (void) iv;
  (void) encrypt;               /* a stream cipher: both are the same */
  if (cipher == NULL || poly == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  s = pcalloc(c->pool, sizeof(*s));
  c->state = s;
  s->packet = EVP_CIPHER_CTX_new();
  s->length = EVP_CIPHER_CTX_new();
  s->poly = EVP_MAC_CTX_new(poly);
  if (s->packet == NULL || s->length == NULL || s->poly == NULL ||
      EVP_EncryptInit_ex2(s->packet, cipher, key, NULL, NULL) != 1 ||
      EVP_EncryptInit_ex2(s->length, cipher, key + KEY_BYTES, NULL,
        NULL) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* Block counter 0 and the nonce, which is a uint64 as SSH writes it. */
static int restart(EVP_CIPHER_CTX *ctx, uint32_t seqno) {
  unsigned char iv[IV_BYTES];

  memset(iv, 0, sizeof(iv));
  sftp_put_u32(iv + IV_BYTES - 4, seqno);
  return EVP_EncryptInit_ex2(ctx, NULL, NULL, iv, NULL) == 1 ? SFTP_OK :
    SFTP_ERR_CRYPTO;
}

static int stream(EVP_CIPHER_CTX *ctx, unsigned char *out,
    const unsigned char *in, size_t n) {
  int len;

  if (EVP_EncryptUpdate(ctx, out, &len, in, (int) n) != 1 ||
      (size_t) len != n) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* Keys Poly1305 with the key stream's first block and leaves the cipher at
 * block 1, where the packet begins.
 */
static int start_packet(struct chacha *s, uint32_t seqno) {
  static const unsigned char zeros[BLOCK_BYTES];
  unsigned char block[BLOCK_BYTES];
  int res = SFTP_ERR_CRYPTO;

  if (restart(s->packet, seqno) == SFTP_OK &&
      stream(s->packet, block, zeros, sizeof(block)) == SFTP_OK &&
      EVP_MAC_init(s->poly, block, KEY_BYTES, NULL) == 1) {
    res = SFTP_OK;
  }

  sftp_wipe(block, sizeof(block));
  return res;
}

static int make_tag(struct chacha *s, const unsigned char *p, size_t n,
    unsigned char *tag) {
  size_t len;

  if (EVP_MAC_update(s->poly, p, n) != 1 ||
      EVP_MAC_final(s->poly, tag, &len, TAG_BYTES) != 1 || len != TAG_BYTES) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

static int chacha_length(struct sftp_cipher *c, uint32_t seqno,
    const unsigned char *p, uint32_t *len) {
  struct chacha *s = c->state;
  unsigned char plain[LENGTH_BYTES];

  if (restart(s->length, seqno) != SFTP_OK ||
      stream(s->length, plain, p, sizeof(plain)) != SFTP_OK) {
    return SFTP_ERR_CRYPTO;
  }

  *len = sftp_get_u32(plain);
  return SFTP_OK;
}

static int chacha_seal(struct sftp_cipher *c, uint32_t seqno,
    unsigned char *p, size_t len) {
  struct chacha *s = c->state;

  if (len == 0 || len > INT_MAX || restart(s->length, seqno) != SFTP_OK ||
      stream(s->length, p, p, LENGTH_BYTES) != SFTP_OK ||
      start_packet(s, seqno) != SFTP_OK ||
      stream(s->packet, p + LENGTH_BYTES, p + LENGTH_BYTES, len) != SFTP_OK) {
    return SFTP_ERR_CRYPTO;
  }

  return make_tag(s, p, LENGTH_BYTES + len, p + LENGTH_BYTES + len);
}

static int chacha_open(struct sftp_cipher *c, uint32_t seqno,
    unsigned char *p, size_t len) {
  struct chacha *s = c->state;
  unsigned char tag[TAG_BYTES];

  if (len == 0 || len > INT_MAX || start_packet(s, seqno) != SFTP_OK ||
      make_tag(s, p, LENGTH_BYTES + len, tag) != SFTP_OK) {
    return SFTP_ERR_CRYPTO;
  }

  if (!sftp_same(tag, p + LENGTH_BYTES + len, TAG_BYTES)) {
    return SFTP_ERR_MAC;
  }

  return stream(s->packet, p + LENGTH_BYTES, p + LENGTH_BYTES, len);
}

const struct sftp_cipher_ops sftp_cipher_chacha = {
  chacha_init, chacha_free, NULL, chacha_length, chacha_seal, chacha_open
};
