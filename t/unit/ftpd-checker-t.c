/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-checker-t.c -- the process that runs the programs of SFTPUploadCheck:
 * what it is asked, what it answers, and when it ends.
 */

#include "daemon.h"
#include "ftpd-checker.h"
#include "ftpd-run.h"
#include "ftpd-upload-conf.h"
#include "ftpd-wait.h"
#include "ftpd-words.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

volatile unsigned int recvd_signal_flags;

static pool *p;
static struct upload_check checks[] = {
  { "/bin/accept", "/bin/accept", "nobody", 65534, 65534, 5, true },
  { "/bin/refuse", "/bin/refuse", "nobody", 65534, 65534, 5, true },
  { NULL, NULL, NULL, 0, 0, 60, false },
  { "/bin/fail", "/bin/fail", "nobody", 65534, 65534, 5, false },
  { "/bin/words %u %p %s", "/bin/words", "nobody", 65534, 65534, 5, false },
  { "/bin/changed", "/bin/changed", "nobody", 65534, 65534, 5, false },
  { "/bin/silent", "/bin/silent", "nobody", 65534, 65534, 5, false },
  { "/bin/end", "/bin/end", "nobody", 65534, 65534, 5, false }
};

static config_rec records[SFTP_NELEMS(checks)];
static void *args[SFTP_NELEMS(checks)];

/* ---- Of the other files of ftpd/ */

config_rec *ftpd_upload_conf_next(server_rec *s, config_rec *c) {
  (void) s;
  return c == NULL ? records : c + 1 < records + SFTP_NELEMS(checks) ? c + 1 :
    NULL;
}

void ftpd_run_close_from(int first) {
  while (first < 64) {
    (void) close(first++);
  }
}

const char *ftpd_run_objection(pool *in, const char *path) {
  (void) in;
  return strcmp(path, "/bin/changed") == 0 ? "it was changed" : NULL;
}

const char *ftpd_words_connection(pool *in) {
  (void) in;
  return "here";
}

static unsigned int nactive;

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  (void) h;
  nactive += what == FTPD_ACTIVE_TRANSFER;
}

bool ftpd_words_have(pool *in, const char *text, char letter) {
  (void) in;
  (void) letter;
  return strchr(text, '%') != NULL;
}

bool ftpd_words_typed(const char *text) {
  return strchr(text, '\n') == NULL;
}

char **ftpd_words_fill(pool *in, const char *text,
    const char *(*token)(pool *in, const void *data, char letter),
    const void *data) {
  char **words = pcalloc(in, 5 * sizeof(char *));

  words[0] = pstrdup(in, text);
  words[1] = pstrcat(in, token(in, data, 'u'), " ", token(in, data, 'p'), " ",
    token(in, data, 's'), " ", token(in, data, 'C'), NULL);
  return words;
}

static void print(struct ftpd_output *o, const char *text) {
  o->text = (char *) text;
  o->len = strlen(text);
}

/* The program: it prints the file that it gets, or its words. */
const char *ftpd_run(pool *in, const struct ftpd_run *r,
    struct ftpd_output *o) {
  static char text[64];
  ssize_t n = read(r->in, text, sizeof(text) - 1);

  (void) in;
  memset(o, 0, sizeof(*o));
  text[n > 0 ? n : 0] = '\0';
  print(o, text);
  if (strcmp(r->path, "/bin/fail") == 0) {
    return "it took too long";
  }

  if (strcmp(r->path, "/bin/end") == 0) {
    _exit(0);
  }

  if (strcmp(r->path, "/bin/words") == 0) {
    print(o, r->argv[1]);
  }

  if (strcmp(r->path, "/bin/silent") == 0) {
    print(o, "\n \n");
  }

  o->status = strcmp(r->path, "/bin/accept") == 0 ? 0 : 7;
  return NULL;
}

/* ---- The tests */

static bool said(const char *text, const char *wanted) {
  bool res = strcmp(text, wanted) == 0;

  if (!res) {
    printf("# got '%s', wanted '%s'\n", text, wanted);
  }

  return res;
}

static bool is_line(const char *text, size_t max, const char *wanted) {
  char line[64];

  memset(line, 'x', sizeof(line));
  ftpd_checker_line(line, max, text, strlen(text));
  return said(line, wanted);
}

static void the_first_line_counts(void) {
  ok(is_line("one\ntwo", 64, "one") && is_line("one", 64, "one") &&
    is_line("one\r\n", 64, "one"), "a line");
  ok(is_line("\n\n  one two\t \n", 64, "one two"), "blanks around it");
  ok(is_line("", 64, "") && is_line("\n \r\n", 64, ""), "no line");
  ok(is_line("0123456789", 8, "0123456"), "a long line is cut");
}

/* The verdict of a check about a file with that content. */
static int ask(const struct upload_check *check, const char *content,
    const char **line) {
  FILE *file = tmpfile();
  struct ftpd_checked upload = { fileno(file), (off_t) strlen(content),
    "/dir/name" };
  int res;

  fputs(content, file);
  rewind(file);
  res = ftpd_checker_ask(NULL, p, check, &upload, line);
  fclose(file);
  return res;
}

static void verdicts_and_lines(void) {
  const char *line;

  ok(ask(&checks[0], "fine", &line) == 0 && said(line, "fine"), "accepted");
  ok(ask(&checks[1], "bad\nx", &line) < 0 && said(line, "bad"), "refused");
  ok(ask(&checks[1], "a\033b\377", &line) < 0 && said(line, "a\\x1bb\\xff"),
    "odd bytes are escaped");
  ok(ask(&checks[3], "x", &line) < 0 &&
    said(line, "the check failed: it took too long"), "it failed");
  ok(ask(&checks[4], "text", &line) < 0 &&
    said(line, "alice /dir/name 4 here"), "tokens");
  ok(ask(&checks[5], "x", &line) < 0 &&
    said(line, "the check failed: it was changed"), "a program that changed");
  ok(ask(&checks[6], "x", &line) < 0 && said(line, "exit status 7"),
    "no output");
  ok(nactive >= 7, "whoever waits is not idle");
}

static void only_what_is_configured_is_run(void) {
  struct upload_check other = checks[0];
  const char *line;

  ok(ask(&other, "x", &line) < 0, "another check");
  ok(ask(&checks[2], "x", &line) < 0, "none");
  ok(ask(&checks[0], "x", &line) == 0, "the next one is answered");
}

static void a_session_that_ends_does_not_wait(void) {
  const char *line;

  ok(!ftpd_checker_ending(), "it goes on");
  recvd_signal_flags = RECEIVED_SIG_TERMINATE;
  ok(ftpd_checker_ending(), "it is to end");
  ok(ask(&checks[0], "x", &line) < 0 &&
    said(line, "the check failed: the session is being ended"), "SIGTERM");
  recvd_signal_flags = 0;
  ok(ask(&checks[1], "later", &line) < 0 && said(line, "later"),
    "the late answer is not taken for the next");
}

static void a_process_that_ended_refuses(void) {
  const char *line;

  ok(ask(&checks[7], "x", &line) < 0 &&
    said(line, "the check failed: the process that runs it has ended"),
    "it ended");
  ok(ask(&checks[0], "x", &line) < 0, "and is not there for the next");
}

int main(void) {
  size_t i;

  p = make_sub_pool(NULL);
  for (i = 0; i < SFTP_NELEMS(checks); i++) {
    args[i] = &checks[i];
    records[i].argc = 1;
    records[i].argv = &args[i];
  }

  session.user = "alice";
  the_first_line_counts();
  ok(ftpd_checker_on(), "there are checks");
  ftpd_checker_begin();
  verdicts_and_lines();
  only_what_is_configured_is_run();
  a_session_that_ends_does_not_wait();
  a_process_that_ended_refuses();
  destroy_pool(p);
  return done_testing();
}
