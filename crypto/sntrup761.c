/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* sntrup761.c -- Streamlined NTRU Prime.
 *
 * Written from "NTRU Prime: round 3" (2020), sections 3 and 4; the names are
 * the specification's.
 */

#include <sodium.h>

#include "sntrup761.h"

#define P SFTP_SNTRUP761_N
#define Q 4591
#define W 286                   /* non-zero numbers in r */
#define HALF_Q 2295             /* (q - 1) / 2, a multiple of 3 */
#define ROUNDED 1531            /* (q + 2) / 3 values after rounding */

#define SMALL_LEN ((P + 3) / 4)
#define ROUNDED_LEN 1007
#define HASH_LEN 32
#define PADDED 768              /* P, so that loops use whole vectors */

/* Two bytes of a radix above this leave at once when decoding. */
#define LIMIT 16384

/* ---- Lists of numbers below a radix as bytes (section 3.3 of the round 3
 * document): pairs are joined to numbers below the product of their radixes,
 * whose low bytes are written while the product is LIMIT or more, until one
 * number is left.
 */

static unsigned char *encode(uint16_t *r, uint16_t radix, unsigned char *out) {
  uint16_t m[P];
  size_t len, i;

  for (i = 0; i < P; i++) {
    m[i] = radix;
  }

  for (len = P; len > 1; len = (len + 1) / 2) {
    for (i = 0; i + 1 < len; i += 2) {
      uint32_t joined = r[i] + (uint32_t) m[i] * r[i + 1];
      uint32_t product = (uint32_t) m[i] * m[i + 1];

      for (; product >= LIMIT; product = (product + 255) >> 8) {
        *out++ = (unsigned char) joined;
        joined >>= 8;
      }

      r[i / 2] = (uint16_t) joined;
      m[i / 2] = (uint16_t) product;
    }

    if (i < len) {
      r[i / 2] = r[i];
      m[i / 2] = m[i];
    }
  }

  for (; m[0] > 1; m[0] = (uint16_t) ((m[0] + 255) >> 8)) {
    *out++ = (unsigned char) r[0];
    r[0] = (uint16_t) (r[0] >> 8);
  }

  return out;
}

/* One round of decoding: radixes, and what was read already of the numbers
 * that the pairs were joined to.
 */
struct round {
  uint16_t *m;
  uint32_t *low;
  unsigned char *nlow;          /* bits in low */
  size_t len;
};

#define ROUNDS_MAX 11

/* What the rounds have, one after the other: each has half as much. */
struct round_space {
  uint16_t m[2 * P + ROUNDS_MAX];
  uint32_t low[P];
  unsigned char nlow[P];
};

/* Halves the numbers again and again: two that are too large for what is left
 * become one and the bits below it, read from *in.  Returns the last round, of
 * one number.
 */
static struct round *halve(const unsigned char **in, struct round *now) {
  struct round *next;
  size_t i;

  for (; now->len > 1; now = next) {
    next = now + 1;
    next->len = (now->len + 1) / 2;
    next->m = now->m + now->len;
    next->low = now->low + now->len / 2;
    next->nlow = now->nlow + now->len / 2;
    for (i = 0; i + 1 < now->len; i += 2) {
      uint32_t product = (uint32_t) now->m[i] * now->m[i + 1];
      uint32_t low = 0;
      unsigned int nlow = 0;

      for (; product >= LIMIT; product = (product + 255) >> 8, nlow += 8) {
        low |= (uint32_t) *(*in)++ << nlow;
      }

      now->low[i / 2] = low;
      now->nlow[i / 2] = (unsigned char) nlow;
      next->m[i / 2] = (uint16_t) product;
    }

    if (i < now->len) {
      next->m[i / 2] = now->m[i];
    }
  }

  return now;
}

/* One round back: of each number two, in place. */
static void split(const struct round *now, uint16_t *out) {
  size_t i = now->len;

  if (i % 2 == 1) {
    i--;
    out[i] = out[i / 2];
  }

  while (i > 0) {
    uint32_t joined;

    i -= 2;
    joined = now->low[i / 2] + ((uint32_t) out[i / 2] << now->nlow[i / 2]);
    out[i + 1] = (uint16_t) (joined / now->m[i] % now->m[i + 1]);
    out[i] = (uint16_t) (joined % now->m[i]);
  }
}

/* Only for public numbers: it divides, and its memory accesses depend on them.
 * As a function of its own its divisions can be told from others
 * (constant-time-t.c).
 */
__attribute__((noinline))
static void decode(const unsigned char *in, uint16_t radix, uint16_t *out) {
  struct round_space space;
  struct round rounds[ROUNDS_MAX] = {
    { space.m, space.low, space.nlow, P }
  }, *now = rounds;
  size_t i;

  for (i = 0; i < P; i++) {
    now->m[i] = radix;
  }

  now = halve(&in, rounds);
  out[0] = in[0];
  if (now->m[0] > 256) {
    out[0] = (uint16_t) (out[0] | in[1] << 8);
  }

  out[0] = (uint16_t) (out[0] % now->m[0]);
  while (now-- > rounds) {
    split(now, out);
  }
}

/* ---- Arithmetic */

/* x mod q for x < 2^24: 239492840 is 2^40 / q, rounded up, which is too much
 * by less than 2^24 / 2^40 < 1 / q.
 */
static uint32_t reduce(uint32_t x) {
  return x - (uint32_t) ((uint64_t) x * 239492840 >> 40) * Q;
}

/* Round(h * r) in R/q with R = Z[x] / (x^761 - x - 1), numbers moved up to
 * begin at 0 and divided by 3.  h is moved up by HALF_Q too.
 */
static void multiply_and_round(const uint16_t *h, const signed char *r,
    uint16_t *c) {
  int32_t sum[2 * PADDED] = { 0 }, factor[PADDED] = { 0 };
  size_t i, j;

  for (j = 0; j < P; j++) {
    factor[j] = r[j];
  }

  for (i = 0; i < P; i++) {
    int32_t x = (int32_t) h[i] - HALF_Q;

    for (j = 0; j < PADDED; j++) {
      sum[i + j] += x * factor[j];
    }
  }

  /* x^761 = x + 1.  No sum is more than 3 * W * HALF_Q < 512 * q. */
  for (i = 2 * P - 2; i >= P; i--) {
    sum[i - P] += sum[i];
    sum[i - P + 1] += sum[i];
  }

  for (i = 0; i < P; i++) {
    uint32_t y = reduce((uint32_t) (sum[i] + HALF_Q + 512 * Q));

    /* The nearest multiple of 3, divided by it; 43691 is 2^17 / 3. */
    c[i] = (uint16_t) ((y + 1) * 43691 >> 17);
  }

  sftp_wipe(sum, sizeof(sum));
  sftp_wipe(factor, sizeof(factor));
}

/* ---- Short */

static void exchange(uint32_t *a, uint32_t *b) {
  uint32_t mask = (uint32_t) (((int64_t) *b - (int64_t) *a) >> 63);
  uint32_t both = (*a ^ *b) & mask;

  *a ^= both;
  *b ^= both;
}

/* Batcher's merge exchange (Knuth, 5.2.2, algorithm M): which elements are
 * compared does not depend on their values.
 */
static void sort(uint32_t *list, size_t n) {
  size_t top = 512, p, q, r, d, i;

  for (p = top; p > 0; p /= 2) {
    for (q = top, r = 0, d = p; ; d = q - p, q /= 2, r = p) {
      for (i = 0; i + d < n; i++) {
        if ((i & p) == r) {
          exchange(&list[i], &list[i + d]);
        }
      }

      if (q == p) {
        break;
      }
    }
  }
}

/* W numbers get a random sign in their two lowest bits, the others
 * zero; sorting by the random rest shuffles them.
 */
void sftp_sntrup761_short(signed char r[SFTP_SNTRUP761_N]) {
  uint32_t list[P];
  size_t i;

  sftp_random(list, sizeof(list));
  for (i = 0; i < P; i++) {
    list[i] = i < W ? list[i] & ~1U : (list[i] & ~3U) | 1;
  }

  sort(list, P);
  for (i = 0; i < P; i++) {
    r[i] = (signed char) ((int) (list[i] & 3) - 1);
  }

  sftp_wipe(list, sizeof(list));
}

/* ---- Encapsulation (section 3.4) */

/* The first half of SHA-512 over a number and two strings. */
static void hash(unsigned char number, const void *a, size_t a_len,
    const void *b, size_t b_len, unsigned char out[HASH_LEN]) {
  unsigned char sum[crypto_hash_sha512_BYTES];
  crypto_hash_sha512_state st;

  crypto_hash_sha512_init(&st);
  crypto_hash_sha512_update(&st, &number, 1);
  crypto_hash_sha512_update(&st, a, a_len);
  crypto_hash_sha512_update(&st, b, b_len);
  crypto_hash_sha512_final(&st, sum);
  memcpy(out, sum, HASH_LEN);
  sftp_wipe(sum, sizeof(sum));
  sftp_wipe(&st, sizeof(st));
}

/* Four numbers to a byte, each one more than it is. */
static void small_encode(const signed char *r, unsigned char *out) {
  size_t i;

  memset(out, 0, SMALL_LEN);
  for (i = 0; i < P; i++) {
    out[i / 4] = (unsigned char) (out[i / 4] |
      (unsigned int) (r[i] + 1) << (i % 4 * 2));
  }
}

void sftp_sntrup761_encaps_with(const unsigned char *pub,
    const signed char r[SFTP_SNTRUP761_N], unsigned char *ciphertext,
    unsigned char secret[SFTP_SNTRUP761_SECRET_LEN]) {
  unsigned char small[SMALL_LEN], r_hash[HASH_LEN], pub_hash[HASH_LEN];
  uint16_t h[P], c[P];

  decode(pub, Q, h);
  multiply_and_round(h, r, c);
  encode(c, ROUNDED, ciphertext);

  small_encode(r, small);
  hash(3, small, sizeof(small), "", 0, r_hash);
  hash(4, pub, SFTP_SNTRUP761_PUBLIC_LEN, "", 0, pub_hash);
  hash(2, r_hash, sizeof(r_hash), pub_hash, sizeof(pub_hash),
    ciphertext + ROUNDED_LEN);
  hash(1, r_hash, sizeof(r_hash), ciphertext, SFTP_SNTRUP761_CIPHERTEXT_LEN,
    secret);

  sftp_wipe(small, sizeof(small));
  sftp_wipe(r_hash, sizeof(r_hash));
}

void sftp_sntrup761_encaps(const unsigned char *pub,
    unsigned char *ciphertext,
    unsigned char secret[SFTP_SNTRUP761_SECRET_LEN]) {
  signed char r[P];

  sftp_sntrup761_short(r);
  sftp_sntrup761_encaps_with(pub, r, ciphertext, secret);
  sftp_wipe(r, sizeof(r));
}
