/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xfer-t.c -- what session.xfer and the notes of a command say of a file.
 */

#include "daemon.h"
#include "ftpd-clock.h"
#include "ftpd-openfile.h"
#include "ftpd-transfer.h"
#include "tap.h"

static pool *p;
static struct ftpd_file f = { .path = "/f", .recorded = "/out/f",
  .hidden = "/.in.f", .total = 10, .total_rd = 3, .size = 7, .wr = true,
  .xfer_type = STOR_HIDDEN, .begun_us = 5 };

struct timeval ftpd_clock_at(uint64_t us) {
  struct timeval tv = { (time_t) us, 7999 };

  return tv;
}

int pr_table_set(pr_table_t *t, const char *key, const void *value,
    size_t n) {
  (void) pr_table_remove(t, key, NULL);
  return pr_table_add(t, key, value, n);
}

static void transfers(void) {
  ftpd_xfer_load(&f);
  ok(session.xfer.p != NULL && session.xfer.direction == PR_NETIO_IO_RD &&
    session.xfer.total_bytes == 7 && session.xfer.file_size == 7 &&
    session.xfer.xfer_type == STOR_HIDDEN && session.xfer.start_time.tv_sec ==
    5, "an upload");
  is_str(session.xfer.path, "/out/f", "its path");
  is_str(session.xfer.path_hidden, "/.in.f", "and temporary name");
  ftpd_xfer_load_way(&f, WAY_READ);
  ok(session.xfer.direction == PR_NETIO_IO_WR && session.xfer.total_bytes ==
    3, "what is read of it");
  f.wr = false;
  ftpd_xfer_load(&f);
  ok(session.xfer.direction == PR_NETIO_IO_WR, "a download");
}

static void commands(void) {
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "RETR");

  cmd->cmd_id = 33;
  f.cmd = cmd;
  ftpd_xfer_command(&f);
  ok(session.curr_cmd_rec == cmd && session.curr_cmd_id == 33 &&
    strcmp(session.curr_cmd, "RETR") == 0 && session.curr_phase == CMD,
    "the file's command is the current one");
  ftpd_note_offset(cmd, 4);
  ftpd_note_offset(cmd, 5);
  is_int(*(const off_t *) pr_table_get(cmd->notes, "mod_xfer.file-offset",
    NULL), 5, "the last offset is noted");
  ftpd_note_begin(&f, cmd);
  ok(pr_table_get(cmd->notes, "start_ms", NULL) == NULL,
    "a daemon that notes no time");
}

static void descriptions(void) {
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "READ");
  off_t at = 44;

  f.wr = f.modified = true;
  ftpd_file_describe(&f, cmd, NULL);
  is_str(pr_table_get(cmd->notes, "mod_xfer.store-path", NULL), "/out/f",
    "the path of an upload");
  is_str(pr_table_get(cmd->notes, "mod_xfer.file-modified", NULL), "true",
    "that changes a file");
  ok(pr_table_get(cmd->notes, "mod_xfer.file-offset", NULL) == NULL,
    "without an offset");
  cmd = pr_cmd_alloc(p, 1, "READ");
  f.wr = false;
  ftpd_file_describe(&f, cmd, &at);
  is_str(pr_table_get(cmd->notes, "mod_xfer.retr-path", NULL), "/out/f",
    "that of a download");
  ok(pr_table_get(cmd->notes, "mod_xfer.file-modified", NULL) == NULL &&
    *(const off_t *) pr_table_get(cmd->notes, "mod_xfer.file-offset",
    NULL) == 44, "with the offset of a READ");
  f.modified = false;
  cmd = pr_cmd_alloc(p, 1, "READ");
  ftpd_file_describe(&f, cmd, NULL);
  ok(pr_table_get(cmd->notes, "mod_xfer.file-modified", NULL) == NULL,
    "a new file");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  transfers();
  commands();
  descriptions();
  destroy_pool(p);
  return done_testing();
}
