/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* run.c -- runs a program and reads its output: with a time limit, and a limit
 * for the output.
 *
 * A copy of this process would cost more than many a check: the program gets
 * one of its own from the start (posix_spawn).
 */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long it may run after SIGTERM. */
#define END_MS 1000
/* How often it looks for what a program has left behind. */
#define STRAY_MS 20

/* Waiting ends when a program does: its signal comes at no other time. */
static sigset_t while_waiting;

struct running {
  pid_t pid;
  int out, err;                 /* this side of its stdout and stderr */
  bool idle;                    /* nothing happened in the last turn */
};

static void wake(int signo) {
  (void) signo;
}

void check_run_init(void) {
  sigset_t set;

  (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  (void) signal(SIGCHLD, wake);
  (void) signal(SIGHUP, SIG_IGN);
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  (void) sigprocmask(SIG_BLOCK, &set, &while_waiting);
}

static uint64_t now_ms(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

static int wait_for(struct pollfd *fds, nfds_t n, uint64_t ms) {
  struct timespec ts = { .tv_sec = (time_t) (ms / 1000),
    .tv_nsec = (long) (ms % 1000) * 1000000 };

  return ppoll(fds, n, &ts, &while_waiting);
}

static void close_fd(int *fd) {
  if (*fd >= 0) {
    (void) close(*fd);
    *fd = -1;
  }
}

/* ---- Its beginning */

/* In a group of its own, so that its children end with it, and without any
 * other descriptor: all of this process are closed then.
 */
static int spawn(struct running *run, const struct check_run *r, int out,
    int err) {
  extern char **environ;
  posix_spawn_file_actions_t files;
  posix_spawnattr_t how;
  sigset_t usual;
  int res;

  sigemptyset(&usual);
  sigaddset(&usual, SIGHUP);

  res = posix_spawn_file_actions_init(&files);
  if (res != 0) {
    return res;
  }

  res = posix_spawnattr_init(&how);
  if (res == 0) {
    (void) posix_spawn_file_actions_adddup2(&files, r->in, STDIN_FILENO);
    (void) posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    (void) posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
    (void) posix_spawnattr_setpgroup(&how, 0);
    (void) posix_spawnattr_setsigmask(&how, &while_waiting);
    (void) posix_spawnattr_setsigdefault(&how, &usual);
    (void) posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP|
      POSIX_SPAWN_SETSIGMASK|POSIX_SPAWN_SETSIGDEF);
    res = posix_spawn(&run->pid, r->path, &files, &how, r->argv, environ);
    (void) posix_spawnattr_destroy(&how);
  }

  (void) posix_spawn_file_actions_destroy(&files);
  return res;
}

/* 0 or an errno. */
static int start(struct running *run, const struct check_run *r) {
  int out[2] = { -1, -1 }, err[2] = { -1, -1 }, res;

  res = pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ? errno :
    spawn(run, r, out[1], err[1]);
  close_fd(&out[1]);
  close_fd(&err[1]);
  run->out = out[0];
  run->err = err[0];
  return res;
}

/* ---- Its output */

/* Appends what has arrived, as far as there is room; closes at the end.  False:
 * there is more than that.
 */
static bool read_more(int *fd, char *text, size_t *len, size_t size) {
  char rest[512];
  bool full = *len == size;
  ssize_t n = read(*fd, full ? rest : text + *len, full ? sizeof(rest) :
    size - *len);

  if (n > 0) {
    *len += full ? 0 : (size_t) n;

  } else if (n == 0 || errno != EINTR) {
    close_fd(fd);
  }

  return !full || n <= 0;
}

/* It is not reaped yet, so that its id is not used again. */
static bool has_ended(pid_t pid) {
  siginfo_t info = { .si_pid = 0 };

  return waitid(P_PID, (id_t) pid, &info, WEXITED|WNOHANG|WNOWAIT) < 0 ||
    info.si_pid == pid;
}

/* One wait; NULL, or why the program must end. */
static const char *turn(struct running *run, const struct check_run *r,
    struct check_output *o, uint64_t ms) {
  struct pollfd fds[3] = {
    { .fd = run->out, .events = POLLIN },
    { .fd = run->err, .events = POLLIN },
    { .fd = r->until, .events = POLLRDHUP }
  };

  int n = wait_for(fds, 3, ms);

  run->idle = n == 0;
  if (n < 0) {
    return errno == EINTR ? NULL : strerror(errno);
  }

  if (fds[2].revents != 0) {
    return "nobody waits for it any more";
  }

  if (fds[0].revents != 0 && !read_more(&run->out, o->text, &o->len,
      sizeof(o->text))) {
    return "it printed too much";
  }

  if (fds[1].revents != 0) {
    (void) read_more(&run->err, o->err, &o->errlen, sizeof(o->err));
  }

  return NULL;
}

/* Until it has ended, and what it had printed then is read: a child that it
 * leaves may have its output open.
 */
static const char *follow(struct running *run, const struct check_run *r,
    struct check_output *o) {
  uint64_t until = now_ms() + (uint64_t) r->secs * 1000, now;
  const char *why = NULL;
  bool ended = false;

  while (why == NULL && !(ended && run->idle)) {
    now = now_ms();
    ended = has_ended(run->pid);
    why = now < until ? turn(run, r, o, ended ? 0 : until - now) :
      "it took too long";
  }

  return why;
}

/* ---- What it leaves behind */

/* Of this process.  A kernel without this list has none of them. */
static void kill_children(void) {
  FILE *list = fopen("/proc/thread-self/children", "re");
  int pid;

  while (list != NULL && fscanf(list, "%d", &pid) == 1) {
    (void) kill(pid, SIGKILL);
  }

  if (list != NULL) {
    (void) fclose(list);
  }
}

/* Processes that left its group: this one inherits them. */
static void end_strays(void) {
  uint64_t until = now_ms() + END_MS, now = 0;
  pid_t pid;

  while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && now < until) {
    if (pid == 0) {
      kill_children();
      now = now_ms();
      (void) wait_for(NULL, 0, STRAY_MS);
    }
  }
}

/* ---- Its end */

static bool wait_end(pid_t pid) {
  uint64_t until = now_ms() + END_MS, now;
  bool ended;

  while (!(ended = has_ended(pid)) && (now = now_ms()) < until) {
    (void) wait_for(NULL, 0, until - now);
  }

  return ended;
}

static const char *finish(pid_t pid, struct check_output *o,
    const char *why) {
  static char text[64];
  int status = 0;

  if (why != NULL) {
    (void) kill(-pid, SIGTERM);
    (void) wait_end(pid);
  }

  /* Also ends its children, which may still run. */
  (void) kill(-pid, SIGKILL);
  if (!wait_end(pid)) {
    /* It hangs in the kernel, on a dead file server. */
    return "it cannot be ended";
  }

  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    ;
  }

  end_strays();
  if (why != NULL || WIFEXITED(status)) {
    o->status = WEXITSTATUS(status);
    return why;
  }

  snprintf(text, sizeof(text), "ended by signal %d", WTERMSIG(status));
  return text;
}

const char *check_run(const struct check_run *r, struct check_output *o) {
  struct running run = { -1, -1, -1, false };
  const char *why;
  int res;

  o->len = o->errlen = 0;
  res = start(&run, r);
  if (res != 0) {
    why = strerror(res);

  } else {
    why = follow(&run, r, o);
  }

  close_fd(&run.out);
  close_fd(&run.err);
  return res != 0 ? why : finish(run.pid, o, why);
}
