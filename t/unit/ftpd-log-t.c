/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log-t.c -- where lines go, which ones may be missing, and the reason of
 * a refusal.
 */

#include "daemon.h"
#include "ftpd-explain.h"
#include "ftpd-lines.h"
#include "ftpd-log.h"
#include "log-budget.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

extern int sftp_logfd;
extern const char *sftp_logname;

static pool *p;
static server_rec server = { .ServerName = "main", .ServerPort = 2222 };
static struct ftpd ftpd, *current;
static char dir[] = "/tmp/ftpd-log-XXXXXX";

/* ---- The daemon's logs */

static int open_result, open_errno, nopened, blocked;
static char line[600], auth_line[600], trace_line[600], explained[600];
static unsigned int nlines;
static int auth_level, trace_level;
static const char *system_log;

void pr_signals_block(void) {
  blocked++;
}

void pr_signals_unblock(void) {
  blocked--;
}

int pr_log_str2sysloglevel(const char *name) {
  return strcmp(name, "debug") == 0 ? PR_LOG_DEBUG : strcmp(name, "emerg") == 0
    ? PR_LOG_EMERG : -1;
}

int pr_log_openfile(const char *path, int *fd, mode_t mode) {
  (void) mode;
  nopened += daemon_root == 1 && blocked == 1;
  *fd = open_result == 0 ? open("/dev/null", O_WRONLY) : 77;
  errno = open_errno;
  return strcmp(path, "/log") == 0 ? open_result : -1;
}

int log_opensyslog(const char *path) {
  nopened += daemon_root == 1 && blocked == 1;
  system_log = path;
  return 0;
}

char *dir_canonical_path(pool *in, const char *path) {
  return pstrcat(in, "canonical:", path, NULL);
}

static void keep(char *text, const char *fmt, va_list ap) {
  vsnprintf(text, 600, fmt, ap);
}

int pr_log_writefile(int fd, const char *name, const char *fmt, ...) {
  va_list ap;

  (void) name;
  nlines++;
  va_start(ap, fmt);
  keep(line, fmt, ap);
  va_end(ap);
  return fd == sftp_logfd ? 0 : -1;
}

void pr_log_auth(int level, const char *fmt, ...) {
  va_list ap;

  auth_level = level;
  va_start(ap, fmt);
  keep(auth_line, fmt, ap);
  va_end(ap);
}

int pr_trace_msg(const char *channel, int level, const char *fmt, ...) {
  size_t n = (size_t) snprintf(trace_line, sizeof(trace_line), "%s: ",
    channel);
  va_list ap;

  trace_level = level;
  va_start(ap, fmt);
  vsnprintf(trace_line + n, sizeof(trace_line) - n, fmt, ap);
  va_end(ap);
  return 0;
}

int pr_trace_get_level(const char *channel) {
  return strcmp(channel, "ssh2") == 0 ? 20 : strcmp(channel, "sftp") == 0 ? 1 :
    -1;
}

struct ftpd *ftpd_current(void) {
  return current;
}

void ftpd_explain(const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  keep(explained, fmt, ap);
  va_end(ap);
}

/* ---- SFTPLog */

static void words_name_levels(void) {
  is_int(ftpd_log_syslog_level("syslog:debug"), PR_LOG_DEBUG, "a level");
  is_int(ftpd_log_syslog_level("SysLog:emerg"), PR_LOG_EMERG, "the first one");
  is_int(ftpd_log_syslog_level("syslog:x"), -1, "no level");
  is_int(ftpd_log_syslog_level("syslog"), -1, "too short");
  is_int(ftpd_log_syslog_level("/syslog:debug"), -1, "a path");
}

static const char *at(const char *name) {
  return pstrcat(p, dir, "/", name, NULL);
}

static void objections_come_before_the_start(void) {
  if (mkdtemp(dir) == NULL || mkdir(at("open"), 0700) < 0 ||
      chmod(at("open"), 0702) < 0 || symlink("x", at("link")) < 0 ||
      close(creat(at("file"), 0600)) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  is_str(ftpd_log_objection(p, at("file")), NULL, "a file");
  is_str(ftpd_log_objection(p, at("new")), NULL, "a new one");
  is_str(ftpd_log_objection(p, at("link")), "it is a symbolic link", "a link");
  is_str(ftpd_log_objection(p, at("open")), strerror(EISDIR), "a directory");
  is_str(ftpd_log_objection(p, at("none/x")), strerror(ENOENT), "none");
  is_str(ftpd_log_objection(p, at("file/x")), strerror(ENOTDIR), "a file");
  is_str(ftpd_log_objection(p, at("open/x")), "parent directory is "
    "world-writable", "where everybody writes");
  is_str(ftpd_log_objection(p, "none"), NULL, "none");
  is_str(ftpd_log_objection(p, "/none/x"), strerror(ENOENT), "not a word");
  is_str(ftpd_log_objection(p, "syslog:emerg"), NULL, "a level");
  is_str(ftpd_log_objection(p, "syslog:emerg/x"), strerror(ENOENT), "no level");
  is_str(ftpd_log_objection(p, "/x"), NULL, "a file in the root");
  (void) unlink(at("file"));
  (void) unlink(at("link"));
  (void) rmdir(at("open"));
  (void) rmdir(dir);
}

static void open_log(const char *value, int result, int err) {
  ftpd_log_close();
  daemon_forget_config();
  if (value != NULL) {
    daemon_set_param("SFTPLog", pstrdup(p, value));
  }

  sftp_logname = NULL;
  open_result = result;
  open_errno = err;
  nopened = 0;
  daemon_messages = 0;
  ftpd_log_open(&server);
}

static bool is_told(const char *why) {
  return daemon_messages == 1 && daemon_priority == PR_LOG_WARNING &&
    sftp_logfd == -1 && strstr(daemon_message, why) != NULL;
}

static void the_log_is_opened(void) {
  open_log(NULL, 0, 0);
  ok(sftp_logname == NULL && nopened == 0, "no SFTPLog");
  open_log("NONE", 0, 0);
  ok(sftp_logname == NULL && nopened == 0, "none");
  open_log("/log", 0, 0);
  ok(nopened == 1 && daemon_messages == 0 && sftp_logfd >= 0, "a file");
  is_str(sftp_logname, "/log", "its name");
  ok(daemon_root == 0 && blocked == 0, "by root, without signals");
  ftpd_log_close();
  is_int(sftp_logfd, -1, "it is closed");
  open_log("/log", -1, EACCES);
  ok(is_told("'/log': Permission denied"), "an error is told");
  open_log("/log", PR_LOG_SYMLINK, 0);
  ok(is_told("it is a symbolic link"), "a link");
  open_log("/log", PR_LOG_WRITABLE_DIR, 0);
  ok(is_told("parent directory is world-writable"), "a public directory");
}

static void the_lowest_descriptor_is_closed(void) {
  int old = dup(STDIN_FILENO);

  (void) close(STDIN_FILENO);
  open_log("/log", 0, 0);
  is_int(sftp_logfd, 0, "a log with the descriptor 0");
  ftpd_log_close();
  ok(sftp_logfd == -1 && fcntl(0, F_GETFD) < 0, "is closed");
  (void) dup2(old, STDIN_FILENO);
  (void) close(old);
}

static void lines_go_to_the_log(void) {
  open_log("/log", 0, 0);
  ftpd_log_line("kind", "a line");
  is_str(line, "a line", "the file has it");
  is_int(daemon_messages, 0, "the system's log not");
  open_log("syslog:emerg", 0, 0);
  is_int(nopened, 0, "no file is opened for a level");
  nlines = 0;
  ftpd_log_line("kind", "another");
  ok(daemon_messages == 1 && daemon_priority == PR_LOG_EMERG &&
    strstr(daemon_message, ": another") != NULL, "the system's log has it");
  is_int(nlines, 0, "no file has it");
  ftpd_log_close();
  ftpd_log_line("kind", "third");
  is_int(daemon_messages, 1, "until the log is closed");
}

static void the_system_log_is_canonical(void) {
  daemon_forget_config();
  nopened = 0;
  ftpd_log_system();
  is_int(nopened, 0, "there is none");
  daemon_set_param("SystemLog", pstrdup(p, "NONE"));
  ftpd_log_system();
  is_int(nopened, 0, "or it is none");
  daemon_set_param("SystemLog", pstrdup(p, "/sys"));
  ftpd_log_system();
  is_int(nopened, 1, "a file");
  is_str(system_log, "canonical:/sys", "has a canonical path");
  ok(daemon_root == 0 && blocked == 0, "by root, without signals");
}

/* ---- Lines */

static void floods_are_bounded_after_the_login(void) {
  int i;

  current = &ftpd;
  ftpd.logged_in = false;
  nlines = 0;
  for (i = 0; i < SFTP_LOG_AT_ONCE + 9; i++) {
    ftpd_log_line("before", "x");
  }

  is_int(nlines, SFTP_LOG_AT_ONCE + 9, "before the login, each one counts");
  ok(!ftpd_log_tell_missing(true), "none is missing");
  ftpd.logged_in = true;
  nlines = 0;
  for (i = 0; i < 2 * SFTP_LOG_AT_ONCE; i++) {
    ftpd_log_line("after", "x");
  }

  ok(nlines >= SFTP_LOG_AT_ONCE && nlines < 2 * SFTP_LOG_AT_ONCE,
    "later, some are left out");
  ok(ftpd_log_tell_missing(false), "they are not told yet");
  nlines = 0;
  ftpd_log_why_line(WHY_OBJECTION, "y");
  is_str(line, "y", "a reason is written always");
  ok(!ftpd_log_tell_missing(true), "at the end, nothing is missing");
  ok(strstr(line, "like this were left out: x") != NULL && nlines == 2,
    "for it was told");
  current = NULL;
  nlines = 0;
  for (i = 0; i < 2 * SFTP_LOG_AT_ONCE; i++) {
    ftpd_log_line("after", "x");
  }

  is_int(nlines, 2 * SFTP_LOG_AT_ONCE, "the daemon's lines are not bounded");
}

static void who_asks_gets_the_lines(void) {
  current = &ftpd;
  ftpd.explains = true;
  nlines = 0;
  ftpd_log_line("kind", "100% of it");
  is_str(explained, "100% of it", "a line");
  ftpd_log_why_line(WHY_MISSING, "no key");
  is_str(explained, "no key", "a reason");
  auth_line[0] = '\0';
  ftpd_auth_log_line(PR_LOG_NOTICE, "refused");
  is_str(explained, "refused", "of a login");
  is_str(auth_line, "", "which no log gets");
  ftpd_auth_log_line(PR_LOG_INFO, "said");
  is_str(auth_line, "said", "unless it is no refusal");
  is_int(auth_level, PR_LOG_INFO, "by its level");
  is_str(explained, "refused", "then it is not told");
  is_int(nlines, 0, "nothing is logged");
  ftpd.explains = false;
  ftpd_auth_log_line(PR_LOG_NOTICE, "refused");
  is_str(auth_line, "refused", "logins that nobody asks about");
  ftpd_log_why_line(WHY_MISSING, "no key");
  is_int(nlines, 1, "are logged");
  current = NULL;
}

static void reasons_have_a_weight(void) {
  ftpd_log_forget();
  is_str(ftpd_log_reason(NULL), NULL, "none");
  ftpd_log_line("kind", "a line");
  ftpd_log_line("kind", "a later line");
  is_str(ftpd_log_reason(NULL), "a later line", "the last line");
  ftpd_auth_log_line(PR_LOG_NOTICE, "a login");
  ftpd_log_line("kind", "a line");
  is_str(ftpd_log_reason(NULL), "a login", "a login's line is better");
  ftpd_log_why_line(WHY_MISSING, "a missing key");
  ftpd_auth_log_line(PR_LOG_NOTICE, "a login");
  is_str(ftpd_log_reason(NULL), "a missing key", "what is missing");
  ftpd_log_why_line(WHY_OBJECTION, "an objection");
  ftpd_log_why_line(WHY_MISSING, "a missing key");
  is_str(ftpd_log_reason(NULL), "an objection", "an objection");
  ftpd_log_because("the reason");
  ftpd_log_why_line(WHY_OBJECTION, "an objection");
  is_str(ftpd_log_reason(NULL), "the reason", "and what is said to be it");
  ftpd_log_forget();
  is_str(ftpd_log_reason(NULL), NULL, "a new request has none");
  ftpd_log_line("kind", "a line");
  is_str(ftpd_log_reason(NULL), "a line", "but for its own lines");
}

static void other_logs(void) {
  daemon_messages = 0;
  ftpd_log_server(&server, PR_LOG_ERR, "%d keys", 3);
  ok(daemon_messages == 1 && daemon_priority == PR_LOG_ERR &&
    strstr(daemon_message, ": main#2222: 3 keys") != NULL, "a server's");
  ftpd_trace_line(TRACE_SCP, 7, "50%");
  is_str(trace_line, "scp: 50%", "a trace");
  is_int(trace_level, 7, "its level");
  ftpd_trace_levels();
  is_int(sftp_trace_levels[TRACE_SSH2], 20, "ssh2:20");
  is_int(sftp_trace_levels[TRACE_SFTP], 1, "sftp:1");
  is_int(sftp_trace_levels[TRACE_SCP], 0, "no level");
}

static uint64_t systems_us(void) {
  struct timespec ts;

  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static void clocks_agree(void) {
  uint64_t before = systems_us(), us = ftpd_now_us(), ms = ftpd_now_ms(),
    after = systems_us();

  ok(before <= us && us <= after, "microseconds are the system's");
  ok(us / 1000 <= ms && ms <= after / 1000, "milliseconds are a thousand");
}

int main(void) {
  p = make_sub_pool(NULL);
  main_server = &server;
  server.pool = p;
  words_name_levels();
  objections_come_before_the_start();
  the_log_is_opened();
  the_lowest_descriptor_is_closed();
  lines_go_to_the_log();
  the_system_log_is_canonical();
  floods_are_bounded_after_the_login();
  who_asks_gets_the_lines();
  reasons_have_a_weight();
  other_logs();
  clocks_agree();
  destroy_pool(p);
  return done_testing();
}
