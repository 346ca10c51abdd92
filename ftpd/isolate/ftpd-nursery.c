/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-nursery.c -- the daemon's nursery: it is started with the daemon, and
 * another one when it has ended or does not answer.
 */

#include "ftpd-isolate-int.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"

#include "pair.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define READY_MS 10000
/* The daemon calls its nursery so often, ... */
#define WATCH_SECS 5
/* ... and takes it for stopped when so many calls have no answer. */
#define UNANSWERED_MAX 2

static struct {
  int control;                  /* -1: no nursery */
  int unanswered;               /* calls */
  pid_t daemon;                 /* whose nursery it is */
  bool running;                 /* the daemon has started */
  int timer;                    /* -1: none */
} state = { .control = -1, .timer = -1 };

int ftpd_nursery_control(void) {
  return state.control;
}

/* Its first word, of which main.c of the program has the form; NULL: none. */
static const char *read_ready(pool *p, int fd) {
  struct pollfd pfd = { fd, POLLIN, 0 };
  char text[1024];
  ssize_t n = 0;

  if (poll(&pfd, 1, READY_MS) > 0) {
    n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
  }

  if (n <= 0) {
    return NULL;
  }

  text[n] = '\0';
  return pstrdup(p, text);
}

static void open_nursery(pool *p) {
  const char *word = NULL;
  int fd[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, fd) < 0) {
    fd[0] = fd[1] = -1;

  } else if (ftpd_isolate_run("nursery", &fd[1], 1) == 0) {
    (void) close(fd[1]);
    fd[1] = -1;
    word = read_ready(p, fd[0]);
  }

  if (word != NULL && *word == '+') {
    state.control = ftpd_isolate_high(fd[0]);
    state.unanswered = 0;
    if (word[1] != '\0') {
      pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": logins are isolated "
        "(SFTPIsolation), but this system refuses: %s", word + 1);
    }

    return;
  }

  pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPIsolation: '%s' does not "
    "start: %s; each session tries again", ftpd_isolate_program(),
    word != NULL ? word + 1 : "it says nothing");
  (void) close(fd[0]);
  (void) close(fd[1]);
}

void ftpd_nursery_close(void) {
  if (state.control >= 0) {
    (void) close(state.control);
    state.control = -1;
  }
}

/* Why there must be another one; NULL: it answers.  A nursery that is stopped
 * has its socket open and makes no cells.
 */
static const char *what_is_wrong(void) {
  char word[sizeof(SFTP_NURSERY_HERE)];
  ssize_t n = recv(state.control, word, sizeof(word), MSG_DONTWAIT);

  if (n > 0) {
    state.unanswered = 0;

  } else if (n == 0 || errno != EAGAIN) {
    return "has ended";
  }

  if (state.unanswered == UNANSWERED_MAX) {
    return "does not answer";
  }

  state.unanswered++;
  n = send(state.control, SFTP_NURSERY_CALL, sizeof(SFTP_NURSERY_CALL),
    MSG_NOSIGNAL|MSG_DONTWAIT);
  return n > 0 || errno == EAGAIN ? NULL : "has ended";
}

static int on_timer(CALLBACK_FRAME) {
  const char *wrong;
  pool *p;

  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (state.daemon != getpid()) {
    return 1;
  }

  wrong = state.control < 0 ? "has ended" : what_is_wrong();
  if (wrong != NULL) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": the nursery of isolated logins %s: starting another", wrong);
    ftpd_nursery_close();
    p = make_sub_pool(permanent_pool);
    open_nursery(p);
    destroy_pool(p);
  }

  return 1;
}

void ftpd_isolate_stop(void) {
  if (state.daemon != getpid()) {
    return;
  }

  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
    state.timer = -1;
  }

  ftpd_nursery_close();
}

void ftpd_isolate_start(void) {
  pool *p;

  state.daemon = getpid();
  state.running = true;
  ftpd_isolate_stop();
  if (ServerType == SERVER_INETD || !ftpd_isolate_wanted_anywhere()) {
    return;
  }

  ftpd_isolate_tell_account();
  p = make_sub_pool(permanent_pool);
  open_nursery(p);
  destroy_pool(p);
  state.timer = pr_timer_add(WATCH_SECS, -1, &sftp_module, on_timer,
    "SFTPIsolation");
}

/* The module may have been loaded anew: it remembers nothing then. */
void ftpd_isolate_restart(void) {
  if (state.running || ftpd_kept_reloading()) {
    ftpd_isolate_start();
  }
}
