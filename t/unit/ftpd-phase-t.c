/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-phase-t.c -- the command phases of an operation: who needs them, how
 * they are refused, and their responses.
 */

#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-count.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-listen.h"
#include "ftpd-message.h"
#include "ftpd-phase.h"
#include "ftpd-quota.h"
#include "ftpd-request.h"
#include "ftpd-transfer.h"
#include "tap.h"

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .files = &daemon_files };
static uint64_t now_ms;
static int listened;            /* the phase somebody listens to, or 0 */
static int handler_errno, command_errno;

const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_LSTAT] = { "LSTAT", CL_READ, ROW_LOOKS, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_REMOVE] = { "REMOVE", CL_WRITE, 0, EQUIV_NONE, NULL, 0, NULL },
};

int ftpd_own_class(enum ftpd_request req) {
  return 100 + (int) req;
}

uint64_t ftpd_coarse_ms(void) {
  return now_ms;
}

struct ftpd *ftpd_current(void) {
  return &ftpd;
}

bool ftpd_listens(struct ftpd *h, const char *name, int cls, int phase) {
  (void) h;
  (void) daemon_call("listens %s %d %d", name, cls, phase);
  return phase == listened;
}

void ftpd_message_check(struct ftpd *h) {
  (void) h;
  (void) daemon_call("message_check");
}

int ftpd_quota_pre(cmd_rec *cmd) {
  (void) cmd;
  return daemon_call("quota_pre");
}

void ftpd_quota_forget(void) {
  (void) daemon_call("quota_forget");
}

int ftpd_cmd_pre(cmd_rec *cmd) {
  int res = daemon_call("cmd_pre %s %d", (const char *) cmd->argv[0], errno);

  errno = res < 0 ? handler_errno : errno;
  return res;
}

int pr_cmd_get_errno(cmd_rec *cmd) {
  (void) cmd;
  return command_errno;
}

void ftpd_stand_for(const cmd_rec *cmd) {
  (void) daemon_call("stand_for %s", (const char *) cmd->argv[0]);
}

void ftpd_cmd_end(cmd_rec *cmd, unsigned int parts, bool good) {
  (void) daemon_call("cmd_end %s 0x%x %d %s", (const char *) cmd->argv[0],
    parts, good, pr_response_get_pool() == cmd->pool ? "own" : "other");
  errno = EDOM;
}

void ftpd_count_logged(struct ftpd *h, const cmd_rec *cmd) {
  (void) h;
  (void) daemon_call("count_logged %s", (const char *) cmd->argv[0]);
}

void pr_response_clear(pr_response_t **list) {
  (void) daemon_call("clear %s", list == &resp_list ? "good" : "bad");
  *list = NULL;
}

void pr_response_add(const char *code, const char *fmt, ...) {
  (void) fmt;
  (void) daemon_call("add %s", code);
}

void pr_response_add_err(const char *code, const char *fmt, ...) {
  (void) fmt;
  (void) daemon_call("add_err %s", code);
}

void pr_data_clear_xfer_pool(void) {
  (void) daemon_call("clear_xfer");
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  memset(&daemon_files, 0, sizeof(daemon_files));
  daemon_files.pool = p;
  listened = 0;
  now_ms = 5000;
  session.dir_config = NULL;
  errno = EBADE;
}

/* ---- Who needs them */

static void phases_that_somebody_handles(void) {
  static const struct {
    int phase;
    bool pre, good, bad;
  } rows[] = { { 0, false, false, false }, { PRE_CMD, true, false, false },
    { POST_CMD, false, true, false }, { LOG_CMD, false, true, false },
    { POST_CMD_ERR, false, false, true }, { LOG_CMD_ERR, false, false, true },
    { CMD, false, false, false } };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    anew();
    listened = rows[i].phase;
    ok(ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_PRE) == rows[i].pre &&
      ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_OK) == rows[i].good &&
      ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_ERR) == rows[i].bad,
      "phase %d", rows[i].phase);
  }

  anew();
  ok(!ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_OK), "nobody listens");
  is_str(daemon_calls(), text("listens REMOVE %d %d; listens REMOVE %d %d; ",
    100 + FTPD_REMOVE, POST_CMD, 100 + FTPD_REMOVE, LOG_CMD),
    "to its own name");
  listened = POST_CMD;
  ok(!ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_OK) &&
    daemon_calls()[0] == '\0', "which is asked once");
  ok(ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_OK), "for each request");
  anew();
  listened = PRE_CMD;
  ok(!ftpd_phase_needed(&ftpd, FTPD_SCP_MKDIR, PHASE_PRE) &&
    daemon_calls()[0] == '\0', "what has no name has no phases");
}

static bool with_filter(const char *name, enum phase_set set) {
  anew();
  if (name != NULL) {
    daemon_set_param(name, &now_ms);
  }

  return ftpd_phase_needed(&ftpd, FTPD_LSTAT, set);
}

static void filters(void) {
  xaset_t set;
  config_rec dir = { .subset = &set };

  ok(!with_filter(NULL, PHASE_PRE), "no filter");
  ok(with_filter("AllowFilter", PHASE_PRE), "AllowFilter");
  ok(with_filter("DenyFilter", PHASE_PRE), "or DenyFilter");
  ok(!with_filter("DenyFilter", PHASE_OK), "of what begins");
  ok(!with_filter("DenyFilter", PHASE_ERR), "not what ends");
  ok(!with_filter("OtherFilter", PHASE_PRE), "others are none");

  (void) with_filter(NULL, PHASE_PRE);
  daemon_set_param("DenyFilter", &now_ms);
  ok(!ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_PRE), "lookups ask once");
  now_ms += 999;
  ok(!ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_PRE), "in a second");
  now_ms += 1;
  ok(ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_PRE), "then again");
  daemon_forget_config();
  ok(ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_PRE), "for a second");
  ok(!ftpd_phase_needed(&ftpd, FTPD_REMOVE, PHASE_PRE),
    "what changes something always asks");
  daemon_set_param("DenyFilter", &now_ms);
  session.dir_config = &dir;
  ok(ftpd_phase_needed(&ftpd, FTPD_LSTAT, PHASE_PRE),
    "so does another directory");
  session.dir_config = NULL;
}

/* ---- PRE_CMD */

static int refused(int by_handler, int by_command) {
  anew();
  handler_errno = by_handler;
  command_errno = by_command;
  daemon_fails("cmd_pre", EDOM);
  return ftpd_phase_pre(pr_cmd_alloc(p, 1, "DELE")) < 0 ? errno : 0;
}

static void beginnings(void) {
  anew();
  is_int(ftpd_phase_pre(pr_cmd_alloc(p, 1, "DELE")), 0, "a command begins");
  is_str(daemon_calls(), "protocol_settle; clear bad; quota_pre; "
    "cmd_pre DELE 0; quota_forget; ", "in this order");
  daemon_fails("quota_pre", EDQUOT);
  ok(ftpd_phase_pre(pr_cmd_alloc(p, 1, "STOR")) < 0 && errno == EDQUOT,
    "a quota refuses");
  is_str(daemon_calls_of("cmd_pre quota_forget"), "", "first");
  is_int(refused(ENOENT, 0), ENOENT, "a handler's errno");
  is_str(daemon_calls_of("quota_forget"), "", "is final");
  is_int(refused(ENOENT, EPERM), EPERM, "the command's own one is better");
  is_int(refused(0, 0), EACCES, "or there is none");
  is_int(refused(ENOENT, -1), ENOENT, "an unknown one is none");
}

/* ---- Answers */

static pr_response_t *responses(const char *const rows[][2], unsigned int n) {
  pr_response_t *list = NULL;

  while (n-- > 0) {
    pr_response_t *r = pcalloc(p, sizeof(*r));

    r->num = rows[n][0];
    r->msg = rows[n][1];
    r->next = list;
    list = r;
  }

  return list;
}

static void answers(void) {
  static const char *const rows[][2] = { { "550", "first" }, { "451",
    "second" }, { "220", "" }, { NULL, NULL } };

  resp_err_list = NULL;
  ok(ftpd_phase_answer(p) == NULL && ftpd_phase_code(p) == NULL, "none");
  resp_err_list = responses(rows, 4);
  is_str(ftpd_phase_answer(p), "second", "the last that says something");
  is_str(ftpd_phase_code(p), "451", "the last code of a failure");
  resp_err_list = responses(rows + 2, 2);
  ok(ftpd_phase_answer(p) == NULL && ftpd_phase_code(p) == NULL,
    "others are none");
  resp_err_list = NULL;
}

/* ---- Ends */

static void ends(void) {
  cmd_rec *cmd = pr_cmd_alloc(make_sub_pool(p), 1, "STOR");

  anew();
  pr_response_set_pool(p);
  ftpd_phase_end(cmd, true, "226", "done");
  is_str(daemon_calls(), "protocol_settle; message_check; clear good; add 226; "
    "stand_for STOR; cmd_end STOR 0x3 1 own; count_logged STOR; ",
    "a success");
  ok(errno == EBADE && pr_response_get_pool() == p, "leaves no trace");
  ftpd_phase_end(cmd, false, "550", "no");
  is_str(daemon_calls_of("clear add add_err cmd_end"), "clear bad; "
    "add_err 550; cmd_end STOR 0x3 0 own; ", "a failure");
  ftpd_phase_part(cmd, PART_POST, true, "226", "done");
  is_str(daemon_calls_of("stand_for cmd_end count_logged"), "stand_for STOR; "
    "cmd_end STOR 0x1 1 own; ", "handlers alone");
  ftpd_phase_part(cmd, PART_LOG, true, "226", "done");
  is_str(daemon_calls_of("stand_for cmd_end count_logged"),
    "cmd_end STOR 0x2 1 own; count_logged STOR; ", "or the record");
  cmd->cmd_id = FTPD_CMD_ID;
  ftpd_phase_end(cmd, true, "226", "done");
  is_str(daemon_calls_of("stand_for cmd_end count_logged"),
    "cmd_end STOR 0x3 1 own; ", "no FTP command");
}

static void transfers(void) {
  anew();
  session.restart_pos = 3;
  session.range_start = session.range_len = 4;
  session.xfer.xfer_type = STOR_HIDDEN;
  ftpd_xfer_begin("/f", PR_NETIO_IO_WR);
  ok(session.xfer.p != NULL && session.xfer.direction == PR_NETIO_IO_WR &&
    session.xfer.xfer_type == STOR_DEFAULT && session.restart_pos == 0 &&
    session.range_start == 0 && session.range_len == 0 &&
    session.xfer.start_time.tv_sec > 0, "a transfer begins");
  is_str(session.xfer.path, "/f", "of that path");
  is_str(session.xfer.filename, "/f", "and name");
  is_str(daemon_calls(), "clear_xfer; ", "without the one before");
  session.xfer.xfer_type = STOR_HIDDEN;
  ftpd_xfer_end();
  ok(session.xfer.xfer_type == STOR_DEFAULT, "and ends");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  phases_that_somebody_handles();
  filters();
  beginnings();
  answers();
  ends();
  transfers();
  destroy_pool(p);
  return done_testing();
}
