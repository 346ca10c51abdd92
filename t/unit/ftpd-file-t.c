/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-file-t.c -- closing open files, and operations on them: what is done, in
 * which order, who is told, and what is left.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-attrs.h"
#include "ftpd-cmd.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "ftpd-openfile.h"
#include "ftpd-request.h"
#include "ftpd-tally.h"
#include "tap.h"
#include "../fake/ftpd-log.h"

#include <fcntl.h>

static pool *p;
static server_rec server;
static struct sftp_settings set;
static struct ftpd ftpd = { .server = &server, .set = &set,
  .files = &daemon_files };
static struct op_state state;
static struct ftpd_op op;
static pr_fh_t fh = { .fh_path = "/f", .fh_fs = &daemon_fs };
static struct ftpd_file *f;     /* its pool is destroyed at its end */

struct op_state *ftpd_op_state(struct ftpd_op *one) {
  (void) one;
  return &state;
}

static bool was_closing;

void ftpd_file_unlink(struct ftpd_file *one) {
  was_closing = one->closing;
  (void) daemon_call("unlink %s", one->path);
  daemon_files.open = one->next;
}

void ftpd_open_abort(struct ftpd *h) {
  (void) h;
  (void) daemon_call("open_abort");
}

static struct ftpd_file *new_file(const char *name, bool rd, bool wr) {
  pool *own = make_sub_pool(p);
  struct ftpd_file *one = pcalloc(own, sizeof(*one));

  one->pool = own;
  one->h = &ftpd;
  one->fh = &fh;
  one->path = "/f";
  one->recorded = "/vroot/f";
  one->cmd = pr_cmd_alloc(p, 2, name, "/f");
  one->rd = rd;
  one->wr = wr;
  one->begun_us = sftp_now_us();
  return one;
}

static void anew(const char *name, bool rd, bool wr) {
  daemon_calls_anew();
  daemon_forget_config();
  memset(&state, 0, sizeof(state));
  memset(&op, 0, sizeof(op));
  memset(&daemon_files, 0, sizeof(daemon_files));
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  daemon_files.pool = p;
  daemon_fstat.st_mode = S_IFREG|0644;
  daemon_fstat.st_nlink = 1;
  daemon_fstat.st_size = 33;
  op.ftpd = &ftpd;
  op.pool = p;
  op.req = FTPD_CLOSE;
  op.arg = "handle";
  op.state = &state;
  op.handle = "h1";
  f = new_file(name, rd, wr);
  errno = EBADE;
}

/* An upload, new, under a temporary name. */
static void upload(void) {
  anew(C_STOR, false, true);
  f->made = true;
  f->total = 10;
  f->hidden = "/.in.f";
  f->mark = 9;
}

static void plain_upload(void) {
  upload();
  f->hidden = NULL;
}

static void delete_aborted(bool on) {
  static unsigned char value;

  value = on ? TRUE : FALSE;
  daemon_set_param("DeleteAbortedStores", &value);
}

/* ---- Closing */

static void a_download_is_closed(void) {
  cmd_rec *cmd;

  anew(C_RETR, true, false);
  cmd = f->cmd;
  f->total = f->total_rd = 10;
  is_int(ftpd_close(&op, f, 0), 0, "a download is closed");
  ok(was_closing, "and known to be");
  is_str(daemon_calls(), "onclose_needed /f; rate_pause /f end; stand_anew; "
    "dir_match_path /root/f; xfer_load /f; xfer_command /f; "
    "settle_begin complete; quota_closing /f; digest_end complete; "
    "sync_data complete; bottleneck_add 1; close /f; check_end /f; "
    "sync_end good; "
    "digest_keep good; check_drop /f; hidden_free 0; quota_closed /f; "
    "clear_cache /f; tally 4 1 0 1; stalled_release; unlink /f; "
    "xfer_load_way /f 0; note_begin RETR; bottleneck_tell 0 recorded; "
    "record_transfer 0 RETR 0; record_ended 0; digest_tell 0 RETR; "
    "phase RETR 0x3 226 Transfer complete; count_end RETR; xfer_end; "
    "phase_needed 4 1; ", "in this order");
  is_str(pr_table_get(cmd->notes, "sftp.file-handle", NULL), "h1",
    "its command knows the handle");
  is_str(pr_table_get(cmd->notes, "mod_xfer.retr-path", NULL), "/vroot/f",
    "and the path");
  ok(pr_table_get(cmd->notes, "mod_xfer.store-path", NULL) == NULL,
    "as that of a download");
  is_str(state.closed.path, "/f", "the CLOSE knows it as well");
  is_str(state.closed.recorded, "/vroot/f", "with its name in records");
  ok(state.closed.hidden == NULL && state.closed.digest == NULL &&
    state.closed.pool == NULL && state.closed.cmd == NULL,
    "and nothing that is gone");
  ok(state.own == NULL, "nobody wants to see the CLOSE");
}

static void an_upload_is_closed(void) {
  cmd_rec *cmd;

  upload();
  cmd = f->cmd;
  f->ways[WAY_WRITE].begun = true;
  f->ways[WAY_WRITE].begin = 4;
  f->check = (const struct upload_check *) &set;
  daemon_fails("phase_needed", 0);
  is_int(ftpd_close(&op, f, 0), 0, "an upload is closed");
  is_str(daemon_calls_of("scan_close close check_end settle_reveal sync_end "
    "digest_keep settle_remove hidden_free tally xfer_load_way note_offset "
    "cmd phase"), "scan_close /f /f; check_end /f; "
    "settle_reveal /.in.f /f; sync_end good; digest_keep good; hidden_free 9; "
    "tally 4 0 0 1; xfer_load_way /f 1; note_offset STOR 4; phase STOR 0x3 226 "
    "Transfer complete; cmd CLOSE handle 0x400; ", "and gets its name");
  is_str(pr_table_get(cmd->notes, "mod_xfer.store-path", NULL), "/vroot/f",
    "its command knows the path");
  ok(state.own != NULL, "the CLOSE is seen");
}

static void only_a_close_ends_as_one(void) {
  anew(C_RETR, true, false);
  op.req = FTPD_SCP_SEND;
  is_int(ftpd_close(&op, f, 0), 0, "the end of SCP");
  ok(state.closed.path == NULL, "is no CLOSE");
  anew(C_RETR, true, false);
  (void) pr_table_add(f->cmd->notes, "mod_xfer.retr-path", "/f", 0);
  is_int(ftpd_close(NULL, f, 0), 0, "nor that of a session");
  ok(state.closed.path == NULL, "which has no operation");
  anew(C_RETR, true, false);
  daemon_fails("close", EIO);
  daemon_fails("phase_needed", 0);
  is_int(ftpd_close(&op, f, 0), -1, "a close that fails");
  is_str(daemon_calls_of("phase_needed"), "phase_needed 4 2; ",
    "is a failed CLOSE");
  anew(C_RETR, true, false);
  f->closing = true;
  ok(ftpd_close(&op, f, 0) < 0 && errno == EBADF, "nothing closes twice");
  is_str(daemon_calls(), "", "or does anything more");
}

static void failures_of_the_close(void) {
  anew(C_RETR, true, false);
  f->total = f->total_rd = 1;
  daemon_fails("close", EIO);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EIO, "a download");
  is_str(daemon_calls_of("tally record_transfer phase xferlog sync_end "
    "digest_tell"), "sync_end; tally 4 1 1 1; record_transfer 0 RETR 5; "
    "xferlog 0 client 1 /root/vroot/f o alice i; "
    "phase RETR 0x3 failed 426 Transfer aborted. Input/output error; ",
    "is told to have failed");
  is_int(session.xfer.xfer_type, STOR_DEFAULT, "nobody cleans up again");

  upload();
  daemon_fails("sync_data", EIO);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EIO, "data not on disk");
  is_str(daemon_calls_of("scan_close check_end settle_reveal settle_remove "
    "sync_end digest_keep"), "scan_close /f /f; sync_end; digest_keep; "
    "settle_remove /.in.f; ", "make no file");
  upload();
  daemon_fails("sync_data", EIO);
  daemon_fails("scan_close", ENOSPC);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EIO, "the first error counts");

  upload();
  daemon_fails("scan_close", EDQUOT);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EDQUOT, "a full disk");
  is_str(op.refused, "a virus", "with its reason");
  is_str(daemon_calls_of("check_end settle_reveal settle_remove quota_gone"),
    "settle_remove /.in.f; ", "makes none");
  upload();
  f->counted = true;
  daemon_fails("scan_close", EPERM);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EPERM, "a virus");
  is_str(daemon_calls_of("settle_reveal settle_remove quota_gone"),
    "quota_gone /f 33; ", "is gone already");
  upload();
  daemon_fails("scan_close", EPERM);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("quota_gone"), "", "which counts if it did");
  upload();
  f->counted = true;
  daemon_fstat.st_nlink = 0;
  daemon_fails("scan_close", EPERM);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("quota_gone"), "", "and had a name");

  upload();
  daemon_fails("check_end", EPERM);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EPERM, "a check");
  is_str(daemon_calls_of("settle_reveal settle_remove sync_end"), "sync_end; "
    "settle_remove /.in.f; ", "refuses it");
  upload();
  daemon_fails("sync_end", EIO);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EIO, "a name not on disk");
  is_str(daemon_calls_of("digest_keep settle_remove"), "digest_keep; ",
    "is an error, of a file that is there");
  plain_upload();
  daemon_fails("scan_close", ENOSPC);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("settle_reveal settle_remove"), "",
    "without a temporary name nothing is removed");
  anew(C_RETR, true, false);
  op.refused = "before";
  (void) ftpd_close(&op, f, 0);
  is_str(op.refused, "before", "success has no reason");
  upload();
  f->refused = "stale";
  (void) ftpd_close(&op, f, 0);
  is_str(op.refused, NULL, "even if the file has one");
  upload();
  f->refused = "a rule";
  daemon_fails("sync_data", EIO);
  (void) ftpd_close(&op, f, 0);
  is_str(op.refused, "a rule", "a failure has it");
  upload();
  f->refused = NULL;
  daemon_fails("sync_data", EIO);
  (void) ftpd_close(&op, f, 0);
  is_str(op.refused, NULL, "or none");
}

static void names_that_cannot_be_given(void) {
  upload();
  daemon_fails("settle_reveal", EEXIST);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EEXIST, "a name that is taken");
  is_str(daemon_calls_of("settle_remove sync_end quota_gone"),
    "settle_remove /.in.f; sync_end; ", "the file is removed, once");
  upload();
  f->counted = true;
  daemon_fails("settle_reveal", EEXIST);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("settle_remove quota_gone lstat"), "lstat /f; "
    "settle_remove /.in.f; quota_gone /f 33; ", "and counts no more");
  upload();
  f->counted = true;
  daemon_lstat.st_mode = S_IFREG;
  daemon_lstat.st_size = 44;
  is_int(ftpd_close(&op, f, 0), 0, "one that replaces another");
  is_str(daemon_calls_of("quota_gone"), "quota_gone /f 44; ",
    "which counts no more");
  upload();
  daemon_lstat.st_mode = S_IFREG;
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("quota_gone lstat"), "", "if there is a quota");
  upload();
  f->counted = true;
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("quota_gone"), "", "and if there was one");
}

/* ---- Aborted uploads */

static const char *removed(int why) {
  (void) ftpd_close(NULL, f, why);
  return daemon_calls_of("settle_reveal settle_remove quota_gone");
}

static void aborted_uploads(void) {
  upload();
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; ",
    "a temporary file is removed");
  upload();
  delete_aborted(true);
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; ",
    "with DeleteAbortedStores");
  upload();
  delete_aborted(false);
  is_str(removed(ECONNABORTED), "", "not if that is off");
  upload();
  f->on_close = true;
  delete_aborted(false);
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; ",
    "unless it was to be removed");
  plain_upload();
  is_str(removed(ECONNABORTED), "", "another file stays");
  plain_upload();
  delete_aborted(false);
  is_str(removed(ECONNABORTED), "", "and if it is off");
  plain_upload();
  delete_aborted(true);
  is_str(removed(ECONNABORTED), "settle_remove /f; ", "not if it is on");
  plain_upload();
  f->made = false;
  delete_aborted(true);
  is_str(removed(ECONNABORTED), "", "but only what the session made");
  plain_upload();
  f->on_close = true;
  delete_aborted(true);
  is_str(removed(ECONNABORTED), "", "and not what is removed otherwise");
  anew(C_RETR, true, false);
  f->made = true;
  delete_aborted(true);
  is_str(removed(ECONNABORTED), "", "no download");
  upload();
  f->ways[WAY_WRITE].err = ENOSPC;
  is_str(removed(0), "settle_remove /.in.f; ", "nor is one with an error kept");
  upload();
  f->counted = true;
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; quota_gone /f 33; ",
    "it counts no more");
  upload();
  f->counted = true;
  daemon_fstat.st_nlink = 0;
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; ", "once");
  upload();
  f->counted = true;
  daemon_fails("settle_remove", ENOENT);
  is_str(removed(ECONNABORTED), "settle_remove /.in.f; ", "if it is gone");
}

static void uploads_without_a_name(void) {
  upload();
  f->unnamed = true;
  is_int(ftpd_close(&op, f, 0), 0, "an upload whose path was removed");
  is_str(daemon_calls_of("check_end settle_reveal settle_remove digest_keep"),
    "digest_keep; settle_remove /.in.f; ", "is dropped");
  upload();
  f->unnamed = true;
  delete_aborted(false);
  is_int(ftpd_close(&op, f, ECONNABORTED), 0, "whatever became of it");
  is_str(daemon_calls_of("settle_remove"), "settle_remove /.in.f; ",
    "and whatever DeleteAbortedStores says");
}

static void clients_hear_of_lost_uploads(void) {
  upload();
  f->ways[WAY_WRITE].err = ENOSPC;
  ok(ftpd_close(&op, f, 0) < 0 && errno == ENOSPC, "by the error of a WRITE");
  upload();
  ok(ftpd_close(&op, f, ECANCELED) < 0 && errno == ECANCELED,
    "or the reason to end it");
  upload();
  daemon_fails("scan_close", EIO);
  ok(ftpd_close(&op, f, ECANCELED) < 0 && errno == EIO, "or by the close");
  plain_upload();
  f->ways[WAY_WRITE].err = ENOSPC;
  is_int(ftpd_close(&op, f, 0), 0, "a file with some of its data is not lost");
  upload();
  f->ways[WAY_READ].err = EIO;
  is_int(ftpd_close(&op, f, 0), 0, "nor one that could not be read");
  is_str(daemon_calls_of("tally settle_reveal"), "settle_reveal /.in.f /f; "
    "tally 4 0 1 1; ", "which is told as partial");
}

static void removal_on_close(void) {
  plain_upload();
  daemon_fails("onclose_needed", 0);
  is_int(ftpd_close(&op, f, 0), 0, "a file is removed");
  is_str(daemon_calls_of("onclose"), "onclose /f; ", "when it is closed");
  plain_upload();
  daemon_fails("onclose_needed", 0);
  daemon_fails("onclose", EACCES);
  ok(ftpd_close(&op, f, 0) < 0 && errno == EACCES, "or cannot be");
  plain_upload();
  daemon_fails("onclose_needed", 0);
  daemon_fails("onclose", EACCES);
  daemon_fails("scan_close", ENOSPC);
  ok(ftpd_close(&op, f, 0) < 0 && errno == ENOSPC, "the first error counts");
  upload();
  daemon_fails("onclose_needed", 0);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("settle_reveal onclose"), "settle_reveal /.in.f /f; "
    "onclose /f; ", "by its final name");
  upload();
  delete_aborted(false);
  daemon_fails("onclose_needed", 0);
  (void) ftpd_close(&op, f, ECANCELED);
  is_str(daemon_calls_of("onclose"), "", "not another file by that name");
  plain_upload();
  f->unnamed = true;
  daemon_fails("onclose_needed", 0);
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("onclose"), "", "nor one that has lost its name");
  plain_upload();
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("onclose"), "", "nor any other");
}

/* ---- Records */

static const char *recorded(int why) {
  (void) ftpd_close(NULL, f, why);
  return daemon_calls_of("record_transfer record_ended phase cmd xferlog");
}

static void records_of_each_way(void) {
  anew(C_RETR, true, false);
  is_str(recorded(0), "record_transfer 0 RETR 0; record_ended 0; "
    "phase RETR 0x3 226 Transfer complete; ", "an empty download has one");
  anew(C_RETR, true, false);
  f->copied = true;
  is_str(recorded(0), "record_ended 0; phase RETR 0x1 226 Transfer complete; ",
    "a source that only the server read has none");
  anew(C_RETR, true, false);
  f->copied = true;
  f->total = f->total_rd = 1;
  is_str(recorded(0), "record_transfer 0 RETR 0; record_ended 0; "
    "phase RETR 0x3 226 Transfer complete; ", "unless bytes were sent");
  anew(C_RETR, true, false);
  f->copied = true;
  f->ways[WAY_READ].err = EIO;
  is_str(recorded(0), "record_transfer 0 RETR 5; record_ended 0; "
    "xferlog 0 client 0 /root/vroot/f o alice i; phase RETR 0x3 failed 426 "
    "Transfer aborted. Input/output error; ", "or could not be");
  anew(C_STOR, true, true);
  f->made = true;
  is_str(recorded(0), "record_ended 0; record_transfer 1 STOR 0; "
    "record_ended 1; phase STOR 0x3 226 Transfer complete; ",
    "a file open for both that is made has one");
  anew(C_STOR, true, true);
  f->total = f->total_rd = 3;
  is_str(recorded(0), "record_ended 1; phase STOR 0x1 226 Transfer complete; "
    "cmd RETR /f 0x8 ftp; record_transfer 0 RETR 0; record_ended 0; "
    "phase RETR 0x2 226 Transfer complete; ", "one that is only read, another");
  anew(C_STOR, true, true);
  f->total = 5;
  f->total_rd = 3;
  is_str(recorded(0), "record_transfer 1 STOR 0; record_ended 1; "
    "phase STOR 0x3 226 Transfer complete; cmd RETR /f 0x8 ftp; "
    "record_transfer 0 RETR 0; record_ended 0; phase RETR 0x2 226 "
    "Transfer complete; ", "both, two");
  anew(C_STOR, true, true);
  f->copied = true;
  is_str(recorded(0), "record_ended 0; record_ended 1; "
    "phase STOR 0x1 226 Transfer complete; ", "only copied from, none");
  anew(C_STOR, true, true);
  is_str(recorded(0), "record_ended 0; record_transfer 1 STOR 0; "
    "record_ended 1; phase STOR 0x3 226 Transfer complete; ",
    "without any use, one");
  anew(C_STOR, false, true);
  f->ways[WAY_WRITE].err = ENOSPC;
  f->total_rd = 1;
  is_str(recorded(0), "record_transfer 1 STOR 28; record_ended 1; "
    "xferlog 0 client -1 /root/vroot/f i alice i; phase STOR 0x3 failed 552 "
    "Transfer aborted. No space left on device; ", "an error has one");
}

static void the_second_way_has_its_own_end(void) {
  cmd_rec *second;

  anew(C_STOR, true, true);
  f->total = 5;
  f->total_rd = 3;
  f->ways[WAY_READ].err = EIO;
  is_str(recorded(0), "record_transfer 1 STOR 0; record_ended 1; "
    "phase STOR 0x3 226 Transfer complete; cmd RETR /f 0x8 ftp; "
    "record_transfer 0 RETR 5; record_ended 0; xferlog 0 client 3 "
    "/root/vroot/f o alice i; phase RETR 0x2 failed 426 Transfer aborted. "
    "Input/output error; ", "its error");
  anew(C_STOR, true, true);
  f->total = 5;
  f->total_rd = 3;
  f->ways[WAY_WRITE].err = ENOSPC;
  is_str(recorded(ECONNABORTED), "record_transfer 1 STOR 28; record_ended 1; "
    "xferlog 0 client 2 /root/vroot/f i alice i; phase STOR 0x3 failed 552 "
    "Transfer aborted. No space left on device; cmd RETR /f 0x8 ftp; "
    "record_transfer 0 RETR 103; record_ended 0; xferlog 0 client 3 "
    "/root/vroot/f o alice i; phase RETR 0x2 failed 426 Transfer aborted. "
    "Software caused connection abort; ", "or the reason");
  anew(C_STOR, true, true);
  f->total = 5;
  f->total_rd = 3;
  op.handle = "h2";
  second = f->cmd;
  (void) ftpd_close(&op, f, 0);
  is_str(daemon_calls_of("note_offset count_end"), "count_end STOR; "
    "note_offset RETR 0; ", "its offset is 0, unless it began elsewhere");
  is_str(pr_table_get(second->notes, "sftp.file-handle", NULL), "h2",
    "it has the handle");
  is_str(pr_table_get(daemon_cmd->notes, "sftp.file-handle", NULL), "h2",
    "and so has the other");
  is_str(pr_table_get(daemon_cmd->notes, "mod_xfer.retr-path", NULL),
    "/vroot/f", "with its path");
}

static void unrecorded_failures_are_not_logged(void) {
  anew(C_STOR, true, true);
  f->copied = true;
  is_str(recorded(ECONNABORTED), "record_ended 0; record_ended 1; "
    "phase STOR 0x1 failed 426 Transfer aborted. Software caused connection "
    "abort; ", "an aborted copy has no line");
}

static void lines_of_transfers(void) {
  anew(C_STOR, false, true);
  f->total = 7;
  f->begun_us = sftp_now_us() - 5500000;
  ftpd_log_transfer(f, WAY_WRITE, 'c');
  is_str(daemon_calls(), "protocol_settle; xferlog 5 client 7 /root/vroot/f i "
    "alice c; ", "an upload, with its seconds");
  f->begun_us = sftp_now_us() - UINT64_C(2000000500000);
  ftpd_log_transfer(f, WAY_WRITE, 'c');
  is_str(daemon_calls(), "protocol_settle; xferlog 2000000 client 7 "
    "/root/vroot/f i alice c; ", "which may be many");
}

/* ---- The end of a session */

static void sessions_abort_their_files(void) {
  struct ftpd_file *second;

  upload();
  ftpd.files = NULL;
  ftpd_abort_all(&ftpd);
  is_str(daemon_calls(), "", "without files there is nothing to do");
  ftpd.files = &daemon_files;
  second = new_file(C_RETR, true, false);
  daemon_files.open = f;
  f->next = second;
  ftpd_abort_all(&ftpd);
  ok(daemon_files.open == NULL, "all are closed");
  is_str(daemon_calls_of("open_abort settle_remove unlink record_transfer"),
    "open_abort; settle_remove /.in.f; unlink /f; record_transfer 1 STOR 103; "
    "unlink /f; record_transfer 0 RETR 103; ", "as aborted");
  ok(fake_log_has("aborting 2 unclosed file handles"), "which is logged");
  fake_log_reset();
  ftpd_abort_all(&ftpd);
  ok(!fake_log_has("aborting"), "once");
}

static void files_that_were_being_closed(void) {
  pr_fh_t reader = { .fh_fd = open("/dev/null", O_RDONLY) };

  upload();
  f->closing = true;
  f->reader = &reader;
  daemon_files.open = f;
  ftpd_abort_all(&ftpd);
  is_str(daemon_calls_of("scan_close settle_remove unlink record_transfer"),
    "settle_remove /.in.f; unlink /f; record_transfer 1 STOR 103; ",
    "one in the middle of its check is removed");
  upload();
  f->closing = true;
  daemon_files.open = f;
  ftpd_abort_all(&ftpd);
  is_str(daemon_calls_of("settle_remove unlink"), "unlink /f; ",
    "one without a check is not");
  plain_upload();
  delete_aborted(true);
  f->closing = true;
  f->reader = &reader;
  daemon_files.open = f;
  ftpd_abort_all(&ftpd);
  is_str(daemon_calls_of("settle_remove unlink"), "unlink /f; ",
    "nor one that has its name");
  (void) close(reader.fh_fd);
  upload();
  f->closing = true;
  f->reader = &reader;
  daemon_files.open = f;
  ftpd_abort_all(&ftpd);
  is_str(daemon_calls_of("settle_remove unlink"), "unlink /f; ",
    "nor one that is not known any more");
}

/* ---- Operations */

static void sizes(void) {
  plain_upload();
  f->end_good = 5;
  is_int(ftpd_ftruncate(f, 20), 0, "a size is set");
  is_str(daemon_calls(), "record_size 20; within /f 20; quota_resize /f 20; "
    "clear_cache /f; digest_coming /f; ftruncate /f 20; digest_resized /f 20; "
    "quota_grown /f 0; record_did size 0; ", "in this order");
  is_int(f->end_good, 0, "its end is not known any more");
  is_int(ftpd_ftruncate(f, 0), 0, "to nothing");
  ok(ftpd_ftruncate(f, -1) < 0 && errno == EINVAL, "not below");
  anew(C_RETR, true, false);
  ok(ftpd_ftruncate(f, 20) < 0 && errno == EINVAL, "nor of a download");
  is_str(daemon_calls(), "record_size 20; ", "nothing is done");
  plain_upload();
  daemon_fails("within", EFBIG);
  ok(ftpd_ftruncate(f, 20) < 0 && errno == EFBIG, "not beyond a limit");
  is_str(daemon_calls_of("quota_resize ftruncate"), "", "at once");
  plain_upload();
  daemon_fails("quota_resize", EDQUOT);
  ok(ftpd_ftruncate(f, 20) < 0 && errno == EDQUOT, "or the quota");
  is_str(daemon_calls_of("ftruncate"), "", "at once");
  plain_upload();
  daemon_fails("ftruncate", EIO);
  ok(ftpd_ftruncate(f, 20) < 0 && errno == EIO, "failures are told");
  is_str(daemon_calls_of("quota_grown record_did"), "quota_grown /f 0; "
    "record_did size -1; ", "to all");
}

static void modes_and_owners(void) {
  plain_upload();
  is_int(ftpd_fchmod(f, 0640), 0, "a mode is set");
  is_str(daemon_calls(), "record_mode 640; digest_look /f; fchmod /f 640; "
    "record_scp_mode /f 0; digest_timed /f; record_did mode 0; ", "and told");
  daemon_fails("fchmod", EPERM);
  is_int(ftpd_fchmod(f, 0640), -1, "or not");
  plain_upload();
  is_int(ftpd_fchown(f, 3, 4), 0, "an owner is set");
  is_str(daemon_calls(), "record_owner 3 4; digest_look /f; fstat /f; "
    "may_chown 3 4; fchown /f 3 4; digest_timed /f; record_did owner 0; ",
    "and told");
  daemon_fails("may_chown", EPERM);
  is_int(ftpd_fchown(f, 3, 4), -1, "if the user may");
  is_str(daemon_calls_of("fchown record_did"), "record_did owner -1; ",
    "otherwise it is not tried");
  daemon_calls_anew();
  daemon_fails("fstat", EIO);
  is_int(ftpd_fchown(f, 3, 4), -1, "nor if it is not known");
  is_str(daemon_calls_of("fchown may_chown"), "", "who has it");
}

static void on_disk(void) {
  plain_upload();
  is_int(ftpd_fsync(f), 0, "a file is on disk");
  daemon_fails("fsync", EIO);
  ok(ftpd_fsync(f) < 0 && errno == EIO, "or not");
  is_str(daemon_calls(), "fsync /f; fsync /f; fault_sync /f 5; ",
    "then the upload has failed");
  anew(C_RETR, true, false);
  daemon_fails("fsync", EIO);
  is_int(ftpd_fsync(f), -1, "that of a download");
  is_str(daemon_calls_of("fault_sync"), "", "is no fault of it");
}

static void looks(void) {
  struct stat st;
  struct statvfs vfs;

  plain_upload();
  f->fd = open("/dev/null", O_RDONLY);
  is_str(ftpd_file_path(f), "/f", "its path");
  ok(ftpd_fstat(f, &st) == 0 && S_ISCHR(st.st_mode), "the system's look");
  is_str(daemon_calls_of("fstat"), "", "is direct");
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, fstat));
  ok(ftpd_fstat(f, &st) == 0 && st.st_size == 33, "a module's");
  is_str(daemon_calls_of("fstat"), "fstat /f; ", "goes through FSIO");
  is_int(ftpd_fstatvfs(f, &vfs), 0, "its file system");
  (void) close(f->fd);
  is_int(ftpd_fstatvfs(f, &vfs), -1, "not of one that is closed");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = daemon_files.pool = p;
  session.user = "alice";
  main_server = &server;
  a_download_is_closed();
  an_upload_is_closed();
  only_a_close_ends_as_one();
  failures_of_the_close();
  names_that_cannot_be_given();
  aborted_uploads();
  uploads_without_a_name();
  clients_hear_of_lost_uploads();
  removal_on_close();
  records_of_each_way();
  the_second_way_has_its_own_end();
  unrecorded_failures_are_not_logged();
  lines_of_transfers();
  sessions_abort_their_files();
  files_that_were_being_closed();
  sizes();
  modes_and_owners();
  on_disk();
  looks();
  destroy_pool(p);
  return done_testing();
}
