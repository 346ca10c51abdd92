/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-max-transfers-t.c -- MaxTransfersPerHost and MaxTransfersPerUser, with a
 * scoreboard and open files.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-openfile.h"
#include "ftpd-request.h"
#include "ftpd-transfer-rules.h"
#include "tap.h"

static pool *p;
static server_rec server = { .ServerPort = 2222 };
static struct ftpd ftpd = { .server = &server };
static struct op_state state;
static struct ftpd_op op = { .ftpd = &ftpd };

/* ---- The scoreboard */

static pr_scoreboard_entry_t board[4];
static unsigned int nboard, at;
static bool no_board;

int pr_rewind_scoreboard(void) {
  at = 0;
  return no_board ? -1 : 0;
}

pr_scoreboard_entry_t *pr_scoreboard_entry_read(void) {
  return at < nboard ? &board[at++] : NULL;
}

int pr_restore_scoreboard(void) {
  return 0;
}

static void add_session(int pid, const char *user, const char *client,
    const char *at_server, const char *cmd) {
  pr_scoreboard_entry_t *one = &board[nboard++];

  one->sce_pid = pid;
  strcpy(one->sce_user, user);
  strcpy(one->sce_client_addr, client);
  strcpy(one->sce_server_addr, at_server);
  strcpy(one->sce_cmd, cmd);
}

/* ---- The rest of the daemon's side */

struct op_state *ftpd_op_state(struct ftpd_op *one) {
  (void) one;
  return &state;
}

static void add_rule(const char *directive, unsigned int max) {
  static char *verbs[] = { (char *) "STOR", (char *) "appe", NULL };
  config_rec *c = add_config_param(directive, 2);

  c->argv[0] = verbs;
  c->argv[1] = pcalloc(p, sizeof(max));
  *((unsigned int *) c->argv[1]) = max;
}

static int ask_for(const char *verb, bool refused) {
  daemon_refused = NULL;
  errno = 0;
  return ftpd_max_transfers(&op, verb, "/f", refused);
}

static void begin(void) {
  daemon_forget_config();
  memset(board, 0, sizeof(board));
  nboard = 0;
  daemon_files.open = NULL;
  no_board = false;
}

static void others_at_this_server_count(void) {
  static const char here[] = DAEMON_IP ":2222";

  begin();
  add_rule("MaxTransfersPerHost", 1);
  is_int(ask_for("STOR", false), 0, "nobody transfers");
  add_session(9, "bob", "10.0.0.2", here, "STOR");
  add_session(9, "bob", "10.0.0.1", here, "RETR");
  add_session(9, "bob", "10.0.0.1", DAEMON_IP ":22", "STOR");
  add_session((int) session.pid, "bob", "10.0.0.1", here, "STOR");
  is_int(ask_for("STOR", false), 0, "other hosts, commands, servers, and this "
    "session do not count");
  nboard = 1;
  add_session(9, "bob", "10.0.0.1", here, "STOR");
  is_int(ask_for("STOR", false), -1, "a session of this host does");
  is_int(errno, EACCES, "the transfer is refused");
  is_str(daemon_refused, "MaxTransfersPerHost is 1", "by this rule");
  is_str(state.code, R_451, "with FTP's code");
  add_session(9, "bob", "10.0.0.1", here, "RETR");
  is_int(ask_for("RETR", false), 0, "of what it lists");
  no_board = true;
  is_int(ask_for("STOR", false), 0, "where there is a scoreboard");
}

static void a_user_has_many_hosts(void) {
  static const char here[] = DAEMON_IP ":2222";

  begin();
  add_rule("MaxTransfersPerUser", 2);
  add_session(9, "alice", "10.0.0.2", here, "STOR");
  add_session(9, "bob", "10.0.0.1", here, "STOR");
  is_int(ask_for("STOR", false), 0, "one other session of the user");
  add_session(9, "alice", "10.0.0.3", here, "STOR");
  is_int(ask_for("STOR", false), -1, "two");
  is_str(daemon_refused, "MaxTransfersPerUser is 2", "the rule");
}

static void open_files_count(void) {
  struct ftpd_file one = { 0 }, two = { 0 }, three = { 0 };

  begin();
  add_rule("MaxTransfersPerHost", 2);
  one.next = &two;
  two.next = &three;
  one.cmd = pr_cmd_alloc(p, 1, "STOR");
  two.cmd = pr_cmd_alloc(p, 1, "RETR");
  daemon_files.open = &one;
  is_int(ask_for("STOR", false), 0, "one of the session's files is written");
  three.cmd = pr_cmd_alloc(p, 1, "STOR");
  is_int(ask_for("STOR", false), -1, "a second one is the limit");
  is_int(ask_for("APPE", false), 0, "of the same command");
  is_int(ask_for("appe", false), 0, "in whatever letters it is listed");
}

/* mod_xfer has refused: with which rule? */
static void refusals_are_explained(void) {
  begin();
  is_int(ask_for("STOR", true), 0, "no rule");
  add_rule("MaxTransfersPerHost", 2);
  is_int(ask_for("STOR", true), 0, "it counts this transfer, too: one of two");
  begin();
  add_rule("MaxTransfersPerHost", 1);
  is_int(ask_for("STOR", true), -1, "one of one");
  is_str(daemon_refused, "MaxTransfersPerHost is 1", "by host");
  begin();
  add_rule("MaxTransfersPerUser", 1000);
  is_int(ask_for("STOR", true), -1, "otherwise it was the user's");
}

int main(void) {
  p = make_sub_pool(NULL);
  main_server = &server;
  op.pool = p;
  daemon_client("10.0.0.1", "client.example");
  session.user = "alice";
  session.pid = 77;
  others_at_this_server_count();
  a_user_has_many_hosts();
  open_files_count();
  refusals_are_explained();
  destroy_pool(p);
  return done_testing();
}
