/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* base64.c -- libsodium's Base64 with our strings and pools. */

#include <sodium.h>

#include "base64.h"

int sftp_base64_decode(pool *p, struct sftp_str text,
    struct sftp_str *bytes) {
  size_t room = text.len / 4 * 3 + 3, len = 0;
  unsigned char *out = palloc(p, room);

  *bytes = sftp_str_of("");
  if (sodium_base642bin(out, room, (const char *) text.ptr, text.len, NULL,
      &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0) {
    sftp_wipe(out, room);
    return SFTP_ERR_FORMAT;
  }

  bytes->ptr = out;
  bytes->len = len;
  return SFTP_OK;
}

const char *sftp_base64_encode(pool *p, struct sftp_str bytes, bool pad) {
  int variant = pad ? sodium_base64_VARIANT_ORIGINAL :
    sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
  size_t room = sodium_base64_encoded_len(bytes.len, variant);

  return sodium_bin2base64(palloc(p, room), room, bytes.ptr, bytes.len,
    variant);
}
