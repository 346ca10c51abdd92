/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-bottleneck.c -- what limited a transfer: notes and a line of the log. */

#include "ftpd-bottleneck.h"
#include "ftpd-live.h"

#include "conn.h"

#define TEXT_MAX 128            /* all causes, with their percentages */
/* Transfers that took less time have notes, but no line: nothing can make them
 * much faster, and the line would be a good part of their time.
 */
#define LINE_US 100000

void ftpd_bottleneck_begin(struct ftpd_file *f) {
  if (f->h->conn != NULL) {
    ftpd_live_times(f->h->conn->times);
    sftp_times_read(f->h->conn, f->spent_us);
  }
}

void ftpd_bottleneck_add(const struct ftpd_file *f, enum sftp_cause cause,
    uint64_t begun_us) {
  if (f->h->conn != NULL) {
    sftp_times_add(f->h->conn, cause, sftp_now_us() - begun_us);
  }
}

void ftpd_bottleneck_tell(const struct ftpd_file *f, enum ftpd_way way,
    cmd_rec *cmd, bool recorded) {
  uint64_t took_us = sftp_now_us() - f->begun_us, us[NCAUSES];
  char text[TEXT_MAX];

  if (f->h->conn == NULL) {
    return;
  }

  sftp_times_read(f->h->conn, us);
  sftp_times_between(f->spent_us, us, took_us);
  sftp_times_text(us, text, sizeof(text));
  (void) pr_table_add_dup(cmd->notes, "mod_sftp.bottleneck",
    sftp_cause_name(sftp_times_most(us)), 0);
  (void) pr_table_add_dup(cmd->notes, "mod_sftp.limits", text, 0);
  if (recorded && took_us >= LINE_US) {
    sftp_log("%s of '%s': %lld bytes in %.3f s, limited by %s",
      way == WAY_WRITE ? "upload" : "download", f->path,
      (long long) ftpd_file_moved(f, way), (double) took_us / 1000000, text);
  }
}
