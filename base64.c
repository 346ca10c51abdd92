/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* RFC 4648, section 4. */

#include "keyfile.h"

static const char alphabet[] =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(unsigned char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }

  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }

  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }

  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int sftp_base64_decode(pool *p, struct sftp_str text,
    struct sftp_str *bytes) {
  size_t i, n = 0, len = text.len;
  uint32_t bits = 0;
  unsigned char *out;

  bytes->ptr = (const unsigned char *) "";
  bytes->len = 0;
  if (len % 4 != 0) {
    return SFTP_ERR_FORMAT;
  }

  while (len > 0 && text.len - len < 2 && text.ptr[len - 1] == '=') {
    len--;
  }

  out = palloc(p, len / 4 * 3 + 3);
  for (i = 0; i < len; i++) {
    int v = value_of(text.ptr[i]);

    if (v < 0) {
      sftp_wipe(out, n);
      return SFTP_ERR_FORMAT;
    }

    bits = bits << 6 | (uint32_t) v;
    if (i % 4 != 0) {
      out[n++] = (unsigned char) (bits >> (6 - i % 4 * 2));
    }
  }

  /* What the last digit has beyond the last byte must be zero: section 3.5. */
  if ((len % 4 == 2 && (bits & 15) != 0) ||
      (len % 4 == 3 && (bits & 3) != 0)) {
    sftp_wipe(out, n);
    return SFTP_ERR_FORMAT;
  }

  bytes->ptr = out;
  bytes->len = n;
  return SFTP_OK;
}

const char *sftp_base64_encode(pool *p, struct sftp_str bytes, bool pad) {
  char *text = palloc(p, (bytes.len + 2) / 3 * 4 + 1), *t = text;
  size_t i;

  for (i = 0; i < bytes.len; i += 3) {
    size_t n = bytes.len - i < 3 ? bytes.len - i : 3, digit;
    uint32_t bits = (uint32_t) bytes.ptr[i] << 16;

    bits |= n > 1 ? (uint32_t) bytes.ptr[i + 1] << 8 : 0;
    bits |= n > 2 ? bytes.ptr[i + 2] : 0;
    for (digit = 0; digit < 4; digit++) {
      if (digit <= n) {
        *t++ = alphabet[bits >> (18 - digit * 6) & 63];
      } else if (pad) {
        *t++ = '=';
      }
    }
  }

  *t = '\0';
  return text;
}
