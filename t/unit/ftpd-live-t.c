/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-live-t.c -- what a session shows of itself, and what the master reads.
 */

#include "daemon.h"
#include "ftpd-live.h"
#include "ftpd-openfile.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static struct board_slot slot;
static struct board_info info;
static bool has_slot = true;
static unsigned int shown;

struct board_slot *ftpd_board_own(void) {
  return has_slot ? &slot : NULL;
}

void sftp_times_show(struct sftp_times *t, struct sftp_times_shown *to) {
  t->shown = to;
  shown++;
}

static void begin(void) {
  memset(&slot, 0, sizeof(slot));
  session.notes = pr_table_alloc(p, 0);
  session.user = NULL;
}

static void sessions_are_described(void) {
  struct ftpd ftpd = { .remote_ip = "198.51.100.7" };

  begin();
  ftpd_live_begin(&ftpd);
  ok(ftpd_live_read(&slot, &info) && info.since_ms == fake_now_ms &&
    strcmp(info.address, "198.51.100.7") == 0, "an address, and when it came");
  (void) pr_table_add(session.notes, "SFTP_KEX_ALGO", "kex", 0);
  (void) pr_table_add(session.notes, "SFTP_SERVER_COMPRESSION_ALGO", "zlib",
    0);
  (void) pr_table_add(session.notes, "SFTP_CLIENT_BANNER", "OpenSSH", 0);
  ftpd.protocol = "sftp";
  session.user = "alice";
  ftpd_live_changed(&ftpd);
  ok(ftpd_live_read(&slot, &info), "before the login");
  is_str(info.user, "", "nobody");
  ok(strcmp(info.algs[0], "kex") == 0 && strcmp(info.algs[1], "") == 0 &&
    strcmp(info.algs[7], "zlib") == 0, "algorithms that are known");
  is_str(info.client, "OpenSSH", "a client");
  is_str(info.protocol, "sftp", "a protocol");
  ftpd.logged_in = true;
  ftpd_live_changed(&ftpd);
  ftpd_live_version(6);
  ok(ftpd_live_read(&slot, &info) && info.version == 6, "a version");
  is_str(info.user, "alice", "a user");
  session.user = NULL;
  ftpd.protocol = NULL;
  ftpd_live_changed(&ftpd);
  ok(ftpd_live_read(&slot, &info) && strcmp(info.user, "alice") == 0,
    "what is not known stays");
}

static void accounts_are_shown_once(void) {
  struct sftp_times times;

  begin();
  memset(&times, 0, sizeof(times));
  ftpd_live_times(&times);
  ok(shown == 1 && times.shown == &slot.info.times, "an account");
  ftpd_live_times(&times);
  is_int(shown, 1, "once");
}

static void files_are_shown(void) {
  struct ftpd_file file[BOARD_FILES + 1];
  unsigned int i;

  begin();
  memset(file, 0, sizeof(file));
  for (i = 0; i < SFTP_NELEMS(file); i++) {
    file[i].path = "/file";
    file[i].size = i == 1 ? -1 : 100;
    file[i].wr = i == 2;
    file[i].spent_us[0] = i;
    ftpd_live_opened(&file[i]);
    ftpd_live_moved(&file[i], 7);
  }

  ok(ftpd_live_read(&slot, &info) && info.nopen == BOARD_FILES + 1,
    "all are counted");
  ok(info.files[0].used && !info.files[0].in && info.files[0].size == 100 &&
    info.files[0].since_ms == fake_now_ms && info.files[0].moved == 7 &&
    strcmp(info.files[0].path, "/file") == 0, "a download");
  ok(info.files[1].size == 0, "one of unknown size");
  ok(info.files[2].in && info.files[2].size == 0 &&
    info.files[2].spent_us[0] == 2, "an upload");
  ok(info.files[BOARD_FILES - 1].used && file[BOARD_FILES].live == NULL,
    "those for which there is room");
  ftpd_live_moved(&file[0], 5);
  ok(ftpd_live_read(&slot, &info) && info.files[0].moved == 12, "bytes");
  ftpd_live_closed(&file[BOARD_FILES]);
  ftpd_live_closed(&file[1]);
  ok(ftpd_live_read(&slot, &info) && info.nopen == BOARD_FILES - 1 &&
    !info.files[1].used && file[1].live == NULL, "an end makes room");
  ftpd_live_opened(&file[1]);
  ok(file[1].live == &slot.info.files[1] && slot.info.files[1].moved == 0,
    "for the next");
}

static void sessions_may_be_ended(void) {
  begin();
  is_str(ftpd_live_ending(p), NULL, "nobody ends it");
  atomic_store(&slot.ending, 1);
  is_str(ftpd_live_ending(p), "", "somebody does");
  snprintf(slot.reason, sizeof(slot.reason), "backup");
  is_str(ftpd_live_ending(p), "backup", "with a reason");
  memset(slot.reason, 'x', sizeof(slot.reason));
  is_int(strlen(ftpd_live_ending(p)), sizeof(slot.reason), "of any length");
}

static void without_a_slot_nothing_is_shown(void) {
  struct ftpd ftpd = { .remote_ip = "198.51.100.7" };
  struct ftpd_file file = { .path = "/x" };
  struct sftp_times times;

  begin();
  memset(&times, 0, sizeof(times));
  has_slot = false;
  ftpd_live_begin(&ftpd);
  ftpd_live_changed(&ftpd);
  ftpd_live_version(6);
  ftpd_live_times(&times);
  ftpd_live_opened(&file);
  ftpd_live_moved(&file, 1);
  ftpd_live_closed(&file);
  ok(ftpd_live_ending(p) == NULL && file.live == NULL && times.shown == NULL,
    "no slot, no change");
  has_slot = true;
}

/* Whatever the session wrote. */
static void texts_have_an_end(void) {
  unsigned int i, bad = 0;

  memset(&slot, 'x', sizeof(slot));
  atomic_store(&slot.info.seq, 2);
  ok(ftpd_live_read(&slot, &info), "a session that writes anything");
  bad += memchr(info.address, 0, sizeof(info.address)) == NULL;
  bad += memchr(info.user, 0, sizeof(info.user)) == NULL;
  bad += memchr(info.client, 0, sizeof(info.client)) == NULL;
  bad += memchr(info.protocol, 0, sizeof(info.protocol)) == NULL;
  for (i = 0; i < BOARD_ALGS; i++) {
    bad += memchr(info.algs[i], 0, sizeof(info.algs[i])) == NULL;
  }

  for (i = 0; i < BOARD_FILES; i++) {
    bad += memchr(info.files[i].path, 0, sizeof(info.files[i].path)) == NULL;
  }

  is_int(bad, 0, "has texts with ends");
  ok(strlen(info.address) == sizeof(info.address) - 1, "as long as they are");
  atomic_store(&slot.info.seq, 3);
  ok(!ftpd_live_read(&slot, &info), "one that is always changing is not read");
}

int main(void) {
  p = make_sub_pool(NULL);
  sessions_are_described();
  accounts_are_shown_once();
  files_are_shown();
  sessions_may_be_ended();
  without_a_slot_nothing_is_shown();
  texts_have_an_end();
  destroy_pool(p);
  return done_testing();
}
