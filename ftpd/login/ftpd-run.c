/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-run.c -- runs a program and reads its output: with a time limit, a limit
 * for the output, and under the right identity.
 */

#include "ftpd-run.h"

#include "ftpd-lines.h"

#include "program.h"

#include <dirent.h>
#include <dlfcn.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

/* Initial size of the buffer for output. */
#define OUT_FIRST 8192

/* After the end of the output: how long the program may take to exit, and how
 * long after SIGTERM.
 */
#define END_MS 1000

struct running {
  pid_t pid;
  int out, err;                 /* this side of its stdout and stderr */
};

static void close_fd(int *fd) {
  if (*fd >= 0) {
    (void) close(*fd);
    *fd = -1;
  }
}

/* ---- The child */

/* Becomes the user; 0 if no root privilege is left. */
static int become_user(const struct ftpd_run *r) {
  if (initgroups(r->user, r->gid) < 0 ||
      setresgid(r->gid, r->gid, r->gid) < 0 ||
      setresuid(r->uid, r->uid, r->uid) < 0) {
    return -1;
  }

  return getuid() == r->uid && setuid(0) < 0 ? 0 : -1;
}

/* Before Linux 5.9 there is no close_range(). */
static void close_from(int first) {
  struct dirent *entry;
  DIR *dir;

  if (close_range((unsigned int) first, ~0U, 0) == 0) {
    return;
  }

  dir = opendir("/proc/self/fd");
  if (dir == NULL) {
    int fd = (int) sysconf(_SC_OPEN_MAX);

    while (--fd >= first) {
      (void) close(fd);
    }

    return;
  }

  while ((entry = readdir(dir)) != NULL) {
    int fd = atoi(entry->d_name);

    if (fd >= first && fd != dirfd(dir)) {
      (void) close(fd);
    }
  }

  (void) closedir(dir);
}

/* A copy of the daemon ends itself, and neither logs nor cleans up for it. */
static void call_in_child(const struct ftpd_run *r) {
  static const int ends[] = { SIGABRT, SIGBUS, SIGFPE, SIGHUP, SIGILL, SIGINT,
    SIGQUIT, SIGSEGV, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(ends); i++) {
    (void) signal(ends[i], SIG_DFL);
  }

  r->call(r->data);
  _exit(0);
}

/* Never returns. */
static void child(const struct ftpd_run *r, int out, int err,
    const sigset_t *mask) {
  int in = r->in > 0 ? r->in : open("/dev/null", O_RDONLY);

  if (in < 0 || dup2(in, STDIN_FILENO) < 0 ||
      dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
    _exit(127);
  }

  /* A separate process group, so that its children end with it. */
  (void) setpgid(0, 0);

  /* Here and not before the fork, because changing privileges unblocks signals.
   */
  PRIVS_ROOT
  close_from(STDERR_FILENO + 1);
  (void) signal(SIGPIPE, SIG_DFL);
  (void) signal(SIGHUP, SIG_DFL);
  (void) sigprocmask(SIG_SETMASK, mask, NULL);
  if (r->user != NULL && (become_user(r) < 0 || chdir("/") < 0)) {
    _exit(126);
  }

  if (r->call != NULL) {
    call_in_child(r);
  }

  if (r->envp != NULL) {
    execve(r->path, r->argv, r->envp);

  } else {
    execv(r->path, r->argv);
  }

  _exit(127);
}

/* ---- The parent */

/* A pipe whose ends are not standard descriptors: in a daemon those are closed.
 */
static int make_pipe(int fds[2]) {
  int low[2], i;

  if (pipe(low) < 0) {
    return -1;
  }

  for (i = 0; i < 2; i++) {
    fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void) close(low[i]);
  }

  if (fds[0] < 0 || fds[1] < 0) {
    close_fd(&fds[0]);
    close_fd(&fds[1]);
    return -1;
  }

  return 0;
}

static int start_program(struct running *run, const struct ftpd_run *r,
    const sigset_t *mask) {
  int out[2] = { -1, -1 }, err[2] = { -1, -1 };

  if (make_pipe(out) < 0 || make_pipe(err) < 0) {
    close_fd(&out[0]);
    close_fd(&out[1]);
    return -1;
  }

  run->pid = fork();
  if (run->pid == 0) {
    child(r, out[1], err[1], mask);
  }

  if (run->pid > 0) {
    /* Here, too: the group must exist before it is signalled. */
    (void) setpgid(run->pid, run->pid);
  }

  close_fd(&out[1]);
  close_fd(&err[1]);
  run->out = out[0];
  run->err = err[0];
  return run->pid < 0 ? -1 : 0;
}

/* Reads what has arrived; closes at EOF.  False if there is no room. */
static bool read_out(int *fd, pool *p, struct ftpd_output *o, size_t max) {
  ssize_t n;

  if (o->len == o->size) {
    size_t size = o->size * 2 < max + 1 ? o->size * 2 : max + 1;
    char *more = palloc(p, size);

    memcpy(more, o->text, o->len);
    sftp_wipe(o->text, o->len);
    o->text = more;
    o->size = size;
  }

  n = read(*fd, o->text + o->len, o->size - o->len);
  if (n > 0) {
    o->len += (size_t) n;

  } else if (n == 0 || errno != EINTR) {
    close_fd(fd);
  }

  return o->len <= max;
}

/* The same for stderr; excess output is dropped. */
static void read_err(int *fd, struct ftpd_output *o) {
  char more[512];
  size_t room = sizeof(o->err) - o->errlen;
  ssize_t n = read(*fd, more, sizeof(more));

  if (n > 0) {
    n = (size_t) n < room ? n : (ssize_t) room;
    memcpy(o->err + o->errlen, more, (size_t) n);
    o->errlen += (size_t) n;

  } else if (n == 0 || errno != EINTR) {
    close_fd(fd);
  }
}

/* Reads both pipes to their end; NULL, or the error. */
static const char *drain(struct running *run, pool *p,
    const struct ftpd_run *r, struct ftpd_output *o) {
  uint64_t until = ftpd_now_ms() + r->timeout_ms;

  while (run->out >= 0 || run->err >= 0) {
    struct pollfd fds[3] = {
      { .fd = run->out, .events = POLLIN },
      { .fd = run->err, .events = POLLIN },
      { .fd = r->until > 0 ? r->until : -1, .events = POLLRDHUP }
    };
    uint64_t now = ftpd_now_ms();

    if (now >= until) {
      return "it took too long";
    }

    if (poll(fds, 3, (int) (until - now)) < 0) {
      if (errno != EINTR) {
        return strerror(errno);
      }

      continue;
    }

    if (fds[2].revents != 0) {
      return "nobody waits for it any more";
    }

    if (fds[0].revents != 0 && !read_out(&run->out, p, o, r->out_max)) {
      return "it printed too much";
    }

    if (fds[1].revents != 0) {
      read_err(&run->err, o);
    }
  }

  return NULL;
}

static void kill_group(pid_t pid, int signo) {
  PRIVS_ROOT
  (void) kill(-pid, signo);
  PRIVS_RELINQUISH
}

/* Waits some time for its end: 1, 0 if it is still running, or -1 with errno.
 * The process is not reaped, so that its id is not reused.
 */
static int wait_end(pid_t pid) {
  uint64_t now = ftpd_now_ms(), until = now + END_MS;
  struct pollfd end = { .fd = pidfd_open(pid, 0), .events = POLLIN };
  siginfo_t info = { 0 };
  int res = 0;

  while (res == 0) {
    res = waitid(P_PID, (id_t) pid, &info, WEXITED|WNOHANG|WNOWAIT);
    now = ftpd_now_ms();
    if (res < 0 && errno == EINTR) {
      res = 0;

    } else if (res == 0 && info.si_pid == pid) {
      res = 1;

    } else if (res == 0 && now >= until) {
      break;

    } else if (res == 0) {
      /* A kernel older than 5.3 has no such descriptor. */
      (void) poll(&end, 1, end.fd >= 0 ? (int) (until - now) : 5);
    }
  }

  close_fd(&end.fd);
  return res;
}

/* Waits for its end, and kills it if necessary; NULL, or the error. */
static const char *reap(struct running *run, pool *p,
    const struct ftpd_run *r, struct ftpd_output *o, const char *why) {
  int status = 0, ended = why == NULL ? wait_end(run->pid) : 0;
  pid_t got;
  char text[64];

  if (ended < 0) {
    return pstrdup(p, strerror(errno));
  }

  if (ended == 0) {
    why = why != NULL ? why : "it did not end";
    kill_group(run->pid, SIGTERM);
    (void) wait_end(run->pid);
  }

  /* Also ends its children, which may still run. */
  kill_group(run->pid, SIGKILL);
  if (wait_end(run->pid) == 0) {
    /* It hangs in the kernel, on a dead file server.  This process goes on;
     * the end, if it comes, is signalled.
     */
    return "it cannot be ended";
  }

  do {
    got = waitpid(run->pid, &status, 0);
  } while (got < 0 && errno == EINTR);

  if (why != NULL || got < 0) {
    return why != NULL ? why : pstrdup(p, strerror(errno));
  }

  o->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  if (WIFEXITED(status) && (r->any_status || WEXITSTATUS(status) == 0)) {
    return NULL;
  }

  snprintf(text, sizeof(text), WIFEXITED(status) ? "exit status %d" :
    "ended by signal %d", WIFEXITED(status) ? WEXITSTATUS(status) :
    WTERMSIG(status));
  return pstrdup(p, text);
}

const char *ftpd_run(pool *p, const struct ftpd_run *r,
    struct ftpd_output *o) {
  struct running run = { -1, -1, -1 };
  struct sigaction ours, theirs;
  sigset_t block, mask;
  const char *why;

  memset(o, 0, sizeof(*o));
  o->status = -1;
  o->size = OUT_FIRST;
  o->text = palloc(p, o->size);

  /* The daemon reaps every child whose end is signalled, also when privileges
   * change; this module reaps this one.
   */
  memset(&ours, 0, sizeof(ours));
  ours.sa_handler = SIG_DFL;
  sigemptyset(&ours.sa_mask);
  (void) sigaction(SIGCHLD, &ours, &theirs);
  sigemptyset(&block);
  sigaddset(&block, SIGINT);
  sigaddset(&block, SIGQUIT);
  (void) sigprocmask(SIG_BLOCK, &block, &mask);

  if (start_program(&run, r, &mask) < 0) {
    why = strerror(errno);

  } else {
    why = drain(&run, p, r, o);
    close_fd(&run.out);
    close_fd(&run.err);
    why = reap(&run, p, r, o, why);
  }

  close_fd(&run.out);
  close_fd(&run.err);
  (void) sigprocmask(SIG_SETMASK, &mask, NULL);
  (void) sigaction(SIGCHLD, &theirs, NULL);
  (void) raise(SIGCHLD);        /* others may have ended meanwhile */
  return why;
}

/* ---- May it be run? */

const char *ftpd_run_objection(pool *p, const char *path) {
  char why[PATH_MAX + 128];
  bool safe;

  PRIVS_ROOT
  safe = sftp_program_is_safe(path, why, sizeof(why));
  PRIVS_RELINQUISH
  return safe ? NULL : pstrdup(p, why);
}

const char *ftpd_run_beside(pool *p, const char *name) {
  static const char here = '\0';
  char real[PATH_MAX];
  Dl_info info;

  if (dladdr(&here, &info) == 0 || info.dli_fname == NULL ||
      realpath(info.dli_fname, real) == NULL) {
    return NULL;
  }

  *strrchr(real, '/') = '\0';
  return pstrcat(p, real, "/", name, NULL);
}
