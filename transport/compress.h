/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* compress.h -- compression of payloads (RFC 4253, section 6.2).
 *
 * Each direction is one continuous stream from its keys to the next; every
 * payload ends with a flush, so that the peer can read it at once.  The caller
 * limits the output: a small packet cannot become a large one.  After an error
 * a stream is unusable.
 */

#ifndef MOD_SFTP_COMPRESS_H
#define MOD_SFTP_COMPRESS_H

#include "alg.h"

extern const struct sftp_alg sftp_compressions[];  /* ends with a NULL name */

/* Whether the row (NULL: none is agreed) compresses, and whether it begins only
 * after the login.
 */
bool sftp_compress_is_zlib(const struct sftp_alg *alg);
bool sftp_compress_is_delayed(const struct sftp_alg *alg);

/* zlib's default: higher levels take much more time and save few bytes. */
#define SFTP_DEFLATE_LEVEL 6

struct sftp_deflate;
struct sftp_inflate;

/* A stream that lives as long as p and is wiped with it.  level is zlib's (1
 * to 9, -1 for its default).  When zlib has no memory, its first use fails.
 */
struct sftp_deflate *sftp_deflate_new(pool *p, int level);
struct sftp_inflate *sftp_inflate_new(pool *p);

/* The maximum size of n compressed bytes of payload. */
size_t sftp_deflate_bound(struct sftp_deflate *z, size_t n);

/* Compresses a payload; SFTP_ERR_LIMIT if the result exceeds outsize bytes. */
int sftp_deflate(struct sftp_deflate *z, const unsigned char *in,
  size_t inlen, unsigned char *out, size_t outsize, size_t *outlen)
  SFTP_MUST_CHECK;
/* Expands one; SFTP_ERR_LIMIT when it has more than outsize bytes,
 * SFTP_ERR_FORMAT when it is malformed.
 */
int sftp_inflate(struct sftp_inflate *z, const unsigned char *in,
  size_t inlen, unsigned char *out, size_t outsize, size_t *outlen)
  SFTP_MUST_CHECK;

#endif /* MOD_SFTP_COMPRESS_H */
