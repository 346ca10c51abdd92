/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-passphrase.c -- passphrases of host keys: from the program that
 * SFTPPassPhraseProvider names, or from the terminal.
 */

#include "directives.h"

#include <poll.h>
#include <sys/wait.h>
#include <termios.h>

#define PROVIDER_TIMEOUT_MS 10000
#define PASSPHRASE_MAX 1024

struct provider {
  pid_t pid;
  int out, err;                 /* our ends of its stdout and stderr */
};

static void close_fd(int *fd) {
  if (*fd >= 0) {
    (void) close(*fd);
    *fd = -1;
  }
}

/* The child: never returns. */
static void provider_exec(const char *path, char *const argv[], int out,
    int err, const sigset_t *mask) {
  int null = open("/dev/null", O_RDONLY);

  if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
      dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0) {
    _exit(127);
  }

  /* Here and not before the fork: changing privileges lets signals in. */
  PRIVS_ROOT
  (void) close_range(STDERR_FILENO + 1, ~0U, 0);
  (void) sigprocmask(SIG_SETMASK, mask, NULL);
  execv(path, argv);
  _exit(127);
}

/* A pipe whose ends are no standard descriptors: a daemon has those closed. */
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

static int provider_start(struct provider *pr, const char *path,
    char *const argv[], const sigset_t *mask) {
  int out[2] = { -1, -1 }, err[2] = { -1, -1 };

  if (make_pipe(out) < 0 || make_pipe(err) < 0) {
    close_fd(&out[0]);
    close_fd(&out[1]);
    return -1;
  }

  pr->pid = fork();
  if (pr->pid == 0) {
    provider_exec(path, argv, out[1], err[1], mask);
  }

  close_fd(&out[1]);
  close_fd(&err[1]);
  pr->out = out[0];
  pr->err = err[0];

  if (pr->pid < 0) {
    close_fd(&pr->out);
    close_fd(&pr->err);
    return -1;
  }

  return 0;
}

/* Reads what is there; closes at the end.  What does not fit is dropped. */
static void provider_read(int *fd, char *text, size_t *len, size_t max) {
  char more[512];
  size_t room = max - *len;
  ssize_t n;

  n = room > 0 ? read(*fd, text + *len, room) : read(*fd, more, sizeof(more));
  if (n > 0) {
    *len += room > 0 ? (size_t) n : 0;

  } else if (n == 0 || errno != EINTR) {
    close_fd(fd);
  }

  sftp_wipe(more, sizeof(more));
}

/* Both pipes to their end; false when the time is over. */
static bool provider_drain(struct provider *pr, char *out, size_t *outlen,
    char *err, size_t *errlen) {
  uint64_t until = host_now_ms() + PROVIDER_TIMEOUT_MS;

  while (pr->out >= 0 || pr->err >= 0) {
    struct pollfd fds[2] = {
      { .fd = pr->out, .events = POLLIN },
      { .fd = pr->err, .events = POLLIN }
    };
    uint64_t now = host_now_ms();

    if (now >= until) {
      return false;
    }

    if (poll(fds, 2, (int) (until - now)) < 0 && errno != EINTR) {
      return false;
    }

    if (fds[0].revents != 0) {
      provider_read(&pr->out, out, outlen, PASSPHRASE_MAX - 1);
    }

    if (fds[1].revents != 0) {
      provider_read(&pr->err, err, errlen, PASSPHRASE_MAX - 1);
    }
  }

  return true;
}

/* Waits for its end, with force if need be; true if it ended by itself. */
static bool provider_wait(struct provider *pr, bool in_time) {
  int status = 0, i;

  for (i = 0; i < 60; i++) {
    pid_t pid = waitpid(pr->pid, &status, WNOHANG);

    if (pid == pr->pid) {
      return in_time && WIFEXITED(status);
    }

    if (pid < 0 && errno != EINTR) {
      return false;
    }

    if (i == 20) {
      in_time = false;
    }

    if (!in_time && (i == 0 || i == 20)) {
      (void) kill(pr->pid, SIGTERM);
    }

    (void) poll(NULL, 0, 50);
  }

  (void) kill(pr->pid, SIGKILL);
  (void) waitpid(pr->pid, &status, 0);
  return false;
}

/* Runs the provider; its stdout without line end, or NULL. */
static char *from_provider(pool *p, server_rec *s, const char *program,
    const char *path, const char **why) {
  struct provider pr = { -1, -1, -1 };
  char out[PASSPHRASE_MAX], err[PASSPHRASE_MAX];
  size_t outlen = 0, errlen = 0;
  sigset_t block, mask;
  char *argv[4], port[16], *res = NULL;
  bool ok = false;

  snprintf(port, sizeof(port), ":%u", s->ServerPort);
  argv[0] = pstrdup(p, program);
  argv[1] = pstrcat(p, s->ServerName, port, NULL);
  argv[2] = pstrdup(p, path);
  argv[3] = NULL;

  /* The host reaps every child that it hears of; this one is ours. */
  sigemptyset(&block);
  sigaddset(&block, SIGCHLD);
  sigaddset(&block, SIGINT);
  sigaddset(&block, SIGQUIT);
  (void) sigprocmask(SIG_BLOCK, &block, &mask);

  if (provider_start(&pr, program, argv, &mask) == 0) {
    ok = provider_drain(&pr, out, &outlen, err, &errlen);
    close_fd(&pr.out);
    close_fd(&pr.err);
    ok = provider_wait(&pr, ok);
  }

  (void) sigprocmask(SIG_SETMASK, &mask, NULL);

  if (errlen > 0) {
    char line[PASSPHRASE_MAX * 4];

    pr_log_debug(DEBUG5, MOD_SFTP_VERSION ": stderr from '%s': %s", program,
      sftp_escape(line, sizeof(line), err, errlen));
  }

  if (ok) {
    while (outlen > 0 && (out[outlen - 1] == '\n' || out[outlen - 1] == '\r')) {
      outlen--;
    }

    res = pcalloc(p, outlen + 1);
    memcpy(res, out, outlen);

  } else {
    *why = pstrcat(p, "SFTPPassPhraseProvider '", program,
      "' failed or took longer than 10 seconds", NULL);
  }

  sftp_wipe(out, sizeof(out));
  return res;
}

/* Asks at the terminal, with echo off. */
static char *from_terminal(pool *p, server_rec *s, const char *path,
    int attempt, const char **why) {
  struct termios old, quiet;
  char line[PASSPHRASE_MAX], *res = NULL;
  size_t len = 0;
  int tty;

  tty = open("/dev/tty", O_RDWR|O_NOCTTY|O_CLOEXEC);
  if (tty < 0 || tcgetattr(tty, &old) < 0) {
    *why = "it has a passphrase, and there is neither an "
      "SFTPPassPhraseProvider nor a terminal to ask at";
    close_fd(&tty);
    return NULL;
  }

  quiet = old;
  quiet.c_lflag &= (tcflag_t) ~(ECHO|ECHOE|ECHOK|ECHONL);
  (void) tcsetattr(tty, TCSAFLUSH, &quiet);

  dprintf(tty, "%sPassphrase of %s\nHost key for the %s#%u (%s) server: ",
    attempt > 1 ? "Wrong passphrase, try again.\n" : "", path,
    pr_netaddr_get_ipstr(s->addr), s->ServerPort, s->ServerName);

  while (len < sizeof(line) && read(tty, line + len, 1) == 1 &&
      line[len] != '\n') {
    len++;
  }

  (void) tcsetattr(tty, TCSAFLUSH, &old);
  dprintf(tty, "\n");
  close_fd(&tty);

  if (len < sizeof(line)) {
    res = pcalloc(p, len + 1);
    memcpy(res, line, len);

  } else {
    *why = "the passphrase is too long";
  }

  sftp_wipe(line, sizeof(line));
  return res;
}

char *host_passphrase(pool *p, server_rec *s, const char *path, int attempt,
    const char **why) {
  const char *program = get_param_ptr(main_server->conf,
    "SFTPPassPhraseProvider", FALSE);

  return program != NULL ? from_provider(p, s, program, path, why) :
    from_terminal(p, s, path, attempt, why);
}
