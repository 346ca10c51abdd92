/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* printable.c -- text from clients without control characters, for logs,
 * records and terminals.
 */

#include "base.h"

/* Length of the well-formed UTF-8 sequence at s that may be shown, or 0 (RFC
 * 3629: no overlong forms, surrogates, or values above U+10FFFF).  C1 control
 * characters control terminals and are not shown.
 */
static size_t utf8_shown(const unsigned char *s, size_t len) {
  uint32_t value, least;
  size_t i, n;

  if (s[0] >= 0xc2 && s[0] <= 0xdf) {
    n = 2;
    least = 0xa0;
    value = s[0] & 0x1f;

  } else if (s[0] >= 0xe0 && s[0] <= 0xef) {
    n = 3;
    least = 0x800;
    value = s[0] & 0x0f;

  } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
    n = 4;
    least = 0x10000;
    value = s[0] & 0x07;

  } else {
    return 0;
  }

  if (n > len) {
    return 0;
  }

  for (i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80) {
      return 0;
    }

    value = value << 6 | (s[i] & 0x3f);
  }

  if (value < least || value > 0x10ffff ||
      (value >= 0xd800 && value <= 0xdfff)) {
    return 0;
  }

  return n;
}

static char *put_escaped(char *out, unsigned char byte) {
  static const char hex[] = "0123456789abcdef";

  *out++ = '\\';
  *out++ = 'x';
  *out++ = hex[byte >> 4];
  *out++ = hex[byte & 0x0f];
  return out;
}

char *sftp_escape(char *dst, size_t dstsz, const void *src, size_t len) {
  const unsigned char *s = src;
  size_t n, out = 0;

  if (dstsz == 0) {
    return dst;
  }

  while (len > 0) {
    n = *s >= ' ' && *s < 0x7f ? 1 : utf8_shown(s, len);

    /* A character is written completely or not at all. */
    if (out + (n > 0 ? n : 4) >= dstsz) {
      break;
    }

    if (n > 0) {
      memcpy(dst + out, s, n);
      out += n;

    } else {
      n = 1;
      (void) put_escaped(dst + out, *s);
      out += 4;
    }

    s += n;
    len -= n;
  }

  dst[out] = '\0';
  return dst;
}

/* ---- Texts that keep everything but control characters */

/* Bytes of the character at s; *control: it could act on a line or a terminal.
 * Bytes that are not UTF-8 are handled one by one.
 */
static size_t next_char(const unsigned char *s, size_t len, bool *control) {
  size_t n;

  *control = false;
  if (*s >= ' ' && *s < 0x7f) {
    return 1;                   /* almost all of them */
  }

  n = utf8_shown(s, len);
  if (n > 0) {
    return n;
  }

  if (len > 1 && s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0) {
    *control = true;
    return 2;
  }

  *control = *s < ' ' || (*s >= 0x7f && *s < 0xa0);
  return 1;
}

bool sftp_has_controls(const char *text) {
  const unsigned char *s = (const unsigned char *) text;
  size_t len = strlen(text);
  bool control = false;

  while (len > 0 && !control) {
    size_t n = next_char(s, len, &control);

    s += n;
    len -= n;
  }

  return control;
}

const char *sftp_printable(pool *p, const char *text) {
  const unsigned char *s = (const unsigned char *) text;
  size_t len, n;
  char *res, *out;
  bool control;

  if (!sftp_has_controls(text)) {
    return text;
  }

  len = strlen(text);
  res = out = palloc(p, 4 * len + 1);
  for (; len > 0; len -= n) {
    n = next_char(s, len, &control);
    if (!control) {
      memcpy(out, s, n);
      out += n;
      s += n;
      continue;
    }

    out = put_escaped(out, *s++);
    if (n == 2) {
      out = put_escaped(out, *s++);
    }
  }

  *out = '\0';
  return res;
}

void sftp_blank_controls(char *text, size_t len, char keep) {
  unsigned char *s = (unsigned char *) text;
  bool control;
  size_t n;

  for (; len > 0; s += n, len -= n) {
    n = next_char(s, len, &control);
    if (control && *s != (unsigned char) keep) {
      memset(s, '_', n);
    }
  }
}
