/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* compress-t.c -- payloads through zlib, as one stream and within bounds. */

#include <zlib.h>

#include "alg-table.h"
#include "compress.h"
#include "tap.h"

static pool *p;

static void payloads_come_back(void) {
  static const size_t lens[] = { 1, 5, 100, 4096, 32768, 262000 };
  struct sftp_deflate *to = sftp_deflate_new(p, SFTP_DEFLATE_LEVEL);
  struct sftp_inflate *from = sftp_inflate_new(p);
  size_t i, kind, back = 0, small = 0;

  for (i = 0; i < SFTP_NELEMS(lens); i++) {
    for (kind = 0; kind < 2; kind++) {
      size_t len = lens[i], bound, packed, unpacked;
      unsigned char *plain = malloc(len), *packet, *again = malloc(len);

      /* Text that packs well, and bytes that do not. */
      memset(plain, 'x', len);
      if (kind == 1) {
        t_fill(plain, len, (unsigned int) i);
      }

      bound = sftp_deflate_bound(to, len);
      packet = malloc(bound);
      if (sftp_deflate(to, plain, len, packet, bound, &packed) == SFTP_OK &&
          sftp_inflate(from, packet, packed, again, len, &unpacked) ==
            SFTP_OK && unpacked == len) {
        back += memcmp(plain, again, len) == 0;
        small += kind == 0 && len >= 100 && packed < len / 2;
      }

      free(plain);
      free(packet);
      free(again);
    }
  }

  is_int(back, 2 * SFTP_NELEMS(lens),
    "every payload comes back at once, in exactly its own size");
  is_int(small, 4, "what repeats itself becomes smaller");
}

static void the_stream_goes_on(void) {
  struct sftp_deflate *to = sftp_deflate_new(p, SFTP_DEFLATE_LEVEL);
  unsigned char text[300], packet[600];
  size_t first, second;

  t_fill(text, sizeof(text), 1);
  ok(sftp_deflate(to, text, sizeof(text), packet, sizeof(packet), &first) ==
    SFTP_OK && sftp_deflate(to, text, sizeof(text), packet, sizeof(packet),
    &second) == SFTP_OK && second < first / 4,
    "a payload seen before costs little");
}

static void output_is_bounded(void) {
  struct sftp_deflate *to = sftp_deflate_new(p, 9);
  struct sftp_inflate *from = sftp_inflate_new(p);
  unsigned char *zeros = calloc(1, 262145), *out = malloc(262144);
  unsigned char packet[1024];
  size_t packed, n;

  is_int(sftp_deflate(to, zeros, 262145, packet, sizeof(packet), &packed),
    SFTP_OK, "256 KiB and a byte of zeros fit into 1 KiB");
  is_int(sftp_inflate(from, packet, packed, out, 262144, &n), SFTP_ERR_LIMIT,
    "and do not come out of it into 256 KiB");
  is_int(n, 0, "nothing is handed out then");

  from = sftp_inflate_new(p);
  free(out);
  out = malloc(262145);
  is_int(sftp_inflate(from, packet, packed, out, 262145, &n), SFTP_OK,
    "with a byte more they do");
  is_int(n, 262145, "all of them");
  is_int(sftp_inflate(from, packet, packed, out, 0, &n), SFTP_ERR_LIMIT,
    "no room at all is too little");

  t_fill(zeros, 262145, 5);
  is_int(sftp_deflate(to, zeros, 262145, packet, sizeof(packet), &packed),
    SFTP_ERR_LIMIT, "what does not pack does not overrun its buffer");
  free(zeros);
  free(out);
}

static void garbage_is_refused(void) {
  unsigned char out[4096], good[256], *copy;
  struct sftp_deflate *to = sftp_deflate_new(p, SFTP_DEFLATE_LEVEL);
  size_t packed, n, i, crashed = 0;

  is_int(sftp_inflate(sftp_inflate_new(p), (const void *) "garbage", 7, out,
    sizeof(out), &n), SFTP_ERR_FORMAT, "bytes that are no stream");

  memset(good, 0, sizeof(good));
  is_int(sftp_deflate(to, (const void *) "some text, some text, some text",
    31, good, sizeof(good), &packed), SFTP_OK, "a payload to damage");
  for (i = 0; i < packed * 8; i++) {
    copy = t_exact_copy(good, packed);
    copy[i / 8] ^= (unsigned char) (1 << i % 8);
    crashed += sftp_inflate(sftp_inflate_new(p), copy, packed, out,
      sizeof(out), &n) == SFTP_OK ? n > sizeof(out) : n != 0;
    free(copy);
  }

  for (i = 0; i < packed; i++) {
    copy = t_exact_copy(good, i);
    crashed += sftp_inflate(sftp_inflate_new(p), copy, i, out, sizeof(out),
      &n) == SFTP_OK ? n > 31 : n != 0;
    free(copy);
  }

  is_int(crashed, 0, "flipped bits and short streams stay inside");
}

static void a_stream_that_ends_is_refused(void) {
  unsigned char packet[256], out[256];
  uLongf packed = sizeof(packet);
  size_t n;

  compress(packet, &packed, (const void *) "text", 4);
  is_int(sftp_inflate(sftp_inflate_new(p), packet, packed, out, sizeof(out),
    &n), SFTP_ERR_FORMAT, "the stream goes on until the next keys");
}

static void rows_say_what_they_do(void) {
  const struct sftp_alg *none, *zlib, *late;

  none = sftp_alg_find(ALGS_COMPRESS, sftp_str_of("none"));
  zlib = sftp_alg_find(ALGS_COMPRESS, sftp_str_of("zlib"));
  late = sftp_alg_find(ALGS_COMPRESS, sftp_str_of("zlib@openssh.com"));
  ok(!sftp_compress_is_zlib(none) && !sftp_compress_is_delayed(none), "none");
  ok(sftp_compress_is_zlib(zlib) && !sftp_compress_is_delayed(zlib), "zlib");
  ok(sftp_compress_is_zlib(late) && sftp_compress_is_delayed(late),
    "zlib@openssh.com waits for the login");
  ok(!sftp_compress_is_zlib(NULL) && !sftp_compress_is_delayed(NULL),
    "before the first exchange");
}

int main(void) {
  p = make_sub_pool(NULL);
  payloads_come_back();
  the_stream_goes_on();
  output_is_bounded();
  garbage_is_refused();
  a_stream_that_ends_is_refused();
  rows_say_what_they_do();
  destroy_pool(p);
  return done_testing();
}
