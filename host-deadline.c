/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-deadline.c -- what ends a login that hangs in the code of somebody
 * else.
 *
 * The host's own timers run when its code looks for them.  A driver, a PAM
 * module or a directory's library that waits for ever never comes back to it,
 * and each such session would keep its process, and its place among
 * MaxInstances.  So some seconds behind TimeoutLogin a signal of our own ends
 * the process where it stands, with a line in the logs that was written before.
 */

#include "host-int.h"

#include <signal.h>
#include <time.h>

/* For the host's timer, which goes first wherever it can. */
#define GRACE_MS 4000

static timer_t timer;
static bool armed;
static char text[256];
static size_t text_len;

/* Nothing here but what a signal handler may do. */
static void end_here(int signo SFTP_UNUSED) {
  if (sftp_logfd >= 0 && write(sftp_logfd, text, text_len) < 0) {
    _exit(2);
  }

  _exit(1);
}

void host_deadline_begin(struct host *h) {
  uint64_t ms = host_login_due_ms(h);
  struct sigevent event;
  struct sigaction action;
  struct itimerspec when;

  if (ms == UINT64_MAX) {
    return;
  }

  text_len = (size_t) snprintf(text, sizeof(text), "%s[%lu]: login timeout "
    "reached by a login from %.64s that hangs in another module: ended\n",
    MOD_SFTP_VERSION, (unsigned long) getpid(), h->remote_ip);

  memset(&action, 0, sizeof(action));
  action.sa_handler = end_here;
  sigfillset(&action.sa_mask);
  memset(&event, 0, sizeof(event));
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMAX;
  memset(&when, 0, sizeof(when));
  ms += GRACE_MS;
  when.it_value.tv_sec = (time_t) (ms / 1000);
  when.it_value.tv_nsec = (long) (ms % 1000) * 1000000;

  if (sigaction(SIGRTMAX, &action, NULL) < 0 ||
      timer_create(CLOCK_MONOTONIC, &event, &timer) < 0) {
    sftp_log("unable to set a deadline for the login: %s", strerror(errno));
    return;
  }

  armed = timer_settime(timer, 0, &when, NULL) == 0;
}

void host_deadline_end(void) {
  if (armed) {
    armed = false;
    (void) timer_delete(timer);
  }
}
