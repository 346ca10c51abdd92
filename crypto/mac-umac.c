/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac-umac.c -- UMAC-64 and UMAC-128 (RFC 4418) over AES-128, as
 * umac-64@openssh.com and umac-128@openssh.com use them: the nonce is the
 * sequence number as a uint64, and the code covers the packet without it.
 *
 * Each stream gives 32 bits of the code, by three hashes in a row under keys of
 * its own.  L1 makes 8 bytes of each 1024; L2 makes one number of all these; L3
 * makes 4 bytes of it.  AES of the nonce hides the result.
 */

#include "crypto.h"
#include "mac-int.h"

#define AES "AES-128-ECB"
#define AES_BYTES 16
#define STREAMS_MAX 4
#define L1_BYTES 1024           /* of message under one L1 key */
#define L1_SHIFT 16             /* each stream's L1 key begins 16 bytes later */
#define L1_KEY_BYTES (L1_BYTES + (STREAMS_MAX - 1) * L1_SHIFT)
#define L2_KEY_BYTES 24         /* a packet needs 8 of them */
#define L3_KEY_BYTES 64

/* RFC 4418, section 5.4: longer messages need the second, 128-bit polynomial.
 * No packet is that long.
 */
#define MESSAGE_MAX (1u << 24)

#define PRIME36 ((UINT64_C(1) << 36) - 5)
#define PRIME64 (UINT64_MAX - 58)               /* 2^64 - 59 */
#define PRIME64_OFFSET 59
#define L2_KEY_MASK UINT64_C(0x01ffffff01ffffff)

struct umac {
  unsigned int nstreams;
  EVP_CIPHER_CTX *pdf;                          /* hides the hash */
  uint32_t l1[L1_KEY_BYTES / 4];
  uint64_t l2[STREAMS_MAX];
  uint64_t l3[STREAMS_MAX][4];                  /* see finish_sum() */
  uint32_t l3_mask[STREAMS_MAX];
};

/* ---- Keys (RFC 4418, section 3.2) */

static EVP_CIPHER_CTX *aes_new(const unsigned char *key) {
  const EVP_CIPHER *aes = sftp_crypto_cipher(AES);
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

  if (aes != NULL && ctx != NULL &&
      EVP_EncryptInit_ex2(ctx, aes, key, NULL, NULL) == 1 &&
      EVP_CIPHER_CTX_set_padding(ctx, 0) == 1) {
    return ctx;
  }

  EVP_CIPHER_CTX_free(ctx);
  return NULL;
}

static int aes_block(EVP_CIPHER_CTX *aes, unsigned char *block) {
  int len;

  if (EVP_EncryptUpdate(aes, block, &len, block, AES_BYTES) != 1 ||
      len != AES_BYTES) {
    return SFTP_ERR_CRYPTO;
  }

  return SFTP_OK;
}

/* KDF: n bytes of key for the purpose `index'. */
static int derive_key(EVP_CIPHER_CTX *aes, uint64_t index, unsigned char *out,
    size_t n) {
  unsigned char block[AES_BYTES];
  uint64_t i;
  int res = SFTP_OK;

  for (i = 1; n > 0 && res == SFTP_OK; i++) {
    size_t part = n < AES_BYTES ? n : AES_BYTES;

    sftp_put_u64(block, index);
    sftp_put_u64(block + 8, i);
    res = aes_block(aes, block);
    memcpy(out, block, part);
    out += part;
    n -= part;
  }

  sftp_wipe(block, sizeof(block));
  return res;
}

static int derive_pdf(struct umac *u, EVP_CIPHER_CTX *aes) {
  unsigned char key[AES_BYTES];
  int res;

  res = derive_key(aes, 0, key, sizeof(key));
  if (res == SFTP_OK) {
    u->pdf = aes_new(key);
    res = u->pdf != NULL ? SFTP_OK : SFTP_ERR_CRYPTO;
  }

  sftp_wipe(key, sizeof(key));
  return res;
}

static int derive_hash_keys(struct umac *u, EVP_CIPHER_CTX *aes) {
  unsigned char buf[L1_KEY_BYTES];
  unsigned int s, i;
  int res;

  memset(buf, 0, sizeof(buf));
  res = derive_key(aes, 1, buf, L1_BYTES + (u->nstreams - 1) * L1_SHIFT);
  for (i = 0; i < (L1_BYTES + (u->nstreams - 1) * L1_SHIFT) / 4; i++) {
    u->l1[i] = sftp_get_u32(buf + 4 * i);
  }

  if (res == SFTP_OK) {
    res = derive_key(aes, 2, buf, u->nstreams * L2_KEY_BYTES);
  }

  for (s = 0; s < u->nstreams; s++) {
    u->l2[s] = sftp_get_u64(buf + s * L2_KEY_BYTES) & L2_KEY_MASK;
  }

  if (res == SFTP_OK) {
    res = derive_key(aes, 3, buf, u->nstreams * L3_KEY_BYTES);
  }

  /* The first half of each L3 key would multiply zeros: see finish_sum(). */
  for (s = 0; s < u->nstreams; s++) {
    for (i = 0; i < 4; i++) {
      u->l3[s][i] = sftp_get_u64(buf + s * L3_KEY_BYTES + 32 + 8 * i) %
        PRIME36;
    }
  }

  if (res == SFTP_OK) {
    res = derive_key(aes, 4, buf, u->nstreams * 4);
  }

  for (s = 0; s < u->nstreams; s++) {
    u->l3_mask[s] = sftp_get_u32(buf + s * 4);
  }

  sftp_wipe(buf, sizeof(buf));
  return res;
}

static void umac_free(struct sftp_mac *m) {
  struct umac *u = m->state;

  if (u != NULL) {
    EVP_CIPHER_CTX_free(u->pdf);
    sftp_wipe(u, sizeof(*u));
    m->state = NULL;
  }
}

static int umac_init(struct sftp_mac *m, const unsigned char *key) {
  struct umac *u = pcalloc(m->pool, sizeof(*u));
  EVP_CIPHER_CTX *aes;
  int res = SFTP_ERR_CRYPTO;

  m->state = u;
  u->nstreams = m->alg->mac_len / 4;
  aes = aes_new(key);
  if (aes != NULL) {
    res = derive_pdf(u, aes);
  }

  if (res == SFTP_OK) {
    res = derive_hash_keys(u, aes);
  }

  EVP_CIPHER_CTX_free(aes);
  return res;
}

/* ---- L1: NH (RFC 4418, section 5.2) */

/* The message is read as little-endian words. */
static inline uint32_t get_le32(const unsigned char *p) {
  return (uint32_t) p[3] << 24 | (uint32_t) p[2] << 16 |
    (uint32_t) p[1] << 8 | p[0];
}

/* Adds the hash of n bytes, a multiple of 32, for all streams to sum[]. */
static inline __attribute__((always_inline)) void nh(uint64_t *sum,
    const uint32_t *key, const unsigned char *p, size_t n,
    unsigned int nstreams) {
  unsigned int s, i;

  for (; n > 0; n -= 32, p += 32, key += 8) {
    for (i = 0; i < 4; i++) {
      uint32_t a = get_le32(p + 4 * i), b = get_le32(p + 16 + 4 * i);

      for (s = 0; s < nstreams; s++) {
        const uint32_t *k = key + s * (L1_SHIFT / 4);

        sum[s] += (uint64_t) (uint32_t) (a + k[i]) *
          (uint32_t) (b + k[i + 4]);
      }
    }
  }
}

/* L1 of one piece of at most 1024 bytes, padded with zeros to 32. */
static void l1_hash(const struct umac *u, uint64_t *sum,
    const unsigned char *p, size_t n) {
  unsigned char last[32];
  size_t whole = n & ~(size_t) 31, rest = n & 31;
  unsigned int s;

  for (s = 0; s < u->nstreams; s++) {
    sum[s] = (uint64_t) n * 8;
  }

  memset(last, 0, sizeof(last));
  if (rest > 0) {
    memcpy(last, p + whole, rest);
  }

  /* An empty message is one block of zeros. */
  rest = rest > 0 || n == 0 ? sizeof(last) : 0;

  /* One function per number of streams, so that the compiler can unroll the
   * loops.
   */
  if (u->nstreams == 2) {
    nh(sum, u->l1, p, whole, 2);
    nh(sum, u->l1 + whole / 4, last, rest, 2);

  } else {
    nh(sum, u->l1, p, whole, 4);
    nh(sum, u->l1 + whole / 4, last, rest, 4);
  }
}

/* ---- L2: a polynomial modulo 2^64 - 59 (RFC 4418, section 5.3) */

/* k * y mod PRIME64, with k under L2_KEY_MASK.  2^64 is 59 here. */
static uint64_t mul64(uint64_t k, uint64_t y) {
  uint64_t k1 = k >> 32, k0 = k & UINT32_MAX;
  uint64_t y1 = y >> 32, y0 = y & UINT32_MAX;
  uint64_t middle = k1 * y0 + k0 * y1, high, low, sum;

  /* k1 and k0 have 25 bits: nothing overflows before `sum'. */
  high = (k1 * y1 + (middle >> 32)) * PRIME64_OFFSET;
  low = k0 * y0;

  sum = low + (middle << 32);
  if (sum < low) {
    sum += PRIME64_OFFSET;      /* cannot wrap: k0 * y0 is far below 2^64 */
  }

  low = sum + high;
  if (low < sum) {
    low += PRIME64_OFFSET;
  }

  return low >= PRIME64 ? low - PRIME64 : low;
}

/* (y + m) mod PRIME64, for y below it. */
static uint64_t add64(uint64_t y, uint64_t m) {
  uint64_t sum = y + m;

  if (sum < y) {
    sum += PRIME64_OFFSET;
  }

  return sum >= PRIME64 ? sum - PRIME64 : sum;
}

static uint64_t poly64(uint64_t k, uint64_t y, uint64_t m) {
  /* Words that the prime does not cover go in two steps. */
  if (m >> 32 == UINT32_MAX) {
    y = add64(mul64(k, y), PRIME64 - 1);
    m -= PRIME64_OFFSET;
  }

  return add64(mul64(k, y), m);
}

/* ---- L3: an inner product modulo 2^36 - 5 (RFC 4418, section 5.4) */

/* The input is 16 bytes whose first 8 are zero, since messages are short. */
static uint32_t finish_sum(const struct umac *u, unsigned int s, uint64_t y) {
  uint64_t sum;

  sum = (y >> 48) * u->l3[s][0] + (y >> 32 & 0xffff) * u->l3[s][1] +
    (y >> 16 & 0xffff) * u->l3[s][2] + (y & 0xffff) * u->l3[s][3];
  return (uint32_t) (sum % PRIME36) ^ u->l3_mask[s];
}

static void hash_bytes(const struct umac *u, const unsigned char *p, size_t n,
    unsigned char *out) {
  uint64_t y[STREAMS_MAX] = { 1, 1, 1, 1 }, sum[STREAMS_MAX];
  unsigned int s;

  if (n <= L1_BYTES) {
    l1_hash(u, y, p, n);        /* section 5.1: without L2 */

  } else {
    while (n > 0) {
      size_t part = n < L1_BYTES ? n : L1_BYTES;

      l1_hash(u, sum, p, part);
      for (s = 0; s < u->nstreams; s++) {
        y[s] = poly64(u->l2[s], y[s], sum[s]);
      }

      p += part;
      n -= part;
    }
  }

  for (s = 0; s < u->nstreams; s++) {
    sftp_put_u32(out + 4 * s, finish_sum(u, s, y[s]));
  }
}

/* ---- The whole (RFC 4418, sections 3.3 and 4) */

int sftp_umac_tag(struct sftp_mac *m, const unsigned char nonce[8],
    const unsigned char *p, size_t n, unsigned char *out) {
  struct umac *u = m->state;
  unsigned char pad[AES_BYTES], tag[4 * STREAMS_MAX];
  size_t i, len = 4 * u->nstreams, at = 0;
  int res;

  if (n > MESSAGE_MAX) {
    return SFTP_ERR_LIMIT;
  }

  /* Two nonces share the halves of one AES block when a code is that short. */
  memset(pad, 0, sizeof(pad));
  memcpy(pad, nonce, 8);
  if (len == AES_BYTES / 2) {
    at = (pad[7] & 1) * len;
    pad[7] &= 0xfe;
  }

  res = aes_block(u->pdf, pad);
  if (res == SFTP_OK) {
    hash_bytes(u, p, n, tag);
    for (i = 0; i < len; i++) {
      out[i] = tag[i] ^ pad[at + i];
    }
  }

  sftp_wipe(tag, sizeof(tag));
  sftp_wipe(pad, sizeof(pad));
  return res;
}

static int umac_compute(struct sftp_mac *m, uint32_t seqno,
    const unsigned char *p, size_t n, unsigned char *out) {
  unsigned char nonce[8];

  sftp_put_u64(nonce, seqno);
  return sftp_umac_tag(m, nonce, p, n, out);
}

const struct sftp_mac_ops sftp_mac_umac = {
  umac_init, umac_free, umac_compute, AES
};
