/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-shm-t.c -- the table of sources that have penalties. */

#include "../fake/ftpd-log.h"
#include "daemon.h"
#include "ftpd-penalty-shm.h"
#include "tap.h"

#include <sodium.h>
#include <sys/wait.h>

static struct penalties conf = { .on = true, .max_secs = 60, .min_secs = 10,
  .max_sources = { 8, 8 }, .secs = { [PENALTY_CRASH] = 30,
    [PENALTY_AUTHFAIL] = 4, [PENALTY_NOAUTH] = 0 } };

static uint64_t tag_of(unsigned int kind, unsigned int n) {
  unsigned char net[4] = { (unsigned char) (n >> 24),
    (unsigned char) (n >> 16), (unsigned char) (n >> 8), (unsigned char) n };

  return ftpd_penalty_shm_tag(kind, net, sizeof(net));
}

static uint64_t left(uint64_t tag) {
  return ftpd_penalty_shm_state(tag).left_ms;
}

static void penalties_add_up(void) {
  uint64_t tag = tag_of(SOURCES_IPV4, 1);

  is_int(left(tag), 0, "who is unknown has none");
  ftpd_penalty_shm_add(tag, PENALTY_AUTHFAIL);
  is_int(left(tag), 0, "below the least it is only remembered");
  ftpd_penalty_shm_add(tag, PENALTY_AUTHFAIL);
  ftpd_penalty_shm_add(tag, PENALTY_AUTHFAIL);
  is_int(left(tag), 12000, "then all of it is in force");
  is_int(ftpd_penalty_shm_state(tag).why, PENALTY_AUTHFAIL, "with its reason");
  fake_now_ms += 11000;
  is_int(left(tag), 1000, "time takes it away");
  ftpd_penalty_shm_add(tag, PENALTY_AUTHFAIL);
  is_int(left(tag), 5000, "what is in force stays so");
  ftpd_penalty_shm_add(tag, PENALTY_CRASH);
  ftpd_penalty_shm_add(tag, PENALTY_CRASH);
  is_int(left(tag), 60000, "up to the most");
  fake_now_ms += 60000;
  is_int(left(tag), 0, "and then it is over");
  ftpd_penalty_shm_add(tag, PENALTY_NOAUTH);
  is_int(left(tag), 0, "a reason of no time adds nothing");
  ftpd_penalty_shm_add(0, PENALTY_CRASH);
  ok(!ftpd_penalty_shm_full(SOURCES_IPV4), "nobody has no penalty");
}

static void sources_are_apart(void) {
  uint64_t a = tag_of(SOURCES_IPV4, 2), b = tag_of(SOURCES_IPV4, 3),
    c = tag_of(SOURCES_IPV6, 2);

  ok(a != b && a != c && a != 0 && (a & 1) == SOURCES_IPV4 &&
    (c & 1) == SOURCES_IPV6, "each network of each kind has a tag");
  is_int(tag_of(SOURCES_IPV4, 2) == a, true, "always the same");
  ftpd_penalty_shm_add(a, PENALTY_CRASH);
  ok(left(a) > 0 && left(b) == 0 && left(c) == 0, "its own penalty alone");
}

static unsigned int count_punished(unsigned int kind, unsigned int n) {
  unsigned int i, found = 0;

  for (i = 0; i < n; i++) {
    found += left(tag_of(kind, 100 + i)) > 0;
  }

  return found;
}

static void fill(unsigned int kind, unsigned int n) {
  unsigned int i;

  for (i = 0; i < n; i++) {
    ftpd_penalty_shm_add(tag_of(kind, 100 + i), PENALTY_CRASH);
    fake_now_ms += 10;
  }
}

static void room_is_bounded(void) {
  unsigned int n;

  fake_now_ms += 100000;             /* all are over */
  fill(SOURCES_IPV6, 20);
  n = count_punished(SOURCES_IPV6, 20);
  ok(n <= 8 && n > 0, "permissive: %u of 20 are punished", n);
  ok(left(tag_of(SOURCES_IPV6, 119)) > 0, "the last one is");
  ok(left(tag_of(SOURCES_IPV6, 100)) == 0, "the one over first is let go");

  conf.deny_all[SOURCES_IPV6] = true;
  fake_now_ms += 100000;
  ok(!ftpd_penalty_shm_full(SOURCES_IPV6), "what is over makes room");
  fill(SOURCES_IPV6, 20);
  ok(count_punished(SOURCES_IPV6, 20) <= 8, "deny-all: no more either");
  ok(ftpd_penalty_shm_full(SOURCES_IPV6), "and the table says it is full");
  ok(!ftpd_penalty_shm_full(SOURCES_IPV4), "that of the other kind does not");
  ok(left(tag_of(SOURCES_IPV6, 119)) == 0, "the last one has no place");
  fake_now_ms += 31000;
  ok(!ftpd_penalty_shm_full(SOURCES_IPV6), "until others are over");
}

/* A session of the source in a process of its own. */
static void session_of(uint64_t tag, bool leaves) {
  pid_t pid = fork();

  if (pid == 0) {
    ftpd_penalty_shm_enter(tag);
    if (leaves) {
      ftpd_penalty_shm_leave();
    }

    _exit(0);
  }

  (void) waitpid(pid, NULL, 0);
}

static void crashes_are_found(void) {
  uint64_t tag = tag_of(SOURCES_IPV4, 50);

  session_of(tag, true);
  ftpd_penalty_shm_enter(tag_of(SOURCES_IPV4, 51));
  is_int(left(tag), 0, "who leaves has not crashed");
  ftpd_penalty_shm_leave();
  session_of(tag, false);
  is_int(left(tag), 0, "nobody has looked yet");
  ftpd_penalty_shm_enter(tag_of(SOURCES_IPV4, 51));
  ok(left(tag) > 0 && ftpd_penalty_shm_state(tag).why == PENALTY_CRASH,
    "who does not has, and the next session finds it");
  ok(left(tag_of(SOURCES_IPV4, 51)) == 0, "which is not to blame");
  ftpd_penalty_shm_leave();
}

static void restarts_keep_the_table(void) {
  struct penalties wider = conf;
  uint64_t tag = tag_of(SOURCES_IPV4, 60);

  ftpd_penalty_shm_add(tag, PENALTY_CRASH);
  ok(ftpd_penalty_shm_open(&conf) && left(tag) > 0, "as it was");
  wider.max_sources[0] = 16;
  ok(ftpd_penalty_shm_open(&wider) &&
    left(tag_of(SOURCES_IPV4, 60)) == 0, "of another size it begins anew");
  ftpd_penalty_shm_close();
  ok(getenv("MOD_SFTP_PENALTIES") == NULL, "closed, it leaves nothing");
}

int main(void) {
  if (sodium_init() < 0 || !ftpd_penalty_shm_open(&conf)) {
    bail_out("no table");
  }

  penalties_add_up();
  sources_are_apart();
  room_is_bounded();
  crashes_are_found();
  restarts_keep_the_table();
  return done_testing();
}
