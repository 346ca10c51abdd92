/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* checksum.h -- sums of file contents, by the names that clients ask for
 * them.
 */

#ifndef MOD_SFTP_CHECKSUM_H
#define MOD_SFTP_CHECKSUM_H

#include "base.h"

#define SFTP_SUM_MAX 64         /* bytes of the longest one */

struct sftp_sum;

/* "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "crc32" (that of zlib,
 * big-endian).  NULL when it is not available.  It lives in p.
 */
struct sftp_sum *sftp_sum_new(pool *p, const char *name);
/* Its usual name ("SHA256"), whether or not it is available. */
const char *sftp_sum_label(const char *name);
size_t sftp_sum_len(const struct sftp_sum *s);
/* Begins anew; SFTP_ERR_CRYPTO when libcrypto fails. */
int sftp_sum_begin(struct sftp_sum *s) SFTP_MUST_CHECK;
int sftp_sum_add(struct sftp_sum *s, const void *p, size_t n) SFTP_MUST_CHECK;
/* sftp_sum_len() bytes to out. */
int sftp_sum_end(struct sftp_sum *s, unsigned char *out) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_CHECKSUM_H */
