/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xfer.c -- the host's data about transfers: session.xfer, timers, the
 * scoreboard, limits of size and rate.
 *
 * A session has one session.xfer and many files, so it is filled from the file
 * before anything is reported about that file.
 */

#include "ftpd-clock.h"
#include "ftpd-openfile.h"
#include "ftpd-transfer.h"

#include "conn.h"

/* ---- session.xfer */

void ftpd_xfer_load_way(const struct ftpd_file *f, enum ftpd_way way) {
  if (session.xfer.p == NULL) {
    session.xfer.p = make_sub_pool(session.pool);
    pr_pool_tag(session.xfer.p, "SFTP transfer pool");
  }

  session.xfer.path = session.xfer.filename = f->recorded;
  session.xfer.path_hidden = f->hidden;
  session.xfer.direction = way == WAY_WRITE ? PR_NETIO_IO_RD :
    PR_NETIO_IO_WR;
  session.xfer.xfer_type = f->xfer_type;
  session.xfer.start_time = ftpd_clock_at(f->begun_us);
  session.xfer.total_bytes = ftpd_file_moved(f, way);
  session.xfer.file_size = f->size;
}

void ftpd_xfer_load(const struct ftpd_file *f) {
  ftpd_xfer_load_way(f, f->wr ? WAY_WRITE : WAY_READ);
}

void ftpd_xfer_command(const struct ftpd_file *f) {
  session.curr_cmd = f->cmd->argv[0];
  session.curr_cmd_id = f->cmd->cmd_id;
  session.curr_cmd_rec = f->cmd;
  session.curr_phase = CMD;
}

void ftpd_note_offset(cmd_rec *cmd, off_t value) {
  off_t *offset = palloc(cmd->pool, sizeof(*offset));

  *offset = value;
  (void) pr_table_remove(cmd->notes, "mod_xfer.file-offset", NULL);
  (void) pr_table_add(cmd->notes, "mod_xfer.file-offset", offset,
    sizeof(*offset));
}

void ftpd_note_begin(const struct ftpd_file *f, cmd_rec *cmd) {
  struct timeval tv = ftpd_clock_at(f->begun_us);
  uint64_t *ms;
  size_t size = 0;

  if (pr_table_get(cmd->notes, "start_ms", &size) != NULL &&
      size == sizeof(*ms)) {
    ms = palloc(cmd->pool, sizeof(*ms));
    *ms = (uint64_t) tv.tv_sec * 1000 + (uint64_t) tv.tv_usec / 1000;
    (void) pr_table_set(cmd->notes, "start_ms", ms, sizeof(*ms));
  }
}

void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd,
    const off_t *moved) {
  ftpd_xfer_load(f);
  (void) pr_table_add_dup(cmd->notes, f->wr ? "mod_xfer.store-path" :
    "mod_xfer.retr-path", f->recorded, 0);
  if (f->modified && moved == NULL) {
    (void) pr_table_add_dup(cmd->notes, "mod_xfer.file-modified", "true", 0);
  }

  if (moved != NULL) {
    ftpd_note_offset(cmd, *moved);
  }
}
