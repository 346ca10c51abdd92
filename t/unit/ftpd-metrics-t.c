/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-metrics-t.c -- SFTPMetricsFile: its text, and what is in its place while
 * and after it is written.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-board.h"
#include "ftpd-gauges.h"
#include "ftpd-kept.h"
#include "ftpd-limits.h"
#include "ftpd-metrics.h"
#include "ftpd-tally.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

module sftp_module;
char ServerType = SERVER_STANDALONE;

static pool *p;
static char top[] = "/tmp/ftpd-metrics-XXXXXX";
static const char *path;

/* ---- What is counted: two labels, one and none; the rest is empty */

static const char *letter(unsigned int i) {
  static const char *const names[] = { "a", "b" };

  return i < SFTP_NELEMS(names) ? names[i] : NULL;
}

static const char *digit(unsigned int i) {
  static const char *const names[] = { "1", "2" };

  return i < SFTP_NELEMS(names) ? names[i] : NULL;
}

static const struct tally_label letters = { "letter", letter },
  digits = { "digit", digit };

const struct tally_row ftpd_tally_rows[TALLY_NCOUNTERS] = {
  [TALLY_SESSIONS] = { "sessions", "help s", { NULL, NULL } },
  [TALLY_LOGINS] = { "logins", "help l", { &letters, &digits } },
  [TALLY_BYTES] = { "bytes", "help b", { &letters, NULL } }
};

unsigned int ftpd_tally_values(enum tally what, unsigned int label) {
  return what > TALLY_BYTES ? 0 :
    ftpd_tally_rows[what].labels[label] != NULL ? 2 : 1;
}

unsigned int ftpd_tally_place(enum tally what, unsigned int i,
    unsigned int j) {
  return what * 10 + i * 2 + j;
}

unsigned int ftpd_board_sum(uint64_t sums[BOARD_SERIES]) {
  unsigned int i;

  for (i = 0; i < BOARD_SERIES; i++) {
    sums[i] = i + 1;
  }

  return 5;
}

static bool limited(unsigned int running, uint64_t *now, uint64_t *max) {
  *now = running;
  *max = 1;
  return true;
}

static bool unlimited(unsigned int running, uint64_t *now, uint64_t *max) {
  (void) running;
  (void) max;
  *now = 0;
  return true;
}

static bool missing(unsigned int running, uint64_t *now, uint64_t *max) {
  *now = *max = running;
  return false;
}

const struct gauge ftpd_gauges[] = {
  { "limited", "help 1", limited }, { "missing", "help 2", missing },
  { "unlimited", "help 3", unlimited }, { NULL, NULL, NULL } };

array_header *ftpd_limits(pool *in) {
  array_header *all = make_array(in, 1, sizeof(struct limit_use));
  struct limit_use *u = push_array(all);

  u->limit = "Max \"x\" \\";
  u->server = "127.0.0.1:22";
  u->now = 3;
  u->max = 4;
  return all;
}

static struct book book;
static bool has_book;

struct book *ftpd_board_book(void) {
  return has_book ? &book : NULL;
}

bool ftpd_book_alg(struct book *b, unsigned int *at, struct book_agreed *a) {
  if (b != &book || *at > 0) {
    return false;
  }

  *at = 1;
  snprintf(a->client, sizeof(a->client), "\"quoted\"");
  a->kind = "kex";
  a->alg = "none";
  a->count = 6;
  return true;
}

static bool reloading;

bool ftpd_kept_reloading(void) {
  return reloading;
}

/* ---- The file */

static struct metrics conf;

static const char *text_of(const char *name) {
  static char text[8192];
  FILE *in = fopen(name, "r");
  size_t n = in != NULL ? fread(text, 1, sizeof(text) - 1, in) : 0;

  text[n] = '\0';
  if (in != NULL) {
    (void) fclose(in);
  }

  return in != NULL ? text : NULL;
}

static bool is_there(const char *name) {
  struct stat st;

  return lstat(name, &st) == 0;
}

static const char *beside(void) {
  return pstrcat(p, path, ".tmp", NULL);
}

static void begin(void) {
  (void) unlink(path);
  daemon_forget_config();
  daemon_set_param("SFTPMetricsFile", &conf);
  daemon_messages = 0;
  conf.path = path;
  conf.secs = 15;
  ftpd_metrics_start();
}

#define HELP(name, help) "# HELP mod_sftp_" name " " help "\n"
#define GAUGE(name, help) \
  HELP(name, help) "# TYPE mod_sftp_" name " gauge\n"

#define OF_LIMIT "{limit=\"Max \\\"x\\\" \\\\\",server=\"127.0.0.1:22\"}"

static void the_text(void) {
  static const char end[] =
    GAUGE("limit_used", LIMIT_USED_HELP)
    "mod_sftp_limit_used" OF_LIMIT " 3\n"
    GAUGE("limit_maximum", LIMIT_MAX_HELP)
    "mod_sftp_limit_maximum" OF_LIMIT " 4\n"
    HELP("client_algorithms_total", BOOK_AGREED_HELP)
    "# EOF\n";
  static const char first[] =
    GAUGE("info", "the version of this module")
    "mod_sftp_info{version=\"" SFTP_VERSION "\"} 1\n"
    GAUGE("limited", "help 1") "mod_sftp_limited 5\n"
    GAUGE("limited_limit", "help 1") "mod_sftp_limited_limit 1\n"
    GAUGE("unlimited", "help 3") "mod_sftp_unlimited 0\n"
    HELP("sessions_total", "help s") "mod_sftp_sessions_total 1\n"
    HELP("logins_total", "help l")
    "mod_sftp_logins_total{letter=\"a\",digit=\"1\"} 11\n"
    "mod_sftp_logins_total{letter=\"a\",digit=\"2\"} 12\n"
    "mod_sftp_logins_total{letter=\"b\",digit=\"1\"} 13\n"
    "mod_sftp_logins_total{letter=\"b\",digit=\"2\"} 14\n"
    HELP("bytes_total", "help b")
    "mod_sftp_bytes_total{letter=\"a\"} 21\n"
    "mod_sftp_bytes_total{letter=\"b\"} 23\n";
  const char *text;

  begin();
  text = text_of(path);
  ok(text != NULL && strncmp(text, first, strlen(first)) == 0,
    "gauges and counters");
  ok(text != NULL && strlen(text) > strlen(end) &&
    strcmp(text + strlen(text) - strlen(end), end) == 0, "limits");
  has_book = true;
  is_int(daemon_expire("SFTPMetricsFile"), 1, "the timer goes on");
  text = text_of(path);
  ok(text != NULL && strstr(text, BOOK_AGREED_HELP "\n"
    "mod_sftp_client_algorithms_total{"
    "client=\"\\\"quoted\\\"\",kind=\"kex\",algorithm=\"none\"} 6\n") != NULL,
    "algorithms of clients");
}

static void files_are_replaced(void) {
  mode_t mask = umask(077);
  struct stat st;

  begin();
  ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0644, "all may read it");
  (void) umask(mask);
  ok(!is_there(beside()), "the temporary file has become it");
  ok(daemon_roots > 0 && daemon_root == 0, "rights are given back");
  (void) unlink(path);
  is_int(symlink("/nowhere", beside()), 0, "a link in its place");
  (void) daemon_expire("SFTPMetricsFile");
  ok(lstat(path, &st) == 0 && S_ISREG(st.st_mode), "is not followed");
  ok(daemon_timer("SFTPMetricsFile")->secs == 15, "every 15 seconds");
  is_int(daemon_messages, 0, "nobody is told of that");
}

static void faults_are_told_once(void) {
  begin();
  conf.path = pstrcat(p, top, "/no/file", NULL);
  (void) daemon_expire("SFTPMetricsFile");
  (void) daemon_expire("SFTPMetricsFile");
  ok(daemon_messages == 1 && daemon_priority == PR_LOG_WARNING, "a fault");
  ok(strstr(daemon_message, strerror(ENOENT)) != NULL, "says why: %s",
    daemon_message);
  conf.path = path;
  (void) daemon_expire("SFTPMetricsFile");
  (void) daemon_expire("SFTPMetricsFile");
  ok(daemon_messages == 2 && daemon_priority == PR_LOG_NOTICE, "and its end");
  conf.path = top;
  (void) daemon_expire("SFTPMetricsFile");
  ok(daemon_messages == 3 && !is_there(pstrcat(p, top, ".tmp", NULL)),
    "a directory is not replaced, and nothing is left");
  conf.path = path;
  (void) daemon_expire("SFTPMetricsFile");
}

/* In a process of its own: a limit for the size of files stays. */
static void full_disks_leave_the_file(void) {
  int status = -1;
  pid_t pid = fork();

  if (pid == 0) {
    struct rlimit limit = { 10, 10 };
    const char *before;

    ftpd_metrics_end();
    begin();
    before = pstrdup(p, text_of(path));
    (void) signal(SIGXFSZ, SIG_IGN);
    (void) setrlimit(RLIMIT_FSIZE, &limit);
    (void) daemon_expire("SFTPMetricsFile");
    _exit((strcmp(before, text_of(path)) != 0 ? 1 : 0) +
      (is_there(beside()) ? 2 : 0) +
      (strstr(daemon_message, strerror(EFBIG)) == NULL ? 4 : 0));
  }

  (void) waitpid(pid, &status, 0);
  is_int(WEXITSTATUS(status), 0, "the old file stays, alone, and the log says "
    "why");
}

/* ---- The daemon */

static void only_the_daemon_writes(void) {
  int status = -1;
  pid_t pid;

  begin();
  (void) unlink(path);
  pid = fork();
  if (pid == 0) {
    (void) daemon_expire("SFTPMetricsFile");
    _exit(is_there(path) ? 1 : 0);
  }

  (void) waitpid(pid, &status, 0);
  is_int(WEXITSTATUS(status), 0, "a session does not");
  ftpd_metrics_end();
  ok(daemon_timer("SFTPMetricsFile") == NULL, "the end has no timer");
  ftpd_metrics_end();
  ok(!is_there(path), "twice");
}

static void the_directive_turns_it_on(void) {
  daemon_forget_config();
  ftpd_metrics_start();
  ok(daemon_timer("SFTPMetricsFile") == NULL, "none: no timer");
  ServerType = SERVER_INETD;
  begin();
  ok(daemon_timer("SFTPMetricsFile") == NULL && !is_there(path) &&
    daemon_messages == 1, "inetd: none either, and a line");
  ServerType = SERVER_STANDALONE;
  ftpd_metrics_restart();
  ok(daemon_timer("SFTPMetricsFile") == NULL, "not before the start");
  reloading = true;
  ftpd_metrics_restart();
  ok(daemon_timer("SFTPMetricsFile") != NULL && !is_there(path),
    "a restart has one");
  ftpd_metrics_restart();
  ftpd_metrics_end();
  ok(daemon_timer("SFTPMetricsFile") == NULL, "not two");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  path = pstrcat(p, top, "/metrics", NULL);
  main_server = pcalloc(p, sizeof(*main_server));
  the_text();
  files_are_replaced();
  faults_are_told_once();
  full_disks_leave_the_file();
  only_the_daemon_writes();
  the_directive_turns_it_on();
  (void) unlink(path);
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
