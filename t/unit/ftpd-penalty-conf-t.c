/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-conf-t.c -- SFTPPerSourcePenalties and its companions, as they
 * stand in the configuration.
 */

#include "daemon.h"
#include "directives-set.h"
#include "directives.h"
#include "tap.h"

static pool *p;

static const struct penalties *penalties(const char *words) {
  modret_t *res = ftpd_set_penalties(daemon_directive(p,
    pstrcat(p, "SFTPPerSourcePenalties ", words, NULL)));

  return daemon_refusal(res) == NULL ? daemon_record->argv[0] : NULL;
}

static bool takes_block(const char *words) {
  return daemon_refusal(ftpd_set_netblock(daemon_directive(p,
    pstrcat(p, "SFTPPerSourceNetBlockSize ", words, NULL)))) == NULL;
}

static bool takes_exempt(const char *words) {
  return daemon_refusal(ftpd_set_exempt(daemon_directive(p,
    pstrcat(p, "SFTPPerSourcePenaltyExemptList ", words, NULL)))) == NULL;
}

static void durations_have_units(void) {
  static const struct { const char *text; long secs; } cases[] = {
    { "5", 5 }, { "5s", 5 }, { "2m", 120 }, { "1h", 3600 }, { "1D", 86400 },
    { "1w", 604800 }, { "1h30m", 5400 }, { "1m5", 65 }, { "0", 0 },
    { "365d", 31536000 }, { "366d", -1 }, { "", -1 }, { "s", -1 },
    { "-1", -1 }, { "1x", -1 }, { "1 h", -1 }, { "9999999999", -1 },
    { "4294967297", -1 }, { "31536000", 31536000 }, { "31536001", -1 },
    { "000000005", 5 }, { "0000000005", -1 }, { "0x", -1 },
    { "1W", 604800 }, { "1d", 86400 }, { "1H", 3600 }, { "1M", 60 },
    { "1S", 1 }, { "99999999w99999999w", -1 }, { "1.5h", -1 }
  };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(cases); i++) {
    const struct penalties *pen = penalties(pstrcat(p, "authfail:",
      cases[i].text, NULL));

    is_int(pen == NULL ? -1 : (long) pen->secs[PENALTY_AUTHFAIL],
      cases[i].secs, "'%s'", cases[i].text);
  }
}

static void words_set_what_they_name(void) {
  const struct penalties *pen = penalties("on");

  ok(pen != NULL && pen->on && pen->secs[PENALTY_CRASH] == 90 &&
    pen->max_secs == 600 && pen->min_secs == 15 && !pen->deny_all[0] &&
    !pen->deny_all[1], "on: the defaults");
  ok(pen != NULL && pen->secs[PENALTY_AUTHFAIL] == 5 &&
    pen->secs[PENALTY_INVALIDUSER] == 5 && pen->secs[PENALTY_NOAUTH] == 1 &&
    pen->secs[PENALTY_GRACE] == 10 && pen->secs[PENALTY_REFUSED] == 10 &&
    pen->secs[PENALTY_BUDGET] == 10, "of each reason");
  ok(pen != NULL && pen->max_sources[0] == 65536 &&
    pen->max_sources[1] == 65536, "of the sources");
  pen = penalties("crash:1");
  ok(pen != NULL && pen->on, "a word turns them on");
  ok(penalties("min:10 max:10") != NULL && penalties("min:11 max:10") == NULL,
    "the least is not above the most");
  pen = penalties("off");
  ok(pen != NULL && !pen->on, "off");
  pen = penalties("Crash:1 invaliduser:2 noauth:3 grace-exceeded:4 "
    "budget-exceeded:6 refuseconnection:5 "
    "MAX:1h min:1 max-sources4:10 max-sources6:20");
  ok(pen != NULL && pen->secs[PENALTY_CRASH] == 1 &&
    pen->secs[PENALTY_INVALIDUSER] == 2 && pen->secs[PENALTY_NOAUTH] == 3 &&
    pen->secs[PENALTY_GRACE] == 4 && pen->secs[PENALTY_REFUSED] == 5 &&
    pen->secs[PENALTY_BUDGET] == 6 &&
    pen->secs[PENALTY_AUTHFAIL] == 5, "each reason, in any case");
  ok(pen != NULL && pen->max_secs == 3600 && pen->min_secs == 1 &&
    pen->max_sources[0] == 10 && pen->max_sources[1] == 20, "each limit");
  pen = penalties("overflow:deny-all");
  ok(pen != NULL && pen->deny_all[0] && pen->deny_all[1],
    "overflow is for both");
  pen = penalties("overflow:deny-all overflow6:permissive");
  ok(pen != NULL && pen->deny_all[0] && !pen->deny_all[1],
    "unless IPv6 has its own");
  pen = penalties("overflow6:deny-all");
  ok(pen != NULL && !pen->deny_all[0] && pen->deny_all[1], "or that alone");
}

static void nonsense_is_refused(void) {
  static const char *const bad[] = { "", "crash", "crash:", "crush:1",
    "crash:1 off", "max-sources4:0", "max-sources4:1048577",
    "max-sources4:1h", "overflow:maybe", ":1", "none:1" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(bad); i++) {
    ok(penalties(bad[i]) == NULL, "'%s'", bad[i]);
  }
}

static void reasons_have_names(void) {
  is_str(ftpd_penalty_name(PENALTY_CRASH), "crash", "the first");
  is_str(ftpd_penalty_name(PENALTY_NREASONS), NULL, "none behind the last");
  is_int(penalties("max-sources4:1048576")->max_sources[0], 1048576,
    "the most sources");
}

static void networks_are_of_bits(void) {
  ok(takes_block("24") && *((unsigned int *) daemon_record->argv[0]) == 24 &&
    *((unsigned int *) daemon_record->argv[1]) == 128, "of IPv4 alone");
  ok(takes_block("32:64") && *((unsigned int *) daemon_record->argv[0]) == 32
    && *((unsigned int *) daemon_record->argv[1]) == 64, "of both");
  ok(takes_block("0:0") && takes_block("32:128"), "the limits");
  ok(!takes_block("33") && !takes_block("32:129") && !takes_block("") &&
    !takes_block(":64") && !takes_block("24:") && !takes_block("a") &&
    !takes_block("24 64"), "nothing else");
}

static void lists_are_of_addresses(void) {
  ok(takes_exempt("192.0.2.1,198.51.100.0/24 2001:db8::/32") &&
    daemon_record->argc == 3, "words and commas");
  ok(!takes_exempt("") && !takes_exempt("example.org") &&
    !takes_exempt("192.0.2.1 192.0.2.0/33"), "and nothing else");
}

int main(void) {
  p = make_sub_pool(NULL);
  durations_have_units();
  words_set_what_they_name();
  nonsense_is_refused();
  reasons_have_names();
  networks_are_of_bits();
  lists_are_of_addresses();
  destroy_pool(p);
  return done_testing();
}
