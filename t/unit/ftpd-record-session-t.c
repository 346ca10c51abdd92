/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-session-t.c -- what a session sends to the recorder, and what
 * happens when that does not answer.
 */

#include "daemon.h"

#include "ftpd-filter.h"
#include "ftpd-record-open.h"
#include "ftpd-record-pass.h"
#include "ftpd-record-start.h"
#include "ftpd-record.h"
#include "ftpd-recorder.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

module sftp_module;

static pool *p;
static struct ftpd *current;

/* ---- The recorder: it reads and answers while the session waits */

static int recorder = -1;       /* its end of the socket */
static bool answers, listens = true;
static int32_t answer;
static unsigned int nread, npolls;
static char last[200];          /* message that it has read */

static void read_messages(void) {
  char text[200];
  ssize_t n;

  while ((n = recv(recorder, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
    text[n] = '\0';
    memcpy(last, text, sizeof(last));
    nread++;
    if (answers) {
      (void) send(recorder, &answer, sizeof(answer), MSG_NOSIGNAL);
    }
  }
}

int poll(struct pollfd *fds, nfds_t n, int ms) {
  struct timespec none = { 0, 0 };
  int res;

  npolls++;
  if (listens && recorder >= 0) {
    read_messages();
  }

  res = ppoll(fds, n, &none, NULL);
  fake_now_ms += res == 0 ? (uint64_t) ms : 0;
  return res;
}

/* ---- Of the daemon, and of the other files of ftpd/ */

static struct record_conf conf = { .path = "/log" };
static bool has_conf;
static int door = -1, pass_errno;
static struct record_hello hello;

struct ftpd *ftpd_current(void) {
  return current;
}

const struct record_conf *ftpd_record_conf(server_rec *s) {
  (void) s;
  return has_conf ? &conf : NULL;
}

int ftpd_record_door(void) {
  return door;
}

int ftpd_record_open_new(void) {
  return open("/dev/null", O_RDONLY|O_CLOEXEC);
}

int ftpd_record_pass(int to, const void *bytes, size_t len,
    const int fds[RECORD_FDS], int flags) {
  ok(to == door && flags == MSG_DONTWAIT && len == sizeof(hello),
    "the door is asked");
  errno = pass_errno;
  if (pass_errno != 0) {
    return -1;
  }

  memcpy(&hello, bytes, sizeof(hello));
  if (recorder >= 0) {
    (void) close(recorder);
  }

  recorder = dup(fds[0]);
  return 0;
}

void ftpd_record_close(int fds[RECORD_FDS]) {
  unsigned int i;

  for (i = 0; i < RECORD_FDS; i++) {
    (void) close(fds[i]);
  }
}

void ftpd_record_leave(void) {
}

static const char *away;

void ftpd_record_turned_away(const char *why) {
  away = why;
}

const char *pr_session_get_disconnect_reason(const char **details) {
  *details = "details";
  return "reason";
}

static void put(struct record_event *e, const char *fmt, ...)
  SFTP_PRINTF(2, 3);

static void put(struct record_event *e, const char *fmt, ...) {
  char text[100];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  sftp_wr_bytes(&e->message, text, strlen(text));
}

void ftpd_record_begin(struct record_event *e, enum record_what what) {
  memset(e, 0, sizeof(*e));
  sftp_wr_init(&e->message, p, 64, 150);
  put(e, what == RECORD_LOGOUT ? "logout" : "event");
}

void ftpd_record_text(struct record_event *e, enum record_field field,
    const char *value) {
  put(e, " %s=%s", field == RECORD_END ? "end" : field == RECORD_WHY ? "why" :
    "?", value);
}

void ftpd_record_number(struct record_event *e, enum record_field field,
    uint64_t value) {
  put(e, " %s=%llu", field == RECORD_SEQ ? "seq" : field == RECORD_LEFT_OUT ?
    "left" : field == RECORD_UNSENT ? "unsent" : "?",
    (unsigned long long) value);
}

/* ---- The tests */

static void send_event(bool spare) {
  struct record_event e;

  ftpd_record_begin(&e, RECORD_REMOVE);
  e.spare = spare;
  ftpd_record_send(&e);
}

/* The message that the recorder gets. */
static void gets(const char *want, const char *what) {
  last[0] = '\0';
  read_messages();
  is_str(last, want, "%s", what);
}

static unsigned int logged(void) {
  static unsigned int before;
  unsigned int n = daemon_messages - before;

  before = daemon_messages;
  return n;
}

static void nothing_is_recorded(void) {
  struct ftpd_op op = { .req = FTPD_REMOVE };

  ftpd_record_enter();
  ok(!ftpd_record_on() && ftpd_record_may(&op) == 0, "no SFTPTransferRecord");
  send_event(false);
  is_int(daemon_happens("core.exit", NULL), 0, "nobody waits for the end");
}

static void sessions_introduce_themselves(void) {
  char id[64];

  has_conf = true;
  ftpd_record_enter();
  ok(ftpd_record_on() && logged() == 1 && strstr(daemon_message,
    "this session is not recorded: No such file") != NULL, "no recorder");
  daemon_forget_listeners();
  door = open("/dev/null", O_RDONLY|O_CLOEXEC);
  pass_errno = EAGAIN;
  ftpd_record_enter();
  is_int(logged(), 0, "one that does not listen is told once");
  daemon_forget_listeners();
  pass_errno = 0;
  session.c->remote_port = 1234;
  session.c->local_port = 22;
  ftpd_record_enter();
  snprintf(id, sizeof(id), "%ld.", (long) getpid());
  ok(strcmp(hello.path, "/log") == 0 && strncmp(hello.session, id, strlen(id))
    == 0 && strcmp(hello.from, "198.51.100.7") == 0 && hello.port == 1234 &&
    strcmp(hello.server, DAEMON_IP ":22") == 0 && hello.answers == 0,
    "who, from where, to where");
}

static void records_are_numbered(void) {
  send_event(false);
  gets("event seq=1", "a record");
  send_event(false);
  gets("event seq=2", "the next one");
  ok(logged() == 0 && !ftpd_record_logged_in(), "nothing else");
}

static void failures_have_a_limit(void) {
  unsigned int i;

  for (i = 0; i < 201; i++) {
    send_event(true);
  }

  gets("event seq=202", "two hundred failures");
  send_event(false);
  gets("event seq=203 left=1", "one was left out");
  send_event(false);
  gets("event seq=204", "... which is told once");
  fake_now_ms += 99;
  send_event(true);
  gets("", "a moment later");
  fake_now_ms += 1;
  send_event(true);
  gets("event seq=205 left=1", "there is room for one more");
  send_event(true);
  gets("", "... only");
  fake_now_ms += 250;
  send_event(true);
  send_event(true);
  gets("event seq=207", "two more");
  send_event(true);
  gets("", "... only");
  fake_now_ms += 1000000;
  for (i = 0; i < 201; i++) {
    send_event(true);
  }

  gets("event seq=407", "two hundred at most");
  send_event(false);
  gets("event seq=408 left=1", "one was left out again");
}

static void long_records_are_none(void) {
  struct record_event e;

  ftpd_record_begin(&e, RECORD_REMOVE);
  put(&e, "%s", "0123456789012345678901234567890123456789012345678901234567"
    "89012345678901234567890123456789012345");
  put(&e, "%s", "0123456789012345678901234567890123456789012345678901234567"
    "89012345678901234567890123456789012345");
  ftpd_record_send(&e);
  gets("", "one that is too long");
  ok(logged() == 1 && strstr(daemon_message, strerror(EMSGSIZE)) != NULL,
    "... is told");
  send_event(false);
  gets("event seq=410", "the next one is sent");
}

static void sessions_wait_for_room(void) {
  unsigned int i;

  nread = 0;
  for (i = 0; i < 3000; i++) {
    send_event(false);
  }

  read_messages();
  ok(nread == 3000 && npolls > 0, "a slow recorder gets all");
  (void) logged();
  listens = false;
  for (i = 0; i < 3000 && logged() == 0; i++) {
    send_event(false);
  }

  ok(i < 3000 && strstr(daemon_message, strerror(ETIMEDOUT)) != NULL,
    "one that hangs does not");
  listens = true;
  read_messages();
  nread = 0;
}

/* ---- what cannot be recorded is refused */

static void restart(void) {
  conf.stops = true;
  answers = true;
  answer = 0;
  daemon_forget_listeners();
  ftpd_record_enter();
  read_messages();
  send_event(false);
  (void) logged();
}

static void answers_are_awaited(void) {
  struct ftpd_op op = { .req = FTPD_REMOVE };
  uint64_t began;
  int32_t late = EIO;

  restart();
  is_int(hello.answers, 1, "the recorder answers");
  ok(ftpd_record_may(&op) == 0, "all is well");
  (void) send(recorder, &late, sizeof(late), MSG_NOSIGNAL);
  send_event(false);
  ok(logged() == 0 && ftpd_record_may(&op) == 0, "late answers do not count");
  answer = ENOSPC;
  send_event(false);
  ok(logged() == 1 && strstr(daemon_message, strerror(ENOSPC)) != NULL,
    "a failure");
  send_event(false);
  is_int(logged(), 0, "... is told once");
  daemon_refused = NULL;
  errno = 0;
  ok(ftpd_record_may(&op) < 0 && errno == EIO && daemon_refused != NULL &&
    strstr(daemon_refused, "SFTPTransferRecord") != NULL, "... and refuses");
  answer = 0;
  ok(ftpd_record_may(&op) == 0, "it is over");
  send_event(false);
  ok(strstr(last, "unsent") == NULL, "a question is no record");
  answers = false;
  began = fake_now_ms;
  send_event(false);
  ok(fake_now_ms - began == 8000 && strstr(daemon_message,
    strerror(ETIMEDOUT)) != NULL, "no answer");
  began = fake_now_ms;
  send_event(false);
  ok(fake_now_ms == began, "... is awaited once");
  ok(ftpd_record_may(&op) < 0, "... and refuses");
  conf.stops = false;
  ok(ftpd_record_may(&op) == 0, "unless it need not be recorded");
  conf.stops = true;
  answers = true;
  ok(ftpd_record_may(&op) == 0, "an answer");
  (void) logged();
  (void) send(recorder, "", 1, MSG_NOSIGNAL);
  listens = true;
  send_event(false);
  is_int(logged(), 0, "what was there before is skipped");
}

static void recorders_end(void) {
  struct ftpd_op op = { .req = FTPD_REMOVE };

  restart();
  (void) close(recorder);
  recorder = -1;
  send_event(false);
  ok(logged() == 1 && strstr(daemon_message, strerror(EPIPE)) != NULL,
    "one that ends");
  ok(ftpd_record_may(&op) < 0, "... refuses");
  send_event(false);
  daemon_forget_listeners();
  ftpd_record_enter();
  read_messages();
  send_event(false);
  ok(strstr(last, " unsent=2") != NULL, "the next one is told: %s", last);
  send_event(false);
  ok(strstr(last, "unsent") == NULL, "... once: %s", last);
}

/* ---- The end of a session */

static void ends(const char *what) {
  last[0] = '\0';
  away = NULL;
  daemon_forget_listeners();
  ftpd_record_enter();
  is_int(daemon_happens("core.exit", NULL), 1, "%s", what);
  read_messages();
}

static void modules_turn_away(void) {
  static struct ftpd ftpd;

  restart();
  session.user = "alice";
  current = &ftpd;
  ftpd.logged_in = true;
  ends("who has logged in, and has no record of that");
  ok(last[0] == '\0' && away != NULL && strcmp(away, "details") == 0,
    "... was turned away");
  ftpd.logged_in = false;
  ends("who has not");
  ok(strncmp(last, "logout ", 7) == 0 && away == NULL, "... was not");
  current = NULL;
  session.disconnect_reason = PR_SESS_DISCONNECT_CONFIG_ACL;
  ends("a client of FTP");
  ok(last[0] == '\0' && away != NULL, "... is turned away by a rule");
  session.disconnect_reason = 0;
  ends("another one");
  ok(strncmp(last, "logout ", 7) == 0 && away == NULL, "... is not");
}

static void sessions_end(void) {
  restart();
  session.user = NULL;
  ends("nobody");
  is_str(last, "", "has no end");
  session.user = "alice";
  ftpd_record_login_told(true);
  ok(ftpd_record_logged_in(), "a user");
  ends("a session");
  ok(strncmp(last, "logout end=ok why=details seq=", 30) == 0, "has: %s",
    last);
  last[0] = '\0';
  is_int(daemon_happens("core.exit", NULL), 1, "again");
  is_str(last, "", "it ends once");
  ftpd_record_login_told(false);
  ends("a refusal");
  ok(last[0] == '\0' && away == NULL && !ftpd_record_logged_in(),
    "was the end");
}

int main(void) {
  p = make_sub_pool(NULL);
  daemon_client("198.51.100.7", "client");
  nothing_is_recorded();
  sessions_introduce_themselves();
  records_are_numbered();
  failures_have_a_limit();
  long_records_are_none();
  sessions_wait_for_room();
  answers_are_awaited();
  recorders_end();
  modules_turn_away();
  sessions_end();
  destroy_pool(p);
  return done_testing();
}
