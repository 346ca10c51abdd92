/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-start.c -- the daemon's side of the recorder: starts it, starts
 * another one at a reload or when it has ended, and lets sessions find it.
 *
 * At a reload the daemon loads its modules again, with new variables.  The
 * descriptors remain open; the environment says which they are.
 */

#include "ftpd-kept.h"
#include "ftpd-record-pass.h"
#include "ftpd-record-start.h"
#include "ftpd-record.h"
#include "ftpd-recorder.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

#define RECORD_ENV "MOD_SFTP_RECORD"
/* Another build of this module does not hand over. */
#define LAYOUT ((unsigned long) (1000000 + sizeof(struct record_handed)))

#define WATCH_SECS 5
#define NOBODY 65534

static struct {
  int door[2];                  /* sessions', recorder's */
  int control;                  /* to the recorder; -1: there is none */
  int keep;                     /* to its keeper; -1: there is none */
  pid_t daemon;
  int timer;                    /* -1: none */
  bool begun;
} state = { { -1, -1 }, -1, -1, 0, -1, false };

static void close_fd(int *fd) {
  if (*fd >= 0) {
    (void) close(*fd);
    *fd = -1;
  }
}

static bool is_wanted(void) {
  server_rec *s;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    if (ftpd_record_conf(s) != NULL) {
      return true;
    }
  }

  return false;
}

/* ---- Over reloads */

static void find_old(void) {
  const char *text = getenv(RECORD_ENV);
  unsigned long layout = 0;
  int door[2], control, keep;
  long pid = 0;

  if (state.door[0] >= 0 || text == NULL || sscanf(text, "%ld:%lu:%d:%d:%d:%d",
      &pid, &layout, &door[0], &door[1], &control, &keep) != 6 ||
      pid != (long) getpid()) {
    return;
  }

  state.control = control;
  state.keep = keep;
  if (layout == LAYOUT) {
    state.door[0] = door[0];
    state.door[1] = door[1];

  } else {
    close_fd(&state.control);   /* it serves the sessions that it has */
    close_fd(&state.keep);
    (void) close(door[0]);
    (void) close(door[1]);
  }
}

static void keep_new(void) {
  char text[96];

  snprintf(text, sizeof(text), "%ld:%lu:%d:%d:%d:%d", (long) getpid(),
    LAYOUT, state.door[0], state.door[1], state.control, state.keep);
  (void) setenv(RECORD_ENV, text, 1);
}

/* ---- The process */

/* Clients' sockets are put at 0 and 1. */
static int open_pair(int pair[2]) {
  int fd[2];

  if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, fd) < 0) {
    return -1;
  }

  pair[0] = fcntl(fd[0], F_DUPFD_CLOEXEC, 3);
  pair[1] = fcntl(fd[1], F_DUPFD_CLOEXEC, 3);
  (void) close(fd[0]);
  (void) close(fd[1]);
  return pair[0] < 0 || pair[1] < 0 ? -1 : 0;
}

/* In the new process; its parent ends at once. */
static void run_recorder(const struct recorder *r) {
  if (fork() == 0) {
    (void) pr_close_scoreboard(FALSE);
    (void) prctl(PR_SET_NAME, "sftp-recorder", 0, 0, 0);
    pr_proctitle_set("(recorder of SFTPTransferRecord)");
    ftpd_recorder_run(r);
  }

  _exit(0);
}

static int fork_recorder(struct recorder *r) {
  int xerrno;
  pid_t pid;

  r->uid = geteuid() != PR_ROOT_UID ? geteuid() : NOBODY;
  r->gid = getegid() != PR_ROOT_GID ? getegid() : NOBODY;
  pr_signals_block();
  PRIVS_ROOT
  pid = fork();
  if (pid == 0) {
    run_recorder(r);
  }

  xerrno = errno;
  PRIVS_RELINQUISH
  while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    ;
  }

  pr_signals_unblock();
  errno = xerrno;
  return pid > 0 ? 0 : -1;
}

/* Tells the recorder before, or the keeper of one that was killed, to hand
 * over.
 */
static void ask_before(bool crashed, int fd) {
  int to = crashed ? state.keep : state.control;
  const int fds[RECORD_FDS] = { fd, -1 };

  if (to >= 0) {
    (void) ftpd_record_pass(to, "", 1, fds, MSG_DONTWAIT);
  }
}

static int open_sockets(int control[2], int keep[2], int before[2]) {
  bool keeps = ServerType != SERVER_INETD;

  return (state.door[0] < 0 && open_pair(state.door) < 0) ||
    open_pair(control) < 0 || (keeps && open_pair(keep) < 0) ||
    (state.control >= 0 && open_pair(before) < 0) ? -1 : 0;
}

static int start_recorder(bool crashed) {
  int control[2] = { -1, -1 }, keep[2] = { -1, -1 }, before[2] = { -1, -1 };
  int res = -1;
  struct recorder r;

  if (open_sockets(control, keep, before) < 0) {
    goto done;
  }

  memset(&r, 0, sizeof(r));
  r.door = state.door[1];
  r.control = control[1];
  r.keep = keep[1];
  r.before = before[1];
  r.crashed = crashed;
  /* The new process must not keep the end that it waits for. */
  if (before[0] >= 0) {
    ask_before(crashed, before[0]);
    close_fd(&before[0]);
  }

  res = fork_recorder(&r);

done:
  if (res < 0) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord: nothing is "
      "recorded: %s", strerror(errno));
  }

  close_fd(&state.control);
  close_fd(&state.keep);
  close_fd(&control[1]);
  close_fd(&keep[1]);
  close_fd(&before[0]);
  close_fd(&before[1]);
  state.control = control[0];
  state.keep = keep[0];
  return res;
}

/* Nobody is at the other end. */
static bool is_dead(int fd) {
  struct pollfd pfd = { fd, 0, 0 };

  return fd < 0 || poll(&pfd, 1, 0) > 0;
}

/* The recorder cannot open a file, having no rights. */
static bool asks_for_another(void) {
  char byte;

  return recv(state.control, &byte, 1, MSG_DONTWAIT) > 0;
}

static void start_another(bool crashed, const char *why) {
  if (why != NULL) {
    pr_log_pri(PR_LOG_ERR, MOD_SFTP_VERSION ": SFTPTransferRecord: %s has "
      "ended: starting another", why);
  }

  (void) start_recorder(crashed);
  keep_new();
}

static int on_timer(CALLBACK_FRAME) {
  (void) p1;
  (void) p2;
  (void) p3;
  (void) data;
  if (state.daemon != getpid()) {
    return 1;
  }

  if (is_dead(state.control)) {
    start_another(true, "the recorder");

  } else if (is_dead(state.keep)) {
    start_another(false, "the recorder's keeper");

  } else if (asks_for_another()) {
    start_another(false, NULL);
  }

  return 1;
}

/* ---- The daemon */

void ftpd_record_leave(void) {
  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
    state.timer = -1;
  }

  close_fd(&state.control);
  close_fd(&state.keep);
  close_fd(&state.door[0]);
  close_fd(&state.door[1]);
  (void) unsetenv(RECORD_ENV);
}

int ftpd_record_door(void) {
  if (state.door[0] < 0 && ServerType == SERVER_INETD) {
    (void) start_recorder(false);    /* this session's own */
  }

  return state.door[0];
}

void ftpd_record_start(void) {
  find_old();
  state.daemon = getpid();
  if (ServerType == SERVER_INETD) {
    return;
  }

  if (!is_wanted()) {
    ftpd_record_leave();
    return;
  }

  (void) start_recorder(false);
  keep_new();
  if (state.timer < 0) {
    state.timer = pr_timer_add(WATCH_SECS, -1, &sftp_module, on_timer,
      "SFTPTransferRecord");
  }
}

void ftpd_record_restart(void) {
  if (ftpd_kept_reloading()) {
    ftpd_record_start();
  }
}

/* The module is unloaded, at a reload as well: the descriptors stay. */
void ftpd_record_stop(void) {
  if (state.timer >= 0) {
    (void) pr_timer_remove(state.timer, &sftp_module);
    state.timer = -1;
  }
}
