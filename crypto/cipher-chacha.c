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
 *
 * On large packets libcrypto is twice as fast as libsodium, on small ones it
 * takes twice as long (measured with 3.0 and 1.0.18 on AVX-512), so each is
 * used for what it does best.
 */

#include <limits.h>

#include <sodium.h>

#include "cipher-int.h"
#include "crypto.h"

#define POLY "POLY1305"
#define KEY_BYTES 32
#define NONCE_BYTES 8
#define TAG_BYTES 16
#define LENGTH_BYTES 4
#define SMALL_BYTES 256         /* libsodium does packets up to this size */

struct chacha {
  unsigned char packet_key[KEY_BYTES], length_key[KEY_BYTES];
  EVP_CIPHER_CTX *packet;       /* for large packets */
  EVP_MAC_CTX *poly;
};

static void chacha_free(struct sftp_cipher *c) {
  struct chacha *s = c->state;

  if (s != NULL) {
    EVP_CIPHER_CTX_free(s->packet);
    EVP_MAC_CTX_free(s->poly);
    sftp_wipe(s, sizeof(*s));
    c->state = NULL;
  }
}

static int chacha_init(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt) {
  const EVP_CIPHER *cipher = sftp_crypto_cipher(c->alg->evp);
  EVP_MAC *poly = sftp_crypto_mac(POLY);
  struct chacha *s;

  (void) iv;
  (void) encrypt;               /* a stream cipher: both are the same */
  if (cipher == NULL || poly == NULL) {
    return SFTP_ERR_UNSUPPORTED;
  }

  s = pcalloc(c->pool, sizeof(*s));
  c->state = s;
  memcpy(s->packet_key, key, KEY_BYTES);
  memcpy(s->length_key, key + KEY_BYTES, KEY_BYTES);
  s->packet = EVP_CIPHER_CTX_new();
  s->poly = EVP_MAC_CTX_new(poly);
  if (s->packet == NULL || s->poly == NULL ||
      EVP_EncryptInit_ex2(s->packet, cipher, key, NULL, NULL) != 1) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* The four length bytes, one way or the other. */
static void crypt_length(struct chacha *s, uint32_t seqno, unsigned char *out,
    const unsigned char *in) {
  unsigned char nonce[NONCE_BYTES];

  sftp_put_u64(nonce, seqno);
  crypto_stream_chacha20_xor(out, in, LENGTH_BYTES, nonce, s->length_key);
}

/* The rest, from block 1 of the key stream on. */
static int crypt_packet(struct chacha *s, uint32_t seqno, unsigned char *p,
    size_t len) {
  unsigned char iv[8 + NONCE_BYTES];    /* little-endian counter, nonce */
  int n;

  memset(iv, 0, sizeof(iv));
  iv[0] = 1;
  sftp_put_u64(iv + 8, seqno);
  if (len <= SMALL_BYTES) {
    crypto_stream_chacha20_xor_ic(p, p, len, iv + 8, 1, s->packet_key);
    return SFTP_OK;
  }

  if (len > INT_MAX ||
      EVP_EncryptInit_ex2(s->packet, NULL, NULL, iv, NULL) != 1 ||
      EVP_EncryptUpdate(s->packet, p, &n, p, (int) len) != 1 ||
      (size_t) n != len) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* The tag over the encrypted packet, under a key that is used once: block 0
 * of the packet's key stream.
 */
static int make_tag(struct chacha *s, uint32_t seqno, const unsigned char *p,
    size_t len, unsigned char *tag) {
  unsigned char nonce[NONCE_BYTES], key[KEY_BYTES];
  int res = SFTP_OK;
  size_t n;

  sftp_put_u64(nonce, seqno);
  crypto_stream_chacha20(key, sizeof(key), nonce, s->packet_key);
  if (len <= SMALL_BYTES) {
    crypto_onetimeauth_poly1305(tag, p, LENGTH_BYTES + len, key);

  } else if (EVP_MAC_init(s->poly, key, sizeof(key), NULL) != 1 ||
      EVP_MAC_update(s->poly, p, LENGTH_BYTES + len) != 1 ||
      EVP_MAC_final(s->poly, tag, &n, TAG_BYTES) != 1 || n != TAG_BYTES) {
    res = SFTP_ERR_CRYPTO;
  }

  sftp_wipe(key, sizeof(key));
  return res;
}

static int chacha_length(struct sftp_cipher *c, uint32_t seqno,
    const unsigned char *p, uint32_t *len) {
  unsigned char plain[LENGTH_BYTES];

  crypt_length(c->state, seqno, plain, p);
  *len = sftp_get_u32(plain);
  return SFTP_OK;
}

static int chacha_seal(struct sftp_cipher *c, uint32_t seqno,
    unsigned char *p, size_t len) {
  struct chacha *s = c->state;
  int res;

  crypt_length(s, seqno, p, p);
  res = crypt_packet(s, seqno, p + LENGTH_BYTES, len);
  if (res == SFTP_OK) {
    res = make_tag(s, seqno, p, len, p + LENGTH_BYTES + len);
  }

  return res;
}

static int chacha_open(struct sftp_cipher *c, uint32_t seqno,
    unsigned char *p, size_t len) {
  struct chacha *s = c->state;
  unsigned char tag[TAG_BYTES];
  int res;

  res = make_tag(s, seqno, p, len, tag);
  if (res == SFTP_OK && !sftp_same(tag, p + LENGTH_BYTES + len, TAG_BYTES)) {
    res = SFTP_ERR_MAC;
  }

  sftp_wipe(tag, sizeof(tag));
  return res == SFTP_OK ? crypt_packet(s, seqno, p + LENGTH_BYTES, len) : res;
}

/* The nonce is the sequence number, which the caller has. */
static int chacha_iv(const struct sftp_cipher *c, unsigned char *out) {
  (void) c;
  (void) out;
  return SFTP_OK;
}

const struct sftp_cipher_ops sftp_cipher_chacha = {
  chacha_init, chacha_free, NULL, chacha_length, chacha_seal, chacha_open,
  chacha_iv, POLY
};
