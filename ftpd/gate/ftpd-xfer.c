/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xfer.c -- what the host knows of transfers: session.xfer, timers, the
 * scoreboard, limits of size and rate.
 *
 * session.xfer is one for the whole session and files are many: it is filled
 * from the file before others are told anything about it.
 */

#include "ftpd-openfile.h"
#include "ftpd-transfer.h"

#include "conn.h"

/* ---- session.xfer */

void ftpd_xfer_load(const struct ftpd_file *f) {
  if (session.xfer.p == NULL) {
    session.xfer.p = make_sub_pool(session.pool);
    pr_pool_tag(session.xfer.p, "SFTP transfer pool");
  }

  session.xfer.path = session.xfer.filename = f->path;
  session.xfer.path_hidden = f->hidden;
  session.xfer.direction = f->wr ? PR_NETIO_IO_RD : PR_NETIO_IO_WR;
  session.xfer.xfer_type = f->xfer_type;
  session.xfer.start_time = f->start;
  session.xfer.total_bytes = f->total;
  session.xfer.file_size = f->size;
}

void ftpd_xfer_command(const struct ftpd_file *f) {
  session.curr_cmd = f->cmd->argv[0];
  session.curr_cmd_id = f->cmd->cmd_id;
  session.curr_cmd_rec = f->cmd;
  session.curr_phase = CMD;
}

void ftpd_file_describe(const struct ftpd_file *f, cmd_rec *cmd,
    bool moved) {
  off_t *offset;

  ftpd_xfer_load(f);
  (void) pr_table_add_dup(cmd->notes, f->wr ? "mod_xfer.store-path" :
    "mod_xfer.retr-path", f->path, 0);
  if (f->modified && !moved) {
    (void) pr_table_add_dup(cmd->notes, "mod_xfer.file-modified", "true", 0);
  }

  if (moved) {
    offset = palloc(cmd->pool, sizeof(*offset));
    *offset = f->offset;
    (void) pr_table_add(cmd->notes, "mod_xfer.file-offset", offset,
      sizeof(*offset));
  }
}
