/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* effects-t.c -- the tables of base/effects.c: complete, and as the manual
 * prints them.  With --print: what the manual should have.
 */

#include "effects.h"
#include "forced.h"
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char manual[512 * 1024];

/* ---- As text */

struct line {
  char text[1024];
  size_t n;
};

static void add(struct line *l, const char *fmt, ...) {
  va_list ap;
  int n;

  va_start(ap, fmt);
  n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, fmt, ap);
  va_end(ap);
  l->n += n > 0 && (size_t) n < sizeof(l->text) - l->n ? (size_t) n : 0;
}

/* Between things: a comma. */
static void part(struct line *l, size_t begin, const char *text) {
  add(l, "%s%s", l->n > begin ? ", " : "", text);
}

static void add_names(struct line *l, const char *const *names, size_t n) {
  size_t begin = l->n, i;

  for (i = 0; i < n && names[i] != NULL; i++) {
    part(l, begin, names[i] + (names[i][0] == '!'));
    if (names[i][0] == '!') {
      add(l, " (denies only)");
    }
  }
}

static void add_effects(struct line *l, unsigned int effects) {
  size_t begin = l->n, i;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    if ((effects & sftp_effects[i].bit) != 0) {
      part(l, begin, sftp_effects[i].text);
    }
  }
}

static void effect_line(struct line *l, const struct sftp_effect *e) {
  l->n = 0;
  add(l, "| %s | ", e->text);
  add_names(l, e->names, SFTP_EFF_NAMES);
  add(l, " | %s%s%s |\n", e->groups[0], e->groups[1] != NULL ? " and " : "",
    e->groups[1] != NULL ? e->groups[1] : "");
}

static bool has_rule(const struct sftp_rule *r) {
  return (r->effects | r->maybe) != 0;
}

static void add_rule_effects(struct line *l, const struct sftp_rule *r) {
  add_effects(l, r->effects);
  if (r->maybe != 0) {
    add(l, "%sif asked: ", r->effects != 0 ? "; " : "");
    add_effects(l, r->maybe);
  }
}

static void add_code(struct line *l, const char *words) {
  add(l, "%s%s%s", words != NULL ? "`" : "", words != NULL ? words : "",
    words != NULL ? "`" : "");
}

static void request_line(struct line *l, const struct sftp_request *r) {
  const struct sftp_rules *rules = &sftp_rules[r->gate];
  bool two = has_rule(&rules->second);

  l->n = 0;
  add(l, "| %s%s%s | ", r->name, r->how != NULL ? " " : "",
    r->how != NULL ? r->how : "");
  add(l, "%s", two ? "old: " : "");
  add_rule_effects(l, &rules->first);
  if (two) {
    add(l, "; new: ");
    add_rule_effects(l, &rules->second);
  }

  add(l, " | ");
  add_names(l, rules->first.names, SFTP_EFF_NAMES);
  if (two && memcmp(rules->first.names, rules->second.names,
      sizeof(rules->first.names)) != 0) {
    add(l, "; ");
    add_names(l, rules->second.names, SFTP_EFF_NAMES);
  }

  add(l, " | ");
  add_code(l, r->does);
  add(l, " |\n");
}

/* ---- Tests */

static void manual_has_the_tables(void) {
  struct line l;
  unsigned int i, lines = 0, missing = 0;
  const char *at = strstr(manual, "| Request | Effects |"), *end;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    effect_line(&l, &sftp_effects[i]);
    ok(strstr(manual, l.text) != NULL, "the manual has: %.*s",
      (int) l.n - 1, l.text);
  }

  for (i = 0; i < sftp_nrequests; i++) {
    request_line(&l, &sftp_requests[i]);
    if (strstr(manual, l.text) == NULL) {
      missing++;
      printf("# not in the manual: %s", l.text);
    }
  }

  is_int(missing, 0, "the manual has every request");
  end = at != NULL ? strstr(at, "\n\n") : NULL;
  for (; at != NULL && end != NULL && at < end; at++) {
    lines += *at == '\n';
  }

  is_int(lines, sftp_nrequests + 1, "... and no other");
}

static void effects_are_in_order(void) {
  unsigned int i, bits = 0, twice = 0;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    twice |= bits & sftp_effects[i].bit;
    bits |= sftp_effects[i].bit;
    ok(sftp_effects[i].groups[0] != NULL, "%s: a group asks",
      sftp_effects[i].text);
  }

  is_int(twice, 0, "no effect stands there twice");
  is_int(bits, (1U << SFTP_NEFFECTS) - 1, "and each bit is one");
}

/* Who has a rule has a name that people know, and the other way round. */
static void every_kind_is_a_request(void) {
  static const enum ftpd_request silent[] = { FTPD_CLOSE, FTPD_READ,
    FTPD_WRITE, FTPD_EXTENDED, FTPD_FSYNC, FTPD_HOMEDIR, FTPD_LIMITS,
    FTPD_INIT };
  unsigned int i, j;

  for (i = 0; i < FTPD_NREQUESTS; i++) {
    bool named = false, quiet = false;

    for (j = 0; j < sftp_nrequests; j++) {
      named = named || sftp_requests[j].gate == (enum ftpd_request) i;
    }

    for (j = 0; j < SFTP_NELEMS(silent); j++) {
      quiet = quiet || silent[j] == (enum ftpd_request) i;
    }

    ok(quiet != has_rule(&sftp_rules[i].first),
      "kind %u has effects, or none to be asked about", i);
    ok(named || i == FTPD_INIT, "kind %u is one of the requests", i);
  }
}

/* ---- Forced commands */

static bool allows(const char *list, const char *words,
    const struct sftp_request *r) {
  struct sftp_forced f;
  char command[256];
  const char *why;
  pool *p = make_sub_pool(NULL);
  bool res;

  snprintf(command, sizeof(command), "internal-sftp %s %s", list, words);
  res = sftp_forced_parse(p, command, &f, &why) == SFTP_OK &&
    sftp_forced_allows(&f, r->name, r->how);
  destroy_pool(p);
  return res;
}

static void denied_by_each_word(const struct sftp_request *r,
    const char *words) {
  char word[64];

  while (words != NULL && *words != '\0') {
    size_t n = strcspn(words, ",+");

    snprintf(word, sizeof(word), "%.*s", (int) n, words);
    ok(!allows("-P", word, r), "-P %s denies %s %s", word, r->name,
      r->how != NULL ? r->how : "");
    words += n + (words[n] != '\0');
  }
}

static void every_request_obeys_forced_commands(void) {
  unsigned int i;

  for (i = 0; i < sftp_nrequests; i++) {
    const struct sftp_request *r = &sftp_requests[i];
    char name[64];

    if (r->names != NULL && *r->names == '\0') {
      continue;                 /* SCP, a command */
    }

    snprintf(name, sizeof(name), "%.*s", (int) strcspn(r->name, "@"),
      r->name);
    denied_by_each_word(r, name);
    denied_by_each_word(r, r->names);
    denied_by_each_word(r, r->does);
    ok(allows("-P", "nothing", r), "-P of something else allows %s", r->name);
    ok(!allows("-p", "nothing", r), "-p of something else does not");
    if (r->names == NULL) {
      ok(allows("-p", name, r), "-p %s allows it", name);
    }
  }
}

static void links_and_renames_are_what_they_do(void) {
  static const struct {
    const char *list, *words, *name, *how;
    bool allowed;
  } rows[] = {
    { "-P", "symlink,hardlink", "LINK", "symbolic", false },
    { "-P", "symlink,hardlink", "LINK", "hard", false },
    { "-P", "symlink", "LINK", "hard", true },
    { "-P", "hardlink", "LINK", "symbolic", true },
    { "-p", "hardlink", "LINK", "hard", true },
    { "-p", "hardlink", "LINK", "symbolic", false },
    { "-p", "link", "LINK", "symbolic", true },
    { "-P", "posix-rename", "RENAME", "over a file", false },
    { "-P", "posix-rename", "RENAME", NULL, true },
    { "-P", "rename", "posix-rename@openssh.com", NULL, false },
    { "-p", "rename", "RENAME", "over a file", false },
    { "-p", "rename,posix-rename", "RENAME", "over a file", true },
    { "-p", "posix-rename", "posix-rename@openssh.com", NULL, true },
    { "-P", "write", "copy-file", NULL, false },
    { "-P", "write,copy-data", "copy-file", NULL, false },
    { "-P", "copy-data", "copy-file", NULL, false },
    { "-P", "setstat", "setxattr@proftpd.org", NULL, false },
    { "-P", "stat", "REALPATH", "with attributes", false },
    { "-p", "realpath", "REALPATH", "with attributes", false },
    { "-p", "read,write,open", "copy-file", NULL, false }
  };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    struct sftp_request r = { rows[i].name, rows[i].how, FTPD_INIT, NULL,
      NULL };

    ok(allows(rows[i].list, rows[i].words, &r) == rows[i].allowed,
      "%s %s: %s %s", rows[i].list, rows[i].words, rows[i].name,
      rows[i].how != NULL ? rows[i].how : "");
  }
}

/* ---- The tables of requests that are served */

static char source[128 * 1024];

static size_t read_file(const char *name, char *to, size_t size) {
  const char *srcdir = getenv("srcdir");
  char path[1024];
  size_t n = 0;
  FILE *in;

  snprintf(path, sizeof(path), "%s/%s", srcdir != NULL ? srcdir : "..",
    name);
  in = fopen(path, "r");
  if (in != NULL) {
    n = fread(to, 1, size - 1, in);
    fclose(in);
  }

  to[n] = '\0';
  ok(n > 0, "%s is there", name);
  return n;
}

/* Names between `{ "' and `"' up to the end of the table. */
static void all_are_known(const char *name, const char *begin) {
  const char *at, *end;
  unsigned int n = 0;

  (void) read_file(name, source, sizeof(source));
  at = strstr(source, begin);
  end = at != NULL ? strstr(at, "\n}") : NULL;
  while (at != NULL && (at = strstr(at, "{ \"")) != NULL && at < end) {
    char one[64];

    snprintf(one, sizeof(one), "%.*s", (int) strcspn(at + 3, "\""), at + 3);
    at += 3;
    n++;
    ok(strcmp(one, "EXTENDED") == 0 || strncmp(one, "xattr@", 6) == 0 ||
      sftp_request_find(one, NULL) != NULL, "%s: %s is known", name, one);
  }

  ok(n > 20, "%s: %u requests", name, n);
}

static void what_is_served_is_known(void) {
  all_are_known("fxp.c", "request_rows[256] = {");
  all_are_known("sftp/fxp-ext.c", "ext_rows[] = {");
}

static void what_changes_something_is_write(void) {
  unsigned int i;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    const struct sftp_effect *e = &sftp_effects[i];

    ok(((e->bit & SFTP_EFF_WRITES) != 0) == (strcmp(e->groups[0], "WRITE") ==
      0), "%s: it is %s", e->text, e->groups[0]);
  }
}

static void print_all(void) {
  struct line l;
  unsigned int i;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    effect_line(&l, &sftp_effects[i]);
    fputs(l.text, stdout);
  }

  puts("");
  for (i = 0; i < sftp_nrequests; i++) {
    request_line(&l, &sftp_requests[i]);
    fputs(l.text, stdout);
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--print") == 0) {
    print_all();
    return 0;
  }

  effects_are_in_order();
  every_kind_is_a_request();
  what_changes_something_is_write();
  what_is_served_is_known();
  every_request_obeys_forced_commands();
  links_and_renames_are_what_they_do();
  (void) read_file("doc/manual.md", manual, sizeof(manual));
  manual_has_the_tables();
  return done_testing();
}
