/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-bottleneck-t.c -- what limited a transfer: its notes, and its line. */

#include "conn.h"
#include "daemon.h"
#include "ftpd-bottleneck.h"
#include "ftpd-live.h"
#include "tap.h"
#include "../fake/ftpd-log.h"

static pool *p;
static struct ssh_conn conn;
static struct ftpd ftpd;
static struct ftpd_file f = { .h = &ftpd, .path = "/f", .total = 10 };

void ftpd_live_times(struct sftp_times *t) {
  (void) t;
  (void) daemon_call("live_times");
}

static uint64_t begun_us;

static void told(unsigned int ms, bool recorded, cmd_rec **cmd) {
  *cmd = pr_cmd_alloc(p, 1, "STOR");
  fake_log_reset();
  begun_us = sftp_now_us() - ms * 1000;
  f.begun_us = begun_us;
  ftpd_bottleneck_tell(&f, WAY_WRITE, *cmd, recorded);
}

static void without_a_connection(void) {
  cmd_rec *cmd;

  daemon_calls_anew();
  ftpd.conn = NULL;
  ftpd_bottleneck_begin(&f);
  ftpd_bottleneck_add(&f, CAUSE_DISK, 0);
  told(1000, true, &cmd);
  ok(daemon_calls()[0] == '\0' && pr_table_get(cmd->notes,
    "mod_sftp.bottleneck", NULL) == NULL && !fake_log_has("limited"),
    "nobody knows");
}

static void with_one(void) {
  static struct sftp_times times;
  cmd_rec *cmd;

  ftpd.conn = &conn;
  conn.times = &times;
  times.shown = &times.own;
  ftpd_bottleneck_begin(&f);
  is_str(daemon_calls(), "live_times; ", "the account is shown");
  ftpd_bottleneck_add(&f, CAUSE_DISK, sftp_now_us() - 900000);
  told(1000, true, &cmd);
  is_str(pr_table_get(cmd->notes, "mod_sftp.bottleneck", NULL),
    sftp_cause_name(CAUSE_DISK), "the disk");
  ok(pr_table_get(cmd->notes, "mod_sftp.limits", NULL) != NULL,
    "and its share");
  ok(fake_log_has("upload of '/f': 10 bytes in 1."), "a line");
  told(1000, false, &cmd);
  ok(pr_table_get(cmd->notes, "mod_sftp.bottleneck", NULL) != NULL &&
    !fake_log_has("limited"), "not without a record");
  told(50, true, &cmd);
  ok(pr_table_get(cmd->notes, "mod_sftp.bottleneck", NULL) != NULL &&
    !fake_log_has("limited"), "or of a short one");
  fake_log_reset();
  ftpd_bottleneck_tell(&f, WAY_READ, cmd, true);
  f.begun_us -= 1000000;
  ftpd_bottleneck_tell(&f, WAY_READ, cmd, true);
  ok(fake_log_has("download of '/f': 0 bytes"), "that of a download");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  without_a_connection();
  with_one();
  destroy_pool(p);
  return done_testing();
}
