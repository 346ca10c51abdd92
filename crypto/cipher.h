/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher.h -- encryption of binary packets (RFC 4253, section 6.3; RFC 4344;
 * RFC 5647 as OpenSSH has it; chacha20-poly1305@openssh.com).
 *
 * All work is done in place.  A packet is its 4 length bytes, then
 * packet_length bytes (padding length, payload, padding), then the MAC or
 * tag.  AEAD ciphers (tag_len > 0) seal and open whole packets; the others
 * transform bytes and leave the MAC to mac.h.  packet.c alone combines them.
 */

#ifndef MOD_SFTP_CIPHER_H
#define MOD_SFTP_CIPHER_H

#include "alg.h"

struct sftp_cipher;             /* one direction, keyed */

struct sftp_cipher_ops {
  /* Keys c (c->alg is set).  key and iv have the row's lengths. */
  int (*init)(struct sftp_cipher *c, const unsigned char *key,
    const unsigned char *iv, bool encrypt);
  void (*free)(struct sftp_cipher *c);
  /* Not AEAD: transforms n bytes in place, n a multiple of block_len. */
  int (*crypt)(struct sftp_cipher *c, unsigned char *p, size_t n);
  /* AEAD: packet_length out of the 4 bytes at p, which stay as they are. */
  int (*length)(struct sftp_cipher *c, uint32_t seqno, const unsigned char *p,
    uint32_t *len);
  /* AEAD: encrypts p[0 .. 4+len) and writes the tag behind. */
  int (*seal)(struct sftp_cipher *c, uint32_t seqno, unsigned char *p,
    size_t len);
  /* AEAD: checks the tag at p[4+len] and decrypts; SFTP_ERR_MAC on mismatch. */
  int (*open)(struct sftp_cipher *c, uint32_t seqno, unsigned char *p,
    size_t len);
  /* The IV as of now to out: see sftp_cipher_iv(). */
  int (*iv)(const struct sftp_cipher *c, unsigned char *out);
  const char *mac;              /* libcrypto's name of what it needs, or NULL */
};

struct sftp_cipher_alg {
  struct sftp_alg alg;
  const struct sftp_cipher_ops *ops;
  const char *evp;              /* libcrypto's name, NULL for `none' */
  unsigned short key_len, iv_len, block_len, tag_len;
  unsigned short discard;       /* key stream bytes thrown away (arcfour) */
};

#define SFTP_CIPHER_KEY_MAX 64  /* of all rows */
#define SFTP_CIPHER_IV_MAX 16

struct sftp_cipher {
  const struct sftp_cipher_alg *alg;
  void *state;                  /* the ops' own */
  uint64_t used;                /* arcfour: bytes of its key stream */
  pool *pool;
};

/* Ends with a NULL name. */
extern const struct sftp_cipher_alg sftp_ciphers[];
/* Whether a row of it can be used in this process. */
bool sftp_cipher_is_usable(const struct sftp_alg *alg);

/* Keys a cipher for one direction; it lives as long as p and is wiped with
 * it.  key has alg->key_len bytes, iv alg->iv_len.
 */
int sftp_cipher_new(pool *p, const struct sftp_cipher_alg *alg,
  const unsigned char *key, const unsigned char *iv, bool encrypt,
  struct sftp_cipher **c) SFTP_MUST_CHECK;

/* Where a cipher is, so that another process can go on with the same key: the
 * IV as of now, of sftp_cipher_iv_len() bytes, to out.  CTR: the next counter
 * block; CBC: the last encrypted block; GCM: the next nonce; arcfour: how many
 * bytes of key stream were used.
 */
size_t sftp_cipher_iv_len(const struct sftp_cipher_alg *alg);
int sftp_cipher_iv(const struct sftp_cipher *c, unsigned char *out)
  SFTP_MUST_CHECK;
/* Keys a cipher that goes on there.  SFTP_ERR_LIMIT: more key stream was used
 * than is worth making again.
 */
int sftp_cipher_resume(pool *p, const struct sftp_cipher_alg *alg,
  const unsigned char *key, const unsigned char *iv, bool encrypt,
  struct sftp_cipher **c) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_CIPHER_H */
