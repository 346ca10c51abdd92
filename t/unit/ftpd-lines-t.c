/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lines-t.c -- no line of another log has control characters. */

#include "daemon.h"
#include "ftpd-log.h"
#include "tap.h"

module sftp_module;

static pool *p;
static struct ftpd ftpd;

/* ---- The daemon: its logs, and who listens to them */

static struct {
  const char *event;
  void (*run)(const void *, void *);
  void *data;
} listeners[16];

static unsigned int nlisteners;
static int debug_level;
static pr_table_t *traces;

int pr_event_register(module *m, const char *event,
    void (*run)(const void *, void *), void *data) {
  (void) m;
  listeners[nlisteners].event = event;
  listeners[nlisteners].run = run;
  listeners[nlisteners++].data = data;
  return 0;
}

int pr_log_setdebuglevel(int level) {
  int old = debug_level;

  debug_level = level;
  return old;
}

pr_table_t *pr_trace_get_table(void) {
  return traces;
}

static void begin(int level, bool traced) {
  memset(&ftpd, 0, sizeof(ftpd));
  nlisteners = 0;
  debug_level = level;
  traces = traced ? pr_table_alloc(p, 0) : NULL;
}

/* The line as the log gets it; NULL: nobody listens to that log. */
static const char *line(const char *event, const char *text, size_t len) {
  pr_log_event_t one = { 0 };
  unsigned int i;

  one.log_msg = text != NULL ? pstrdup(p, text) : NULL;
  one.log_msglen = len;
  for (i = 0; i < nlisteners; i++) {
    if (strcmp(listeners[i].event, event) == 0) {
      listeners[i].run(&one, listeners[i].data);
      return one.log_msg != NULL ? one.log_msg : "nothing";
    }
  }

  return NULL;
}

static const char *whole_line(const char *event, const char *text) {
  return line(event, text, strlen(text));
}

static void controls_are_replaced(void) {
  begin(0, false);
  ftpd_lines_watch(&ftpd);
  is_str(whole_line(PR_LOG_NAME_XFERLOG, "a\nb\tc\033\n"), "a_b_c_\n",
    "all but the end of the line");
  is_str(whole_line(PR_LOG_NAME_EXTLOG, "a\nb\tc\n"), "a_b\tc\n",
    "and tabs of a LogFormat");
  is_str(whole_line(PR_LOG_NAME_UNSPEC, "a\nb"), "a_b", "one without an end");
  is_str(whole_line(PR_LOG_NAME_UNSPEC, "\n"), "\n", "an empty line");
  is_str(whole_line(PR_LOG_NAME_UNSPEC, ""), "", "no text");
  is_str(line(PR_LOG_NAME_UNSPEC, "a\n\n", 99), "a_\n", "a line that was cut");
  is_str(line(PR_LOG_NAME_UNSPEC, NULL, 0), "nothing", "no line");
}

/* To listen makes the daemon format what nobody reads. */
static void listeners_come_when_they_are_needed(void) {
  begin(0, false);
  ftpd_lines_watch(&ftpd);
  ok(whole_line(PR_LOG_NAME_SYSTEMLOG, "x") == NULL &&
    whole_line(PR_LOG_NAME_SYSLOG, "x") == NULL &&
    whole_line(PR_LOG_NAME_TRACELOG, "x") == NULL, "not without a reason");
  is_int(nlisteners, 3, "three listen in any case");
  ftpd_lines_suspect(&ftpd, "a name");
  ftpd_lines_suspect(&ftpd, NULL);
  is_int(nlisteners, 3, "a plain name is no reason");
  ftpd_lines_suspect(&ftpd, "a\nname");
  is_str(whole_line(PR_LOG_NAME_SYSTEMLOG, "a\nb\n"), "a_b\n", "controls are");
  is_str(whole_line(PR_LOG_NAME_SYSLOG, "a\tb"), "a_b", "for syslog, too");
  ftpd_lines_suspect(&ftpd, "b\nname");
  is_int(nlisteners, 5, "once");

  begin(1, false);
  ftpd_lines_watch(&ftpd);
  is_int(nlisteners, 5, "with debugging everything is written anyway");
  is_int(debug_level, 1, "which goes on");
  begin(0, true);
  ftpd_lines_watch(&ftpd);
  is_str(whole_line(PR_LOG_NAME_TRACELOG, "a\nb"), "a_b", "a TraceLog");
}

int main(void) {
  p = make_sub_pool(NULL);
  controls_are_replaced();
  listeners_come_when_they_are_needed();
  destroy_pool(p);
  return done_testing();
}
