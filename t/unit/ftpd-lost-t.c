/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lost-t.c -- sessions that did not end by themselves, whatever they wrote
 * into their slots.
 */

#include "daemon.h"
#include "ftpd-kept.h"
#include "ftpd-live.h"
#include "ftpd-lost.h"
#include "ftpd-tally.h"
#include "tap.h"

module sftp_module;
char ServerType = SERVER_STANDALONE;

static struct board_slot slot;
static ftpd_board_lost_t tell;
static int (*on_timer)(CALLBACK_FRAME);
static unsigned int nsweeps, ntimers, nkilled, nlost;

/* ---- Of the daemon, and of the other files of ftpd/ */

int pr_timer_add(int secs, int id, module *m, callback_t call,
    const char *why) {
  (void) secs;
  (void) id;
  (void) m;
  (void) why;
  on_timer = call;
  ntimers++;
  return 1;
}

int pr_timer_remove(int id, module *m) {
  (void) id;
  (void) m;
  ntimers--;
  return 0;
}

void ftpd_board_on_lost(ftpd_board_lost_t call) {
  tell = call;
}

void ftpd_board_sweep(void) {
  nsweeps++;
}

void ftpd_tally_killed(void) {
  nkilled++;
}

void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n) {
  if (what == TALLY_TRANSFERS && i == TALLY_OUT && j == TALLY_PART) {
    nlost += (unsigned int) n;
  }
}

bool ftpd_kept_reloading(void) {
  return true;
}

/* The texts end, as those of ftpd-live.c do. */
bool ftpd_live_read(const struct board_slot *s, struct board_info *info) {
  unsigned int i;

  memcpy(info, &s->info, sizeof(*info));
  info->address[sizeof(info->address) - 1] = '\0';
  info->user[sizeof(info->user) - 1] = '\0';
  for (i = 0; i < BOARD_FILES; i++) {
    info->files[i].path[sizeof(info->files[i].path) - 1] = '\0';
  }

  return false;
}

/* ---- The tests */

static unsigned int messages(void) {
  unsigned int before = daemon_messages;

  tell(4711, &slot);
  return daemon_messages - before;
}

static void what_is_told(void) {
  memset(&slot, 0, sizeof(slot));
  is_int(messages(), 0, "a session that had not begun");
  memcpy(slot.info.address, "192.0.2.1", sizeof("192.0.2.1"));
  is_int(messages(), 1, "one that had not logged in");
  slot.info.files[3].used = true;
  is_int(messages(), 2, "one with a file");
  is_int(nkilled, 2, "they are counted");
  is_int(nlost, 1, "so is the file");
  memset(&slot, 0xff, sizeof(slot));
  is_int(messages(), 1 + BOARD_FILES, "every bit is set");
  memset(&slot, 2, sizeof(slot));
  is_int(messages(), 1 + BOARD_FILES, "neither true nor false");
}

static void one_timer(void) {
  ftpd_lost_restart();
  is_int(ntimers, 1, "after a reload, too");
  is_int(on_timer(0, 0, 0, NULL), 1, "it runs again");
  is_int(nsweeps, 1, "and looks for lost sessions");
  ftpd_lost_end();
  is_int(ntimers, 0, "the end");
}

int main(void) {
  ftpd_lost_start();
  what_is_told();
  one_timer();
  return done_testing();
}
