/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* wire-t.c -- the data types of RFC 4251, section 5. */

#include "tap.h"
#include "wire.h"

static pool *p;

/* A message with one field of each kind. */
static const unsigned char message[] = {
  7,                                            /* byte */
  1,                                            /* boolean */
  0x01, 0x02, 0x03, 0x04,                       /* uint32 */
  0, 0, 0, 0, 0xff, 0, 0, 2,                    /* uint64 */
  0, 0, 0, 3, 'a', 0, 'c',                      /* string */
  0, 0, 0, 4, 't', 'e', 'x', 't',               /* text */
  0, 0, 0, 2, 0, 0x80,                          /* mpint */
  9, 8                                          /* two bytes */
};

struct fields {
  uint8_t byte;
  bool flag;
  uint32_t u32;
  uint64_t u64;
  struct sftp_str string, number, bytes;
  const char *text;
};

static int decode(const unsigned char *msg, size_t len, struct fields *f) {
  struct sftp_rd r;

  sftp_rd_init(&r, msg, len);
  f->byte = sftp_rd_u8(&r);
  f->flag = sftp_rd_bool(&r);
  f->u32 = sftp_rd_u32(&r);
  f->u64 = sftp_rd_u64(&r);
  f->string = sftp_rd_string(&r);
  f->text = sftp_rd_text(&r, p);
  f->number = sftp_rd_mpint(&r);
  f->bytes = sftp_rd_bytes(&r, 2);
  return sftp_rd_end(&r);
}

static void a_good_message_is_read(void) {
  struct fields f;

  is_int(decode(message, sizeof(message), &f), SFTP_OK, "the message is good");
  is_int(f.byte, 7, "byte");
  ok(f.flag, "boolean");
  is_int(f.u32, 0x01020304, "uint32");
  is_int(f.u64, 0xff000002, "uint64");
  is_mem(f.string.ptr, f.string.len, "a\0c", 3, "string with a NUL");
  is_str(f.text, "text", "text");
  is_mem(f.number.ptr, f.number.len, "\x80", 1, "mpint without its zero");
  is_mem(f.bytes.ptr, f.bytes.len, "\x09\x08", 2, "bytes");
}

static void every_truncation_is_refused(void) {
  size_t n, refused = 0, empty = 0;

  for (n = 0; n < sizeof(message); n++) {
    unsigned char *copy = t_exact_copy(message, n);
    struct fields f;

    refused += decode(copy, n, &f) == SFTP_ERR_SHORT;
    empty += f.bytes.len == 0 && f.bytes.ptr != NULL && f.text != NULL;
    free(copy);
  }

  is_int(refused, sizeof(message), "every prefix of the message is too short");
  is_int(empty, sizeof(message), "fields that are not there are empty");
}

static void one_byte_more_is_refused(void) {
  unsigned char longer[sizeof(message) + 1];
  struct fields f;

  memcpy(longer, message, sizeof(message));
  longer[sizeof(message)] = 0;
  is_int(decode(longer, sizeof(longer), &f), SFTP_ERR_EXTRA,
    "a byte behind the last field is superfluous");
}

static void bit_flips_stay_inside(void) {
  size_t i, done = 0;

  for (i = 0; i < sizeof(message) * 8; i++) {
    unsigned char *copy = t_exact_copy(message, sizeof(message));
    struct fields f;

    copy[i / 8] ^= (unsigned char) (1 << i % 8);
    (void) decode(copy, sizeof(message), &f);
    done++;
    free(copy);
  }

  is_int(done, sizeof(message) * 8, "no flipped bit leads out of the message");
}

static void the_first_error_sticks(void) {
  static const unsigned char msg[] = { 0, 0, 0, 9, 'x', 'y' };
  struct sftp_rd r;

  sftp_rd_init(&r, msg, sizeof(msg));
  sftp_rd_string(&r);
  is_int(sftp_rd_ok(&r), SFTP_ERR_SHORT, "a string beyond the end is short");
  is_int(sftp_rd_u8(&r), 0, "the next getter gives nothing");
  sftp_rd_fail(&r, SFTP_ERR_FORMAT);
  is_int(sftp_rd_end(&r), SFTP_ERR_SHORT, "the first error is reported");

  sftp_rd_init(&r, "\xff\xff\xff\xff", 4);
  is_int(sftp_rd_string(&r).len, 0, "a length of 2^32-1 gives nothing");
  is_int(sftp_rd_end(&r), SFTP_ERR_SHORT, "and is short");
}

static void empty_is_a_value(void) {
  static const unsigned char msg[12];
  struct sftp_str s;
  struct sftp_rd r;
  const char *text;

  sftp_rd_init(&r, msg, sizeof(msg));
  s = sftp_rd_string(&r);
  ok(s.ptr != NULL && s.len == 0, "an empty string is readable");
  text = sftp_rd_text(&r, p);
  is_str(text, "", "an empty text is \"\"");
  is_int(sftp_rd_mpint(&r).len, 0, "zero is an mpint without bytes");
  is_int(sftp_rd_end(&r), SFTP_OK, "none of them is an error");

  sftp_rd_init(&r, NULL, 0);
  s = sftp_rd_rest(&r);
  ok(s.ptr != NULL && s.len == 0, "the rest of nothing is empty");
  is_int(sftp_rd_end(&r), SFTP_OK, "an empty message of no fields is good");
}

static void text_has_no_nul(void) {
  static const unsigned char msg[] = { 0, 0, 0, 3, 'a', 0, 'b' };
  struct sftp_rd r;

  sftp_rd_init(&r, msg, sizeof(msg));
  is_str(sftp_rd_text(&r, p), "", "text with a NUL gives nothing");
  is_int(sftp_rd_end(&r), SFTP_ERR_FORMAT, "and is malformed");
}

static int mpint_of(const void *bytes, size_t len, struct sftp_str *s) {
  unsigned char *msg = malloc(len + 4);
  struct sftp_rd r;
  int res;

  sftp_put_u32(msg, (uint32_t) len);
  memcpy(msg + 4, bytes, len);
  sftp_rd_init(&r, msg, len + 4);
  *s = sftp_rd_mpint(&r);
  res = sftp_rd_end(&r);
  *s = sftp_str_copy(p, *s);
  free(msg);
  return res;
}

static void mpints_follow_the_rfc(void) {
  unsigned char big[2050];
  struct sftp_str s;

  is_int(mpint_of("\x09\xa3\x78\xf9\xb2\xe3\x32\xa7", 8, &s), SFTP_OK,
    "RFC 4251's first example");
  is_int(s.len, 8, "is eight bytes");
  is_int(mpint_of("\xed\xcc", 2, &s), SFTP_ERR_FORMAT,
    "a negative number is refused");
  is_int(mpint_of("\0", 1, &s), SFTP_ERR_FORMAT,
    "a zero byte for 0 is refused");
  is_int(mpint_of("\0\x7f", 2, &s), SFTP_ERR_FORMAT,
    "a superfluous zero is refused");
  is_int(mpint_of("\0\x80", 2, &s), SFTP_OK, "a necessary zero is right");

  memset(big, 0xff, sizeof(big));
  big[0] = 0;
  is_int(mpint_of(big, 2049, &s), SFTP_OK, "16384 bits are allowed");
  is_int(s.len, 2048, "and read whole");
  is_int(mpint_of(big, 2050, &s), SFTP_ERR_LIMIT, "more are not");
  big[0] = 0x01;
  is_int(mpint_of(big, 2049, &s), SFTP_ERR_LIMIT,
    "16385 bits without a leading zero are not either");
}

static void a_writer_mirrors_the_reader(void) {
  struct sftp_wr w;
  struct sftp_str s;
  size_t mark;

  sftp_wr_init(&w, p, 4, 1000);
  sftp_wr_u8(&w, 7);
  sftp_wr_bool(&w, true);
  sftp_wr_u32(&w, 0x01020304);
  sftp_wr_u64(&w, 0xff000002);
  sftp_wr_string(&w, "a\0c", 3);
  mark = sftp_wr_begin(&w);
  sftp_wr_bytes(&w, "text", 4);
  sftp_wr_finish(&w, mark);
  sftp_wr_mpint(&w, "\0\0\x80", 3);
  sftp_wr_bytes(&w, "\x09\x08", 2);
  is_int(sftp_wr_end(&w), SFTP_OK, "the message is written");
  s = sftp_wr_get(&w);
  is_mem(s.ptr, s.len, message, sizeof(message),
    "and what the reader reads");
}

static void a_writer_keeps_its_bounds(void) {
  unsigned char small[6];
  struct sftp_wr w;

  sftp_wr_init_fixed(&w, small, sizeof(small));
  sftp_wr_u32(&w, 1);
  sftp_wr_u8(&w, 2);
  is_int(sftp_wr_end(&w), SFTP_OK, "what fits is written");
  sftp_wr_u32(&w, 3);
  is_int(sftp_wr_end(&w), SFTP_ERR_LIMIT, "what does not is over the limit");
  sftp_wr_u8(&w, 4);
  is_int(sftp_wr_get(&w).len, 5, "nothing is written behind an error");

  sftp_wr_init(&w, p, 0, 100);
  is_int(sftp_wr_get(&w).len, 0, "a new writer is empty");
  sftp_wr_text(&w, "");
  sftp_wr_mpint(&w, "", 0);
  is_mem(sftp_wr_get(&w).ptr, sftp_wr_get(&w).len, "\0\0\0\0\0\0\0\0", 8,
    "empty values have a length of zero");
  while (sftp_wr_end(&w) == SFTP_OK) {
    sftp_wr_u8(&w, 1);
  }

  is_int(sftp_wr_get(&w).len, 100, "a growing writer ends at its cap");
  sftp_wr_wipe(&w);
  is_int(sftp_wr_get(&w).len, 0, "a wiped writer is empty");
}

static void strings_compare_whole(void) {
  struct sftp_str a = sftp_str_of("abc"), b = { (const void *) "abcd", 3 };

  ok(sftp_str_same(a, b), "equal bytes are the same");
  b.len = 4;
  ok(!sftp_str_same(a, b), "a longer string is another");
  ok(sftp_str_is(a, "abc"), "a string is its text");
  ok(!sftp_str_is(a, "ab") && !sftp_str_is(a, "abcd"), "and no other");
  b.ptr = (const void *) "abc\0";
  ok(!sftp_str_is(b, "abc"), "a NUL behind is not its end");
}

static void bare_integers_are_big_endian(void) {
  unsigned char b[8];

  sftp_put_u64(b, UINT64_C(0x0102030405060708));
  is_mem(b, 8, "\1\2\3\4\5\6\7\10", 8, "put");
  is_int(sftp_get_u64(b), 0x0102030405060708, "get");
}

int main(void) {
  p = make_sub_pool(NULL);
  a_good_message_is_read();
  every_truncation_is_refused();
  one_byte_more_is_refused();
  bit_flips_stay_inside();
  the_first_error_sticks();
  empty_is_a_value();
  text_has_no_nul();
  mpints_follow_the_rfc();
  a_writer_mirrors_the_reader();
  a_writer_keeps_its_bounds();
  strings_compare_whole();
  bare_integers_are_big_endian();
  destroy_pool(p);
  return done_testing();
}
