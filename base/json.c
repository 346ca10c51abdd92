/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* json.c -- the members of one JSON object. */

#include "json.h"

void sftp_json_init(struct sftp_json *j, void *text, size_t room) {
  j->text = text;
  j->len = 0;
  j->room = room;
  j->full = false;
}

static void put(struct sftp_json *j, const void *bytes, size_t len) {
  if (j->full || len > j->room - j->len) {
    j->full = true;
    return;
  }

  memcpy(j->text + j->len, bytes, len);
  j->len += len;
}

static void put_unit(struct sftp_json *j, uint32_t unit) {
  char text[SFTP_JSON_GROWS + 1];

  snprintf(text, sizeof(text), "\\u%04x", (unsigned int) (unit & 0xffff));
  put(j, text, SFTP_JSON_GROWS);
}

static void put_char(struct sftp_json *j, uint32_t value) {
  char c = (char) value;

  if (value > 0xffff) {
    put_unit(j, 0xd800 + ((value - 0x10000) >> 10));
    put_unit(j, 0xdc00 + ((value - 0x10000) & 0x3ff));

  } else if (value < ' ' || value > '~') {
    put_unit(j, value);

  } else {
    if (c == '"' || c == '\\') {
      put(j, "\\", 1);
    }

    put(j, &c, 1);
  }
}

/* The character at s and its length; a byte that is none is 0xdc00 more. */
static size_t next_char(struct sftp_str s, uint32_t *value) {
  static const struct {
    unsigned char mask, bits;
    uint32_t least;
  } kinds[] = {
    { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 },
    { 0xf8, 0xf0, 0x10000 }
  };
  size_t n = 0, i;

  while (n < SFTP_NELEMS(kinds) && (s.ptr[0] & kinds[n].mask) !=
      kinds[n].bits) {
    n++;
  }

  *value = 0xdc00U + s.ptr[0];
  if (n == SFTP_NELEMS(kinds) || n >= s.len) {
    return 1;
  }

  *value = s.ptr[0] & (unsigned char) ~kinds[n].mask;
  for (i = 1; i <= n && (s.ptr[i] & 0xc0) == 0x80; i++) {
    *value = *value << 6 | (s.ptr[i] & 0x3f);
  }

  if (i <= n || *value < kinds[n].least || *value > 0x10ffff ||
      (*value >= 0xd800 && *value <= 0xdfff)) {
    *value = 0xdc00U + s.ptr[0];
    return 1;
  }

  return n + 1;
}

static void put_name(struct sftp_json *j, const char *name) {
  if (j->len > 0) {
    put(j, ",", 1);
  }

  put(j, "\"", 1);
  put(j, name, strlen(name));
  put(j, "\":", 2);
}

static void settle(struct sftp_json *j, size_t len) {
  if (j->full) {
    j->len = len;
  }
}

void sftp_json_text(struct sftp_json *j, const char *name,
    struct sftp_str text) {
  size_t len = j->len, n;
  uint32_t value;

  put_name(j, name);
  put(j, "\"", 1);
  for (; text.len > 0 && !j->full; text.ptr += n, text.len -= n) {
    n = next_char(text, &value);
    put_char(j, value);
  }

  put(j, "\"", 1);
  settle(j, len);
}

void sftp_json_number(struct sftp_json *j, const char *name, uint64_t n) {
  size_t len = j->len;
  char text[24];

  snprintf(text, sizeof(text), "%llu", (unsigned long long) n);
  put_name(j, name);
  put(j, text, strlen(text));
  settle(j, len);
}

void sftp_json_true(struct sftp_json *j, const char *name) {
  size_t len = j->len;

  put_name(j, name);
  put(j, "true", 4);
  settle(j, len);
}

void sftp_json_members(struct sftp_json *j, struct sftp_str text) {
  size_t len = j->len;

  if (j->len > 0 && text.len > 0) {
    put(j, ",", 1);
  }

  put(j, text.ptr, text.len);
  settle(j, len);
}
