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
 * It knows ECDSA and Ed25519.  The handle of a key is its private number.
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
#define SK_ECDSA 0
#define SK_ED25519 1
#define NUMBER_LEN 32
#define POINT_LEN 65
#define ED25519_SIG_LEN 64
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

/* A new key: its public part, *len bytes, and its private number. */
static int new_ecdsa(unsigned char point[POINT_LEN], size_t *len,
    unsigned char number[NUMBER_LEN]) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  BIGNUM *priv = NULL;
  int res = ERR_GENERAL;

  if (key != NULL && EVP_PKEY_get_octet_string_param(key,
        OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN, len) == 1 &&
      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &priv) == 1 &&
      BN_bn2binpad(priv, number, NUMBER_LEN) == NUMBER_LEN) {
    res = 0;
  }

  BN_free(priv);
  EVP_PKEY_free(key);
  return res;
}

static int new_ed25519(unsigned char point[POINT_LEN], size_t *len,
    unsigned char number[NUMBER_LEN]) {
  EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  size_t number_len = NUMBER_LEN;
  int res = ERR_GENERAL;

  *len = POINT_LEN;
  if (key != NULL && EVP_PKEY_get_raw_public_key(key, point, len) == 1 &&
      EVP_PKEY_get_raw_private_key(key, number, &number_len) == 1) {
    res = 0;
  }

  EVP_PKEY_free(key);
  return res;
}

int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len,
    const char *application, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_enroll_response **response) {
  struct sk_enroll_response *r = calloc(1, sizeof(*r));
  unsigned char point[POINT_LEN], number[NUMBER_LEN];
  size_t len = 0;

  (void) challenge;
  (void) challenge_len;
  (void) application;
  (void) pin;
  (void) options;
  if (alg != SK_ECDSA && alg != SK_ED25519) {
    return ERR_UNSUPPORTED;
  }

  if (r == NULL || (alg == SK_ECDSA ? new_ecdsa(point, &len, number) :
      new_ed25519(point, &len, number)) != 0) {
    return ERR_GENERAL;
  }

  /* The client takes the point as its private file has it, and signs first to
   * see whether that works.
   */
  r->flags = flags;
  r->public_key = copy_of(point, len);
  r->public_key_len = len;
  r->key_handle = copy_of(number, NUMBER_LEN);
  r->key_handle_len = NUMBER_LEN;
  r->signature = copy_of((const uint8_t *) "x", 1);
  r->signature_len = 1;
  *response = r;
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

static int sign(EVP_PKEY *key, const char *digest, const unsigned char *text,
    size_t text_len, unsigned char *sig, size_t *len) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  int res = ERR_GENERAL;

  if (key != NULL && ctx != NULL &&
      EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
      EVP_DigestSign(ctx, sig, len, text, text_len) == 1) {
    res = 0;
  }

  EVP_MD_CTX_free(ctx);
  EVP_PKEY_free(key);
  return res;
}

static int sign_ecdsa(struct sk_sign_response *r, const uint8_t *handle,
    const unsigned char *text, size_t text_len) {
  unsigned char der[160];
  const unsigned char *at = der;
  size_t len = sizeof(der);
  ECDSA_SIG *sig = NULL;
  int res = ERR_GENERAL;

  if (sign(key_of(handle), "SHA256", text, text_len, der, &len) == 0) {
    sig = d2i_ECDSA_SIG(NULL, &at, (long) len);
  }

  if (sig != NULL && number_out(ECDSA_SIG_get0_r(sig), &r->sig_r,
        &r->sig_r_len) == 0) {
    res = number_out(ECDSA_SIG_get0_s(sig), &r->sig_s, &r->sig_s_len);
  }

  ECDSA_SIG_free(sig);
  return res;
}

/* The whole signature stands in sig_r. */
static int sign_ed25519(struct sk_sign_response *r, const uint8_t *handle,
    const unsigned char *text, size_t text_len) {
  r->sig_r = calloc(1, ED25519_SIG_LEN);
  r->sig_r_len = ED25519_SIG_LEN;
  return r->sig_r == NULL ? ERR_GENERAL : sign(
    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, handle, NUMBER_LEN),
    NULL, text, text_len, r->sig_r, &r->sig_r_len);
}

int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len,
    const char *application, const uint8_t *key_handle, size_t key_handle_len,
    uint8_t flags, const char *pin, struct sk_option **options,
    struct sk_sign_response **response) {
  struct sk_sign_response *r = calloc(1, sizeof(*r));
  unsigned char text[SHA256_DIGEST_LENGTH * 2 + 5];
  const char *says = getenv("SK_FLAGS");
  int res;

  (void) flags;
  (void) pin;
  (void) options;
  if ((alg != SK_ECDSA && alg != SK_ED25519) ||
      key_handle_len != NUMBER_LEN || r == NULL) {
    return ERR_UNSUPPORTED;
  }

  r->flags = (uint8_t) (says != NULL ? atoi(says) : 1);
  r->counter = 7;
  SHA256((const unsigned char *) application, strlen(application), text);
  memset(text + SHA256_DIGEST_LENGTH, 0, 5);
  text[SHA256_DIGEST_LENGTH] = r->flags;
  text[SHA256_DIGEST_LENGTH + 4] = (unsigned char) r->counter;
  SHA256(data, data_len, text + SHA256_DIGEST_LENGTH + 5);

  res = alg == SK_ECDSA ? sign_ecdsa(r, key_handle, text, sizeof(text)) :
    sign_ed25519(r, key_handle, text, sizeof(text));
  if (res == 0) {
    *response = r;
  }

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
