/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "crypto.h"
#include "mlkem.h"
#include "tap.h"

struct buffers {
  unsigned char pub[SFTP_MLKEM_MAX_PUBLIC_LEN];
  unsigned char priv[SFTP_MLKEM_MAX_PRIVATE_LEN];
  unsigned char ct[SFTP_MLKEM_MAX_CIPHERTEXT_LEN];
  unsigned char bad[SFTP_MLKEM_MAX_CIPHERTEXT_LEN];
  unsigned char ours[SFTP_MLKEM_SECRET_LEN];
  unsigned char theirs[SFTP_MLKEM_SECRET_LEN];
};

/* Inputs are taken from SHAKE128 of nothing; public key, ciphertext, secret
 * and the secret of a random ciphertext go into another SHAKE128, whose first
 * 32 bytes after 100 rounds are published for ML-KEM-768 (Go's crypto/mlkem).
 * The sum for ML-KEM-1024 is that of this code on a day when it also gave the
 * published sums of 10,000 rounds of the draft's variant of both (C2SP CCTV:
 * f7db260e..., 47ac888f...).
 */
static void accumulated_vectors(const struct sftp_mlkem *kem,
    const char *hex) {
  size_t per_round = 3 * 32 + kem->ciphertext_len, rounds = 100, i;
  unsigned char *in = malloc(per_round * rounds), sum[32], *want;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  struct buffers b;
  size_t agreed = 0, refused = 0;

  EVP_DigestInit_ex(ctx, EVP_shake128(), NULL);
  EVP_DigestFinalXOF(ctx, in, per_round * rounds);
  EVP_DigestInit_ex(ctx, EVP_shake128(), NULL);
  for (i = 0; i < rounds; i++) {
    const unsigned char *d = in + i * per_round;

    if (sftp_mlkem_keygen_with(kem, d, d + 32, b.pub, b.priv) != SFTP_OK ||
        sftp_mlkem_encaps_with(kem, b.pub, d + 64, b.ct, b.ours) != SFTP_OK ||
        sftp_mlkem_decaps(kem, b.priv, b.ct, b.theirs) != SFTP_OK) {
      break;
    }

    agreed += memcmp(b.ours, b.theirs, 32) == 0;
    EVP_DigestUpdate(ctx, b.pub, kem->public_len);
    EVP_DigestUpdate(ctx, b.ct, kem->ciphertext_len);
    EVP_DigestUpdate(ctx, b.ours, 32);
    if (sftp_mlkem_decaps(kem, b.priv, d + 96, b.theirs) != SFTP_OK) {
      break;
    }

    refused += memcmp(b.ours, b.theirs, 32) != 0;
    EVP_DigestUpdate(ctx, b.theirs, 32);
  }

  EVP_DigestFinalXOF(ctx, sum, sizeof(sum));
  want = t_hex(hex, NULL);
  is_int(agreed, rounds, "%s: both sides have the same secret", kem->name);
  is_int(refused, rounds, "%s: not with another ciphertext", kem->name);
  is_mem(sum, sizeof(sum), want, 32, "%s: the sum of all values is right",
    kem->name);
  EVP_MD_CTX_free(ctx);
  free(want);
  free(in);
}

/* ---- Vectors of NIST's ACVP server (usnistgov/ACVP-Server): prompt.json and
 * expectedResults.json of gen-val/json-files/ML-KEM-keyGen-FIPS203 as of
 * v1.1.0.38, and internalProjection.json of ML-KEM-encapDecap-FIPS203 as of
 * commit eb31c8ef41d1 (the keys that were made at that time are those of the
 * draft).  Of what is long, inputs are files of t/data/mlkem, and results are
 * compared by their sums.
 */

struct acvp {
  const struct sftp_mlkem *kem;
  const char *name;             /* of its files */

  /* keyGen.  The sum of ek is the SHA3-256 that the vector's dk ends with,
   * before z; what dk begins with, the key of K-PKE, has its SHA-256.
   */
  const char *d, *z, *ek_sum, *pke_sum;
  /* encapDecap, encapsulation: the sum of c is its SHA-256. */
  const char *m, *c_sum, *k;
  /* encapDecap, decapsulation */
  const char *k_good, *k_modified;
};

static const struct acvp vectors[] = {
  /* keyGen: tcId 26.  encapDecap: tcId 26; 86 and 88 of tgId 5. */
  { &sftp_mlkem768, "768",
    "97c4789340df47850a84889820b9b4307df3e43a7de3f5857340c791934f1e99",
    "d7f7fe2aa083a10a9c267d3163d0fb888c9d2d7614482095ef1817e1e9e4ac88",
    "345f067d4a9b077fbf18f7561cc71d409d21a3038f1eadd46f165e47b736ed73",
    "80023488dfc40b9f8d57ac6815cc6afacb431675c5bb8285427372fe66366bcd",
    "c042b047e79f05994cb6acffc239af122b893fa0329d197b1ec6bf10f4639ee7",
    "9807a7382353344a67f7b4f7f74f126ec8b0023e911f6d872b41d0ba5ee20308",
    "da7742781f6f49930e9cc2ca44cf6813f2559b895fcfe203b7857982edff95df",
    "3d293a9dee2fd6017807b7af976508e7af015d3d276fb2db1a7701f0b84ee2ec",
    "7caad19468b910da71f2f8cc47daa812352defee99fc57a19c18c556e59f4da7" },
  /* keyGen: tcId 51.  encapDecap: tcId 51; 96 and 100 of tgId 6. */
  { &sftp_mlkem1024, "1024",
    "ebd6260bbfa0c542cd1c857c318ba68153832a60f81de839e71284ccc919bb71",
    "600fdd18126ac926d3a745172186beb557ce6f0d7911a5c9ee387689c799e912",
    "b130fe1f45233005f73159381c4c8b10f8536837d1931b6d40c9fa53d4118391",
    "163d0419d420fdae3696b86205e44e2531d401ee81c3d71605ab81d5d0ba1b05",
    "afa0b0fbec118eb4d52e5fcc8eba24cf7fc6ef40e8367b55ca5a9a8a10062ba9",
    "c67302f3c4013abea1cca68e059818ce082e3f66e19b040118079d46954471de",
    "ff367363366dac6b7ddd749c0536176f909bca030c0cca098c4f5b39661b2757",
    "b5723d4936ab2f56cc4c89b1335ccee49273fbea286d7eb04333ae3ac922a308",
    "b475c8149431478e04587f1edd24f41b1bd7f0fd9e62e772c485b691c3059f84" }
};

static void stored(const struct acvp *v, const char *name, unsigned char *to,
    size_t len) {
  const char *dir = getenv("srcdir");
  char path[4096];
  FILE *f;

  snprintf(path, sizeof(path), "%s/t/data/mlkem/%s-%s", dir != NULL ? dir :
    ".", v->name, name);
  f = fopen(path, "rb");
  if (f == NULL || fread(to, 1, len, f) != len || fgetc(f) != EOF) {
    bail_out("%s is not a file of %lu bytes", path, (unsigned long) len);
  }

  fclose(f);
}

static void is_hex(const unsigned char *got, const char *hex,
    const struct acvp *v, const char *what) {
  unsigned char *want = t_hex(hex, NULL);

  is_mem(got, 32, want, 32, "ACVP, %s: %s", v->kem->name, what);
  free(want);
}

static void is_sum(const char *digest, const unsigned char *p, size_t len,
    const char *hex, const struct acvp *v, const char *what) {
  unsigned char sum[EVP_MAX_MD_SIZE];

  if (EVP_Q_digest(NULL, digest, NULL, p, len, sum, NULL) != 1) {
    bail_out("libcrypto has no %s", digest);
  }

  is_hex(sum, hex, v, what);
}

static void acvp_keygen(const struct acvp *v) {
  unsigned char *d = t_hex(v->d, NULL), *z = t_hex(v->z, NULL);
  size_t pke = v->kem->private_len - v->kem->public_len - 64;
  struct buffers b;

  if (sftp_mlkem_keygen_with(v->kem, d, z, b.pub, b.priv) != SFTP_OK) {
    bail_out("no key");
  }

  is_sum("SHA3-256", b.pub, v->kem->public_len, v->ek_sum, v, "ek is right");
  is_sum("SHA256", b.priv, pke, v->pke_sum, v, "dk begins right");
  ok(memcmp(b.priv + pke, b.pub, v->kem->public_len) == 0,
    "ACVP, %s: dk goes on with ek", v->kem->name);
  is_hex(b.priv + v->kem->private_len - 64, v->ek_sum, v, "its sum");
  is_hex(b.priv + v->kem->private_len - 32, v->z, v, "and z");
  free(d);
  free(z);
}

static void acvp_encaps(const struct acvp *v) {
  unsigned char *m = t_hex(v->m, NULL);
  struct buffers b;

  stored(v, "encaps-ek", b.pub, v->kem->public_len);
  if (sftp_mlkem_encaps_with(v->kem, b.pub, m, b.ct, b.ours) != SFTP_OK) {
    bail_out("no ciphertext");
  }

  is_sum("SHA256", b.ct, v->kem->ciphertext_len, v->c_sum, v,
    "encapsulation gives the ciphertext");
  is_hex(b.ours, v->k, v, "and the secret");
  free(m);
}

static void acvp_decaps(const struct acvp *v) {
  struct buffers b;

  stored(v, "decaps-dk", b.priv, v->kem->private_len);
  stored(v, "decaps-c", b.ct, v->kem->ciphertext_len);
  stored(v, "decaps-modified-c", b.bad, v->kem->ciphertext_len);
  if (sftp_mlkem_decaps(v->kem, b.priv, b.ct, b.ours) != SFTP_OK ||
      sftp_mlkem_decaps(v->kem, b.priv, b.bad, b.theirs) != SFTP_OK) {
    bail_out("no secret");
  }

  is_hex(b.ours, v->k_good, v, "decapsulation gives the secret");
  is_hex(b.theirs, v->k_modified, v, "and that of a modified ciphertext");
}

static void flipped_ciphertexts_give_other_secrets(
    const struct sftp_mlkem *kem) {
  unsigned char seed[96];
  struct buffers b;
  size_t n, other = 0, tried = 0;

  t_fill(seed, sizeof(seed), 1);
  ok(sftp_mlkem_keygen_with(kem, seed, seed + 32, b.pub, b.priv) == SFTP_OK &&
    sftp_mlkem_encaps(kem, b.pub, b.ct, b.ours) == SFTP_OK &&
    sftp_mlkem_decaps(kem, b.priv, b.ct, b.theirs) == SFTP_OK &&
    memcmp(b.ours, b.theirs, 32) == 0, "%s: with random m both agree",
    kem->name);
  memcpy(b.bad, b.ct, sizeof(b.ct));
  for (n = 0; n < kem->ciphertext_len; n += 7, tried++) {
    b.bad[n] ^= (unsigned char) (1 << n % 8);
    other += sftp_mlkem_decaps(kem, b.priv, b.bad, b.theirs) == SFTP_OK &&
      memcmp(b.ours, b.theirs, 32) != 0;
    b.bad[n] ^= (unsigned char) (1 << n % 8);
  }

  is_int(other, tried, "%s: a flipped bit gives another secret", kem->name);
}

/* Section 7.2: each of the numbers in turn becomes q, then 4095. */
static void keys_that_are_not_reduced_are_refused(
    const struct sftp_mlkem *kem) {
  unsigned char seed[96], keep[3];
  struct buffers b;
  size_t i, n = (kem->public_len - 32) / 3, refused = 0;

  t_fill(seed, sizeof(seed), 2);
  if (sftp_mlkem_keygen_with(kem, seed, seed + 32, b.pub, b.priv) != SFTP_OK) {
    bail_out("no key");
  }

  for (i = 0; i < n; i++) {
    unsigned char *p = b.pub + i * 3;

    memcpy(keep, p, 3);
    p[0] = 0x01;                /* 3329 = 0xd01 */
    p[1] = (unsigned char) ((p[1] & 0xf0) | 0x0d);
    refused += sftp_mlkem_encaps(kem, b.pub, b.ct, b.ours) == SFTP_ERR_FORMAT;
    memcpy(p, keep, 3);
    p[1] |= 0xf0;
    p[2] = 0xff;
    refused += sftp_mlkem_encaps(kem, b.pub, b.ct, b.ours) == SFTP_ERR_FORMAT;
    memcpy(p, keep, 3);
  }

  is_int(refused, 2 * n, "%s: keys that are not reduced are refused",
    kem->name);
}

/* On OpenSSL 3.5 and later sftp_mlkem_encaps() is libcrypto's, so that the
 * tests above are between two implementations.
 */
static void say_whose_it_is(const struct sftp_mlkem *kem) {
  ok(sftp_mlkem_usable(kem), "%s is usable, by %s", kem->name,
    sftp_crypto_has_kem(kem->name) ? "libcrypto" : "our own code");
}

/* Our encapsulation for a key of libcrypto's, which opens it; the other way
 * round is above.
 */
static void libcrypto_opens_ours(const struct sftp_mlkem *kem) {
  unsigned char m[32], opened[32];
  struct buffers b;
  size_t pub_len = sizeof(b.pub), len = sizeof(opened);
  unsigned int i, same = 0, other = 0;
  EVP_PKEY_CTX *ctx;
  EVP_PKEY *key;

  if (!sftp_crypto_has_kem(kem->name)) {
    skip("libcrypto has no %s", kem->name);
    return;
  }

  for (i = 0; i < 50; i++) {
    key = EVP_PKEY_Q_keygen(NULL, NULL, kem->name);
    ctx = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    t_fill(m, sizeof(m), 100 + i);
    pub_len = sizeof(b.pub);
    len = sizeof(opened);
    if (ctx == NULL || EVP_PKEY_get_octet_string_param(key,
        OSSL_PKEY_PARAM_PUB_KEY, b.pub, sizeof(b.pub), &pub_len) != 1 ||
        pub_len != kem->public_len ||
        sftp_mlkem_encaps_with(kem, b.pub, m, b.ct, b.ours) != SFTP_OK ||
        EVP_PKEY_decapsulate_init(ctx, NULL) != 1) {
      bail_out("%s: no key", kem->name);
    }

    same += EVP_PKEY_decapsulate(ctx, opened, &len, b.ct,
      kem->ciphertext_len) == 1 && memcmp(opened, b.ours, 32) == 0;
    b.ct[i] ^= 1;
    other += EVP_PKEY_decapsulate(ctx, opened, &len, b.ct,
      kem->ciphertext_len) == 1 && memcmp(opened, b.ours, 32) != 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
  }

  is_int(same, i, "%s: libcrypto opens what we made for it", kem->name);
  is_int(other, i, "%s: and nothing that was changed", kem->name);
}

int main(void) {
  size_t i;

  init_pools();
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  say_whose_it_is(&sftp_mlkem768);
  accumulated_vectors(&sftp_mlkem768,
    "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
  flipped_ciphertexts_give_other_secrets(&sftp_mlkem768);
  keys_that_are_not_reduced_are_refused(&sftp_mlkem768);
  libcrypto_opens_ours(&sftp_mlkem768);

  say_whose_it_is(&sftp_mlkem1024);
  accumulated_vectors(&sftp_mlkem1024,
    "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00");
  flipped_ciphertexts_give_other_secrets(&sftp_mlkem1024);
  keys_that_are_not_reduced_are_refused(&sftp_mlkem1024);
  libcrypto_opens_ours(&sftp_mlkem1024);

  for (i = 0; i < SFTP_NELEMS(vectors); i++) {
    acvp_keygen(&vectors[i]);
    acvp_encaps(&vectors[i]);
    acvp_decaps(&vectors[i]);
  }

  sftp_crypto_free();
  free_pools();
  return done_testing();
}
