/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static unsigned int ntests, nfailed, nplanned;
static bool planned;

void plan(unsigned int n) {
  nplanned = n;
  planned = true;
  printf("1..%u\n", n);
}

void skip_all(const char *fmt, ...) {
  va_list ap;

  printf("1..0 # SKIP ");
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  printf("\n");
  exit(0);
}

int done_testing(void) {
  if (!planned) {
    plan(ntests);
  }

  if (ntests != nplanned) {
    diag("planned %u checks, made %u", nplanned, ntests);
    return 1;
  }

  if (nfailed > 0) {
    diag("%u of %u checks failed", nfailed, ntests);
    return 1;
  }

  return fflush(stdout) == 0 ? 0 : 1;
}

void diag(const char *fmt, ...) {
  va_list ap;

  fflush(stdout);
  fprintf(stderr, "# ");
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fprintf(stderr, "\n");
}

void skip(const char *fmt, ...) {
  va_list ap;

  printf("ok %u # SKIP ", ++ntests);
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  printf("\n");
}

void bail_out(const char *fmt, ...) {
  va_list ap;

  printf("Bail out! ");
  va_start(ap, fmt);
  vprintf(fmt, ap);
  va_end(ap);
  printf("\n");
  fflush(stdout);
  exit(255);
}

static bool result(bool good, const char *file, int line, const char *fmt,
    va_list ap) {
  /* Flushed line by line: a crash must not swallow what passed before it. */
  printf("%sok %u - ", good ? "" : "not ", ++ntests);
  vprintf(fmt, ap);
  printf("\n");
  fflush(stdout);

  if (!good) {
    nfailed++;
    diag("failed at %s line %d", file, line);
  }

  return good;
}

bool t_ok(bool good, const char *file, int line, const char *expr,
    const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  result(good, file, line, fmt, ap);
  va_end(ap);

  if (!good) {
    diag("  not true: %s", expr);
  }

  return good;
}

bool t_is_int(long long got, long long want, const char *file, int line,
    const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  result(got == want, file, line, fmt, ap);
  va_end(ap);

  if (got != want) {
    diag("  got %lld (0x%llx), want %lld (0x%llx)", got,
      (unsigned long long) got, want, (unsigned long long) want);
  }

  return got == want;
}

bool t_is_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...) {
  va_list ap;
  bool same;

  same = got == want ||
    (got != NULL && want != NULL && strcmp(got, want) == 0);

  va_start(ap, fmt);
  result(same, file, line, fmt, ap);
  va_end(ap);

  if (!same) {
    diag("  got  '%s'", got != NULL ? got : "(null)");
    diag("  want '%s'", want != NULL ? want : "(null)");
  }

  return same;
}

static void diag_hex(const char *what, const unsigned char *p, size_t len) {
  size_t i, shown = len < 64 ? len : 64;

  fprintf(stderr, "#   %s (%zu bytes) ", what, len);
  for (i = 0; i < shown; i++) {
    fprintf(stderr, "%02x", p[i]);
  }

  fprintf(stderr, "%s\n", shown < len ? "..." : "");
}

bool t_is_mem(const void *got, size_t gotlen, const void *want,
    size_t wantlen, const char *file, int line, const char *fmt, ...) {
  va_list ap;
  bool same;

  same = gotlen == wantlen &&
    (gotlen == 0 || (got != NULL && memcmp(got, want, gotlen) == 0));

  va_start(ap, fmt);
  result(same, file, line, fmt, ap);
  va_end(ap);

  if (!same) {
    diag_hex("got ", got, got != NULL ? gotlen : 0);
    diag_hex("want", want, wantlen);
  }

  return same;
}

static void *must_malloc(size_t n) {
  void *p = malloc(n);

  if (p == NULL) {
    bail_out("out of memory");
  }

  return p;
}

void *t_exact_copy(const void *p, size_t n) {
  unsigned char *copy = must_malloc(n);

  if (n > 0) {
    memcpy(copy, p, n);
  }

  return copy;
}

static unsigned int hex_digit(char c) {
  const char *digits = "0123456789abcdef", *at;

  at = strchr(digits, tolower((unsigned char) c));
  if (c == '\0' || at == NULL) {
    bail_out("bad hexadecimal digit in a test vector");
  }

  return (unsigned int) (at - digits);
}

unsigned char *t_hex(const char *hex, size_t *len) {
  unsigned char *bytes, *copy;
  size_t n = 0, ndigits = 0;

  bytes = must_malloc(strlen(hex) / 2 + 1);
  for (; *hex != '\0'; hex++) {
    if (isspace((unsigned char) *hex)) {
      continue;
    }

    if (ndigits++ % 2 == 0) {
      bytes[n] = (unsigned char) (hex_digit(*hex) << 4);

    } else {
      bytes[n++] |= (unsigned char) hex_digit(*hex);
    }
  }

  if (ndigits % 2 != 0) {
    bail_out("odd number of hexadecimal digits in a test vector");
  }

  copy = t_exact_copy(bytes, n);
  free(bytes);
  if (len != NULL) {
    *len = n;
  }

  return copy;
}

void t_fill(void *p, size_t n, unsigned int seed) {
  unsigned char *at = p;
  uint32_t x = seed * 2654435761u + 1;
  size_t i;

  for (i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    at[i] = (unsigned char) (x >> 11);
  }
}
