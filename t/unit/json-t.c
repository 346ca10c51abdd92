/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* json-t.c -- members of JSON objects: any bytes become ASCII without loss. */

#include "json.h"
#include "tap.h"

static const char *text_of(pool *p, const void *bytes, size_t len) {
  struct sftp_str s = { bytes, len };
  char *room = palloc(p, 8192);
  struct sftp_json j;

  sftp_json_init(&j, room, 8191);
  sftp_json_text(&j, "a", s);
  room[j.len] = '\0';
  return j.full ? NULL : room;
}

/* ---- The bytes again, as the manual says */

static size_t put_utf8(unsigned char *to, uint32_t value) {
  if (value >= 0xdc80 && value <= 0xdcff) {
    to[0] = (unsigned char) (value - 0xdc00);
    return 1;
  }

  if (value < 0x80) {
    to[0] = (unsigned char) value;
    return 1;
  }

  if (value < 0x800) {
    to[0] = (unsigned char) (0xc0 | value >> 6);
    to[1] = (unsigned char) (0x80 | (value & 0x3f));
    return 2;
  }

  if (value < 0x10000) {
    to[0] = (unsigned char) (0xe0 | value >> 12);
    to[1] = (unsigned char) (0x80 | (value >> 6 & 0x3f));
    to[2] = (unsigned char) (0x80 | (value & 0x3f));
    return 3;
  }

  to[0] = (unsigned char) (0xf0 | value >> 18);
  to[1] = (unsigned char) (0x80 | (value >> 12 & 0x3f));
  to[2] = (unsigned char) (0x80 | (value >> 6 & 0x3f));
  to[3] = (unsigned char) (0x80 | (value & 0x3f));
  return 4;
}

static const char *next_value(const char *s, uint32_t *value) {
  unsigned int unit, low;

  if (*s != '\\') {
    *value = (unsigned char) *s;
    return s + 1;
  }

  if (s[1] != 'u') {
    *value = (unsigned char) s[1];
    return s + 2;
  }

  (void) sscanf(s + 2, "%4x", &unit);
  *value = unit;
  s += 6;
  if (unit >= 0xd800 && unit < 0xdc00) {
    (void) sscanf(s + 2, "%4x", &low);
    *value = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    s += 6;
  }

  return s;
}

static bool comes_back(pool *p, const unsigned char *bytes, size_t len) {
  const char *text = text_of(p, bytes, len), *s;
  unsigned char *back = palloc(p, 8192);
  uint32_t value;
  size_t n = 0;

  for (s = text; *s != '\0'; s++) {
    if (*s < ' ' || *s > '~') {
      return false;
    }
  }

  for (s = text + strlen("\"a\":\""); *s != '"'; n += put_utf8(back + n,
      value)) {
    s = next_value(s, &value);
  }

  return s[1] == '\0' && n == len && memcmp(back, bytes, len) == 0;
}

/* ---- The tests */

static void short_texts_come_back(void) {
  pool *p = make_sub_pool(NULL);
  unsigned char bytes[3];
  unsigned int i, good = 0, wanted = 0;

  for (i = 0; i < 0x1000000; i += i < 0x10000 ? 1 : 97) {
    bytes[0] = (unsigned char) i;
    bytes[1] = (unsigned char) (i >> 8);
    bytes[2] = (unsigned char) (i >> 16);
    good += comes_back(p, bytes, i < 0x100 ? 1 : i < 0x10000 ? 2 : 3);
    wanted++;
    if (i % 1024 == 0) {
      destroy_pool(p);
      p = make_sub_pool(NULL);
    }
  }

  destroy_pool(p);
  ok(good == wanted, "%u texts of 1 to 3 bytes come back", wanted);
}

static void long_characters_come_back(void) {
  static const char *const texts[] = { "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
    "\xf4\x90\x80\x80", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xb2\x80",
    "\xf0\x9f\x98", "\xf0\x9f\x98x", "\xfe\xff", "a\xe2\x82\xac\xe2\x82" };
  pool *p = make_sub_pool(NULL);
  size_t i, good = 0;

  for (i = 0; i < SFTP_NELEMS(texts); i++) {
    good += comes_back(p, (const unsigned char *) texts[i],
      strlen(texts[i]));
  }

  ok(good == SFTP_NELEMS(texts), "so do characters of four bytes, and parts of "
    "characters");
  ok(strcmp(text_of(p, "\xf0\x9f\x98\x80\xe4", 5),
    "\"a\":\"\\ud83d\\ude00\\udce4\"") == 0, "a character above U+FFFF is two "
    "units, a byte that is none U+DC80 or more");
  ok(strcmp(text_of(p, "\"\\/\n\x7f", 5), "\"a\":\"\\\"\\\\/\\u000a\\u007f\"")
    == 0, "quotes and controls");
  ok(strcmp(text_of(p, "a\0b", 3), "\"a\":\"a\\u0000b\"") == 0, "NUL");
  destroy_pool(p);
}

static void what_does_not_fit_is_left_out(void) {
  struct sftp_json j;
  size_t room, good = 0;
  char text[64];

  for (room = 0; room < 43; room++) {
    memset(text, '~', sizeof(text));
    sftp_json_init(&j, text, room);
    sftp_json_number(&j, "n", 12);
    sftp_json_true(&j, "t");
    sftp_json_text(&j, "x", sftp_str_of("\xe4\xe4"));
    sftp_json_members(&j, sftp_str_of("\"y\":1"));
    good += j.len <= room && text[room] == '~' && j.full == (room < 40) &&
      (j.len == 0 || j.len == 6 || j.len == 15 || j.len == 34 || j.len == 40);
  }

  ok(good == 43, "a member that does not fit is not begun: %zu of 43", good);
  ok(memcmp(text, "\"n\":12,\"t\":true,\"x\":\"\\udce4\\udce4\",\"y\":1", 40)
    == 0, "all members");
}

int main(void) {
  short_texts_come_back();
  long_characters_come_back();
  what_does_not_fit_is_left_out();
  return done_testing();
}
