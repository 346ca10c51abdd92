/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* regexp.c -- the daemon's regular expressions, by those of the C library: the
 * daemon's own header gives their names to another library, so it is not
 * included here.
 */

#include <regex.h>
#include <stdlib.h>

typedef struct regexp_rec pr_regex_t;
struct module_struc;

pr_regex_t *pr_regexp_alloc(struct module_struc *m);
int pr_regexp_compile_posix(pr_regex_t *re, const char *pattern, int flags);
size_t pr_regexp_error(int res, const pr_regex_t *re, char *buf, size_t bufsz);
void pr_regexp_free(struct module_struc *m, pr_regex_t *re);
int pr_regexp_exec(pr_regex_t *re, const char *text, size_t nmatches,
  regmatch_t *matches, int flags, unsigned long limit, unsigned long recursion);

struct regexp_rec {
  regex_t posix;
  pr_regex_t *next;
};

/* All that were compiled: the daemon frees them with their modules. */
static pr_regex_t *compiled;

static void free_compiled(void) {
  while (compiled != NULL) {
    pr_regex_t *re = compiled;

    compiled = re->next;
    regfree(&re->posix);
    free(re);
  }
}

pr_regex_t *pr_regexp_alloc(struct module_struc *m) {
  (void) m;
  return calloc(1, sizeof(pr_regex_t));
}

/* The flags' values are those of the other library. */
int pr_regexp_compile_posix(pr_regex_t *re, const char *pattern, int flags) {
  int res = regcomp(&re->posix, pattern, REG_EXTENDED|REG_NOSUB);

  (void) flags;
  if (res == 0) {
    if (compiled == NULL) {
      (void) atexit(free_compiled);
    }

    re->next = compiled;
    compiled = re;
  }

  return res;
}

size_t pr_regexp_error(int res, const pr_regex_t *re, char *buf,
    size_t bufsz) {
  return regerror(res, &re->posix, buf, bufsz);
}

/* Called for what could not be compiled. */
void pr_regexp_free(struct module_struc *m, pr_regex_t *re) {
  (void) m;
  free(re);
}

int pr_regexp_exec(pr_regex_t *re, const char *text, size_t nmatches,
    regmatch_t *matches, int flags, unsigned long limit,
    unsigned long recursion) {
  (void) limit;
  (void) recursion;
  return regexec(&re->posix, text, nmatches, matches, flags);
}
