/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* err.c -- texts of SFTP_ERR_*, random bytes, comparing and wiping secrets.
 */

#include <openssl/crypto.h>
#include <sodium.h>
#include <sys/random.h>

#include "base.h"

static const struct {
  int err;
  const char *text;
} texts[] = {
  { SFTP_OK, "no error" },
  { SFTP_ERR_SHORT, "message is too short" },
  { SFTP_ERR_EXTRA, "message has superfluous bytes" },
  { SFTP_ERR_FORMAT, "message is malformed" },
  { SFTP_ERR_LIMIT, "limit exceeded" },
  { SFTP_ERR_CRYPTO, "cryptographic operation failed" },
  { SFTP_ERR_MAC, "message authentication failed" },
  { SFTP_ERR_ORDER, "message out of order" },
  { SFTP_ERR_NOMATCH, "no algorithm in common" },
  { SFTP_ERR_KEX, "key exchange failed" },
  { SFTP_ERR_EOF, "connection closed by peer" },
  { SFTP_ERR_IO, "connection failed" },
  { SFTP_ERR_DENIED, "denied by policy" },
  { SFTP_ERR_UNSUPPORTED, "not supported" },
  { SFTP_ERR_TIMEOUT, "timed out" },
  { SFTP_ERR_CLOSED, "peer disconnected" },
  { SFTP_ERR_VERSION, "no protocol version in common" },
  { SFTP_ERR_SERVICE, "service not available" },
  { SFTP_ERR_TOOMANY, "too many attempts, channels or connections" },
  { SFTP_ERR_BUDGET, "too much before the login" },
  { SFTP_ERR_PASSPHRASE, "passphrase is missing or wrong" },
  { SFTP_ERR_KEY_SIZE, "keys of this size are not supported: RSA may have 512 "
    "to 16384 bits, DSA 512 to 4096" },
  { SFTP_ERR_CELL, "the isolated process ended or misbehaved" }
};

const char *sftp_strerror(int err) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(texts); i++) {
    if (texts[i].err == err) {
      return texts[i].text;
    }
  }

  return "unknown error";
}

void sftp_wipe(void *p, size_t n) {
  if (n > 0) {
    sodium_memzero(p, n);
  }
}

bool sftp_same(const void *a, const void *b, size_t n) {
  return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}

void sftp_random(void *p, size_t n) {
  unsigned char *at = p;

  /* The kernel's generator: libcrypto's would seed itself anew in each process,
   * which costs a short session more than all the bytes it needs.
   */
  while (n > 0) {
    ssize_t got = getrandom(at, n, 0);

    if (got < 0 && errno != EINTR) {
      sftp_log("no random bytes are available: giving up");
      abort();
    }

    at += got > 0 ? got : 0;
    n -= got > 0 ? (size_t) got : 0;
  }
}
