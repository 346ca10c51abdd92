/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

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

int main(void) {
  init_pools();
  if (sftp_crypto_init() != SFTP_OK) {
    bail_out("no libcrypto");
  }

  say_whose_it_is(&sftp_mlkem768);
  accumulated_vectors(&sftp_mlkem768,
    "1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415");
  flipped_ciphertexts_give_other_secrets(&sftp_mlkem768);
  keys_that_are_not_reduced_are_refused(&sftp_mlkem768);

  say_whose_it_is(&sftp_mlkem1024);
  accumulated_vectors(&sftp_mlkem1024,
    "800018fec3e2723f73f1d657fe239b4d5d8782efaade297e8cd448e54cc2ac00");
  flipped_ciphertexts_give_other_secrets(&sftp_mlkem1024);
  keys_that_are_not_reduced_are_refused(&sftp_mlkem1024);

  sftp_crypto_free();
  free_pools();
  return done_testing();
}
