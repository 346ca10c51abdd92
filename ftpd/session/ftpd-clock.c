/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-clock.c -- the system's clock may be set while a session runs.
 *
 * The daemon's timers wait for SIGALRM, at most 5 seconds each time, and then
 * count the seconds that the alarm was set to.  Only if a timer is added, reset
 * or removed meanwhile do they compare the clock with its value when the alarm
 * was set: after a step forward, every timer is over at once.  The handler of
 * SIGALRM stores that value again, so an alarm that comes early makes the
 * timers forget the step, at the price of at most these 5 seconds.  A step back
 * makes them forget at most as much on their own.
 */

#include "ftpd-clock.h"
#include "ftpd-lines.h"

#include "base.h"

#include <signal.h>

/* Less is a clock that is adjusted by its own means. */
#define STEP_US 2000000

static int64_t ahead_us;        /* of the clock, in front of ftpd_now_us() */

static int64_t clock_us(void) {
  struct timeval tv;

  (void) gettimeofday(&tv, NULL);
  return (int64_t) tv.tv_sec * 1000000 + tv.tv_usec;
}

static int64_t measure(void) {
  return clock_us() - (int64_t) ftpd_now_us();
}

void ftpd_clock_begin(void) {
  ahead_us = measure();
}

/* Only if the daemon expects alarms. */
static void early_alarm(void) {
  struct sigaction action;

  if (sigaction(SIGALRM, NULL, &action) == 0 &&
      action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
    (void) raise(SIGALRM);
  }
}

void ftpd_clock_check(void) {
  int64_t now = measure(), step = now - ahead_us;
  bool forward = step >= STEP_US;

  ahead_us = now;
  if (!forward && step > -STEP_US) {
    return;
  }

  if (forward) {
    early_alarm();
  }

  sftp_log("the system's clock was set %s by %lld seconds",
    forward ? "forward" : "back",
    (long long) ((forward ? step : -step) + STEP_US / 4) / 1000000);
}

void ftpd_timer_reset(int timerno) {
  ftpd_clock_check();
  errno = 0;
  (void) pr_timer_reset(timerno, ANY_MODULE);
}

struct timeval ftpd_clock_at(uint64_t us) {
  int64_t at = clock_us() - (int64_t) (ftpd_now_us() - us);
  struct timeval tv = { .tv_sec = (time_t) (at / 1000000),
    .tv_usec = (suseconds_t) (at % 1000000) };

  return tv;
}
