/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fault-t.c -- what a transfer failed by, and how records say it. */

#include "daemon.h"
#include "ftpd-openfile.h"
#include "ftpd-record.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

static pool *p;
static const char *details;

const char *pr_session_get_disconnect_reason(const char **text) {
  *text = details;
  return NULL;
}

void ftpd_record_moved(const struct ftpd_file *f, enum ftpd_way way) {
  (void) f;
  (void) way;
}

/* ---- The error of a transfer */

static void the_first_error_counts(void) {
  struct ftpd_file f = { .path = "/f" };

  ftpd_fault_note(&f, WAY_READ, 10, 5, 0);
  ok(f.ways[WAY_READ].begun && !f.ways[WAY_WRITE].begun, "reading begins");
  is_int(f.ways[WAY_READ].begin, 10, "here");
  ftpd_fault_note(&f, WAY_READ, 3, 5, 0);
  is_int(f.ways[WAY_READ].begin, 10, "and only once");
  is_int(f.ways[WAY_READ].err, 0, "without an error");
  ftpd_fault_note(&f, WAY_READ, 20, 4, EIO);
  is_int(f.ways[WAY_READ].err, EIO, "an error");
  is_int(f.ways[WAY_READ].at, 24, "is behind what was read");
  is_str(fake_log_last, "error reading '/f' at byte 24: Input/output error",
    "its line");
  ftpd_fault_note(&f, WAY_READ, 99, 0, EACCES);
  is_int(f.ways[WAY_READ].err, EIO, "the next one does not count");
  is_int(fake_log_lines, 1, "nor has it a line");
  f.refused = "MaxStoreFileSize is 5 bytes";
  ftpd_fault_note(&f, WAY_WRITE, 7, 0, EFBIG);
  is_str(fake_log_last, "error writing '/f' at byte 7: MaxStoreFileSize is 5 "
    "bytes", "a rule is its reason");
  is_int(f.ways[WAY_READ].err, EIO, "reading has an error of its own");
}

static void what_is_not_on_disk_has_failed(void) {
  static const int errs[] = { EIO, ENOSPC, EDQUOT };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(errs); i++) {
    struct ftpd_file f = { .path = "/f" };

    ftpd_fault_sync(&f, EINVAL);
    ftpd_fault_sync(&f, EROFS);
    is_int(f.ways[WAY_WRITE].err, 0, "a file that cannot be synced is none");
    ftpd_fault_sync(&f, errs[i]);
    ok(f.ways[WAY_WRITE].err == errs[i] && f.ways[WAY_WRITE].at == -1,
      "error %d of the disk", errs[i]);
    ftpd_fault_sync(&f, errs[(i + 1) % SFTP_NELEMS(errs)]);
    is_int(f.ways[WAY_WRITE].err, errs[i], "the first one counts");
    ftpd_fault_note(&f, WAY_WRITE, 0, 100, 0);
    is_int(f.ways[WAY_WRITE].err, errs[i], "and no WRITE corrects it");
    is_int(f.ways[WAY_READ].err, 0, "it is no matter of reading");
  }
}

static void an_error_is_corrected_at_its_place(void) {
  static const struct { off_t offset; size_t done; bool corrected; } row[] = {
    { 24, 1, true }, { 20, 5, true }, { 0, 100, true }, { 20, 4, false },
    { 25, 10, false }, { 24, 0, false }, { 0, 0, false } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    struct ftpd_file f = { .path = "/f" };

    ftpd_fault_note(&f, WAY_WRITE, 20, 4, ENOSPC);
    ftpd_fault_note(&f, WAY_WRITE, row[i].offset, row[i].done, 0);
    is_int(f.ways[WAY_WRITE].err, row[i].corrected ? 0 : ENOSPC,
      "%zu bytes at %lld", row[i].done, (long long) row[i].offset);
  }
}

static void bytes_have_a_direction(void) {
  struct ftpd_file f = { .total = 100, .total_rd = 30 };

  is_int(ftpd_file_moved(&f, WAY_READ), 30, "read");
  is_int(ftpd_file_moved(&f, WAY_WRITE), 70, "written");
}

/* ---- Records */

static void errors_have_ftps_codes(void) {
  static const struct { int err; const char *code; } row[] = {
    { ENOSPC, "452" }, { EDQUOT, "552" }, { EFBIG, "552" }, { EACCES, "550" },
    { EPERM, "550" }, { ECONNABORTED, "426" }, { ECANCELED, "426" },
    { EIO, "451" }, { ENODATA, "451" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(ftpd_fault_code(row[i].err), row[i].code, "%s",
      strerror(row[i].err));
  }
}

static const char *why_ended(int reason, const char *text) {
  session.disconnect_reason = reason;
  details = text;
  return ftpd_fault_why(ECONNABORTED, "");
}

static void errors_have_reasons(void) {
  is_str(ftpd_fault_why(EIO, "a rule"), "a rule", "the rule comes first");
  is_str(ftpd_fault_why(EIO, NULL), strerror(EIO), "no rule");
  is_str(ftpd_fault_why(EIO, ""), strerror(EIO), "an empty one");
  is_str(ftpd_fault_why(ECANCELED, NULL), "The client gave up", "a CLOSE");
  is_str(ftpd_fault_why(ENODATA, NULL), "The file became shorter", "its end");
  is_str(why_ended(PR_SESS_DISCONNECT_TIMEOUT, "TimeoutIdle"), "TimeoutIdle",
    "a timeout has a name");
  is_str(why_ended(PR_SESS_DISCONNECT_TIMEOUT, NULL),
    "A timeout ended the session", "or none");
  is_str(why_ended(PR_SESS_DISCONNECT_SIGNAL, "x"),
    "The server ended the session", "a signal");
  is_str(why_ended(PR_SESS_DISCONNECT_SERVER_SHUTDOWN, "x"),
    "The server ended the session", "a shutdown");
  is_str(why_ended(PR_SESS_DISCONNECT_CLIENT_EOF, "x"),
    "The connection ended", "all else");
}

static void answers_have_notes(void) {
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "STOR");

  is_str(ftpd_fault_answer(cmd, "Transfer failed", "the disk is full"),
    "Transfer failed. the disk is full", "the reply");
  is_str(pr_table_get(cmd->notes, "mod_sftp.file-status", NULL), "failed",
    "its result");
  is_str(pr_table_get(cmd->notes, "mod_sftp.transfer-failure", NULL),
    "the disk is full", "and its reason");
}

int main(void) {
  p = make_sub_pool(NULL);
  the_first_error_counts();
  what_is_not_on_disk_has_failed();
  an_error_is_corrected_at_its_place();
  bytes_have_a_direction();
  errors_have_ftps_codes();
  errors_have_reasons();
  answers_have_notes();
  destroy_pool(p);
  return done_testing();
}
