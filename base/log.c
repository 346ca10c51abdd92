/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log.c -- SFTPLog's lines, with the peer's bytes escaped. */

#include "ftpd-lines.h"

#define LINE_BYTES 4096

int sftp_trace_levels[TRACE_NCHANNELS];

/* Length of the well-formed UTF-8 sequence at s that may be shown, 0 when
 * there is none (RFC 3629: no overlong forms, surrogates, or values above
 * U+10FFFF).  C1 control characters drive terminals: they are not shown.
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

char *sftp_escape(char *dst, size_t dstsz, const void *src, size_t len) {
  static const char hex[] = "0123456789abcdef";
  const unsigned char *s = src;
  size_t n, out = 0;

  if (dstsz == 0) {
    return dst;
  }

  while (len > 0) {
    n = *s >= ' ' && *s < 0x7f ? 1 : utf8_shown(s, len);

    /* A character is written whole or not at all. */
    if (out + (n > 0 ? n : 4) >= dstsz) {
      break;
    }

    if (n > 0) {
      memcpy(dst + out, s, n);
      out += n;

    } else {
      n = 1;
      dst[out++] = '\\';
      dst[out++] = 'x';
      dst[out++] = hex[*s >> 4];
      dst[out++] = hex[*s & 0x0f];
    }

    s += n;
    len -= n;
  }

  dst[out] = '\0';
  return dst;
}

/* The finished, harmless line in out. */
static void format_line(char *out, size_t outsz, const char *fmt, va_list ap)
  SFTP_PRINTF(3, 0);

static void format_line(char *out, size_t outsz, const char *fmt, va_list ap) {
  char raw[LINE_BYTES];
  int len;

  len = vsnprintf(raw, sizeof(raw), fmt, ap);
  if (len < 0) {
    len = snprintf(raw, sizeof(raw), "(a log line that cannot be formatted)");
  }

  if ((size_t) len >= sizeof(raw)) {
    len = sizeof(raw) - 1;
  }

  sftp_escape(out, outsz, raw, (size_t) len);
}

/* Callers log on their way out of an error and still need its errno. */

void sftp_log(const char *fmt, ...) {
  char line[LINE_BYTES];
  int saved = errno;
  va_list ap;

  va_start(ap, fmt);
  format_line(line, sizeof(line), fmt, ap);
  va_end(ap);

  ftpd_log_line(fmt, line);
  errno = saved;
}

void sftp_log_why(enum sftp_why why, const char *fmt, ...) {
  char line[LINE_BYTES];
  int saved = errno;
  va_list ap;

  va_start(ap, fmt);
  format_line(line, sizeof(line), fmt, ap);
  va_end(ap);

  ftpd_log_why_line(why, line);
  errno = saved;
}

void sftp_auth_log(int level, const char *fmt, ...) {
  char line[LINE_BYTES];
  int saved = errno;
  va_list ap;

  va_start(ap, fmt);
  format_line(line, sizeof(line), fmt, ap);
  va_end(ap);

  ftpd_auth_log_line(level, line);
  errno = saved;
}

void sftp_trace_msg(enum sftp_trace_channel chan, int level, const char *fmt,
    ...) {
  char line[LINE_BYTES];
  int saved = errno;
  va_list ap;

  va_start(ap, fmt);
  format_line(line, sizeof(line), fmt, ap);
  va_end(ap);

  ftpd_trace_line(chan, level, line);
  errno = saved;
}

uint64_t sftp_now_ms(void) {
  return ftpd_now_ms();
}

const char *sftp_escape_pattern(pool *p, const char *text) {
  char *out = palloc(p, 2 * strlen(text) + 1), *at = out;

  for (; *text != '\0'; text++) {
    if (strchr("*?[]{},\\~", *text) != NULL) {
      *at++ = '\\';
    }

    *at++ = *text;
  }

  *at = '\0';
  return out;
}
