/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* curves.h -- the NIST curves of RFC 5656, section 10.1, and their points in
 * uncompressed form (SEC 1, section 2.3.3: 04, x, y).  Compressed points are
 * optional in RFC 5656, section 3.1, and not accepted.
 */

#ifndef MOD_SFTP_CURVES_H
#define MOD_SFTP_CURVES_H

#include <openssl/evp.h>

#include "wire.h"

#define SFTP_CURVE_MAX_LEN 66           /* bytes of a P-521 coordinate */
#define SFTP_POINT_MAX_LEN (1 + 2 * SFTP_CURVE_MAX_LEN)

struct sftp_curve {
  const char *ssh;              /* "nistp256" */
  const char *evp;              /* "P-256" */
  const char *group;            /* "prime256v1": what libcrypto answers */
  size_t len;                   /* bytes of a coordinate and of the order */
};

/* Finds a curve by its SSH or libcrypto name; NULL when unknown. */
const struct sftp_curve *sftp_curve_find(const char *name);

/* The public key of a point; NULL unless it is of the exact length,
 * uncompressed, in range and on the curve.  The curves' cofactor is 1 and
 * infinity has no such form, so this is full validation (SP 800-56A,
 * section 5.6.2.3.3).
 */
EVP_PKEY *sftp_curve_public(const struct sftp_curve *curve,
  struct sftp_str point);

/* Writes the point of a key, 1 + 2 * curve->len bytes. */
int sftp_curve_point(const struct sftp_curve *curve, const EVP_PKEY *pkey,
  unsigned char point[SFTP_POINT_MAX_LEN]) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_CURVES_H */
