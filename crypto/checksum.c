/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* checksum.c -- sums of file contents over libcrypto and zlib. */

#include "checksum.h"

#include <zlib.h>

#include "crypto.h"
#include "wire.h"

struct sftp_sum {
  const EVP_MD *md;             /* NULL: crc32 */
  EVP_MD_CTX *ctx;
  uLong crc;
  size_t len;
};

static const struct {
  const char *name, *digest;
  bool approved;                /* also where FIPS is required */
} sums[] = {
  { "md5", "MD5", false },
  { "sha1", "SHA1", true },
  { "sha224", "SHA224", true },
  { "sha256", "SHA256", true },
  { "sha384", "SHA384", true },
  { "sha512", "SHA512", true }
};

static void free_ctx(void *ctx) {
  EVP_MD_CTX_free(ctx);
}

static struct sftp_sum *new_digest(pool *p, const char *name) {
  const EVP_MD *md = sftp_crypto_digest(name);
  struct sftp_sum *s;
  EVP_MD_CTX *ctx;

  ctx = md != NULL ? EVP_MD_CTX_new() : NULL;
  if (ctx == NULL) {
    return NULL;
  }

  s = pcalloc(p, sizeof(*s));
  s->md = md;
  s->ctx = ctx;
  s->len = (size_t) EVP_MD_get_size(md);
  register_cleanup2(p, ctx, free_ctx);
  return s;
}

static size_t find_sum(const char *name) {
  size_t i = 0;

  while (i < SFTP_NELEMS(sums) && strcmp(name, sums[i].name) != 0) {
    i++;
  }

  return i;
}

struct sftp_sum *sftp_sum_new(pool *p, const char *name) {
  size_t i = find_sum(name);
  struct sftp_sum *s;

  if (i < SFTP_NELEMS(sums)) {
    return sums[i].approved || !sftp_crypto_fips() ?
      new_digest(p, sums[i].digest) : NULL;
  }

  if (strcmp(name, "crc32") != 0) {
    return NULL;
  }

  s = pcalloc(p, sizeof(*s));
  s->len = 4;
  return s;
}

const char *sftp_sum_label(const char *name) {
  size_t i = find_sum(name);

  return i < SFTP_NELEMS(sums) ? sums[i].digest : name;
}

size_t sftp_sum_len(const struct sftp_sum *s) {
  return s->len;
}

int sftp_sum_begin(struct sftp_sum *s) {
  if (s->md == NULL) {
    s->crc = crc32(0, NULL, 0);
    return SFTP_OK;
  }

  return EVP_DigestInit_ex2(s->ctx, s->md, NULL) == 1 ? SFTP_OK :
    SFTP_ERR_CRYPTO;
}

int sftp_sum_add(struct sftp_sum *s, const void *p, size_t n) {
  if (s->md == NULL) {
    s->crc = crc32_z(s->crc, p, n);
    return SFTP_OK;
  }

  return EVP_DigestUpdate(s->ctx, p, n) == 1 ? SFTP_OK : SFTP_ERR_CRYPTO;
}

int sftp_sum_end(struct sftp_sum *s, unsigned char *out) {
  if (s->md == NULL) {
    sftp_put_u32(out, (uint32_t) s->crc);
    return SFTP_OK;
  }

  return EVP_DigestFinal_ex(s->ctx, out, NULL) == 1 ? SFTP_OK :
    SFTP_ERR_CRYPTO;
}
