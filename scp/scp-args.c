/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-args.c -- the command line of "scp -f" and "scp -t".
 *
 * Clients write it for a shell: some quote the path (libssh2, libssh), some
 * pass on what the user typed (scp -O, pscp).  Quotes, backslashes and an
 * unquoted ~ are interpreted as in a shell, once; no other feature of a shell
 * is supported.  A quote without an end is an ordinary character.
 */

#include <limits.h>

#include "scp-args.h"

/* Characters that need a backslash in a pattern to be literal. */
#define SPECIAL "*?[]{},\\~"
#define WILD "*?[{"

struct cursor {
  const char *at;               /* next unread byte */
  char *text, *pattern;         /* ends of what was written */
  bool wild;                    /* there was an unquoted wildcard */
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

static void put_quoted(struct cursor *c, char ch) {
  *c->text++ = ch;
  if (strchr(SPECIAL, ch) != NULL) {
    *c->pattern++ = '\\';
  }

  *c->pattern++ = ch;
}

static void put_open(struct cursor *c, char ch) {
  *c->text++ = ch;
  *c->pattern++ = ch;
  if (strchr(WILD, ch) != NULL) {
    c->wild = true;
  }
}

/* 'text': nothing inside is special. */
static bool read_single(struct cursor *c) {
  const char *end = strchr(c->at + 1, '\'');

  if (end == NULL) {
    return false;
  }

  for (c->at++; c->at < end; c->at++) {
    put_quoted(c, *c->at);
  }

  c->at++;
  return true;
}

/* The quote that ends the one at `at', or NULL. */
static const char *double_end(const char *at) {
  for (at++; *at != '\0' && *at != '"'; at++) {
    if (*at == '\\' && at[1] != '\0') {
      at++;
    }
  }

  return *at == '"' ? at : NULL;
}

/* "text": a backslash is special before a few characters, as in a shell. */
static bool read_double(struct cursor *c) {
  const char *end = double_end(c->at);

  if (end == NULL) {
    return false;
  }

  for (c->at++; c->at < end; c->at++) {
    if (*c->at == '\\' && strchr("\"\\$`", c->at[1]) != NULL) {
      c->at++;
    }

    put_quoted(c, *c->at);
  }

  c->at++;
  return true;
}

/* One piece of a word: a quoted run or one character. */
static void read_piece(struct cursor *c) {
  if ((*c->at == '\'' && read_single(c)) ||
      (*c->at == '"' && read_double(c))) {
    return;
  }

  if (*c->at == '\\' && c->at[1] != '\0') {
    put_quoted(c, c->at[1]);
    c->at += 2;
    return;
  }

  if (*c->at == '\\') {
    put_quoted(c, *c->at++);
    return;
  }

  put_open(c, *c->at++);
}

/* Reads one word, or with `all' the rest of the line.  A word never needs more
 * room than its source.
 */
static void read_word(struct cursor *c, bool all, struct scp_word *w) {
  w->text = c->text;
  w->pattern = c->pattern;
  w->tilde = *c->at == '~';

  c->wild = false;
  while (*c->at != '\0' && (all || !is_blank(*c->at))) {
    read_piece(c);
  }

  *c->text++ = '\0';
  *c->pattern++ = '\0';
  if (!c->wild) {
    w->pattern = NULL;
  }
}

/* Room for all words of a line: each is the first or follows a blank, so that
 * its NUL fits as well.
 */
static void cursor_init(struct cursor *c, pool *p, const char *line) {
  size_t n = strlen(line);

  c->at = line;
  c->text = palloc(p, n + 2);
  c->pattern = palloc(p, 2 * n + 2);
  c->wild = false;
}

static void skip_blanks(struct cursor *c) {
  while (is_blank(*c->at)) {
    c->at++;
  }
}

static void set_options(struct scp_args *a, const char *letters) {
  for (; *letters != '\0'; letters++) {
    switch (*letters) {
      case 'd':
        a->directory = true;
        break;

      case 'f':
        a->source = true;
        break;

      case 'p':
        a->times = true;
        break;

      case 'r':
        a->recursive = true;
        break;

      case 't':
        a->sink = true;
        break;

      default:
        break;                  /* -v, -q and unknown ones */
    }
  }
}

/* Reads the options up to the first path. */
static void read_options(struct cursor *c, struct scp_args *a) {
  for (;;) {
    struct scp_word w;
    const char *before;

    skip_blanks(c);
    before = c->at;
    read_word(c, false, &w);

    if (w.text[0] != '-' || w.text[1] == '\0') {
      c->at = before;
      return;
    }

    if (strcmp(w.text, "--") == 0) {
      skip_blanks(c);
      return;
    }

    set_options(a, w.text + 1);
  }
}

/* Whether a name of this length can exist at all. */
static bool is_usable(const struct scp_word *w) {
  return strlen(w->text) < PATH_MAX;
}

static void read_paths(pool *p, const char *line, struct scp_args *a) {
  array_header *words = make_array(p, 1, sizeof(struct scp_word));
  const char *end = line + strlen(line);
  struct cursor c;

  /* Trailing blanks are not part of a name unless they are quoted. */
  while (end > line && is_blank(end[-1]) &&
      (end - 1 == line || end[-2] != '\\')) {
    end--;
  }

  line = pstrndup(p, line, (size_t) (end - line));
  cursor_init(&c, p, line);
  read_word(&c, true, &a->all);

  cursor_init(&c, p, line);
  while (*c.at != '\0') {
    read_word(&c, false, push_array(words));
    skip_blanks(&c);
  }

  a->words = words->elts;
  a->nwords = words->nelts;
}

/* "" and similar paths mean the directory after the login. */
static void name_the_empty(struct scp_word *w) {
  if (w->text[0] == '\0') {
    w->text = ".";
  }
}

int scp_args_parse(pool *p, const char *line, struct scp_args *a,
    const char **why) {
  struct cursor c;
  unsigned int i;

  memset(a, 0, sizeof(*a));
  if (strlen(line) > 64 * 1024) {
    *why = "scp: command line is too long";
    return SFTP_ERR_FORMAT;
  }

  cursor_init(&c, p, line);
  read_options(&c, a);
  if (a->source == a->sink) {
    *why = "scp: exactly one of -f and -t is required";
    return SFTP_ERR_FORMAT;
  }

  if (*c.at == '\0') {
    *why = "scp: no path given";
    return SFTP_ERR_FORMAT;
  }

  read_paths(p, c.at, a);
  name_the_empty(&a->all);
  if (a->sink && !is_usable(&a->all)) {
    *why = "scp: path is too long";
    return SFTP_ERR_FORMAT;
  }

  for (i = 0; i < a->nwords; i++) {
    name_the_empty(&a->words[i]);
    if (!is_usable(&a->words[i])) {
      *why = "scp: path is too long";
      return SFTP_ERR_FORMAT;
    }
  }

  return SFTP_OK;
}
