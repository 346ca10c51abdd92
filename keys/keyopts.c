/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keyopts.c -- the options in front of a key in OpenSSH's format, one by one:
 * name, or name=value, or name="value", joined by commas.
 */

#include "keyfile.h"

#define BLANKS " \t"

/* Reads up to the quote that ends it; NULL when there is none. */
static const char *read_quoted(const char *at, char *to) {
  for (; *at != '\0' && *at != '"'; at++) {
    at += at[0] == '\\' && at[1] == '"';
    *to++ = *at;
  }

  *to = '\0';
  return *at == '"' ? at + 1 : NULL;
}

int sftp_keyopts_next(pool *p, const char **list, const char **name,
    const char **value) {
  const char *at = *list + strspn(*list, "," BLANKS);
  size_t len = strcspn(at, ",=" BLANKS);
  char *to;

  *name = pstrndup(p, at, len);
  *value = NULL;
  if (*at == '\0') {
    return 0;
  }

  at += len;
  if (*at == '=') {
    at++;
    *value = to = palloc(p, strlen(at) + 1);
    if (*at == '"') {
      at = read_quoted(at + 1, to);

    } else {
      len = strcspn(at, "," BLANKS);
      memcpy(to, at, len);
      to[len] = '\0';
      at += len;
    }
  }

  /* Only a comma may follow. */
  if (at == NULL || (*at != '\0' && *at != ',') || **name == '\0') {
    return -1;
  }

  *list = at;
  return 1;
}
