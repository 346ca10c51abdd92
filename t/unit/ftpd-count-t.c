/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-count-t.c -- mod_counter: which file its handlers are told about. */

#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-count.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-phase.h"
#include "tap.h"

static pool *p, *handler_pool;
static server_rec server;
static struct ftpd ftpd = { .files = &daemon_files };
static struct ftpd_op op = { .ftpd = &ftpd };
static unsigned int on = TRUE;
static bool has_module;
static const char *answer;
static unsigned int clears;

unsigned char pr_module_exists(const char *name) {
  return has_module && strcmp(name, "mod_counter.c") == 0 ? TRUE : FALSE;
}

void pr_response_clear(pr_response_t **list) {
  clears += list == &resp_err_list;
}

void ftpd_stand_for(const cmd_rec *cmd) {
  (void) daemon_call("stand_for %s", cmd->arg);
}

const char *ftpd_phase_answer(pool *in) {
  (void) in;
  return answer;
}

static bool has_handler;

modret_t *ftpd_cmd_call(const char *module_name, const char *name, int phase,
    cmd_rec *cmd) {
  static modret_t good, bad = { .mr_error = 1 };

  handler_pool = pr_response_get_pool();
  return daemon_call("%s %s %s %s", phase == CMD ? "take" : "let_go",
    module_name, name, cmd->arg) < 0 ? &bad : has_handler ? &good : NULL;
}

static cmd_rec *command(const char *name, const char *arg) {
  cmd_rec *cmd = pr_cmd_alloc(make_sub_pool(p), 2, name, arg);

  cmd->arg = pstrdup(p, arg);
  return cmd;
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  daemon_set_param("CounterEngine", &on);
  memset(&daemon_files, 0, sizeof(daemon_files));
  has_module = has_handler = true;
  on = TRUE;
  op.pool = p;
  answer = daemon_refused = NULL;
  errno = EBADE;
}

static void without_the_module(void) {
  cmd_rec *cmd = command(C_STOR, "/f");

  anew();
  has_module = false;
  is_int(ftpd_count_open(&op, cmd), 0, "without the module");
  anew();
  on = FALSE;
  is_int(ftpd_count_open(&op, cmd), 0, "or with CounterEngine off");
  anew();
  daemon_forget_config();
  is_int(ftpd_count_open(&op, cmd), 0, "or not set");
  is_int(ftpd_count_change(&op, cmd), 0, "nothing counts");
  ftpd_count_end(&ftpd, cmd);
  ftpd_count_logged(&ftpd, cmd);
  is_str(daemon_calls(), "", "and nothing is done");
  daemon_set_param("CounterEngine", &on);
  on = TRUE;
  is_int(ftpd_count_open(&op, cmd), 0, "which is found out once");
  is_str(daemon_calls(), "", "in a session");
}

static void the_first_file_counts(void) {
  cmd_rec *one = command(C_STOR, "/one"), *two = command(C_RETR, "/two");

  anew();
  is_int(ftpd_count_open(&op, one), 0, "a file");
  is_str(daemon_calls(), "stand_for /one; take counter STOR /one; ",
    "is taken");
  ok(daemon_files.counted == one && handler_pool == one->pool &&
    pr_response_get_pool() == p, "with responses of its own");
  is_int(ftpd_count_open(&op, two), 0, "another one");
  is_str(daemon_calls_of("take let_go"), "let_go counter STOR /one; "
    "take counter RETR /two; let_go counter RETR /two; "
    "take counter STOR /one; ", "is only asked for");
  ok(daemon_files.counted == one, "the first one stays");
  ftpd_count_end(&ftpd, two);
  is_str(daemon_calls(), "", "the other one ends");
  ftpd_count_end(&ftpd, one);
  is_str(daemon_calls(), "let_go counter STOR /one; ", "it ends");
  ok(daemon_files.counted == NULL, "then none counts");
  ftpd_count_end(&ftpd, one);
  is_str(daemon_calls(), "", "once");
  has_handler = false;
  is_int(ftpd_count_open(&op, one), 0, "a command without a handler");
}

static void busy_files(void) {
  cmd_rec *one = command(C_STOR, "/one"), *two = command(C_RETR, "/two");

  anew();
  daemon_fails("take", EDOM);
  ok(ftpd_count_open(&op, one) < 0 && errno == EAGAIN, "too many use it");
  is_str(daemon_refused, "File busy", "which is the reason");
  ok(daemon_files.counted == NULL, "it does not count");
  answer = "two sessions";
  ok(ftpd_count_change(&op, two) < 0 && errno == EAGAIN, "or a change");
  is_str(daemon_refused, "two sessions", "in the module's own words");
  is_str(daemon_calls_of("take let_go"), "take counter STOR /one; "
    "take counter RETR /two; ", "nothing is let go");
  anew();
  (void) ftpd_count_open(&op, one);
  (void) daemon_calls();
  daemon_fails_at("take", 1, EDOM);
  ok(ftpd_count_open(&op, two) < 0 && errno == EAGAIN, "another file");
  is_str(daemon_calls_of("take let_go"), "let_go counter STOR /one; "
    "take counter RETR /two; take counter STOR /one; ",
    "leaves the first one");
}

static void changes(void) {
  cmd_rec *gone = command(C_DELE, "/gone");

  anew();
  clears = 0;
  is_int(ftpd_count_change(&op, gone), 0, "a removal");
  is_str(daemon_calls_of("take let_go"), "take counter DELE /gone; "
    "let_go counter STOR /gone; ", "is like an upload, and over at once");
  is_int(clears, 1, "responses are cleared before it");
  ok(daemon_files.counted == NULL, "it does not count");
}

static void logs_let_go(void) {
  cmd_rec *one = command(C_STOR, "/one"), *two = command(C_RETR, "/two");
  cmd_rec *three = command(C_APPE, "/three");

  anew();
  ftpd.files = NULL;
  ftpd_count_logged(&ftpd, one);
  ftpd.files = &daemon_files;
  (void) ftpd_count_open(&op, one);
  (void) daemon_calls();
  ftpd_count_logged(&ftpd, two);
  is_str(daemon_calls(), "", "the record of a download");
  ftpd_count_logged(&ftpd, three);
  is_str(daemon_calls_of("take"), "take counter STOR /one; ",
    "that of an upload lets the module forget ours");
  clears = 0;
  ftpd_count_logged(&ftpd, three);
  is_int(clears, 2, "without a response");
  ftpd_count_logged(&ftpd, one);
  ok(daemon_files.counted == NULL, "its own record ends it");
  ftpd_count_logged(&ftpd, three);
  is_str(daemon_calls_of("let_go"), "", "by itself");
  (void) ftpd_count_open(&op, two);
  (void) daemon_calls();
  ftpd_count_logged(&ftpd, command(C_RETR, "/x"));
  is_str(daemon_calls_of("take"), "take counter RETR /two; ",
    "downloads among themselves");
  ftpd_count_end(&ftpd, two);
  is_str(daemon_calls(), "let_go counter RETR /two; ", "end as such");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  pr_response_set_pool(p);
  without_the_module();
  the_first_file_counts();
  busy_files();
  changes();
  logs_let_go();
  destroy_pool(p);
  return done_testing();
}
