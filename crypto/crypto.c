/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* crypto.c -- libcrypto's objects, fetched once and kept.
 *
 * The cache is the only process-wide state here: it is filled in the parent,
 * only grows, and its entries never change.
 */

#if defined(__aarch64__)
# include <asm/hwcap.h>
# include <sys/auxv.h>
#endif

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <sodium.h>

#include "crypto.h"

enum kind { KIND_CIPHER, KIND_DIGEST, KIND_MAC, KIND_KEM, KIND_KEY };

struct fetched {
  enum kind kind;
  const char *name;             /* as libcrypto's tables or ours hold it */
  void *object;                 /* NULL: this libcrypto does not have it */
};

#define FETCHED_MAX 96

static struct fetched cache[FETCHED_MAX];
static size_t ncached;
static bool ready, fips_demanded;

/* The old algorithms live in a provider of their own.  It is loaded only when
 * one is needed, into a library context of our own, so that other users of
 * libcrypto in the daemon do not get RC4.
 */
static OSSL_LIB_CTX *legacy_ctx;
static OSSL_PROVIDER *legacy_provider;
static bool legacy_tried;

static OSSL_LIB_CTX *legacy(void) {
  if (!legacy_tried) {
    legacy_tried = true;
    legacy_ctx = OSSL_LIB_CTX_new();
    if (legacy_ctx != NULL) {
      legacy_provider = OSSL_PROVIDER_load(legacy_ctx, "legacy");
    }
  }

  return legacy_provider != NULL ? legacy_ctx : NULL;
}

bool sftp_crypto_has_legacy(void) {
  return legacy_provider != NULL;
}

void sftp_crypto_no_legacy(void) {
  legacy_tried = true;
}

/* libcrypto's own provider, whatever its configuration activates. */
static OSSL_LIB_CTX *plain_ctx;
static OSSL_PROVIDER *plain_provider;

static OSSL_LIB_CTX *plain(void) {
  if (plain_ctx == NULL) {
    plain_ctx = OSSL_LIB_CTX_new();
    if (plain_ctx != NULL) {
      plain_provider = OSSL_PROVIDER_load(plain_ctx, "default");
    }
  }

  return plain_ctx;
}

static void *fetch_from(OSSL_LIB_CTX *ctx, enum kind kind, const char *name) {
  switch (kind) {
    case KIND_CIPHER:
      return EVP_CIPHER_fetch(ctx, name, NULL);

    case KIND_DIGEST:
      return EVP_MD_fetch(ctx, name, NULL);

    case KIND_MAC:
      return EVP_MAC_fetch(ctx, name, NULL);

    case KIND_KEM:
      return EVP_KEM_fetch(ctx, name, NULL);

    case KIND_KEY:
      return EVP_KEYMGMT_fetch(ctx, name, NULL);
  }

  return NULL;
}

static void release(enum kind kind, void *object) {
  switch (kind) {
    case KIND_CIPHER:
      EVP_CIPHER_free(object);
      break;

    case KIND_DIGEST:
      EVP_MD_free(object);
      break;

    case KIND_MAC:
      EVP_MAC_free(object);
      break;

    case KIND_KEM:
      EVP_KEM_free(object);
      break;

    case KIND_KEY:
      EVP_KEYMGMT_free(object);
      break;
  }
}

static void *fetch(enum kind kind, const char *name) {
  void *object;

  ERR_set_mark();
  object = fetch_from(NULL, kind, name);
  if (object == NULL && (kind == KIND_CIPHER || kind == KIND_DIGEST) &&
      legacy() != NULL) {
    object = fetch_from(legacy(), kind, name);
  }

  /* A missing algorithm is not an error. */
  ERR_pop_to_mark();
  return object;
}

static void *get(enum kind kind, const char *name) {
  size_t i;

  if (name == NULL) {
    return NULL;
  }

  for (i = 0; i < ncached; i++) {
    if (cache[i].kind == kind && strcmp(cache[i].name, name) == 0) {
      return cache[i].object;
    }
  }

  if (ncached == FETCHED_MAX) {
    sftp_log("internal: no room for algorithm '%s' of libcrypto", name);
    return NULL;
  }

  /* Copied, because the caller's text may be short-lived. */
  name = strdup(name);
  if (name == NULL) {
    return NULL;
  }

  cache[ncached].kind = kind;
  cache[ncached].name = name;
  cache[ncached].object = fetch(kind, name);
  return cache[ncached++].object;
}

const EVP_CIPHER *sftp_crypto_cipher(const char *name) {
  return get(KIND_CIPHER, name);
}

const EVP_MD *sftp_crypto_digest(const char *name) {
  return get(KIND_DIGEST, name);
}

EVP_MAC *sftp_crypto_mac(const char *name) {
  return get(KIND_MAC, name);
}

bool sftp_crypto_has_kem(const char *name) {
  return get(KIND_KEM, name) != NULL;
}

bool sftp_crypto_has_key(const char *name) {
  return get(KIND_KEY, name) != NULL;
}

int sftp_crypto_init(void) {
  if (ready) {
    return SFTP_OK;
  }

  if (sodium_init() < 0) {
    sftp_log("libsodium cannot be initialised");
    return SFTP_ERR_CRYPTO;
  }

  if (OPENSSL_init_crypto(0, NULL) != 1 ||
      sftp_crypto_digest("SHA256") == NULL) {
    sftp_log("libcrypto cannot be initialised: no SHA-256");
    return SFTP_ERR_CRYPTO;
  }

  ready = true;
  return SFTP_OK;
}

void sftp_crypto_free(void) {
  while (ncached > 0) {
    ncached--;
    release(cache[ncached].kind, cache[ncached].object);
    free((char *) cache[ncached].name);
  }

  OSSL_PROVIDER_unload(legacy_provider);
  OSSL_LIB_CTX_free(legacy_ctx);
  OSSL_PROVIDER_unload(plain_provider);
  OSSL_LIB_CTX_free(plain_ctx);
  legacy_provider = plain_provider = NULL;
  legacy_ctx = plain_ctx = NULL;
  legacy_tried = ready = false;
}

void sftp_crypto_set_fips(bool on) {
  fips_demanded = on;
}

bool sftp_crypto_has_fips(void) {
  return OSSL_PROVIDER_available(NULL, "fips") == 1 &&
    EVP_default_properties_is_fips_enabled(NULL) == 1;
}

bool sftp_crypto_fips(void) {
  return fips_demanded || EVP_default_properties_is_fips_enabled(NULL) == 1;
}

bool sftp_crypto_permits(const struct sftp_alg *alg) {
  return (alg->flags & ALG_FIPS) != 0 || !sftp_crypto_fips();
}

bool sftp_crypto_fast_aes(void) {
#if defined(__aarch64__)
  return (getauxval(AT_HWCAP) & HWCAP_AES) != 0;
#else
  /* On x86, libsodium looks for AES-NI and PCLMUL. */
  return sodium_init() >= 0 && crypto_aead_aes256gcm_is_available() == 1;
#endif
}

int sftp_crypto_fingerprint(const char *digest, struct sftp_str data,
    unsigned char *md, size_t *len) {
  EVP_MD *known = NULL;
  int res = SFTP_ERR_UNSUPPORTED;

  ERR_set_mark();
  known = EVP_MD_fetch(NULL, digest, NULL);
  if (known == NULL && plain() != NULL) {
    known = EVP_MD_fetch(plain(), digest, NULL);
  }

  if (known != NULL && (size_t) EVP_MD_get_size(known) <= *len) {
    unsigned int n = 0;

    res = EVP_Digest(data.ptr, data.len, md, &n, known, NULL) == 1 ?
      SFTP_OK : SFTP_ERR_CRYPTO;
    *len = n;
  }

  EVP_MD_free(known);
  ERR_pop_to_mark();
  return res;
}

const char *sftp_crypto_errors(pool *p) {
  const char *all = NULL;
  unsigned long code;

  while ((code = ERR_get_error()) != 0) {
    char text[256];

    ERR_error_string_n(code, text, sizeof(text));
    all = all != NULL ? pstrcat(p, all, "; ", text, NULL) : pstrdup(p, text);
  }

  return all != NULL ? all : "(unknown)";
}
