/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-wait.c -- waiting for the client, with the daemon's timers and signals.
 */

#include "ftpd-clock.h"
#include "ftpd-lines.h"
#include "ftpd-log.h"
#include "ftpd-message.h"
#include "ftpd-session.h"
#include "ftpd-startups.h"
#include "ftpd-transfer.h"
#include "log-budget.h"
#include "ftpd-wait.h"

#include <poll.h>

/* Signals are not checked before a shorter sleep than this: they are noticed
 * afterwards.
 */
#define SHORT_WAIT_MS 50

/* The daemon's timers have a resolution of seconds: resetting one more often is
 * useless.
 */
#define TIMER_RESET_MS 1000

extern volatile unsigned int recvd_signal_flags;

/* The host sleeps for 0.2 s if errno is EINTR. */
static void handle_signals(void) {
  ftpd_clock_check();
  errno = 0;
  pr_signals_handle();
  run_schedule();
}

void ftpd_poll(struct ftpd *h) {
  (void) h;
  if (recvd_signal_flags != 0) {
    handle_signals();

  } else {
    run_schedule();
  }
}

static void block_signals(sigset_t *old) {
  static const int signals[] = { SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGTERM,
    SIGUSR1, SIGUSR2, SIGXCPU };
  sigset_t set;
  size_t i;

  sigemptyset(&set);
  for (i = 0; i < SFTP_NELEMS(signals); i++) {
    sigaddset(&set, signals[i]);
  }

  (void) sigprocmask(SIG_BLOCK, &set, old);
}

/* A long sleep: signals are unblocked only during the sleep, so that none
 * arrives between the check of the flags and the sleep.
 */
static int long_wait(struct pollfd *pfd, int timeout_ms) {
  struct timespec ts = {
    .tv_sec = timeout_ms / 1000,
    .tv_nsec = (long) (timeout_ms % 1000) * 1000000
  };
  sigset_t old;
  int res = 0;

  block_signals(&old);
  if (recvd_signal_flags == 0) {
    res = ppoll(pfd, 1, timeout_ms < 0 ? NULL : &ts, &old);
  }

  (void) sigprocmask(SIG_SETMASK, &old, NULL);
  return res;
}

static void going_idle(struct ftpd *h, int timeout_ms) {
  if (h->logged_in && (timeout_ms < 0 || timeout_ms > 2000)) {
    ftpd_score_idle(h);
  }
}

static bool listened(int *known, const char *event) {
  if (*known < 0) {
    *known = pr_event_listening(event) > 0;
  }

  return *known == 1;
}

int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms) {
  struct pollfd pfd = { .fd = fd, .events = events };
  int ms, res;

  timeout_ms = ftpd_startups_wait_ms(timeout_ms);
  if (ftpd_log_tell_missing(false) &&
      (timeout_ms < 0 || timeout_ms > SFTP_LOG_TELL_MS)) {
    timeout_ms = SFTP_LOG_TELL_MS;
  }

  if (listened(&h->wants_poll, "mod_sftp.ssh2.read-poll")) {
    pr_event_generate("mod_sftp.ssh2.read-poll", NULL);
  }

  ms = timeout_ms < 0 || timeout_ms > SHORT_WAIT_MS ? SHORT_WAIT_MS :
    timeout_ms;

  res = poll(&pfd, 1, ms);
  if (res == 0 && timeout_ms != ms) {
    going_idle(h, timeout_ms);
    res = long_wait(&pfd, timeout_ms < 0 ? -1 : timeout_ms - ms);
  }

  handle_signals();
  ftpd_startups_check(h);
  ftpd_stalled_renew(h);
  ftpd_message_check(h);
  return res > 0 ? pfd.revents : 0;
}

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  uint64_t now = ftpd_now_ms();

  if (now - h->idle_reset_ms >= TIMER_RESET_MS) {
    h->idle_reset_ms = now;
    ftpd_timer_reset(PR_TIMER_IDLE);
  }

  if (what == FTPD_ACTIVE_TRANSFER &&
      now - h->xfer_reset_ms >= TIMER_RESET_MS) {
    h->xfer_reset_ms = now;
    ftpd_timer_reset(PR_TIMER_NOXFER);
    ftpd_timer_reset(PR_TIMER_STALLED);
  }
}
