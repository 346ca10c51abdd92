/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-stalled-t.c -- TimeoutStalled and TimeoutNoTransfer: when their timers
 * run, and what resets them.
 */

#include "daemon.h"
#include "ftpd-clock.h"
#include "ftpd-files.h"
#include "ftpd-transfer.h"
#include "ssh2.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

module sftp_module;

static struct ftpd ftpd;
static uint64_t coarse_ms = 5000;
static bool has_ftpd = true;
static int stalled_secs, notransfer_secs;
static unsigned int checks, resets_noxfer, resets_stalled, events, ended,
  goodbyes;

uint64_t ftpd_coarse_ms(void) {
  return coarse_ms;
}

struct ftpd *ftpd_current(void) {
  return has_ftpd ? &ftpd : NULL;
}

void ftpd_clock_check(void) {
  checks++;
}

void ftpd_timer_reset(int timer) {
  resets_noxfer += timer == PR_TIMER_NOXFER;
  resets_stalled += timer == PR_TIMER_STALLED;
}

int pr_data_get_timeout(int which) {
  return which == PR_DATA_TIMEOUT_STALLED ? stalled_secs :
    which == PR_DATA_TIMEOUT_NO_TRANSFER ? notransfer_secs : -1;
}

void pr_event_generate(const char *event, const void *data) {
  events += strcmp(event, "core.timeout-stalled") == 0 && data == NULL &&
    session.curr_cmd_rec == NULL;
}

void ftpd_disconnect(unsigned int reason, const char *text) {
  goodbyes += reason == SSH_DISCONNECT_BY_APPLICATION && *text != '\0';
}

void pr_session_disconnect(module *m, int reason, const char *why) {
  ended += m == &sftp_module && reason == PR_SESS_DISCONNECT_TIMEOUT &&
    *why != '\0';
}

#define STALLED "TimeoutStalled"
#define OPEN "TimeoutNoTransfer during a transfer"

static void timers_run_while_files_are_open(void) {
  stalled_secs = 10;
  notransfer_secs = 60;
  ftpd_stalled_hold(&ftpd);
  ok(daemon_timer(STALLED) != NULL && daemon_timer(STALLED)->secs == 10 &&
    daemon_timer(STALLED)->id == PR_TIMER_STALLED, "the first file");
  ok(daemon_timer(OPEN) != NULL && daemon_timer(OPEN)->secs == 30,
    "half of TimeoutNoTransfer");
  is_int(checks, 1, "the clock is looked at");
  ftpd_stalled_hold(&ftpd);
  is_int(checks, 1, "a second file changes nothing");
  ftpd_stalled_release(&ftpd);
  ok(daemon_timer(STALLED) != NULL && daemon_timer(OPEN) != NULL,
    "nor does its end");
  ftpd_stalled_release(&ftpd);
  ok(daemon_timer(STALLED) == NULL && daemon_timer(OPEN) == NULL,
    "the last file ends both");
  is_int(checks, 2, "after a look at the clock");
  ftpd_stalled_release(&ftpd);
  is_int(checks, 2, "without a file there is nothing to end");
}

static void timers_may_be_off(void) {
  static const struct { int secs, half; } row[] = {
    { 1, 1 }, { 3, 1 }, { 4, 2 }, { 5, 2 }, { 600, 300 } };
  size_t i;

  stalled_secs = notransfer_secs = 0;
  ftpd_stalled_hold(&ftpd);
  ok(daemon_timer(STALLED) == NULL && daemon_timer(OPEN) == NULL,
    "timeouts of 0 are none");
  ftpd_stalled_release(&ftpd);
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    notransfer_secs = row[i].secs;
    ftpd_stalled_hold(&ftpd);
    ok(daemon_timer(OPEN) != NULL && daemon_timer(OPEN)->secs == row[i].half,
      "%d seconds", row[i].secs);
    ftpd_stalled_release(&ftpd);
    is_int(daemon_timer(OPEN) == NULL, true, "and its end");
  }

  stalled_secs = 1;
  ftpd_stalled_hold(&ftpd);
  ok(daemon_timer(STALLED) != NULL, "a timeout of one second is one");
  ftpd_stalled_release(&ftpd);
}

static void nothing_moves(void) {
  stalled_secs = 10;
  ftpd_stalled_hold(&ftpd);
  events = ended = goodbyes = 0;
  fake_now_ms += 8999;
  is_int(daemon_expire(STALLED), 1, "too early: the timer goes on");
  is_int(ended, 0, "and nothing ends");
  fake_now_ms += 1;
  has_ftpd = false;
  is_int(daemon_expire(STALLED), 0, "without a session");
  is_int(ended, 0, "nothing ends");
  has_ftpd = true;
  session.curr_cmd_rec = (void *) &ftpd;
  ftpd.xfer_reset_ms = fake_now_ms - 8999;
  is_int(daemon_expire(STALLED), 1, "another timer was reset since");
  ftpd.xfer_reset_ms = fake_now_ms - 9000;
  is_int(daemon_expire(STALLED), 0, "time is over");
  ok(events == 1 && ended == 1 && goodbyes == 1, "the session ends");
  ok(daemon_messages == 1 && fake_log_has("TimeoutStalled 10"),
    "which the logs know");
  ftpd_stalled_release(&ftpd);
}

static void open_files_renew_the_other(void) {
  struct ftpd fresh = { .pool = NULL };

  ftpd_stalled_renew(&fresh);
  notransfer_secs = 20;
  ftpd_stalled_hold(&ftpd);
  resets_noxfer = 0;
  ftpd_stalled_renew(&ftpd);
  is_int(resets_noxfer, 0, "not before half of the time");
  has_ftpd = false;
  is_int(daemon_expire(OPEN), 1, "without a session, nothing is renewed");
  ftpd_stalled_renew(&ftpd);
  is_int(resets_noxfer, 0, "later either");
  has_ftpd = true;
  is_int(daemon_expire(OPEN), 1, "the timer goes on");
  ftpd_stalled_renew(&ftpd);
  ftpd_stalled_renew(&ftpd);
  is_int(resets_noxfer, 1, "once for each time");
  ftpd_stalled_release(&ftpd);
}

static void data_resets_timers_not_too_often(void) {
  stalled_secs = notransfer_secs = 10;
  ftpd_stalled_hold(&ftpd);
  resets_noxfer = resets_stalled = 0;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 1 && resets_stalled == 1, "data");
  coarse_ms += 249;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 1 && resets_stalled == 1, "too soon after that");
  coarse_ms += 1;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 2 && resets_stalled == 2, "a quarter of a second");
  coarse_ms += 250;
  stalled_secs = 0;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 3 && resets_stalled == 2, "one of them is off");
  coarse_ms += 250;
  stalled_secs = 1;
  notransfer_secs = 0;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 3 && resets_stalled == 3, "the other one is");
  ftpd_stalled_release(&ftpd);
  coarse_ms += 250;
  notransfer_secs = 1;
  ftpd_tick(&ftpd);
  ok(resets_noxfer == 4 && resets_stalled == 3, "no file is open");
}

int main(void) {
  daemon_files.pool = make_sub_pool(NULL);
  ftpd.files = &daemon_files;
  timers_run_while_files_are_open();
  timers_may_be_off();
  nothing_moves();
  open_files_renew_the_other();
  data_resets_timers_not_too_often();
  destroy_pool(daemon_files.pool);
  return done_testing();
}
