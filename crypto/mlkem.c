/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mlkem.c -- ML-KEM-768 and -1024.
 *
 * Written from FIPS 203; the names of sections, algorithms and variables are
 * the standard's.
 */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/core_names.h>

#include "crypto.h"
#include "mlkem.h"
#include "params.h"

#define Q 3329
#define N 256
#define K_MAX 4
#define SYM_LEN 32
#define POLY_LEN 384            /* ByteEncode_12 */
#define NTT_SCALE 3303          /* 128^-1 mod q */

const struct sftp_mlkem sftp_mlkem768 = {
  "ML-KEM-768", 3, 10, 4, 1184, 2400, 1088
};
const struct sftp_mlkem sftp_mlkem1024 = {
  "ML-KEM-1024", 4, 11, 5, 1568, 3168, 1568
};

/* Coefficients are always below q. */
struct poly {
  uint16_t c[N];
};

/* Appendix A: 17^BitRev7(i) and 17^(2 BitRev7(i) + 1) mod q. */
static const uint16_t zetas[128] = {
  1, 1729, 2580, 3289, 2642, 630, 1897, 848, 1062, 1919, 193, 797,
  2786, 3260, 569, 1746, 296, 2447, 1339, 1476, 3046, 56, 2240, 1333,
  1426, 2094, 535, 2882, 2393, 2879, 1974, 821, 289, 331, 3253, 1756,
  1197, 2304, 2277, 2055, 650, 1977, 2513, 632, 2865, 33, 1320, 1915,
  2319, 1435, 807, 452, 1438, 2868, 1534, 2402, 2647, 2617, 1481, 648,
  2474, 3110, 1227, 910, 17, 2761, 583, 2649, 1637, 723, 2288, 1100,
  1409, 2662, 3281, 233, 756, 2156, 3015, 3050, 1703, 1651, 2789, 1789,
  1847, 952, 1461, 2687, 939, 2308, 2437, 2388, 733, 2337, 268, 641,
  1584, 2298, 2037, 3220, 375, 2549, 2090, 1645, 1063, 319, 2773, 757,
  2099, 561, 2466, 2594, 2804, 1092, 403, 1026, 1143, 2150, 2775, 886,
  1722, 1212, 1874, 1029, 2110, 2935, 885, 2154,
};

static const uint16_t gammas[128] = {
  17, 3312, 2761, 568, 583, 2746, 2649, 680, 1637, 1692, 723, 2606,
  2288, 1041, 1100, 2229, 1409, 1920, 2662, 667, 3281, 48, 233, 3096,
  756, 2573, 2156, 1173, 3015, 314, 3050, 279, 1703, 1626, 1651, 1678,
  2789, 540, 1789, 1540, 1847, 1482, 952, 2377, 1461, 1868, 2687, 642,
  939, 2390, 2308, 1021, 2437, 892, 2388, 941, 733, 2596, 2337, 992,
  268, 3061, 641, 2688, 1584, 1745, 2298, 1031, 2037, 1292, 3220, 109,
  375, 2954, 2549, 780, 2090, 1239, 1645, 1684, 1063, 2266, 319, 3010,
  2773, 556, 757, 2572, 2099, 1230, 561, 2768, 2466, 863, 2594, 735,
  2804, 525, 1092, 2237, 403, 2926, 1026, 2303, 1143, 2186, 2150, 1179,
  2775, 554, 886, 2443, 1722, 1607, 1212, 2117, 1874, 1455, 1029, 2300,
  2110, 1219, 2935, 394, 885, 2444, 2154, 1175,
};

/* ---- Hashes (section 4.1) */

static struct sftp_str bytes_of(const unsigned char *ptr, size_t len) {
  struct sftp_str s = { ptr, len };

  return s;
}

/* The hash of two strings; only SHAKE takes any length. */
static int hash(const char *name, struct sftp_str a, struct sftp_str b,
    unsigned char *out, size_t len) {
  const EVP_MD *md = sftp_crypto_digest(name);
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  int good;

  good = md != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
    EVP_DigestUpdate(ctx, a.ptr, a.len) == 1 &&
    EVP_DigestUpdate(ctx, b.ptr, b.len) == 1;
  if (good) {
    good = strncmp(name, "SHAKE", 5) == 0 ?
      EVP_DigestFinalXOF(ctx, out, len) == 1 :
      EVP_DigestFinal_ex(ctx, out, NULL) == 1;
  }

  EVP_MD_CTX_free(ctx);
  return good ? SFTP_OK : SFTP_ERR_CRYPTO;
}

static int hash_g(const void *a, size_t a_len, const void *b, size_t b_len,
    unsigned char out[2 * SYM_LEN]) {
  return hash("SHA3-512", bytes_of(a, a_len), bytes_of(b, b_len), out,
    2 * SYM_LEN);
}

static int hash_h(const void *a, size_t a_len, unsigned char out[SYM_LEN]) {
  return hash("SHA3-256", bytes_of(a, a_len), sftp_str_of(""), out, SYM_LEN);
}

/* ---- Arithmetic mod q */

/* x - q if x >= q, for x < 2 q. */
static uint32_t once(uint32_t x) {
  x -= Q;
  return x + (Q & (0U - (x >> 31)));
}

/* x mod q for x < 2^24: 5039 is 2^24 / q, so the quotient is at most one too
 * small.
 */
static uint32_t reduce(uint32_t x) {
  return once(x - (uint32_t) ((uint64_t) x * 5039 >> 24) * Q);
}

/* x / q for x < 2^24: 330282857 is 2^40 / q, rounded up, which is too much by
 * less than 2^24 / 2^40 < 1 / q.
 */
static uint32_t divide(uint32_t x) {
  return (uint32_t) ((uint64_t) x * 330282857 >> 40);
}

static void add(struct poly *f, const struct poly *g) {
  size_t i;

  for (i = 0; i < N; i++) {
    f->c[i] = (uint16_t) once((uint32_t) f->c[i] + g->c[i]);
  }
}

static void subtract(struct poly *f, const struct poly *g) {
  size_t i;

  for (i = 0; i < N; i++) {
    f->c[i] = (uint16_t) once((uint32_t) f->c[i] + Q - g->c[i]);
  }
}

/* Algorithm 9. */
static void ntt(struct poly *f) {
  size_t len, start, j, i = 1;

  for (len = 128; len >= 2; len /= 2) {
    for (start = 0; start < N; start = j + len) {
      uint32_t zeta = zetas[i++];

      for (j = start; j < start + len; j++) {
        uint32_t t = reduce(zeta * f->c[j + len]);

        f->c[j + len] = (uint16_t) once(f->c[j] + Q - t);
        f->c[j] = (uint16_t) once(f->c[j] + t);
      }
    }
  }
}

/* Algorithm 10. */
static void inverse_ntt(struct poly *f) {
  size_t len, start, j, i = 127;

  for (len = 2; len <= 128; len *= 2) {
    for (start = 0; start < N; start = j + len) {
      uint32_t zeta = zetas[i--];

      for (j = start; j < start + len; j++) {
        uint32_t t = f->c[j];

        f->c[j] = (uint16_t) once(t + f->c[j + len]);
        f->c[j + len] = (uint16_t) reduce(zeta *
          once(f->c[j + len] + Q - t));
      }
    }
  }

  for (j = 0; j < N; j++) {
    f->c[j] = (uint16_t) reduce(f->c[j] * (uint32_t) NTT_SCALE);
  }
}

/* h += f * g in the NTT domain: Algorithms 11 and 12. */
static void add_product(struct poly *h, const struct poly *f,
    const struct poly *g) {
  size_t i;

  for (i = 0; i < N; i += 2) {
    uint32_t a0 = f->c[i], a1 = f->c[i + 1];
    uint32_t b0 = g->c[i], b1 = g->c[i + 1];
    uint32_t high = reduce(a1 * b1) * gammas[i / 2];

    /* 2 * 3328^2 is more than 2^24: reduce one by one. */
    h->c[i] = (uint16_t) once(h->c[i] +
      once(reduce(a0 * b0) + reduce(high)));
    h->c[i + 1] = (uint16_t) once(h->c[i + 1] +
      once(reduce(a0 * b1) + reduce(a1 * b0)));
  }
}

/* ---- Bytes (section 4.2.1) */

/* Algorithm 5: d bits of every coefficient, the lowest first. */
static void encode(const struct poly *f, unsigned int d, unsigned char *out) {
  uint32_t bits = 0;
  unsigned int nbits = 0;
  size_t i;

  for (i = 0; i < N; i++) {
    bits |= (uint32_t) f->c[i] << nbits;
    for (nbits += d; nbits >= 8; nbits -= 8, bits >>= 8) {
      *out++ = (unsigned char) bits;
    }
  }
}

/* Algorithm 6, without the reduction of 12-bit numbers. */
static void decode(const unsigned char *in, unsigned int d, struct poly *f) {
  uint32_t bits = 0;
  unsigned int nbits = 0;
  size_t i;

  for (i = 0; i < N; i++) {
    for (; nbits < d; nbits += 8) {
      bits |= (uint32_t) *in++ << nbits;
    }

    f->c[i] = (uint16_t) (bits & ((1U << d) - 1));
    bits >>= d;
    nbits -= d;
  }
}

/* Compress_d: round(2^d x / q) mod 2^d. */
static void compress(struct poly *f, unsigned int d) {
  size_t i;

  for (i = 0; i < N; i++) {
    f->c[i] = (uint16_t) (divide(((uint32_t) f->c[i] << d) + Q / 2) &
      ((1U << d) - 1));
  }
}

/* Decompress_d: round(q y / 2^d). */
static void decompress(struct poly *f, unsigned int d) {
  size_t i;

  for (i = 0; i < N; i++) {
    f->c[i] = (uint16_t) ((f->c[i] * (uint32_t) Q + (1U << (d - 1))) >> d);
  }
}

/* ---- Sampling (section 4.2.2) */

/* Algorithm 7: a row of the public matrix out of rho. */
static int sample_ntt(struct poly *f, const unsigned char *rho,
    unsigned int row, unsigned int column) {
  /* 840 bytes are 560 candidates, of which four in five do and 256 are wanted.
   * That this is too few never happens in practice.
   */
  unsigned char bytes[5 * 840], index[2];
  size_t len, i, n = 0;
  int res;

  index[0] = (unsigned char) column;
  index[1] = (unsigned char) row;
  for (len = 840; n < N && len <= sizeof(bytes); len += 840) {
    res = hash("SHAKE128", bytes_of(rho, SYM_LEN),
      bytes_of(index, sizeof(index)), bytes, len);
    if (res != SFTP_OK) {
      return res;
    }

    n = 0;
    for (i = 0; i < len && n < N; i += 3) {
      uint32_t d1 = bytes[i] | (bytes[i + 1] & 15U) << 8;
      uint32_t d2 = bytes[i + 1] >> 4 | (uint32_t) bytes[i + 2] << 4;

      if (d1 < Q) {
        f->c[n++] = (uint16_t) d1;
      }

      if (d2 < Q && n < N) {
        f->c[n++] = (uint16_t) d2;
      }
    }
  }

  return n == N ? SFTP_OK : SFTP_ERR_CRYPTO;
}

/* Algorithm 8 with eta = 2 over PRF_2(s, number): small secret numbers. */
static int sample_cbd(struct poly *f, const unsigned char *s,
    unsigned int number) {
  unsigned char bytes[128], index = (unsigned char) number;
  size_t i;
  int res = hash("SHAKE256", bytes_of(s, SYM_LEN), bytes_of(&index, 1), bytes,
    sizeof(bytes));

  for (i = 0; i < N; i++) {
    uint32_t four = (uint32_t) bytes[i / 2] >> (i % 2 * 4);
    uint32_t x = (four & 1) + (four >> 1 & 1);
    uint32_t y = (four >> 2 & 1) + (four >> 3 & 1);

    f->c[i] = (uint16_t) once(x + Q - y);
  }

  sftp_wipe(bytes, sizeof(bytes));
  return res;
}

/* ---- K-PKE (section 5) */

/* h += A * v, or A transposed. */
static int add_matrix_product(const struct sftp_mlkem *kem, struct poly *h,
    const unsigned char *rho, const struct poly *v, bool transposed) {
  struct poly a;
  unsigned int i, j;
  int res;

  for (i = 0; i < kem->k; i++) {
    for (j = 0; j < kem->k; j++) {
      res = transposed ? sample_ntt(&a, rho, j, i) :
        sample_ntt(&a, rho, i, j);
      if (res != SFTP_OK) {
        return res;
      }

      add_product(&h[i], &a, &v[j]);
    }
  }

  return SFTP_OK;
}

/* Algorithm 13; the private part is s. */
static int pke_keygen(const struct sftp_mlkem *kem, const unsigned char *d,
    unsigned char *pub, unsigned char *priv) {
  struct poly s[K_MAX], t[K_MAX];
  unsigned char seeds[2 * SYM_LEN], k = (unsigned char) kem->k;
  unsigned int i;
  int res = hash_g(d, SYM_LEN, &k, 1, seeds);

  for (i = 0; i < kem->k && res == SFTP_OK; i++) {
    res = sample_cbd(&s[i], seeds + SYM_LEN, i);
    if (res == SFTP_OK) {
      res = sample_cbd(&t[i], seeds + SYM_LEN, kem->k + i);
      ntt(&s[i]);
      ntt(&t[i]);
    }
  }

  if (res == SFTP_OK) {
    res = add_matrix_product(kem, t, seeds, s, false);
  }

  for (i = 0; i < kem->k && res == SFTP_OK; i++) {
    encode(&t[i], 12, pub + i * POLY_LEN);
    encode(&s[i], 12, priv + i * POLY_LEN);
  }

  memcpy(pub + kem->k * POLY_LEN, seeds, SYM_LEN);
  sftp_wipe(s, sizeof(s));
  sftp_wipe(t, sizeof(t));
  sftp_wipe(seeds, sizeof(seeds));
  return res;
}

/* The vectors of an encryption: the secret, and the ciphertext's first part. */
struct vectors {
  struct poly y[K_MAX], u[K_MAX];
};

/* Algorithm 14, steps 18 to 23: v, then both parts of the ciphertext. */
static int finish_encrypt(const struct sftp_mlkem *kem,
    const unsigned char *pub, const unsigned char *m, const unsigned char *r,
    struct vectors *vec, unsigned char *ciphertext) {
  struct poly v, t;
  unsigned int i;
  int res = SFTP_OK;

  memset(&v, 0, sizeof(v));
  for (i = 0; i < kem->k; i++) {
    decode(pub + i * POLY_LEN, 12, &t);
    add_product(&v, &t, &vec->y[i]);
  }

  inverse_ntt(&v);
  res = sample_cbd(&t, r, 2 * kem->k);
  add(&v, &t);
  decode(m, 1, &t);
  decompress(&t, 1);
  add(&v, &t);

  for (i = 0; i < kem->k; i++) {
    compress(&vec->u[i], kem->du);
    encode(&vec->u[i], kem->du, ciphertext + i * 32 * kem->du);
  }

  compress(&v, kem->dv);
  encode(&v, kem->dv, ciphertext + kem->k * 32 * kem->du);
  sftp_wipe(&v, sizeof(v));
  sftp_wipe(&t, sizeof(t));
  return res;
}

/* Algorithm 14. */
static int pke_encrypt(const struct sftp_mlkem *kem, const unsigned char *pub,
    const unsigned char *m, const unsigned char *r,
    unsigned char *ciphertext) {
  struct vectors vec;
  struct poly e;
  unsigned int i;
  int res = SFTP_OK;

  memset(vec.u, 0, sizeof(vec.u));
  for (i = 0; i < kem->k && res == SFTP_OK; i++) {
    res = sample_cbd(&vec.y[i], r, i);
    ntt(&vec.y[i]);
  }

  if (res == SFTP_OK) {
    res = add_matrix_product(kem, vec.u, pub + kem->k * POLY_LEN, vec.y,
      true);
  }

  for (i = 0; i < kem->k && res == SFTP_OK; i++) {
    inverse_ntt(&vec.u[i]);
    res = sample_cbd(&e, r, kem->k + i);
    add(&vec.u[i], &e);
  }

  if (res == SFTP_OK) {
    res = finish_encrypt(kem, pub, m, r, &vec, ciphertext);
  }

  sftp_wipe(&vec, sizeof(vec));
  sftp_wipe(&e, sizeof(e));
  return res;
}

/* Algorithm 15. */
static void pke_decrypt(const struct sftp_mlkem *kem,
    const unsigned char *priv, const unsigned char *ciphertext,
    unsigned char *m) {
  struct poly s, u, w, v;
  unsigned int i;

  memset(&w, 0, sizeof(w));
  for (i = 0; i < kem->k; i++) {
    decode(ciphertext + i * 32 * kem->du, kem->du, &u);
    decompress(&u, kem->du);
    ntt(&u);
    decode(priv + i * POLY_LEN, 12, &s);
    add_product(&w, &s, &u);
  }

  inverse_ntt(&w);
  decode(ciphertext + kem->k * 32 * kem->du, kem->dv, &v);
  decompress(&v, kem->dv);
  subtract(&v, &w);
  compress(&v, 1);
  encode(&v, 1, m);
  sftp_wipe(&s, sizeof(s));
  sftp_wipe(&w, sizeof(w));
  sftp_wipe(&v, sizeof(v));
}

/* ---- ML-KEM (sections 6 and 7) */

/* Section 7.2: every number of the key is below q. */
static bool is_reduced(const struct sftp_mlkem *kem,
    const unsigned char *pub) {
  struct poly t;
  size_t i, j;

  for (i = 0; i < kem->k; i++) {
    decode(pub + i * POLY_LEN, 12, &t);
    for (j = 0; j < N; j++) {
      if (t.c[j] >= Q) {
        return false;
      }
    }
  }

  return true;
}

int sftp_mlkem_keygen_with(const struct sftp_mlkem *kem,
    const unsigned char d[SFTP_MLKEM_SEED_LEN],
    const unsigned char z[SFTP_MLKEM_SEED_LEN], unsigned char *pub,
    unsigned char *priv) {
  unsigned char *p = priv + kem->k * POLY_LEN;
  int res = pke_keygen(kem, d, pub, priv);

  if (res != SFTP_OK) {
    return res;
  }

  memcpy(p, pub, kem->public_len);
  p += kem->public_len;
  res = hash_h(pub, kem->public_len, p);
  memcpy(p + SYM_LEN, z, SYM_LEN);
  return res;
}

int sftp_mlkem_encaps_with(const struct sftp_mlkem *kem,
    const unsigned char *pub, const unsigned char m[SFTP_MLKEM_SEED_LEN],
    unsigned char *ciphertext, unsigned char secret[SFTP_MLKEM_SECRET_LEN]) {
  unsigned char h[SYM_LEN], kr[2 * SYM_LEN];
  int res;

  if (!is_reduced(kem, pub)) {
    return SFTP_ERR_FORMAT;
  }

  res = hash_h(pub, kem->public_len, h);
  if (res == SFTP_OK) {
    res = hash_g(m, SYM_LEN, h, sizeof(h), kr);
  }

  if (res == SFTP_OK) {
    res = pke_encrypt(kem, pub, m, kr + SYM_LEN, ciphertext);
    memcpy(secret, kr, SYM_LEN);
  }

  sftp_wipe(kr, sizeof(kr));
  return res;
}

int sftp_mlkem_decaps(const struct sftp_mlkem *kem, const unsigned char *priv,
    const unsigned char *ciphertext,
    unsigned char secret[SFTP_MLKEM_SECRET_LEN]) {
  const unsigned char *pub = priv + kem->k * POLY_LEN;
  const unsigned char *h = pub + kem->public_len, *z = h + SYM_LEN;
  unsigned char again[SFTP_MLKEM_MAX_CIPHERTEXT_LEN];
  unsigned char m[SYM_LEN], kr[2 * SYM_LEN], mask;
  size_t i;
  int res;

  pke_decrypt(kem, priv, ciphertext, m);
  res = hash_g(m, SYM_LEN, h, SYM_LEN, kr);
  if (res == SFTP_OK) {
    res = hash("SHAKE256", bytes_of(z, SYM_LEN),
      bytes_of(ciphertext, kem->ciphertext_len), secret, SYM_LEN);
  }

  if (res == SFTP_OK) {
    res = pke_encrypt(kem, pub, m, kr + SYM_LEN, again);
  }

  if (res == SFTP_OK) {
    mask = (unsigned char) (0 - (unsigned int) sftp_same(again, ciphertext,
      kem->ciphertext_len));
    for (i = 0; i < SYM_LEN; i++) {
      secret[i] = (unsigned char) ((secret[i] & ~mask) | (kr[i] & mask));
    }
  }

  sftp_wipe(m, sizeof(m));
  sftp_wipe(kr, sizeof(kr));
  sftp_wipe(again, sizeof(again));
  return res;
}

/* ---- What the key exchange calls */

bool sftp_mlkem_usable(const struct sftp_mlkem *kem) {
  static const char *const names[] = { "SHA3-256", "SHA3-512", "SHAKE128",
    "SHAKE256" };
  size_t i;

  if (sftp_crypto_has_kem(kem->name)) {
    return true;
  }

  /* Ours is not validated. */
  if (sftp_crypto_fips()) {
    return false;
  }

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (sftp_crypto_digest(names[i]) == NULL) {
      return false;
    }
  }

  return true;
}

static int encaps_by_libcrypto(const struct sftp_mlkem *kem,
    const unsigned char *pub, unsigned char *ciphertext,
    unsigned char *secret) {
  struct sftp_str bytes = { pub, kem->public_len };
  size_t len = kem->ciphertext_len, secret_len = SFTP_MLKEM_SECRET_LEN;
  EVP_PKEY_CTX *ctx = NULL;
  struct sftp_params l;
  EVP_PKEY *pkey;
  int res = SFTP_ERR_CRYPTO;

  sftp_params_init(&l);
  sftp_params_bytes(&l, OSSL_PKEY_PARAM_PUB_KEY, bytes);
  pkey = sftp_params_key(&l, kem->name, EVP_PKEY_PUBLIC_KEY);
  if (pkey == NULL) {
    return SFTP_ERR_FORMAT;
  }

  ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
  if (ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
      EVP_PKEY_encapsulate(ctx, ciphertext, &len, secret,
        &secret_len) == 1 && len == kem->ciphertext_len &&
      secret_len == SFTP_MLKEM_SECRET_LEN) {
    res = SFTP_OK;
  }

  EVP_PKEY_CTX_free(ctx);
  EVP_PKEY_free(pkey);
  ERR_clear_error();
  return res;
}

int sftp_mlkem_encaps(const struct sftp_mlkem *kem, const unsigned char *pub,
    unsigned char *ciphertext, unsigned char secret[SFTP_MLKEM_SECRET_LEN]) {
  unsigned char m[SFTP_MLKEM_SEED_LEN];
  int res;

  if (sftp_crypto_has_kem(kem->name)) {
    return encaps_by_libcrypto(kem, pub, ciphertext, secret);
  }

  sftp_random(m, sizeof(m));
  res = sftp_mlkem_encaps_with(kem, pub, m, ciphertext, secret);
  sftp_wipe(m, sizeof(m));
  return res;
}
