/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* text.c -- the daemon's functions for text: a test with functions of its own
 * does without this file.
 */

#include "daemon.h"

#include <stdarg.h>

/* Pairs of what is there and what takes its place, each everywhere. */
const char *sreplace(pool *p, const char *text, ...) {
  const char *from, *to, *at;
  va_list ap;

  va_start(ap, text);
  while ((from = va_arg(ap, const char *)) != NULL) {
    const char *left = text, *done = "";

    to = va_arg(ap, const char *);
    while ((at = strstr(left, from)) != NULL) {
      done = pstrcat(p, done, pstrndup(p, left, (size_t) (at - left)), to,
        NULL);
      left = at + strlen(from);
    }

    text = pstrcat(p, done, left, NULL);
  }

  va_end(ap);
  return text;
}
