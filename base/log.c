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

/* Writes the finished line, which is safe to log, to out. */
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

uint64_t sftp_now_us(void) {
  return ftpd_now_us();
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
