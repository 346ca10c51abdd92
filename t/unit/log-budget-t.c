/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* log-budget-t.c -- many log lines of a kind become few, none is lost without a
 * word, and none costs a line of another kind.
 */

#include "log-budget.h"
#include "tap.h"

static struct sftp_log_budget b;
static char said[512];
static uint64_t now = 1000000;

static unsigned int write_many(const char *kind, const char *line,
    unsigned int n) {
  unsigned int written = 0;

  while (n-- > 0) {
    written += sftp_log_may(&b, kind, line, now);
  }

  return written;
}

static bool tells(bool all) {
  return sftp_log_missing(&b, all, now, said, sizeof(said));
}

static void begin(void) {
  memset(&b, 0, sizeof(b));
}

static void a_flood_is_bounded(void) {
  begin();
  is_int(write_many("flood", "x", 200000), SFTP_LOG_AT_ONCE,
    "the first lines of many");
  is_int(write_many("other", "y", 3), 3, "those of another kind");
  ok(!tells(false), "what is missing is not told at once");
  now += 1000;
  is_int(write_many("flood", "x", 200000), SFTP_LOG_PER_SECOND,
    "a second later: a few more");
  now += SFTP_LOG_TELL_MS;
  ok(tells(false), "later it is told");
  is_str(said, "399795 more lines like this were left out: x", "... how many");
  ok(!tells(false) && !tells(true), "... once");
  now += 3600000;
  is_int(write_many("flood", "x", 200000), SFTP_LOG_AT_ONCE,
    "after an hour: no more at once than ever");
}

static void the_end_tells_all(void) {
  char line[32];
  unsigned int i;

  begin();
  (void) write_many("one", "a", SFTP_LOG_AT_ONCE);
  for (i = 1; i <= 3; i++) {
    snprintf(line, sizeof(line), "a %u", i);
    (void) sftp_log_may(&b, "one", line, now);
  }

  (void) write_many("two", "b", SFTP_LOG_AT_ONCE + 1);
  ok(!tells(false), "before its time");
  ok(tells(true), "the end of the session");
  is_str(said, "3 more lines like this were left out: a 3",
    "... the last of the lines is shown");
  ok(tells(true), "... and the next kind");
  is_str(said, "1 more line like this was left out: b", "... has its own");
  ok(!tells(true), "... and that is all");
}

static void long_lines_count_for_more(void) {
  char text[4096];

  begin();
  memset(text, 'x', sizeof(text) - 1);
  text[sizeof(text) - 1] = '\0';
  is_int(write_many("long", text, 1000), SFTP_LOG_AT_ONCE / 16,
    "as many bytes as of short ones");
  ok(tells(true) && strlen(said) < 400, "its end is short");
}

static void many_kinds_have_places(void) {
  static char kinds[400][2];
  unsigned int i, written = 0;

  begin();
  for (i = 0; i < 400; i++) {
    written += write_many(kinds[i], "x", SFTP_LOG_AT_ONCE + 1);
  }

  ok(written < 400 * SFTP_LOG_AT_ONCE, "more kinds than places are bounded");
  for (i = 0; tells(true); i++) {
    ;
  }

  is_int(i, SFTP_NELEMS(b.kinds), "and told");
}

int main(void) {
  a_flood_is_bounded();
  the_end_tells_all();
  long_lines_count_for_more();
  many_kinds_have_places();
  return done_testing();
}
