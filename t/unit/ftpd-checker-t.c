/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-checker-t.c -- the checks of SFTPUploadCheck, with the program that runs
 * them: what it is asked, what it answers, and when it ends.
 */

#include "daemon.h"
#include "ftpd-checker.h"
#include "ftpd-run.h"
#include "ftpd-upload-conf.h"
#include "ftpd-wait.h"
#include "ftpd-words.h"
#include "program.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

volatile unsigned int recvd_signal_flags;

#define SH(text) { text, "/bin/sh", "nobody", 65534, 65534, 60, true }

static pool *p;
/* Scripts: the upload is their stdin. */
static struct upload_check checks[] = {
  SH("cat"),
  SH("cat; exit 7"),
  { NULL, NULL, NULL, 0, 0, 60, false },
  SH("exec yes"),
  SH("echo \"$@\"; exit 1"),
  SH("/nonexistent"),
  SH("printf '\\n \\n'; exit 7"),
  SH("kill -9 $PPID"),
  SH("echo aside >&2; exit 1"),
  SH("kill -9 $$"),
  SH("%u"),
  SH("printf '%600s' '' | tr ' ' x"),
  { "exec >&- 2>&-; sleep 60", "/bin/sh", "nobody", 65534, 65534, 1, true },
  SH("exec >&- 2>&-; sleep 1.2"),
  SH("echo before; sleep 60 &"),
  SH("exec 2>&1; sleep 60 & yes | head -c 65536; exit 7"),
  SH("yes | head -c 65537 & wait")
};

static config_rec records[SFTP_NELEMS(checks)];
static void *args[SFTP_NELEMS(checks)];

/* ---- Of the other files of ftpd/ */

config_rec *ftpd_upload_conf_next(server_rec *s, config_rec *c) {
  (void) s;
  return c == NULL ? records : c + 1 < records + SFTP_NELEMS(checks) ? c + 1 :
    NULL;
}

const char *ftpd_run_beside(pool *in, const char *name) {
  char *dir = getcwd(NULL, 0);
  const char *path = pstrcat(in, dir, "/", name, NULL);

  free(dir);
  return path;
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
  return letter == 'u' && strcmp(text, "%u") == 0;
}

bool ftpd_words_typed(const char *text) {
  (void) text;
  return false;
}

char **ftpd_words_fill(pool *in, const char *text,
    const char *(*token)(pool *in, const void *data, char letter),
    const void *data) {
  char **words = pcalloc(in, 9 * sizeof(char *));

  words[0] = pstrdup(in, *text == '/' ? text : "/bin/sh");
  words[1] = pstrdup(in, "-c");
  words[2] = pstrdup(in, text);
  words[3] = pstrdup(in, "sh");
  words[4] = pstrdup(in, token(in, data, 'u'));
  words[5] = pstrcat(in, "<", token(in, data, 'p'), token(in, data, 'p'), ">",
    NULL);
  words[6] = pstrdup(in, token(in, data, 's'));
  words[7] = pstrdup(in, token(in, data, 'C'));
  return words;
}

/* ---- The tests */

static bool said(const char *text, const char *wanted) {
  bool res = strcmp(text, wanted) == 0;

  if (!res) {
    printf("# got '%s', wanted '%s'\n", text, wanted);
  }

  return res;
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

static bool refuses(unsigned int which, const char *content,
    const char *wanted) {
  const char *line;

  return ask(&checks[which], content, &line) < 0 && said(line, wanted);
}

static void verdicts(void) {
  const char *line;

  ok(ask(&checks[0], "fine", &line) == 0 && said(line, "fine"), "accepted");
  ok(refuses(1, "bad\nx", "bad"), "refused");
  ok(refuses(1, "a\033b\377", "a\\x1bb\\xff"), "odd bytes are escaped");
  ok(refuses(4, "text", "alice </dir/name/dir/name> 4 here"), "words");
  ok(refuses(6, "x", "exit status 7"), "no output");
  ok(refuses(8, "x", "aside"), "stderr");
  ok(nactive >= 6, "whoever waits is not idle");
}

static void the_first_line_counts(void) {
  const char *line;

  ok(refuses(1, "one\r\ntwo", "one"), "a line");
  ok(refuses(1, "\n\n  one two\t \n", "one two"), "blanks around it");
  ok(ask(&checks[0], "\n \r\n", &line) == 0 && said(line, ""), "no line");
  ok(ask(&checks[11], "", &line) == 0 && strlen(line) == 511 &&
    strspn(line, "x") == 511, "a long line is cut");
}

static void failures(void) {
  ok(refuses(3, "x", "the check failed: it printed too much"), "a flood");
  ok(refuses(5, "x", "the check failed: '/nonexistent': No such file or "
    "directory"), "a program that is not safe");
  ok(refuses(9, "x", "the check failed: ended by signal 9"), "a signal");
  ok(refuses(10, "x", "the check failed: it is not run for a user of this "
    "name"), "an odd name");
  ok(refuses(12, "x", "the check failed: it took too long"), "no end");
  ok(refuses(16, "x", "the check failed: it printed too much"), "a byte more");
}

static void its_end_counts(void) {
  const char *line;

  ok(ask(&checks[13], "x", &line) == 0 && said(line, ""),
    "it goes on without output");
  ok(ask(&checks[14], "x", &line) == 0 && said(line, "before"),
    "a child has its output");
  ok(refuses(15, "x", "y"), "all that it printed is read");
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
  char why[512];
  size_t i;

  if (!sftp_program_is_safe("/bin/sh", why, sizeof(why))) {
    printf("1..0 # SKIP %s\n", why);
    return 0;
  }

  p = make_sub_pool(NULL);
  for (i = 0; i < SFTP_NELEMS(checks); i++) {
    args[i] = &checks[i];
    records[i].argc = 1;
    records[i].argv = &args[i];
  }

  session.user = "alice";
  ok(ftpd_checker_on(), "there are checks");
  ftpd_checker_begin();
  verdicts();
  the_first_line_counts();
  failures();
  its_end_counts();
  only_what_is_configured_is_run();
  a_session_that_ends_does_not_wait();
  a_process_that_ended_refuses();
  destroy_pool(p);
  return done_testing();
}
