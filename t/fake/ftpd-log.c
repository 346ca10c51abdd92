/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log.c -- the fake host's log, trace and clock.  With FAKE_LOG=1 in the
 * environment every line is shown as a TAP comment.
 */

#include "ftpd-lines.h"
#include "ftpd-log.h"

char fake_log_last[8192], fake_auth_log_last[8192], fake_trace_last[8192];
unsigned int fake_log_lines, fake_auth_log_lines, fake_trace_lines;
int fake_auth_log_level, fake_trace_level;
enum sftp_trace_channel fake_trace_channel;
uint64_t fake_now_ms = 1000000;

/* All lines since the reset, oldest dropped first. */
static char history[65536];
static size_t history_len;

static void show(const char *sink, const char *line) {
  static int shown = -1;

  shown = shown < 0 ? getenv("FAKE_LOG") != NULL : shown;
  if (shown) {
    fprintf(stderr, "# %s: %s\n", sink, line);
  }
}

#define LAST_LEN sizeof(fake_log_last)

/* What fits of it. */
static void keep(char last[LAST_LEN], const char *line) {
  size_t len = strnlen(line, LAST_LEN - 1);

  memcpy(last, line, len);
  last[len] = '\0';
}

void ftpd_log_line(const char *kind, const char *line) {
  size_t len = strlen(line);

  (void) kind;
  show("log", line);
  keep(fake_log_last, line);
  fake_log_lines++;

  if (history_len + len + 2 > sizeof(history)) {
    history_len = 0;
  }

  if (len + 2 <= sizeof(history)) {
    memcpy(history + history_len, line, len);
    memcpy(history + history_len + len, "\n", 2);
    history_len += len + 1;
  }
}

void ftpd_log_why_line(enum sftp_why why, const char *line) {
  (void) why;
  ftpd_log_line("", line);
}

void ftpd_auth_log_line(int level, const char *line) {
  show("auth log", line);
  keep(fake_auth_log_last, line);
  fake_auth_log_level = level;
  fake_auth_log_lines++;
}

const char *ftpd_log_reason(struct ftpd *h) {
  (void) h;
  return fake_auth_log_last[0] != '\0' ? fake_auth_log_last :
    fake_log_last[0] != '\0' ? fake_log_last : NULL;
}

void ftpd_trace_line(enum sftp_trace_channel chan, int level,
    const char *line) {
  show("trace", line);
  keep(fake_trace_last, line);
  fake_trace_channel = chan;
  fake_trace_level = level;
  fake_trace_lines++;
}

bool fake_log_has(const char *text) {
  return strstr(history, text) != NULL;
}

void fake_log_reset(void) {
  history[0] = '\0';
  history_len = 0;
  fake_log_last[0] = fake_auth_log_last[0] = fake_trace_last[0] = '\0';
  fake_log_lines = fake_auth_log_lines = fake_trace_lines = 0;
}

uint64_t ftpd_now_ms(void) {
  return fake_now_ms;
}

uint64_t ftpd_now_us(void) {
  return 1000 * fake_now_ms;
}
