/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-startups-t.c -- SFTPMaxStartups: who has to leave when another
 * connection comes.  Other connections are children of this process.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-penalty.h"
#include "ftpd-startups.h"
#include "ftpd-tally.h"
#include "ssh2.h"
#include "tap.h"

#include <signal.h>
#include <sodium.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

module sftp_module;
char ServerType = SERVER_STANDALONE;
unsigned long ServerMaxInstances;

static pool *p;
static server_rec server;
static struct sftp_startups conf;

/* ---- Chance: of 100, and of those that may be chosen */

static uint32_t percent, choice;

uint32_t randombytes_uniform(const uint32_t below) {
  return below == 100 ? percent : choice < below ? choice : below - 1;
}

void sftp_random(void *to, size_t len) {
  memset(to, 7, len);
}

/* ---- The daemon */

static unsigned char raw[16];
static int family = AF_INET;
static bool mapped;
static unsigned int dropped, spared, goodbyes;
static int ended;

void *pr_netaddr_get_inaddr(const pr_netaddr_t *addr) {
  (void) addr;
  return raw;
}

size_t pr_netaddr_get_inaddr_len(const pr_netaddr_t *addr) {
  (void) addr;
  return family == AF_INET ? 4 : 16;
}

int pr_netaddr_get_family(const pr_netaddr_t *addr) {
  (void) addr;
  return family;
}

int pr_netaddr_is_v4mappedv6(const pr_netaddr_t *addr) {
  (void) addr;
  return mapped ? TRUE : FALSE;
}

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  dropped += what == TALLY_STARTUPS && i == 0 && j == 0 && n == 1;
}

void ftpd_penalty_spare(void) {
  spared++;
}

void ftpd_disconnect(unsigned int reason, const char *text) {
  (void) text;
  goodbyes += reason == SSH_DISCONNECT_TOO_MANY_CONNECTIONS;
}

void pr_session_disconnect(module *m, int reason, const char *why) {
  (void) m;
  (void) why;
  ended = reason;
}

/* ---- Connections */

static struct ftpd ftpd;

/* What a child says: it has entered ('e'), was refused ('r'), was told to leave
 * ('l').
 */
struct client {
  pid_t pid;
  int says, hears;
};

static int pipe_of[2];          /* where it writes to the client */

/* The signal interrupts it. */
static bool hears_order(int fd, char *order) {
  ssize_t n;

  do {
    n = read(fd, order, 1);
  } while (n < 0 && errno == EINTR);

  return n == 1;
}

static void live(int says, int hears) {
  char text[64], order = ' ';
  ssize_t n;

  ended = 0;
  spared = goodbyes = 0;
  if (pipe(pipe_of) < 0) {
    _exit(1);
  }

  session.c->wfd = pipe_of[1];
  ftpd_startups_enter();
  (void) close(pipe_of[1]);
  n = read(pipe_of[0], text, sizeof(text));
  (void) !write(says, ended == 0 ? "e" : n == 22 && spared == 1 &&
    ended == PR_SESS_DISCONNECT_CONFIG_ACL ? "r" : "?", 1);
  while (hears_order(hears, &order)) {
    if (order == 'c') {
      ftpd_startups_check(&ftpd);
      (void) !write(says, ended == 0 ? "e" : goodbyes == 1 ? "l" : "?", 1);
    } else if (order == 'i') {
      int code = PR_AUTH_OK;

      ftpd.logged_in = true;
      (void) daemon_happens("mod_auth.authentication-code", &code);
      (void) !write(says, "i", 1);
    } else if (order == 'b') {
      int code = PR_AUTH_BADPWD;

      (void) daemon_happens("mod_auth.authentication-code", &code);
      (void) !write(says, "b", 1);
    } else {
      (void) daemon_happens("core.exit", NULL);
      _exit(0);
    }
  }

  _exit(0);                     /* it dies without a word */
}

static char heard(const struct client *c) {
  char word = '-';

  return read(c->says, &word, 1) == 1 ? word : '-';
}

static char tell_it(const struct client *c, char order) {
  (void) !write(c->hears, &order, 1);
  return heard(c);
}

/* A connection from that source: what it says first. */
static char come(struct client *c, unsigned char source) {
  int to[2], from[2];

  raw[3] = source;
  if (pipe(to) < 0 || pipe(from) < 0) {
    bail_out("no pipe");
  }

  c->pid = fork();
  if (c->pid == 0) {
    (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void) close(to[1]);
    (void) close(from[0]);
    live(from[1], to[0]);
  }

  (void) close(to[0]);
  (void) close(from[1]);
  c->says = from[0];
  c->hears = to[1];
  return heard(c);
}

static void leave(struct client *c, bool tidily) {
  if (c->pid > 0) {
    if (tidily) {
      (void) tell_it(c, 'x');
    }

    (void) close(c->hears);
    (void) close(c->says);
    (void) waitpid(c->pid, NULL, 0);
    c->pid = 0;
  }
}

static unsigned int waiting(void) {
  uint64_t now = 99, max = 0;

  return ftpd_startups_usage(&now, &max) && max == conf.full ?
    (unsigned int) now : 99;
}

static void start(unsigned int first, unsigned int rate, unsigned int full) {
  conf.start = first;
  conf.rate = rate;
  conf.full = full;
  daemon_forget_config();
  daemon_set_param("SFTPMaxStartups", &conf);
  ftpd_startups_start();
}

static struct client one, two, three, four;

static void all_leave(void) {
  leave(&one, true);
  leave(&two, true);
  leave(&three, true);
  leave(&four, true);
}

/* ---- Who counts */

static void connections_are_counted(void) {
  start(10, 100, 10);
  is_int(waiting(), 0, "nobody waits");
  is_int(come(&one, 1), 'e', "one comes");
  is_int(come(&two, 1), 'e', "two");
  is_int(waiting(), 2, "wait");
  is_int(tell_it(&one, 'b'), 'b', "a wrong password");
  is_int(waiting(), 2, "is no end");
  is_int(tell_it(&one, 'i'), 'i', "a login");
  is_int(waiting(), 1, "is one");
  is_int(tell_it(&one, 'c'), 'e', "nobody ends it");
  leave(&two, false);
  is_int(waiting(), 0, "neither counts who has died");
  is_int(come(&two, 1), 'e', "one comes");
  leave(&two, true);
  is_int(waiting(), 0, "and goes");
  all_leave();
}

/* ---- Who leaves */

static void beyond_the_last_one_leaves(void) {
  start(2, 100, 2);
  choice = 0;
  is_int(come(&one, 1), 'e', "one");
  is_int(come(&two, 1), 'e', "two");
  is_int(come(&three, 2), 'e', "three: another source has most");
  ok((tell_it(&one, 'c') == 'l') != (tell_it(&two, 'c') == 'l'),
    "so one of its connections leaves");
  is_int(tell_it(&three, 'c'), 'e', "and not the new one");
  is_int(waiting(), 2, "two are left");
  all_leave();
  is_int(come(&one, 1), 'e', "one");
  is_int(come(&two, 2), 'e', "two");
  choice = 99;
  is_int(come(&three, 2), 'r', "the new one may be chosen, of its source");
  is_int(waiting(), 2, "it is gone at once");
  is_int(tell_it(&one, 'c'), 'e', "the others");
  is_int(tell_it(&two, 'c'), 'e', "stay");
  all_leave();
}

static void one_of_all_leaves_if_none_has_most(void) {
  unsigned int i, left = 0, new = 0;

  for (i = 0; i < 3; i++) {
    char said;

    start(2, 100, 2);
    choice = i;
    (void) come(&one, 1);
    (void) come(&two, 2);
    said = come(&three, 3);
    new += said == 'r';
    left += (tell_it(&one, 'c') == 'l') + (tell_it(&two, 'c') == 'l') +
      (said == 'r');
    all_leave();
  }

  is_int(left, 3, "each time one");
  is_int(new, 1, "each of three");
}

static void those_that_leave_do_not_count(void) {
  start(2, 100, 2);
  choice = 0;
  (void) come(&one, 1);
  (void) come(&two, 1);
  is_int(come(&three, 2), 'e', "the third one");
  is_int(waiting(), 2, "two wait, and one leaves");
  choice = 99;
  is_int(come(&four, 2), 'r', "the fourth one is chosen");
  all_leave();
}

static void chance_decides_between(void) {
  static const struct { unsigned int n, percent; char is; } row[] = {
    { 0, 0, 'e' }, { 1, 19, 'r' }, { 1, 20, 'e' }, { 2, 59, 'r' },
    { 2, 60, 'e' }, { 3, 99, 'r' } };
  struct client *all[] = { &one, &two, &three };
  size_t i;
  unsigned int j;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    start(1, 20, 3);
    choice = percent = 99;
    for (j = 0; j < row[i].n; j++) {
      is_int(come(all[j], 1), 'e', "one");
    }

    percent = row[i].percent;
    is_int(come(&four, 1), row[i].is, "%u others, %u of 100", row[i].n,
      row[i].percent);
    all_leave();
  }
}

static void sources_are_networks(void) {
  start(2, 100, 2);
  choice = 0;
  family = AF_INET6;
  raw[7] = 1;
  raw[15] = 1;
  (void) come(&one, 1);
  raw[15] = 2;
  (void) come(&two, 1);
  raw[7] = 2;
  is_int(come(&three, 1), 'e', "one of another network");
  is_int(tell_it(&three, 'c'), 'e', "stays");
  all_leave();
  mapped = true;
  raw[7] = 0;
  raw[15] = 1;
  (void) come(&one, 1);
  (void) come(&two, 1);
  raw[15] = 2;
  is_int(come(&three, 1), 'e', "of IPv4, the whole address counts");
  is_int(tell_it(&three, 'c'), 'e', "this one stays");
  all_leave();
  mapped = false;
  family = AF_INET;
}

/* ---- The log, and waiting */

/* In this process: what it would tell. */
static void drops_are_logged_once_a_minute(void) {
  static int fd[2];

  start(1, 100, 1);
  (void) come(&one, 1);
  (void) !pipe(fd);
  session.c->wfd = fd[1];
  raw[3] = 1;
  choice = 99;
  dropped = spared = daemon_messages = 0;
  ftpd_startups_enter();
  ok(dropped == 1 && spared == 1 && daemon_messages == 1, "a line");
  ok(strstr(daemon_message, ": 1 dropped") != NULL &&
    strstr(daemon_message, "1:100:1") != NULL, "with a number");
  ftpd_startups_enter();
  is_int(dropped, 1, "this process has left");
  (void) close(fd[0]);
  (void) close(fd[1]);
  all_leave();
}

static void sleeps_are_short(void) {
  start(5, 100, 5);
  is_int(ftpd_startups_wait_ms(5000), 5000, "who is not counted sleeps");
  is_int(ftpd_startups_wait_ms(-1), -1, "for ever");
  daemon_forget_listeners();
  ftpd_startups_enter();
  is_int(ftpd_startups_wait_ms(5000), 1000, "others for a second");
  is_int(ftpd_startups_wait_ms(-1), 1000, "at most");
  is_int(ftpd_startups_wait_ms(1001), 1000, "not more");
  is_int(ftpd_startups_wait_ms(1000), 1000, "exactly");
  is_int(ftpd_startups_wait_ms(0), 0, "or less");
  ended = 0;
  ftpd_startups_check(&ftpd);
  is_int(ended, 0, "nobody has told it to leave");
  ftpd_startups_leave();
  is_int(ftpd_startups_wait_ms(5000), 5000, "until it leaves");
}

/* ---- The configuration */

static bool limited(uint64_t *max) {
  uint64_t now;

  ftpd_startups_start();
  return ftpd_startups_usage(&now, max);
}

static void limits_have_a_default(void) {
  static const struct { unsigned long instances; unsigned int is; } row[] = {
    { 0, 0 }, { 2, 0 }, { 3, 2 }, { 30, 20 }, { 2047, 1364 }, { 2048, 0 } };
  uint64_t max = 0;
  size_t i;

  daemon_forget_config();
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ServerMaxInstances = row[i].instances;
    max = 0;
    is_int(limited(&max), row[i].is != 0, "MaxInstances %lu",
      row[i].instances);
    is_int(max, row[i].is, "its limit");
  }

  conf.full = 7;
  daemon_set_param("SFTPMaxStartups", &conf);
  ok(limited(&max) && max == 7, "the directive's");
  conf.full = 0;
  ok(!limited(&max), "none");
  conf.full = 7;
  ServerType = SERVER_INETD;
  ok(!limited(&max), "inetd");
  ServerType = SERVER_STANDALONE;
  ok(limited(&max), "on again");
  (void) daemon_happens("core.restart", NULL);
  ok(!ftpd_startups_usage(&max, &max), "until a restart");
  ended = 0;
  ftpd_startups_enter();
  is_int(ended, 0, "without memory nothing is counted");
}

/* With a third of MaxInstances, nobody leaves; then 30 of 100. */
static void the_default_begins_at_a_third(void) {
  daemon_forget_config();
  ServerMaxInstances = 6;
  ftpd_startups_start();
  choice = 99;
  percent = 0;
  is_int(come(&one, 1), 'e', "one of six");
  is_int(come(&two, 1), 'e', "two");
  is_int(come(&three, 1), 'r', "three");
  percent = 30;
  is_int(come(&four, 1), 'e', "by chance");
  all_leave();
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  daemon_client("198.51.100.7", "client");
  connections_are_counted();
  beyond_the_last_one_leaves();
  one_of_all_leaves_if_none_has_most();
  those_that_leave_do_not_count();
  chance_decides_between();
  sources_are_networks();
  drops_are_logged_once_a_minute();
  sleeps_are_short();
  limits_have_a_default();
  the_default_begins_at_a_third();
  destroy_pool(p);
  return done_testing();
}
