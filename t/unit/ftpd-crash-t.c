/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-crash-t.c -- processes that crash, each in another way: what they write,
 * and that nothing else of them runs.  The test is the module here.
 */

#include "daemon.h"
#include "ftpd-event.h"
#include "ftpd-log.h"
#include "tap.h"

#include <signal.h>
#include <sys/wait.h>

int sftp_logfd = -1;

static int out[2];              /* what a process writes at its end */
static char line[512];
static int status;

static void ran_on(void) {
  (void) !write(out[1], "it ran on\n", 10);
}

/* Runs way in a process that is watched; what it wrote and how it ended. */
static void run(void (*way)(void)) {
  ssize_t n = 0, got;
  pid_t pid;

  if (pipe(out) < 0 || (pid = fork()) < 0) {
    bail_out("no process");
  }

  if (pid == 0) {
    (void) atexit(ran_on);
    sftp_logfd = out[1];
    ftpd_crash_watch();
    way();
    exit(0);
  }

  (void) close(out[1]);
  while ((got = read(out[0], line + n, sizeof(line) - 1 - (size_t) n)) > 0) {
    n += got;
  }

  line[n] = '\0';
  (void) close(out[0]);
  (void) waitpid(pid, &status, 0);
}

static void must_be(const char *what, const char *head, const char *more) {
  char want[128];

  snprintf(want, sizeof(want), "]: %s", head);
  ok(strstr(line, want) != NULL, "%s: its line", what);
  ok(strstr(line, more) != NULL, "%s: where", what);
  ok(strchr(line, '\n') == line + strlen(line) - 1, "%s: one line", what);
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s: its end", what);
  if (strstr(line, want) == NULL || strstr(line, more) == NULL) {
    diag("%s", line);
  }
}

static void write_nowhere(void) {
  int *volatile wild = (int *) (uintptr_t) 64;

  *wild = 1;
}

static void jump_nowhere(void) {
  ((void (*)(void)) (uintptr_t) 4096)();
}

static int deeper(volatile char *above) {
  volatile char room[4096];

  room[0] = above[0];
  return above == NULL ? 0 : deeper(room) + room[0];
}

static void fill_stack(void) {
  volatile char first[1] = { 0 };

  (void) deeper(first);
}

static void no_instruction(void) {
  (void) raise(SIGILL);
}

static void other_sends(void) {
  pid_t self = getpid();

  if (fork() == 0) {
    (void) kill(self, SIGFPE);
    _exit(0);
  }

  for (;;) {
    (void) pause();
  }
}

int main(void) {
  run(write_nowhere);
  must_be("a wild pointer", "crashed: SIGSEGV at mod_sftp.so+0x",
    ", address 0x40\n");
  run(jump_nowhere);
  must_be("a wild jump", "crashed: SIGSEGV at 0x1000", ", address 0x1000\n");
  run(fill_stack);
  must_be("a full stack", "crashed: SIGSEGV at mod_sftp.so+0x", ", address 0x");
  run(abort);
  must_be("abort()", "crashed: SIGABRT at 0x", ", address 0x0\n");
  run(no_instruction);
  must_be("no instruction", "crashed: SIGILL at 0x", ", address 0x0\n");
  run(other_sends);
  must_be("another process", "ended by SIGFPE of process ", "\n");
  return done_testing();
}
