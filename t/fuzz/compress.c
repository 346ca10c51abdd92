/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* A fuzz target for libFuzzer: compressed payloads of a peer, one stream of
 * them, and ours, which must come back.
 *
 * The first byte's highest bit chooses; then come payloads, two bytes for the
 * length before each.
 */

#include "compress.h"
#include "crypto.h"
#include "target.h"

#define OUT_MAX 65536

static bool next(struct sftp_str *left, struct sftp_str *payload) {
  size_t len;

  if (left->len < 2) {
    return false;
  }

  len = (size_t) left->ptr[0] << 8 | left->ptr[1];
  left->ptr += 2;
  left->len -= 2;
  payload->ptr = left->ptr;
  payload->len = len < left->len ? len : left->len;
  left->ptr += payload->len;
  left->len -= payload->len;
  return true;
}

/* Output ends where its room does, whatever comes. */
static void theirs(pool *p, struct sftp_str left) {
  struct sftp_inflate *z = sftp_inflate_new(p);
  unsigned char *out = malloc(OUT_MAX);
  struct sftp_str in;
  int res = SFTP_OK;

  must(z != NULL && out != NULL);
  while (res == SFTP_OK && next(&left, &in)) {
    size_t len = 0;

    res = sftp_inflate(z, in.ptr, in.len, out, OUT_MAX, &len);
    must(res != SFTP_OK || len <= OUT_MAX);
  }

  free(out);
}

/* A payload is one byte at least, its number. */
static void ours(pool *p, struct sftp_str left) {
  struct sftp_deflate *d = sftp_deflate_new(p, SFTP_DEFLATE_LEVEL);
  struct sftp_inflate *i = sftp_inflate_new(p);
  struct sftp_str in;

  must(d != NULL && i != NULL);
  while (next(&left, &in) && in.len > 0) {
    size_t bound = sftp_deflate_bound(d, in.len), len = 0, back = 0;
    unsigned char *packed = malloc(bound), *out = malloc(in.len + 1);

    must(packed != NULL && out != NULL);
    must(sftp_deflate(d, in.ptr, in.len, packed, bound, &len) == SFTP_OK);
    must(sftp_inflate(i, packed, len, out, in.len + 1, &back) == SFTP_OK);
    must(back == in.len && memcmp(out, in.ptr, back) == 0);
    free(packed);
    free(out);
  }
}

static int one_input(const uint8_t *data, size_t size) {
  struct sftp_str left = { data + 1, size - 1 };
  pool *p;

  if (size < 1) {
    return 0;
  }

  p = make_sub_pool(permanent_pool);
  if ((data[0] & 0x80) != 0) {
    theirs(p, left);

  } else {
    ours(p, left);
  }

  destroy_pool(p);
  return 0;
}
