/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* Paths, numbers and switches in words, as administrators and clients write
 * them.
 */

#include "number.h"
#include "path.h"
#include "switches.h"
#include "tap.h"

static pool *p;

static void paths_are_joined_by_one_slash(void) {
  static const struct { const char *dir, *name, *joined, *from; } cases[] = {
    { "/", "a", "/a", "/a" }, { "/d", "a", "/d/a", "/d/a" },
    { "/d/", "a", "/d/a", "/d/a" }, { "/d", "", "/d/", "/d/" },
    { "", "a", "/a", "/a" }, { "d", "a/b", "d/a/b", "d/a/b" },
    { "/d", "/a", "/d//a", "/a" }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    is_str(sftp_path_join(p, cases[i].dir, cases[i].name), cases[i].joined,
      "'%s' in '%s'", cases[i].name, cases[i].dir);
    is_str(sftp_path_from(p, cases[i].dir, cases[i].name), cases[i].from,
      "... seen from there");
  }
}

static void numbers_are_read_whole(void) {
  static const char *const bad[] = { "", " 1", "+1", "-1", "1 ", "1x", "0x1",
    "18446744073709551616", "101", "4" };
  uint64_t n = 0;
  size_t i;

  ok(sftp_number("5", 5, 100, &n) && n == 5, "the least");
  ok(sftp_number("100", 5, 100, &n) && n == 100, "the most");
  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(!sftp_number(bad[i], 5, 100, &n), "not '%s'", bad[i]);
  }
}

static void bytes_have_units(void) {
  static const struct { const char *text; uint64_t n; } cases[] = {
    { "1", 1024 }, { "1B", 1 }, { "2kb", 2048 }, { "3MB", 3145728 },
    { "1Gb", 1073741824 }, { "0", 0 }, { "0KB", 0 }, { "KB", 0 }, { "", 0 },
    { "2GB", 0 }, { "1TB", 0 }, { "1 KB", 0 }, { "-1KB", 0 },
    { "99999999999999999999KB", 0 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    uint64_t n = 0;
    bool good = sftp_bytes(p, cases[i].text, 10, 1 << 30, &n);

    ok(good == (cases[i].n > 0) && (!good || n == cases[i].n), "'%s'",
      cases[i].text);
  }
}

static void booleans_are_those_of_the_daemon(void) {
  static const struct { const char *text; int on; } cases[] = {
    { "on", 1 }, { "YES", 1 }, { "True", 1 }, { "1", 1 }, { "off", 0 },
    { "no", 0 }, { "false", 0 }, { "0", 0 }, { "", -1 }, { "o", -1 },
    { "onn", -1 }, { "2", -1 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    is_int(sftp_boolean(cases[i].text), cases[i].on, "'%s'", cases[i].text);
  }
}

static bool table(size_t i, struct sftp_switch *s) {
  static const char *const words[] = { "oneThing", "another", "rare" };

  if (i >= SFTP_NELEMS(words)) {
    return false;
  }

  s->word = words[i];
  s->bit = 1UL << i;
  s->off = i == 2;
  return true;
}

static void switches_are_found_by_their_words(void) {
  is_int(sftp_switch_find(table, "onething"), 1, "in any case");
  is_int(sftp_switch_find(table, "rare"), 4, "the last");
  is_int(sftp_switch_find(table, "rar"), 0, "not a part");
  is_int(sftp_switch_defaults(table), 3, "those that are on by default");
  is_str(sftp_switch_words(p, table), "oneThing, another, rare", "all words");
}

int main(void) {
  p = make_sub_pool(NULL);
  paths_are_joined_by_one_slash();
  numbers_are_read_whole();
  bytes_have_units();
  booleans_are_those_of_the_daemon();
  switches_are_found_by_their_words();
  destroy_pool(p);
  return done_testing();
}
