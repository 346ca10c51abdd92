/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-run-t.c -- programs that the daemon runs: what they get, what they may
 * print, and how they end.
 */

#include "daemon.h"

#include "ftpd-run.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static pool *p;
static struct ftpd_output o;

/* The clock goes on while somebody waits. */
int poll(struct pollfd *fds, nfds_t n, int ms) {
  struct timespec ts = { ms / 1000, (long) (ms % 1000) * 1000000 };
  int res = ppoll(fds, n, &ts, NULL);

  fake_now_ms += res == 0 ? (uint64_t) ms : 0;
  return res;
}

int pr_privs_root(const char *file, int line) {
  (void) file;
  (void) line;
  return 0;
}

int pr_privs_relinquish(const char *file, int line) {
  return pr_privs_root(file, line);
}

/* ---- What children do */

static const char *run(void (*call)(void *data), void *data) {
  struct ftpd_run r = { .call = call, .data = data, .timeout_ms = 60000,
    .out_max = 20000 };

  return ftpd_run(p, &r, &o);
}

static void print(void *data) {
  const char *text = data;

  (void) !write(STDOUT_FILENO, text, strlen(text));
}

static void print_bytes(void *data) {
  size_t n = *((size_t *) data);
  char byte[1000];

  memset(byte, 'x', sizeof(byte));
  while (n > 0) {
    ssize_t done = write(STDOUT_FILENO, byte, n < sizeof(byte) ? n :
      sizeof(byte));

    n -= done > 0 ? (size_t) done : n;
  }
}

static void complain(void *data) {
  unsigned int i, n = *((unsigned int *) data);

  for (i = 0; i < n; i++) {
    (void) !write(STDERR_FILENO, "0123456789", 10);
  }
}

static void leave(void *data) {
  _exit(*((int *) data));
}

static void die(void *data) {
  (void) raise(*((int *) data));
}

static void hang(void *data) {
  (void) data;
  for (;;) {
    (void) pause();
  }
}

/* Its output ends, and it does not. */
static void linger(void *data) {
  (void) close(STDOUT_FILENO);
  (void) close(STDERR_FILENO);
  hang(data);
}

/* A child of the child keeps its input. */
static void leave_child(void *data) {
  (void) data;
  if (fork() == 0) {
    (void) close(STDOUT_FILENO);
    (void) close(STDERR_FILENO);
    hang(NULL);
  }
}

static void show_descriptors(void *data) {
  int fd, n = 0;

  (void) data;
  for (fd = STDERR_FILENO + 1; fd < 100; fd++) {
    n += fcntl(fd, F_GETFD) >= 0;
  }

  dprintf(STDOUT_FILENO, "%d %d", n, getpgrp() == getpid());
}

static void show_user(void *data) {
  char cwd[100] = "";

  (void) data;
  (void) !getcwd(cwd, sizeof(cwd));
  dprintf(STDOUT_FILENO, "%d %d %d %s", (int) getuid(), (int) getgid(),
    setuid(0), cwd);
}

static void show_signals(void *data) {
  struct sigaction a;
  sigset_t mask;

  (void) data;
  (void) sigprocmask(SIG_SETMASK, NULL, &mask);
  (void) sigaction(SIGPIPE, NULL, &a);
  dprintf(STDOUT_FILENO, "%d %d", sigismember(&mask, SIGINT),
    a.sa_handler == SIG_DFL);
  (void) sigaction(SIGTERM, NULL, &a);
  dprintf(STDOUT_FILENO, " %d", a.sa_handler == SIG_DFL);
}

static void copy_input(void *data) {
  char text[100];
  ssize_t n = read(STDIN_FILENO, text, sizeof(text));

  (void) data;
  dprintf(STDOUT_FILENO, "%d ", (int) n);
  if (n > 0) {
    (void) !write(STDOUT_FILENO, text, (size_t) n);
  }
}

/* ---- The tests */

static void output_is_read(void) {
  size_t n;

  is_str(run(print, (void *) "hello"), NULL, "a child");
  is_mem(o.text, o.len, "hello", 5, "its output");
  ok(o.status == 0 && o.errlen == 0, "its end");
  is_str(run(print, (void *) ""), NULL, "one that says nothing");
  is_int(o.len, 0, "... is heard");
  n = 20000;
  is_str(run(print_bytes, &n), NULL, "as much as it may say");
  ok(o.len == 20000 && o.text[19999] == 'x' && o.text[8191] == 'x' &&
    o.text[0] == 'x', "... is whole");
  n = 20001;
  is_str(run(print_bytes, &n), "it printed too much", "one byte more");
  n = 1000000;
  is_str(run(print_bytes, &n), "it printed too much", "many more");
}

static void complaints_are_cut(void) {
  unsigned int n = 3;

  is_str(run(complain, &n), NULL, "stderr");
  is_mem(o.err, o.errlen, "012345678901234567890123456789", 30, "is read");
  n = 500;
  is_str(run(complain, &n), NULL, "too much of it");
  is_int(o.errlen, sizeof(o.err), "is cut");
  ok(memcmp(o.err, "0123456789012", 13) == 0 && o.err[1020] == '0', "at its "
    "end");
}

static void ends_are_told(void) {
  struct ftpd_run r = { .call = leave, .timeout_ms = 60000, .out_max = 10,
    .any_status = true };
  int code = 3, sig = SIGTERM;

  is_str(run(leave, &code), "exit status 3", "a status");
  is_int(o.status, 3, "... is known");
  r.data = &code;
  is_str(ftpd_run(p, &r, &o), NULL, "or is no error");
  is_int(o.status, 3, "... and known");
  is_str(run(die, &sig), "ended by signal 15", "a signal");
  is_int(o.status, -1, "... is no status");
  r.call = die;
  r.data = &sig;
  is_str(ftpd_run(p, &r, &o), "ended by signal 15", "... and always an error");
}

static void nobody_waits_for_ever(void) {
  struct ftpd_run r = { .call = hang, .timeout_ms = 50, .out_max = 10 };
  int fd[2], alive[2];
  char byte;

  is_str(ftpd_run(p, &r, &o), "it took too long", "a time");
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0) {
    bail_out("no sockets");
  }

  r.timeout_ms = 60000;
  r.until = fd[0];
  (void) close(fd[1]);
  is_str(ftpd_run(p, &r, &o), "nobody waits for it any more",
    "a client that has gone");
  (void) close(fd[0]);
  is_str(run(linger, NULL), "it did not end", "one without output");
  if (pipe(alive) < 0) {
    bail_out("no pipe");
  }

  r.call = leave_child;
  r.in = alive[1];
  r.until = 0;
  is_str(ftpd_run(p, &r, &o), NULL, "its children");
  (void) close(alive[1]);
  is_int(read(alive[0], &byte, 1), 0, "... end with it");
  (void) close(alive[0]);
}

static void children_have_nothing(void) {
  char dir[] = "/tmp/mod_sftp-XXXXXX", cwd[4096];
  int fd = open("/dev/null", O_RDONLY);

  is_str(run(show_descriptors, NULL), NULL, "a child");
  is_mem(o.text, o.len, "0 1", 3, "has no descriptors, and a group");
  (void) close(fd);
  if (geteuid() != 0) {
    skip("only root runs programs as others");
    return;
  }

  if (getcwd(cwd, sizeof(cwd)) == NULL || mkdtemp(dir) == NULL ||
      chdir(dir) < 0) {
    bail_out("no directory");
  }

  {
    struct ftpd_run r = { .call = show_user, .timeout_ms = 60000,
      .out_max = 100, .user = "nobody", .uid = 65534, .gid = 65533 };

    is_str(ftpd_run(p, &r, &o), NULL, "a user's child");
    is_mem(o.text, o.len, "65534 65533 -1 /", 16, "is the user, in /");
    r.uid = 0;
    is_str(ftpd_run(p, &r, &o), "exit status 126", "never root's");
  }

  is_str(run(show_user, NULL), NULL, "root's child");
  is_int(strncmp(o.text, "0 0 0 ", 6), 0, "is root");
  (void) !chdir(cwd);
  (void) rmdir(dir);
}

static unsigned int nchildren;

static void count(int sig) {
  (void) sig;
  nchildren++;
}

static void signals_are_the_daemons(void) {
  struct sigaction mine, now;
  sigset_t mask;

  memset(&mine, 0, sizeof(mine));
  mine.sa_handler = count;
  (void) sigaction(SIGCHLD, &mine, NULL);
  (void) signal(SIGPIPE, SIG_IGN);
  (void) signal(SIGTERM, count);
  is_str(run(show_signals, NULL), NULL, "a child");
  is_mem(o.text, o.len, "0 1 1", 5, "has the usual signals");
  (void) sigaction(SIGCHLD, NULL, &now);
  (void) sigprocmask(SIG_SETMASK, NULL, &mask);
  ok(now.sa_handler == count && nchildren == 1 &&
    sigismember(&mask, SIGINT) == 0 && sigismember(&mask, SIGQUIT) == 0,
    "the daemon has its own again, and looks for other children");
  ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD, "none is left");
  (void) signal(SIGCHLD, SIG_DFL);
  (void) signal(SIGPIPE, SIG_DFL);
  (void) signal(SIGTERM, SIG_DFL);
}

static void input_is_given(void) {
  struct ftpd_run r = { .call = copy_input, .timeout_ms = 60000,
    .out_max = 100 };
  int fd[2];

  is_str(ftpd_run(p, &r, &o), NULL, "no input");
  is_mem(o.text, o.len, "0 ", 2, "is empty");
  if (pipe(fd) < 0) {
    bail_out("no pipe");
  }

  (void) !write(fd[1], "in", 2);
  r.in = fd[0];
  is_str(ftpd_run(p, &r, &o), NULL, "some");
  is_mem(o.text, o.len, "2 in", 4, "is read");
  (void) close(fd[0]);
  (void) close(fd[1]);
}

static void programs_are_run(void) {
  char *const argv[] = { (char *) "sh", (char *) "-c",
    (char *) "echo $A$HOME_OF", NULL };
  char *const envp[] = { (char *) "A=b", NULL };
  struct ftpd_run r = { .path = "/bin/sh", .argv = argv, .envp = envp,
    .timeout_ms = 60000, .out_max = 100 };

  (void) setenv("HOME_OF", "c", 1);
  is_str(ftpd_run(p, &r, &o), NULL, "a program");
  is_mem(o.text, o.len, "b\n", 2, "has its environment");
  r.envp = NULL;
  is_str(ftpd_run(p, &r, &o), NULL, "or the daemon's");
  is_mem(o.text, o.len, "c\n", 2, "... if there is none");
  r.path = "/nonexistent";
  is_str(ftpd_run(p, &r, &o), "exit status 127", "none");
}

static void only_safe_programs_are_run(void) {
  char dir[] = "/tmp/mod_sftp-XXXXXX";
  const char *path;
  FILE *f;

  is_str(ftpd_run_objection(p, "/bin/sh"), NULL, "a program of the system");
  if (mkdtemp(dir) == NULL) {
    bail_out("no directory");
  }

  path = pstrcat(p, dir, "/x", NULL);
  f = fopen(path, "w");
  if (f == NULL || fclose(f) != 0 || chmod(path, 0777) < 0) {
    bail_out("no file");
  }

  ok(ftpd_run_objection(p, path) != NULL, "one that others can change");
  (void) unlink(path);
  (void) rmdir(dir);
  path = ftpd_run_beside(p, "ftpd-run-t");
  ok(path != NULL && access(path, X_OK) == 0, "one beside this");
}

static void pipes_may_fail(void) {
  struct rlimit old, few;

  (void) getrlimit(RLIMIT_NOFILE, &old);
  few = old;
  few.rlim_cur = 5;
  (void) setrlimit(RLIMIT_NOFILE, &few);
  is_str(run(print, (void *) "x"), strerror(EMFILE), "no descriptors");
  few.rlim_cur = 6;
  (void) setrlimit(RLIMIT_NOFILE, &few);
  is_str(run(print, (void *) "x"), strerror(EMFILE), "too few");
  (void) setrlimit(RLIMIT_NOFILE, &old);
  is_str(run(print, (void *) "x"), NULL, "enough: none was lost");
}

int main(void) {
  p = make_sub_pool(NULL);
  output_is_read();
  complaints_are_cut();
  ends_are_told();
  nobody_waits_for_ever();
  children_have_nothing();
  signals_are_the_daemons();
  input_is_given();
  programs_are_run();
  only_safe_programs_are_run();
  pipes_may_fail();
  destroy_pool(p);
  return done_testing();
}
