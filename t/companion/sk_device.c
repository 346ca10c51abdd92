/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A security key in software for OpenSSH's client (SecurityKeyProvider;
 * PROTOCOL.u2f, "OpenSSH integration").  Nobody can touch it: the environment
 * says what it says of that, SK_FLAGS (1 touched, 4 verified), default 1.
 *
 * It knows ECDSA alone.  The handle of a key is its private number.
 */

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define API_VERSION 0x000a0000
#define NUMBER_LEN 32
#define POINT_LEN 65
#define ERR_GENERAL -1
#define ERR_UNSUPPORTED -2

struct sk_enroll_response {
  uint8_t flags;
  uint8_t *public_key;
  size_t public_key_len;
  uint8_t *key_handle;
  size_t key_handle_len;
  uint8_t *signature;
  size_t signature_len;
  uint8_t *attestation_cert;
  size_t attestation_cert_len;
  uint8_t *authdata;
  size_t authdata_len;
};

struct sk_sign_response {
  uint8_t flags;
  uint32_t counter;
  uint8_t *sig_r;
  size_t sig_r_len;
  uint8_t *sig_s;
  size_t sig_s_len;
};

struct sk_resident_key;
struct sk_option;

uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
  const char *application, uint8_t flags, const char *pin,
  struct sk_option **options, struct sk_enroll_response **response);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len,
  const char *application, const uint8_t *key_handle, size_t key_handle_len,
  uint8_t flags, const char *pin, struct sk_option **options,
  struct sk_sign_response **response);
int sk_load_resident_keys(const char *pin, struct sk_option **options,
  struct sk_resident_key ***rks, size_t *nrks);

uint32_t sk_api_version(void) {
  return API_VERSION;
}

static uint8_t *copy_of(const uint8_t *bytes, size_t len) {
  uint8_t *copy = malloc(len);

  if (copy != NULL) {
    memcpy(copy, bytes, len);
  }

  return copy;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
    const char *application, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_enroll_response **response) {
  struct sk_enroll_response *r = calloc(1, sizeof(*r));
  unsigned char point[POINT_LEN], number[NUMBER_LEN];
  EVP_PKEY *key = EVP_EC_gen("P-256");
  BIGNUM *priv = NULL;
  size_t len = 0;

  (void) challenge;
  (void) challenge_len;
  (void) application;
  (void) pin;
  (void) options;
  if (alg != 0) {
    return ERR_UNSUPPORTED;
  }

  if (r == NULL || key == NULL || EVP_PKEY_get_octet_string_param(key,
        OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1 ||
      len != POINT_LEN || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY,
        &priv) != 1 || BN_bn2binpad(priv, number, NUMBER_LEN) != NUMBER_LEN) {
    return ERR_GENERAL;
  }

  /* The client takes the point as its private file has it, and signs first to
   * see whether that works.
   */
  r->flags = flags;
  r->public_key = copy_of(point, POINT_LEN);
  r->public_key_len = POINT_LEN;
  r->key_handle = copy_of(number, NUMBER_LEN);
  r->key_handle_len = NUMBER_LEN;
  r->signature = copy_of((const uint8_t *) "x", 1);
  r->signature_len = 1;
  *response = r;
  BN_free(priv);
  EVP_PKEY_free(key);
  return 0;
}

/* The private key of a handle; signing needs no public part. */
static EVP_PKEY *key_of(const uint8_t *handle) {
  OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
  BIGNUM *priv = BN_bin2bn(handle, NUMBER_LEN, NULL);
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
  OSSL_PARAM *params = NULL;
  EVP_PKEY *key = NULL;

  if (b != NULL && priv != NULL && ctx != NULL &&
      OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256",
        0) == 1 &&
      OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, priv) == 1) {
    params = OSSL_PARAM_BLD_to_param(b);
    if (EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1) {
      key = NULL;
    }
  }

  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(b);
  EVP_PKEY_CTX_free(ctx);
  BN_free(priv);
  return key;
}

static int number_out(const BIGNUM *n, uint8_t **out, size_t *len) {
  *out = calloc(1, NUMBER_LEN);
  *len = NUMBER_LEN;
  return *out != NULL && BN_bn2binpad(n, *out, NUMBER_LEN) == NUMBER_LEN ? 0 :
    ERR_GENERAL;
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len,
    const char *application, const uint8_t *key_handle, size_t key_handle_len,
    uint8_t flags, const char *pin, struct sk_option **options,
    struct sk_sign_response **response) {
  struct sk_sign_response *r = calloc(1, sizeof(*r));
  unsigned char text[SHA256_DIGEST_LENGTH * 2 + 5], der[160];
  const char *says = getenv("SK_FLAGS");
  const unsigned char *at = der;
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  size_t len = sizeof(der);
  ECDSA_SIG *sig = NULL;
  EVP_PKEY *key = NULL;
  int res = ERR_GENERAL;

  (void) flags;
  (void) pin;
  (void) options;
  if (alg != 0 || key_handle_len != NUMBER_LEN || r == NULL) {
    return ERR_UNSUPPORTED;
  }

  r->flags = (uint8_t) (says != NULL ? atoi(says) : 1);
  r->counter = 7;
  SHA256((const unsigned char *) application, strlen(application), text);
  memset(text + SHA256_DIGEST_LENGTH, 0, 5);
  text[SHA256_DIGEST_LENGTH] = r->flags;
  text[SHA256_DIGEST_LENGTH + 4] = (unsigned char) r->counter;
  SHA256(data, data_len, text + SHA256_DIGEST_LENGTH + 5);

  key = key_of(key_handle);
  if (key != NULL && ctx != NULL &&
      EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
      EVP_DigestSign(ctx, der, &len, text, sizeof(text)) == 1) {
    sig = d2i_ECDSA_SIG(NULL, &at, (long) len);
  }

  if (sig != NULL && number_out(ECDSA_SIG_get0_r(sig), &r->sig_r,
        &r->sig_r_len) == 0 && number_out(ECDSA_SIG_get0_s(sig), &r->sig_s,
        &r->sig_s_len) == 0) {
    *response = r;
    res = 0;
  }

  ECDSA_SIG_free(sig);
  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return res;
}

int sk_load_resident_keys(const char *pin, struct sk_option **options,
    struct sk_resident_key ***rks, size_t *nrks) {
  (void) pin;
  (void) options;
  *rks = NULL;
  *nrks = 0;
  return ERR_UNSUPPORTED;
}
