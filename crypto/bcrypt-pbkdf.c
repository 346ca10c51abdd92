/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* bcrypt-pbkdf.c -- the key derivation of encrypted OpenSSH key files.
 *
 * Written from Provos and Mazieres, "A Future-Adaptable Password Scheme"
 * (eksblowfish), and the definition of bcrypt_pbkdf(3).
 */

#include <sodium.h>

#include "bcrypt-pbkdf.h"
#include "blowfish-pi.h"

#define P_WORDS 18
#define INPUT_WORDS (crypto_hash_sha512_BYTES / 4)
#define HASH_WORDS 8
#define HASH_LEN (HASH_WORDS * 4)
/* bcrypt_pbkdf's fixed inner cost, which is too slow for a fuzzer. */
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
# define COST 1
#else
# define COST 64
#endif

struct blowfish {
  uint32_t p[P_WORDS];          /* expand() takes p and s as one array */
  uint32_t s[4][256];
};

_Static_assert(sizeof(struct blowfish) == SFTP_BLOWFISH_WORDS * 4,
  "no padding");

struct bcrypt {
  struct blowfish bf;
  uint32_t pass[INPUT_WORDS], salt[INPUT_WORDS];
  unsigned char sum[crypto_hash_sha512_BYTES];
};

static uint32_t f(const struct blowfish *b, uint32_t x) {
  return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 0xff]) ^
    b->s[2][x >> 8 & 0xff]) + b->s[3][x & 0xff];
}

static void encipher(const struct blowfish *b, uint32_t *left,
    uint32_t *right) {
  uint32_t l = *left ^ b->p[0], r = *right;
  int i;

  for (i = 1; i < 17; i += 2) {
    r ^= f(b, l) ^ b->p[i];
    l ^= f(b, r) ^ b->p[i + 1];
  }

  *left = r ^ b->p[17];
  *right = l;
}

/* ExpandKey: the key into P, then P and S replaced by a chain of encryptions
 * in which the salt, unless NULL, takes part.
 */
static void expand(struct blowfish *b, const uint32_t *salt,
    const uint32_t *key) {
  uint32_t *words[] = { b->p, b->s[0], b->s[1], b->s[2], b->s[3] };
  uint32_t l = 0, r = 0;
  size_t box, i, n, used = 0;

  for (i = 0; i < P_WORDS; i++) {
    b->p[i] ^= key[i % INPUT_WORDS];
  }

  for (box = 0; box < SFTP_NELEMS(words); box++) {
    n = box == 0 ? P_WORDS : 256;
    for (i = 0; i < n; i += 2) {
      if (salt != NULL) {
        l ^= salt[used++ % INPUT_WORDS];
        r ^= salt[used++ % INPUT_WORDS];
      }

      encipher(b, &l, &r);
      words[box][i] = l;
      words[box][i + 1] = r;
    }
  }
}

static void load_words(uint32_t *words, const unsigned char *bytes) {
  size_t i;

  for (i = 0; i < INPUT_WORDS; i++) {
    words[i] = sftp_get_u32(bytes + i * 4);
  }
}

/* bcrypt of pass and salt with bcrypt_pbkdf's text and byte order. */
static void bcrypt_hash(struct bcrypt *b, unsigned char out[HASH_LEN]) {
  static const char text[HASH_LEN + 1] = "OxychromaticBlowfishSwatDynamite";
  uint32_t words[HASH_WORDS];
  size_t i, j;

  memcpy(b->bf.p, sftp_blowfish_pi, sizeof(b->bf.p));
  memcpy(b->bf.s, sftp_blowfish_pi + P_WORDS, sizeof(b->bf.s));
  expand(&b->bf, b->salt, b->pass);
  for (i = 0; i < COST; i++) {
    expand(&b->bf, NULL, b->salt);
    expand(&b->bf, NULL, b->pass);
  }

  for (i = 0; i < HASH_WORDS; i++) {
    words[i] = sftp_get_u32((const unsigned char *) text + i * 4);
  }

  for (i = 0; i < HASH_WORDS; i += 2) {
    for (j = 0; j < COST; j++) {
      encipher(&b->bf, &words[i], &words[i + 1]);
    }
  }

  for (i = 0; i < HASH_WORDS; i++) {
    out[i * 4] = (unsigned char) words[i];
    out[i * 4 + 1] = (unsigned char) (words[i] >> 8);
    out[i * 4 + 2] = (unsigned char) (words[i] >> 16);
    out[i * 4 + 3] = (unsigned char) (words[i] >> 24);
  }

  sftp_wipe(words, sizeof(words));
}

/* Block number `count' (from 1) of the derived key. */
static void derive_block(struct bcrypt *b, struct sftp_str salt,
    uint32_t count, uint32_t rounds, unsigned char block[HASH_LEN]) {
  crypto_hash_sha512_state st;
  unsigned char number[4], hash[HASH_LEN];
  uint32_t round;
  size_t i;

  sftp_put_u32(number, count);
  crypto_hash_sha512_init(&st);
  crypto_hash_sha512_update(&st, salt.ptr, salt.len);
  crypto_hash_sha512_update(&st, number, sizeof(number));
  crypto_hash_sha512_final(&st, b->sum);
  load_words(b->salt, b->sum);
  bcrypt_hash(b, hash);
  memcpy(block, hash, HASH_LEN);

  for (round = 1; round < rounds; round++) {
    crypto_hash_sha512(b->sum, hash, sizeof(hash));
    load_words(b->salt, b->sum);
    bcrypt_hash(b, hash);
    for (i = 0; i < HASH_LEN; i++) {
      block[i] ^= hash[i];
    }
  }

  sftp_wipe(hash, sizeof(hash));
}

int sftp_bcrypt_pbkdf(struct sftp_str passphrase, struct sftp_str salt,
    uint32_t rounds, unsigned char *key, size_t key_len) {
  unsigned char block[HASH_LEN];
  size_t nblocks = (key_len + HASH_LEN - 1) / HASH_LEN, count, i;
  struct bcrypt b;

  if (passphrase.len == 0 || salt.len == 0 || rounds == 0 || key_len == 0 ||
      key_len > SFTP_BCRYPT_MAX_KEY_LEN) {
    return SFTP_ERR_FORMAT;
  }

  crypto_hash_sha512(b.sum, passphrase.ptr, passphrase.len);
  load_words(b.pass, b.sum);

  /* Unlike PBKDF2's, the blocks are interleaved byte by byte. */
  for (count = 0; count < nblocks; count++) {
    derive_block(&b, salt, (uint32_t) count + 1, rounds, block);
    for (i = 0; i < HASH_LEN && i * nblocks + count < key_len; i++) {
      key[i * nblocks + count] = block[i];
    }
  }

  sftp_wipe(block, sizeof(block));
  sftp_wipe(&b, sizeof(b));
  return SFTP_OK;
}
