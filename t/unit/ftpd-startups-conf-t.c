/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-startups-conf-t.c -- the words of SFTPMaxStartups. */

#include "daemon.h"
#include "directives-set.h"
#include "directives.h"
#include "tap.h"

static pool *p;

static void expect_limits(const char *words, unsigned int start,
    unsigned int rate, unsigned int full) {
  const struct sftp_startups *s;
  bool taken;

  taken = daemon_refusal(ftpd_set_startups(daemon_directive(p, pstrcat(p,
    "SFTPMaxStartups ", words, NULL)))) == NULL;
  s = taken ? daemon_record->argv[0] : NULL;
  ok(s != NULL && s->start == start && s->rate == rate && s->full == full,
    "'%s'", words);
}

int main(void) {
  static const char *const bad[] = { "", "0", "10:30", "10:30:20:1", "x",
    "10:101:20", "21:30:20", "2001", "-1", "10:0:20", "10 30" };
  size_t i;

  p = make_sub_pool(NULL);
  expect_limits("10:30:20", 10, 30, 20);
  expect_limits("20:100:20", 20, 100, 20);
  expect_limits("7", 7, 100, 7);
  expect_limits("None", 0, 0, 0);
  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(daemon_refusal(ftpd_set_startups(daemon_directive(p, pstrcat(p,
      "SFTPMaxStartups ", bad[i], NULL)))) != NULL, "'%s' is refused", bad[i]);
  }

  destroy_pool(p);
  return done_testing();
}
