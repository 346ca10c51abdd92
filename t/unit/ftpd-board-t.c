/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-board-t.c -- the memory in which sessions count. */

#include "daemon.h"
#include "ftpd-board.h"
#include "tap.h"

#include <sys/wait.h>

/* ---- The daemon's children */

#define MAX_CHILDREN 64

static pr_child_t children[MAX_CHILDREN];
static unsigned long nchildren;

unsigned long child_count(void) {
  return nchildren;
}

/* Like the daemon's, it may not be asked before there is one. */
pr_child_t *child_get(pr_child_t *c) {
  unsigned long next = c == NULL ? 0 : (unsigned long) (c - children) + 1;

  if (nchildren == 0) {
    bail_out("the daemon has no list of children yet");
  }

  return next < nchildren ? &children[next] : NULL;
}

/* ---- The tables: how many records were added */

static unsigned int ntaken;

void ftpd_book_take(struct book *b, struct book_login *l) {
  int ready = 1;

  ntaken += b != NULL && atomic_compare_exchange_strong(&l->ready, &ready, 0);
}

/* A session: it counts, says so, and waits for its end. */
struct session_of {
  pid_t pid;
  int said[2], end[2];
};

static void count_up(unsigned int series, uint64_t n) {
  uint64_t i;

  for (i = 0; i < n; i++) {
    ftpd_board_add(series, 1);
  }
}

static void begin(struct session_of *s, unsigned int series, uint64_t n) {
  char c = 0;

  if (pipe(s->said) < 0 || pipe(s->end) < 0) {
    bail_out("no pipes");
  }

  s->pid = fork();
  if (s->pid == 0) {
    c = ftpd_board_enter() ? 'y' : 'n';
    count_up(series, n);
    (void) !write(s->said[1], &c, 1);
    (void) !read(s->end[0], &c, 1);
    _exit(0);
  }

  children[nchildren].ch_pid = s->pid;
  children[nchildren++].ch_dead = FALSE;
  ok(read(s->said[0], &c, 1) == 1 && c == 'y', "a session has a slot");
}

static void finish(struct session_of *s, int sig) {
  unsigned long i;

  if (sig != 0) {
    (void) kill(s->pid, sig);
  }

  (void) !write(s->end[1], "", 1);
  (void) close(s->end[1]);
  (void) waitpid(s->pid, NULL, 0);
  for (i = 0; i < nchildren; i++) {
    if (children[i].ch_pid == s->pid) {
      children[i].ch_dead = TRUE;
    }
  }

  (void) close(s->end[0]);
  (void) close(s->said[0]);
  (void) close(s->said[1]);
}

/* ---- Tests */

static uint64_t sum_of(unsigned int series, unsigned int *running) {
  uint64_t sums[BOARD_SERIES];

  *running = ftpd_board_sum(sums);
  return sums[series];
}

static void sessions_add_up(void) {
  struct session_of a, b;
  unsigned int running, at = 0;
  struct board_slot *slot;

  is_int(sum_of(7, &running), 0, "in the beginning there is nothing");
  is_int(running, 0, "and nobody");
  begin(&a, 7, 1000);
  begin(&b, 7, 234);
  is_int(sum_of(7, &running), 1234, "running sessions count");
  is_int(running, 2, "both run");
  ok(ftpd_board_next(&at, &slot) > 0 && ftpd_board_next(&at, &slot) > 0 &&
    ftpd_board_next(&at, &slot) == 0, "and are found");
  finish(&a, 0);
  is_int(sum_of(7, &running), 1234, "one that has ended still counts");
  is_int(running, 1, "but no longer runs");
  finish(&b, SIGKILL);
  is_int(sum_of(7, &running), 1234, "so does one that was killed");
  is_int(running, 0, "which holds nothing");
  is_int(sum_of(7, &running), 1234, "it counts once");
}

static void a_forgotten_slot_counts(void) {
  unsigned int running;
  struct session_of a;

  begin(&a, 8, 5);
  finish(&a, SIGKILL);
  /* Its slot has not been emptied when the next begins. */
  nchildren = 0;
  begin(&a, 8, 6);
  is_int(sum_of(8, &running), 11, "what both did counts");
  is_int(running, 1, "and only one runs");
  finish(&a, 0);
}

static void logins_are_taken_once(void) {
  struct session_of a;
  unsigned int running, at = 0;
  struct board_slot *slot;

  begin(&a, 6, 1);
  ok(ftpd_board_next(&at, &slot) > 0, "a session");
  slot->login.ready = 1;
  ok(ftpd_board_book() != NULL, "there are tables");
  is_int(ntaken, 1, "a running session's login is taken");
  ok(ftpd_board_book() != NULL, "once more");
  is_int(ntaken, 1, "it is taken once");
  slot->login.ready = 1;
  finish(&a, SIGKILL);
  (void) sum_of(6, &running);
  is_int(ntaken, 2, "so is that of a killed one");
}

static void a_session_keeps_its_slot_alone(void) {
  int status = 0;
  pid_t pid;

  pid = fork();
  if (pid == 0) {
    uint64_t sums[BOARD_SERIES];
    unsigned int at = 0;
    struct board_slot *slot;

    (void) ftpd_board_enter();
    count_up(9, 3);
    _exit(ftpd_board_sum(sums) == 0 && sums[7] == 0 &&
      ftpd_board_book() == NULL &&
      ftpd_board_next(&at, &slot) == 0 && getenv("MOD_SFTP_BOARD") == NULL ?
      0 : 1);
  }

  (void) waitpid(pid, &status, 0);
  ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
    "a session cannot see the others");
}

static void a_process_without_a_slot_counts(void) {
  unsigned int running;
  pid_t pid = fork();

  if (pid == 0) {
    ftpd_board_add(10, 4);
    ftpd_board_close();
    ftpd_board_add(10, 100);
    _exit(0);
  }

  (void) waitpid(pid, NULL, 0);
  is_int(sum_of(10, &running), 4, "until it leaves");
}

static void reloads_keep_it(void) {
  unsigned int running;

  ftpd_board_open(1);
  is_int(sum_of(7, &running), 1234, "the same layout");
  ftpd_board_open(2);
  is_int(sum_of(7, &running), 0, "another layout begins anew");
}

static void many_sessions_at_once(void) {
  enum { N = 40 };
  unsigned int running, i, n = N;
  pid_t pids[N];

  nchildren = 0;
  for (i = 0; i < n; i++) {
    pids[i] = fork();
    if (pids[i] == 0) {
      (void) ftpd_board_enter();
      count_up(11, 10000);
      _exit(0);
    }

    children[nchildren].ch_dead = FALSE;
    children[nchildren++].ch_pid = pids[i];
  }

  for (i = 0; i < n; i++) {
    (void) sum_of(11, &running);
  }

  for (i = 0; i < n; i++) {
    (void) waitpid(pids[i], NULL, 0);
    children[i].ch_dead = TRUE;
  }

  is_int(sum_of(11, &running), 400000, "nothing is lost, nothing twice");
  is_int(running, 0, "nothing is held");
}

int main(void) {
  ftpd_board_open(1);
  sessions_add_up();
  a_forgotten_slot_counts();
  logins_are_taken_once();
  a_session_keeps_its_slot_alone();
  a_process_without_a_slot_counts();
  reloads_keep_it();
  many_sessions_at_once();
  return done_testing();
}
