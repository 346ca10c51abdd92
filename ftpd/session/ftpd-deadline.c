/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-deadline.c -- ends a login that hangs in the code of another module.
 *
 * The host's own timers only fire when its code checks them.  A driver, a PAM
 * module or an LDAP library may wait forever, and each such session would keep
 * its process, and its place among MaxInstances.  So some seconds after
 * TimeoutLogin a separate signal ends the process wherever it is, writes a
 * prepared line to the logs, and removes its row from the scoreboard, which
 * ftpwho and MaxClients count.
 */

#include "ftpd-board.h"
#include "ftpd-event.h"
#include "ftpd-session.h"

#include "ftpd-userauth.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

/* Time for the daemon's timer, which comes first wherever possible. */
#define GRACE_MS 4000

static timer_t timer;
static bool armed;
static int board = -1;          /* the scoreboard, to be written */
static char text[256];
static size_t text_len;

/* A private descriptor, so that the handler needs nothing from the daemon; -1:
 * there is no scoreboard in a known format.
 */
static int open_board(void) {
  pr_scoreboard_header_t head;
  int low, fd = -1;

  PRIVS_ROOT
  low = open(pr_get_scoreboard(), O_RDWR|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);
  PRIVS_RELINQUISH

  if (low < 0) {
    return -1;
  }

  if (read(low, &head, sizeof(head)) == (ssize_t) sizeof(head) &&
      head.sch_magic == PR_SCOREBOARD_MAGIC &&
      head.sch_version == PR_SCOREBOARD_VERSION) {
    fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  }

  (void) close(low);
  return fd;
}

/* This function and those below do only what a signal handler may do.  Nobody
 * else writes to the row of a live process, so no lock is needed.
 */
static void leave_board(void) {
  static const pr_scoreboard_entry_t nobody;
  static pr_scoreboard_entry_t row;
  off_t at = (off_t) sizeof(pr_scoreboard_header_t);
  pid_t self = getpid();

  if (board < 0 || lseek(board, at, SEEK_SET) < 0) {
    return;
  }

  for (; read(board, &row, sizeof(row)) == (ssize_t) sizeof(row);
      at += (off_t) sizeof(row)) {
    if (row.sce_pid == self) {
      /* If this fails, the daemon finds the row within half a minute. */
      if (lseek(board, at, SEEK_SET) == at) {
        (void) !write(board, &nobody, sizeof(nobody));
      }

      return;
    }
  }
}

static void end_here(int signo SFTP_UNUSED) {
  leave_board();
  ftpd_board_ended();
  if (sftp_logfd >= 0 && write(sftp_logfd, text, text_len) < 0) {
    _exit(2);
  }

  _exit(1);
}

void ftpd_deadline_begin(struct ftpd *h) {
  uint64_t ms = ftpd_login_due_ms(h);
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

  board = open_board();
  armed = timer_settime(timer, 0, &when, NULL) == 0;
}

void ftpd_deadline_end(void) {
  if (armed) {
    armed = false;
    (void) timer_delete(timer);
  }

  if (board >= 0) {
    (void) close(board);
    board = -1;
  }
}
