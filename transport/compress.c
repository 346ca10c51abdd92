/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* compress.c -- zlib for packets (RFC 4253, section 6.2). */

#include <limits.h>

#include <zlib.h>

#include "compress.h"

/* In order of preference.  Compressing secrets together with text that others
 * choose leaks the secrets, and zlib before the login exposes it to strangers:
 * both are off by default.
 */
const struct sftp_alg sftp_compressions[] = {
  { "none", ALG_DEFAULT },
  { "zlib@openssh.com", ALG_OPT_IN },
  { "zlib", ALG_OPT_IN },
  { NULL, 0 }
};

bool sftp_compress_is_zlib(const struct sftp_alg *alg) {
  return alg != NULL && strncmp(alg->name, "zlib", 4) == 0;
}

bool sftp_compress_is_delayed(const struct sftp_alg *alg) {
  return alg != NULL && strcmp(alg->name, "zlib@openssh.com") == 0;
}

struct sftp_deflate {
  z_stream z;
};

struct sftp_inflate {
  z_stream z;
};

/* ---- zlib's memory holds plaintext: it is wiped when it is freed */

struct block {
  size_t len;
  max_align_t bytes[];
};

static void *z_alloc(void *opaque, unsigned int n, unsigned int size) {
  size_t len = (size_t) n * size;
  struct block *b;

  (void) opaque;
  if (size != 0 && len / size != n) {
    return NULL;
  }

  b = calloc(1, sizeof(*b) + len);
  if (b == NULL) {
    return NULL;
  }

  b->len = len;
  return b->bytes;
}

static void z_free(void *opaque, void *p) {
  struct block *b = (void *) ((char *) p - offsetof(struct block, bytes));

  (void) opaque;
  sftp_wipe(b->bytes, b->len);
  free(b);
}

static void deflate_free(void *data) {
  struct sftp_deflate *z = data;

  (void) deflateEnd(&z->z);
}

static void inflate_free(void *data) {
  struct sftp_inflate *z = data;

  (void) inflateEnd(&z->z);
}

struct sftp_deflate *sftp_deflate_new(pool *p, int level) {
  struct sftp_deflate *z = pcalloc(p, sizeof(*z));

  z->z.zalloc = z_alloc;
  z->z.zfree = z_free;
  (void) deflateInit(&z->z, level);     /* else deflate() fails */
  register_cleanup2(p, z, deflate_free);
  return z;
}

struct sftp_inflate *sftp_inflate_new(pool *p) {
  struct sftp_inflate *z = pcalloc(p, sizeof(*z));

  z->z.zalloc = z_alloc;
  z->z.zfree = z_free;
  (void) inflateInit(&z->z);            /* else inflate() fails */
  register_cleanup2(p, z, inflate_free);
  return z;
}

size_t sftp_deflate_bound(struct sftp_deflate *z, size_t n) {
  /* zlib's bound is for a whole stream; a flush adds an empty block. */
  return deflateBound(&z->z, n) + 16;
}

/* Points a stream at its bytes; false if there are more than it can count. */
static bool aim(z_stream *z, const unsigned char *in, size_t inlen,
    unsigned char *out, size_t outsize) {
  if (inlen > UINT_MAX || outsize > UINT_MAX) {
    return false;
  }

  z->next_in = (unsigned char *) in;    /* zlib only reads it */
  z->avail_in = (unsigned int) inlen;
  z->next_out = out;
  z->avail_out = (unsigned int) outsize;
  return true;
}

int sftp_deflate(struct sftp_deflate *z, const unsigned char *in,
    size_t inlen, unsigned char *out, size_t outsize, size_t *outlen) {
  int res;

  *outlen = 0;
  if (outsize == 0 || !aim(&z->z, in, inlen, out, outsize)) {
    return SFTP_ERR_LIMIT;
  }

  /* Clients expect this flush; a full flush would take a few bytes more. */
  res = deflate(&z->z, Z_PARTIAL_FLUSH);
  if (res != Z_OK) {
    return SFTP_ERR_CRYPTO;
  }

  /* If the buffer is full, zlib may hold more output. */
  if (z->z.avail_in > 0 || z->z.avail_out == 0) {
    return SFTP_ERR_LIMIT;
  }

  *outlen = outsize - z->z.avail_out;
  return SFTP_OK;
}

/* Whether output is left that did not fit into the full buffer. */
static int more_held(z_stream *z) {
  unsigned char one;
  int res;

  z->next_out = &one;
  z->avail_out = 1;
  res = inflate(z, Z_SYNC_FLUSH);
  if (z->avail_out == 0) {
    return SFTP_ERR_LIMIT;
  }

  return res == Z_OK || res == Z_BUF_ERROR ? SFTP_OK : SFTP_ERR_FORMAT;
}

int sftp_inflate(struct sftp_inflate *z, const unsigned char *in,
    size_t inlen, unsigned char *out, size_t outsize, size_t *outlen) {
  int res;

  *outlen = 0;
  if (outsize == 0 || !aim(&z->z, in, inlen, out, outsize)) {
    return SFTP_ERR_LIMIT;
  }

  /* zlib stops at the end of the input or of the output.  A peer that ends the
   * stream violates the RFC: the stream lasts until the next keys.
   */
  res = inflate(&z->z, Z_SYNC_FLUSH);
  if (res != Z_OK && res != Z_BUF_ERROR) {
    return SFTP_ERR_FORMAT;
  }

  *outlen = outsize - z->z.avail_out;
  if (z->z.avail_out == 0) {
    res = more_held(&z->z);

  } else {
    res = z->z.avail_in == 0 ? SFTP_OK : SFTP_ERR_FORMAT;
  }

  if (res != SFTP_OK) {
    *outlen = 0;
  }

  return res;
}
