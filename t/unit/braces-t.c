/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* braces-t.c -- what a shell's braces stand for, and that no pattern makes many
 * of few characters.
 */

#include "braces.h"
#include "tap.h"

static pool *p;

static const struct {
  const char *pattern, *all;
} good[] = {
  { "", "" },
  { "abc", "abc" },
  { "a{b,c}d", "abd acd" },
  { "{a,b}{c,d}", "ac ad bc bd" },
  { "{a,{b,c}d,e}", "a bd cd e" },
  { "{a}", "a" },
  { "{,a}b", "b ab" },
  { "{a,}b", "ab b" },
  { "{}", "{}" },
  { "a{}{b,c}", "a{}b a{}c" },
  { "{", "{" },
  { "}", "}" },
  { "a}{b,c}", "a}b a}c" },
  { "{a,b", "{a,b" },
  { "{x{a,b}", "{xa {xb" },
  { "\\{a,b\\}", "\\{a,b\\}" },
  { "{a\\,b,c}", "a\\,b c" },
  { "{a\\},b}", "a\\} b" },
  { "a\\", "a\\" },
  { "{a,b}\\", "a\\ b\\" }
};

static void braces_are_those_of_a_shell(void) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(good); i++) {
    const char **all = sftp_braces(p, good[i].pattern);
    const char *text = "";

    for (; all != NULL && *all != NULL; all++) {
      text = *text == '\0' ? *all : pstrcat(p, text, " ", *all, NULL);
    }

    is_str(text, good[i].all, "'%s'", good[i].pattern);
  }
}

static const char *repeat(const char *text, unsigned int n) {
  char *out = pcalloc(p, strlen(text) * n + 1);

  while (n-- > 0) {
    strcat(out, text);
  }

  return out;
}

static unsigned int count(const char *pattern) {
  const char **all = sftp_braces(p, pattern);
  unsigned int n = 0;

  for (; all != NULL && all[n] != NULL; n++) {
    ;
  }

  return n;
}

static void few_characters_stay_few(void) {
  is_int(count(repeat("{a,b}", 10)), 1024, "1024 patterns are taken");
  is_int(count(repeat("{a,b}", 11)), 0, "no more are");
  is_int(count(pstrcat(p, "{", repeat("a,", 1023), "}", NULL)), 1024,
    "1024 alternatives are taken");
  is_int(count(pstrcat(p, "{", repeat("a,", 1024), "}", NULL)), 0,
    "1025 are not");
  is_int(count(repeat("{,,,}", 400)), 0, "... however many are meant");
  is_int(count(repeat("{", 4096)), 0, "work is bounded: open braces");
  is_int(count(pstrcat(p, "{", repeat("a,", 1000), "}", repeat("{", 2000),
    NULL)), 0, "... behind alternatives");
  is_int(count(pstrcat(p, repeat("{", 2000), repeat("}", 2000), NULL)), 0,
    "... inside each other");
  is_int(count(repeat("\\", 4096)), 1, "backslashes");
  is_int(count(repeat(",}", 2000)), 1, "what closes nothing");
}

static void every_beginning_is_read(void) {
  static const char text[] = "a{b,{c\\,d,}e}\\{{f}{}g,h";
  size_t n;

  for (n = 0; n < sizeof(text); n++) {
    if (count(pstrndup(p, text, n)) == 0) {
      break;
    }
  }

  is_int(n, sizeof(text), "every beginning of a pattern");
}

int main(void) {
  p = make_sub_pool(permanent_pool);
  braces_are_those_of_a_shell();
  few_characters_stay_few();
  every_beginning_is_read();
  destroy_pool(p);
  return done_testing();
}
