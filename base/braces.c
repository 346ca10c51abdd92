/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* braces.c -- alternatives in braces, as in a shell. */

#include "braces.h"

struct braces {
  pool *pool;
  array_header *out;
  size_t work;                  /* bytes read and written */
};

/* The end of the character at c, which may follow a backslash. */
static const char *behind(const char *c) {
  return c + (c[0] == '\\' && c[1] != '\0' ? 2 : 1);
}

/* The brace that closes the one at open, or NULL. */
static const char *closing(struct braces *b, const char *open) {
  unsigned int depth = 0;
  const char *c;

  for (c = open; *c != '\0'; c = behind(c)) {
    depth += *c == '{';
    if (*c == '}' && --depth == 0) {
      break;
    }
  }

  b->work += (size_t) (c - open);
  return *c == '}' ? c : NULL;
}

/* The first brace with alternatives, or NULL. */
static const char *opening(struct braces *b, const char *pattern,
    const char **close) {
  const char *c;

  for (c = pattern; *c != '\0' && b->work <= SFTP_BRACES_WORK;
      c = behind(c)) {
    if (*c == '{' && c[1] == '}') {
      c++;

    } else if (*c == '{') {
      *close = closing(b, c);
      if (*close != NULL) {
        return c;
      }
    }
  }

  return NULL;
}

/* Where the alternative that begins at c ends: a comma, or close. */
static const char *alternative_end(const char *c, const char *close) {
  unsigned int depth = 0;

  for (; c < close && (depth > 0 || *c != ','); c = behind(c)) {
    depth += *c == '{';
    depth -= *c == '}' && depth > 0;
  }

  return c;
}

static int expand_braces(struct braces *b, const char *pattern) {
  const char *close = NULL, *open = opening(b, pattern, &close), *c, *end;
  const char *before;

  b->work += strlen(pattern);
  if (b->work > SFTP_BRACES_WORK || b->out->nelts >= SFTP_BRACES_MAX) {
    return -1;
  }

  if (open == NULL) {
    *((const char **) push_array(b->out)) = pattern;
    return 0;
  }

  before = pstrndup(b->pool, pattern, (size_t) (open - pattern));
  for (c = open + 1; c <= close; c = end + 1) {
    end = alternative_end(c, close);
    if (expand_braces(b, pstrcat(b->pool, before, pstrndup(b->pool, c,
          (size_t) (end - c)), close + 1, NULL)) < 0) {
      return -1;
    }
  }

  return 0;
}

const char **sftp_braces(pool *p, const char *pattern) {
  struct braces b = { p, make_array(p, 4, sizeof(char *)), 0 };

  if (expand_braces(&b, pattern) < 0) {
    return NULL;
  }

  *((const char **) push_array(b.out)) = NULL;
  return b.out->elts;
}
