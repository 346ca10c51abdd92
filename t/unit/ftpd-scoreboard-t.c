/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-scoreboard-t.c -- the entry for ftpwho: when it is written. */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-report.h"
#include "ftpd-transfer.h"
#include "tap.h"

static pool *p;
static server_rec server = { .ServerName = "here" };
static struct ftpd ftpd = { .files = &daemon_files };
static struct ftpd_file f = { .h = &ftpd, .path = "/f" };
static uint64_t now_ms;

uint64_t ftpd_coarse_ms(void) {
  return now_ms;
}

int pr_scoreboard_entry_add(void) {
  return daemon_call("add");
}

int pr_scoreboard_entry_update(pid_t pid, ...) {
  va_list ap;

  va_start(ap, pid);
  (void) daemon_call("update %d", va_arg(ap, int));
  va_end(ap);
  return 0;
}

int pr_session_set_idle(void) {
  return daemon_call("idle");
}

const char *pr_session_get_protocol(int flags) {
  (void) flags;
  return "sftp";
}

void pr_proctitle_set(const char *fmt, ...) {
  va_list ap;
  char title[100];

  va_start(ap, fmt);
  vsnprintf(title, sizeof(title), fmt, ap);
  va_end(ap);
  (void) daemon_call("title %s", title);
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  memset(&daemon_files, 0, sizeof(daemon_files));
  daemon_files.pool = p;
  now_ms = 5000;
}

static void logins(void) {
  anew();
  daemon_client("192.0.2.9", "client");
  session.user = "alice";
  ftpd_score_login();
  is_str(daemon_calls(), text("add; update %d; update %d; ",
    PR_SCORE_SERVER_PORT, PR_SCORE_USER), "an entry is made");
  daemon_fails("add", EWOULDBLOCK);
  ftpd_score_login();
  is_str(daemon_calls(), text("add; update %d; ", PR_SCORE_USER),
    "or the daemon's gets the user");
}

static void commands_and_idleness(void) {
  anew();
  ftpd_score_cmd(&ftpd, "STAT");
  ftpd_score_cmd(&ftpd, "STAT");
  is_str(daemon_calls(), text("update %d; ", PR_SCORE_CMD),
    "a command is written once");
  ftpd_score_cmd(&ftpd, "LIST");
  is_str(daemon_calls(), text("update %d; ", PR_SCORE_CMD), "each");
  ftpd_score_idle(&ftpd);
  ftpd_score_idle(&ftpd);
  is_str(daemon_calls(), "idle; ", "idleness, too");
  ftpd_score_cmd(&ftpd, "LIST");
  (void) daemon_calls();
  daemon_files.open = &f;
  ftpd_score_idle(&ftpd);
  is_str(daemon_calls(), "", "not while a file is open");
}

static void files(void) {
  static unsigned int value;

  anew();
  f.cmd = pr_cmd_alloc(p, 1, "STOR");
  f.pool = p;
  session.proc_prefix = "host";
  ftpd_score_open(&f);
  is_str(daemon_calls(), text("update %d; update %d; title alice - host: "
    "STOR /f; ", PR_SCORE_CMD, PR_SCORE_XFER_SIZE), "a file is opened");
  ftpd_score_moved(&f);
  now_ms += 999;
  ftpd_score_moved(&f);
  is_str(daemon_calls(), "", "for a second that is all");
  now_ms += 1;
  ftpd_score_moved(&f);
  ftpd_score_moved(&f);
  is_str(daemon_calls(), text("update %d; ", PR_SCORE_XFER_DONE),
    "then its progress is written");
  ftpd_score_closed(&ftpd);
  is_str(daemon_calls(), "", "nobody counts transfers");
  daemon_set_param("MaxTransfersPerUser", &value);
  ftpd_score_closed(&ftpd);
  is_str(daemon_calls(), "", "which is found out once");
  anew();
  daemon_set_param("MaxTransfersPerUser", &value);
  ftpd_score_closed(&ftpd);
  is_str(daemon_calls(), text("update %d; ", PR_SCORE_CMD), "or somebody does");
  anew();
  daemon_set_param("MaxTransfersPerHost", &value);
  daemon_files.open = &f;
  ftpd_score_closed(&ftpd);
  ftpd_score_cmd(&ftpd, "STOR");
  is_str(daemon_calls(), text("update %d; ", PR_SCORE_CMD),
    "another file is still open");
}

static void doings(void) {
  anew();
  session.user = session.proc_prefix = NULL;
  ftpd_doing(&ftpd, "STAT", "/f");
  ftpd_doing(&ftpd, "LIST", "/f");
  is_str(daemon_calls(), text("update %d; update %d; title (none) - : STAT "
    "/f; ", PR_SCORE_CMD, PR_SCORE_CMD_ARG), "once a second");
  now_ms += 1000;
  session.user = "alice";
  session.proc_prefix = "host";
  ftpd_doing(&ftpd, "LIST", NULL);
  is_str(daemon_calls_of("title"), "title alice - host: LIST ; ", "then anew");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  main_server = &server;
  logins();
  commands_and_idleness();
  files();
  doings();
  destroy_pool(p);
  return done_testing();
}
