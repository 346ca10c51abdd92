/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-auth-t.c -- requests for a login as commands of the daemon: which phases
 * other modules see, and with what.
 */

#include "daemon.h"

#include "ftpd-anon.h"
#include "ftpd-cmd.h"
#include "ftpd-lines.h"
#include "ftpd-listen.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-record.h"
#include "ftpd-report.h"
#include "ftpd-seen.h"
#include "ftpd-tally.h"
#include "ftpd-user.h"
#include "ftpd-wait.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <time.h>

static pool *p, *request;
static server_rec server;
static struct ftpd ftpd = { .server = &server };

/* ---- What happened, each a word */

static char seen[2000];

static void saw(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void saw(const char *fmt, ...) {
  size_t n = strlen(seen);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(seen + n, sizeof(seen) - n, fmt, ap);
  va_end(ap);
  n = strlen(seen);
  snprintf(seen + n, sizeof(seen) - n, ";");
}

static void happened(const char *want, const char *what) {
  is_str(seen, want, "%s", what);
  seen[0] = '\0';
}

/* ---- Of the daemon */

static int refused_phase;
static const char *rewritten;   /* by PRE_CMD */
static const char *reply;       /* the last response, or NULL */
static cmd_rec *dispatched;

int pr_cmd_dispatch_phase(cmd_rec *cmd, int phase, int flags) {
  (void) flags;
  dispatched = cmd;
  saw("%s%s %s '%s'", phase == PRE_CMD ? "pre" : phase == POST_CMD ? "post" :
    phase == POST_CMD_ERR ? "post-err" : phase == LOG_CMD ? "log" : "log-err",
    pr_table_get(cmd->notes, "mod_sftp.nonfatal-attempt", NULL) != NULL ?
    "-nonfatal" : "", (char *) cmd->argv[0], cmd->arg);
  if (phase == PRE_CMD && rewritten != NULL) {
    cmd->arg = pstrdup(p, rewritten);
  }

  errno = EIO;
  return phase == refused_phase ? -1 : 1;
}

int pr_cmd_get_id(const char *name) {
  return strcmp(name, C_USER) == 0 ? 1 : 2;
}

static cmdtable handlers[3];
static module modules[2] = { { .name = "one" }, { .name = "two" } };

void *pr_stash_get_symbol2(pr_stash_type_t type, const char *name, void *prev,
    int *idx, unsigned int *hash) {
  unsigned int i = prev != NULL ? (unsigned int) ((cmdtable *) prev -
    handlers) + 1 : 0;

  (void) type;
  (void) name;
  (void) idx;
  (void) hash;
  return i < SFTP_NELEMS(handlers) ? &handlers[i] : NULL;
}

modret_t *pr_module_call(module *m, modret_t *(*handler)(cmd_rec *),
    cmd_rec *cmd) {
  (void) handler;
  saw("call %s", m->name);
  return mod_create_data(cmd, NULL);
}

int pr_response_get_last(pool *in, const char **code, const char **text) {
  (void) in;
  *code = "250";
  *text = reply;
  return reply != NULL ? 0 : -1;
}

void pr_response_clear(pr_response_t **list) {
  *list = NULL;
}

static void respond(const char *kind, const char *code, const char *fmt,
    va_list ap) {
  char text[100];

  vsnprintf(text, sizeof(text), fmt, ap);
  saw("%s %s %s", kind, code, text);
}

void pr_response_add(const char *code, const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  respond("reply", code, fmt, ap);
  va_end(ap);
}

void pr_response_add_err(const char *code, const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  respond("error", code, fmt, ap);
  va_end(ap);
}

int pr_table_set(pr_table_t *t, const char *name, const void *value,
    size_t len) {
  if (pr_table_remove(t, name, NULL) == NULL) {
    errno = ENOENT;
    return -1;
  }

  return pr_table_add(t, name, value, len);
}

static const char *charset;

const char *pr_encode_get_charset(void) {
  return charset;
}

int pr_encode_is_utf8(const char *name) {
  return strcmp(name, "UTF-8") == 0 ? TRUE : FALSE;
}

char *pr_decode_str(pool *in, const char *text, size_t n, size_t *len) {
  (void) n;
  if (strcmp(text, "?") == 0) {
    return NULL;
  }

  *len = 3;
  return pstrdup(in, "decoded");
}

int pr_trace_msg(const char *channel, int level, const char *fmt, ...) {
  (void) channel;
  (void) level;
  (void) fmt;
  return 0;
}

void pr_event_generate(const char *event, const void *data) {
  (void) data;
  saw("%s", event);
}

static uint64_t slept_until_ns;

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *ts,
    struct timespec *left) {
  (void) left;
  slept_until_ns = clock == CLOCK_MONOTONIC && flags == TIMER_ABSTIME ?
    (uint64_t) ts->tv_sec * 1000000000 + (uint64_t) ts->tv_nsec : 0;
  return 0;
}

/* ---- Of the other files of ftpd/ */

static unsigned int nwaits;

/* Each is ended early, by a signal. */
int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms) {
  (void) h;
  (void) fd;
  (void) events;
  nwaits++;
  fake_now_ms += (uint64_t) (timeout_ms + 1) / 2;
  return 0;
}

const char *ftpd_anon_resolve(struct ftpd *h, pool *in, const char *given) {
  (void) h;
  return strcmp(given, "alias") == 0 ? pstrdup(in, "real") : given;
}

void ftpd_auth_forget_entry(struct ftpd *h) {
  (void) h;
  saw("forget entry");
}

void ftpd_log_forget(void) {
}

void ftpd_note(struct ftpd *h, const char *name, const char *value) {
  (void) h;
  saw("note %s %s", name, value);
}

void ftpd_tally_login(const char *method, enum tally_outcome outcome) {
  saw("tally %s %s", method, outcome == TALLY_PARTIAL ? "partial" :
    outcome == TALLY_FAILED ? "failed" : outcome == TALLY_BROKEN ? "broken" :
    "?");
}

void ftpd_record_login(struct ftpd *h, const char *method, const char *end) {
  (void) h;
  saw("record %s %s", method, end);
}

void ftpd_record_odd_login(const char *user, const char *why) {
  saw("odd %s %s", user, why);
}

void ftpd_seen_proof(const struct ftpd *h, const char *method) {
  (void) h;
  saw("proof %s", method);
}

static bool listens;
static unsigned int nlistens;

bool ftpd_listens(struct ftpd *h, const char *name, int cls, int phase) {
  (void) h;
  (void) name;
  nlistens++;
  return listens && cls == (CL_SSH|CL_MISC) && phase == LOG_CMD;
}

/* ---- The tests */

static void begin(void) {
  seen[0] = '\0';
  refused_phase = 0;
  rewritten = reply = charset = NULL;
  session.notes = pr_table_alloc(p, 0);
  memset(&session.xfer, 0, sizeof(session.xfer));
  memset(&ftpd, 0, sizeof(ftpd));
  ftpd.pool = p;
  ftpd.server = &server;
  if (request != NULL) {
    destroy_pool(request);
  }

  request = make_sub_pool(p);
  fake_log_reset();
}

static int user(const char *name, const char **now) {
  *now = name;
  return ftpd_auth_user(&ftpd, request, now);
}

static void users_are_named(void) {
  const char *now, *given;

  begin();
  is_int(user("alias", &now), 0, "a user");
  happened("pre USER 'alias';", "handlers see them");
  is_str(now, "real", "aliases are followed");
  ok(strcmp(ftpd.orig_user, "alias") == 0 && strcmp(ftpd.user, "real") == 0 &&
    strcmp(ftpd.login->given, "alias") == 0 &&
    ftpd.login->user_cmd == dispatched && dispatched->cmd_id == 1 &&
    dispatched->cmd_class == (CL_AUTH|CL_SSH), "all names are known");
  ok(pr_response_get_pool() == request, "responses are the request's");
  ftpd_auth_user_end(&ftpd, true);
  happened("reply 331 Password required for alias;post USER 'alias';"
    "log USER 'alias';", "the end");
  is_str(pr_table_get(session.notes, "mod_auth.orig-user", NULL), "alias",
    "a note for other modules");
  ok(ftpd.login->user_cmd == NULL, "it is over");
  given = ftpd.login->given;
  now = ftpd.user;
  (void) user("alias", &now);
  ok(ftpd.login->given == given, "the same name is the same");
  (void) user("bob", &now);
  ok(strcmp(ftpd.login->given, "bob") == 0 && strcmp(ftpd.user, "bob") == 0 &&
    strcmp(ftpd.orig_user, "alias") == 0, "another one is another");
  begin();
  rewritten = "alias";
  is_int(user("alice", &now), 0, "one that is rewritten");
  ok(strcmp(now, "real") == 0 && strcmp(ftpd.orig_user, "alice") == 0,
    "... is another");
  begin();
  refused_phase = PRE_CMD;
  ok(user("alice", &now) < 0 && errno == EPERM, "one that is refused");
  happened("pre USER 'alice';error 530 Login incorrect.;post-err USER "
    "'alice';log-err USER 'alice';", "... is told");
  ok(pr_table_get(session.notes, "mod_auth.orig-user", NULL) == NULL &&
    fake_log_has("user 'alice' refused by a handler"), "... and logged");
}

static void requests_leave_nothing(void) {
  const char *now;

  begin();
  (void) user("alice", &now);
  destroy_pool(request);
  ok(ftpd.login->pool == NULL && ftpd.login->user_cmd == NULL &&
    pr_response_get_pool() == NULL, "no pool of a request stays");
  request = make_sub_pool(p);
  (void) user("alice", &now);
  pr_response_set_pool(p);
  destroy_pool(request);
  ok(pr_response_get_pool() == p, "others' pools do");
  request = NULL;
}

static void names_are_converted(void) {
  begin();
  is_str(ftpd_auth_local_text(p, "x"), "x", "no charset");
  charset = "UTF-8";
  is_str(ftpd_auth_local_text(p, "x"), "x", "that of SSH");
  charset = "ISO-8859-1";
  is_str(ftpd_auth_local_text(p, "x"), "dec", "another one");
  is_str(ftpd_auth_local_text(p, "?"), "?", "what cannot be converted");
}

static void explaining_is_no_login(void) {
  begin();
  ftpd_auth_pretend(&ftpd, request, "alias");
  happened("", "no handler sees it");
  ok(strcmp(ftpd.user, "real") == 0 && strcmp(ftpd.login->given, "alias") == 0
    && strcmp(ftpd.login->method, "explain") == 0 &&
    ftpd.login->pass_cmd != NULL, "but the login is ready");
  is_str(pr_table_get(session.notes, "mod_auth.orig-user", NULL), "alias",
    "with its note");
}

static void ready(const char *method) {
  const char *now;

  begin();
  (void) user("alice", &now);
  ftpd_auth_begin(&ftpd, request, "alice", method, true);
  seen[0] = '\0';
}

static void methods_begin(void) {
  const char *now;

  begin();
  (void) user("alice", &now);
  seen[0] = '\0';
  ftpd_auth_begin(&ftpd, request, "alice", "password", true);
  happened("forget entry;note SFTP_USER_AUTH_METHOD password;", "a method");
  is_str(ftpd.login->auth_cmd->arg, "alice password", "as a command");
  ok(ftpd.login->auth_cmd->cmd_id == FTPD_CMD_ID &&
    ftpd.login->auth_cmd->argc == 3, "of SSH");
  ftpd_auth_begin(&ftpd, request, "alice", "publickey", false);
  happened("", "keys keep the entry, unknown methods have no note");
}

static void passwords_are_shown_once(void) {
  char secret[] = "secret";
  const char *got = NULL;

  ready("password");
  is_int(ftpd_auth_begin_pass(&ftpd, secret, &got), FTPD_AUTH_OK,
    "a password");
  happened("pre PASS 'secret';", "handlers see it");
  ok(got == secret && strcmp(ftpd.login->pass_cmd->arg, "(hidden)") == 0 &&
    strcmp(ftpd.login->pass_cmd->argv[1], "(hidden)") == 0, "... no longer");
  rewritten = "other";
  (void) ftpd_auth_begin_pass(&ftpd, secret, &got);
  is_str(got, "other", "they may change it");
  rewritten = NULL;
  ready("publickey");
  is_int(ftpd_auth_pass(&ftpd), FTPD_AUTH_OK, "a key");
  happened("pre PASS '(hidden)';", "has none");
  refused_phase = PRE_CMD;
  is_int(ftpd_auth_pass(&ftpd), FTPD_AUTH_BLOCKED, "they may refuse");
  happened("pre PASS '(hidden)';error 530 Login incorrect.;post-err PASS "
    "'(hidden)';log-err PASS '(hidden)';", "... which ends it");
  ftpd_auth_end(&ftpd, FTPD_REQ_FAILED);
  happened("tally publickey failed;record publickey failed;post USERAUTH_"
    "REQUEST 'alice publickey';log USERAUTH_REQUEST 'alice publickey';",
    "... once");
}

#define AUTH_OK "post USERAUTH_REQUEST 'alice password';log USERAUTH_REQUEST " \
  "'alice password';"
#define AUTH_ERR "post-err USERAUTH_REQUEST 'alice password';log-err " \
  "USERAUTH_REQUEST 'alice password';"
#define PASS_ERR "error 530 Login incorrect.;post-err PASS '(hidden)';" \
  "log-err PASS '(hidden)';"

static void requests_end(void) {
  static const struct {
    enum ftpd_auth_result res;
    bool tried;
    const char *want;
  } row[] = {
    { FTPD_REQ_LISTED, false, AUTH_OK },
    { FTPD_REQ_UNKNOWN, false, AUTH_ERR },
    { FTPD_REQ_PARTIAL, true, "tally password partial;record password partial;"
      "proof password;" AUTH_OK },
    { FTPD_REQ_PROBE, false, "error 530 Login incorrect.;"
      "post-err-nonfatal PASS '(hidden)';log-err-nonfatal PASS '(hidden)';"
      AUTH_OK },
    { FTPD_REQ_FAILED, true, "tally password failed;record password failed;"
      PASS_ERR AUTH_OK },
    { FTPD_REQ_BROKEN, true, "tally password broken;record password failed;"
      PASS_ERR AUTH_ERR } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ready("password");
    (void) ftpd_auth_pass(&ftpd);
    seen[0] = '\0';
    ftpd_auth_end(&ftpd, row[i].res);
    happened(row[i].want, "an end");
    is_int(ftpd.tried, row[i].tried, "... of an attempt");
    ok(ftpd.login->auth_cmd == NULL, "... or of a question");
  }

  ready("password");
  ftpd_auth_end(&ftpd, FTPD_REQ_FAILED);
  happened("tally password failed;record password failed;" AUTH_OK,
    "without PASS");
}

static void attempts_are_counted(void) {
  ready("password");
  ftpd_auth_max(&ftpd, 3);
  happened(PASS_ERR "mod_auth.max-login-attempts;", "too many");
  ok(strstr(fake_auth_log_last, "attempts (3) exceeded") != NULL,
    "... are logged");
  is_str(pr_table_get(session.notes, "mod_auth.orig-user", NULL), "alice",
    "... with their user");
  ready("password");
  (void) ftpd_auth_pass(&ftpd);
  seen[0] = '\0';
  ftpd_auth_max(&ftpd, 3);
  happened("mod_auth.max-login-attempts;", "after a PASS");
  ftpd_auth_odd(&ftpd, "x", "why");
  happened("odd x why;", "odd names are recorded");
}

static void logins_have_a_time(void) {
  static int ten = 10, never = 0;

  begin();
  daemon_forget_config();
  ftpd.begun_ms = fake_now_ms;
  is_int(ftpd_login_due_ms(&ftpd), PR_TUNABLE_TIMEOUTLOGIN * 1000 + 1000,
    "the default");
  daemon_set_param("TimeoutLogin", &ten);
  is_int(ftpd_login_due_ms(&ftpd), 11000, "a limit");
  fake_now_ms += 10999;
  is_int(ftpd_login_due_ms(&ftpd), 1, "almost over");
  fake_now_ms++;
  is_int(ftpd_login_due_ms(&ftpd), 0, "over");
  fake_now_ms += 10;
  is_int(ftpd_login_due_ms(&ftpd), 0, "... for long");
  daemon_set_param("TimeoutLogin", &never);
  ok(ftpd_login_due_ms(&ftpd) == UINT64_MAX, "no limit");
}

static void answers_take_the_same_time(void) {
  uint64_t began = fake_now_ms * 1000 - 30000;

  begin();
  nwaits = 0;
  ftpd_auth_pause(&ftpd, began, 100);
  ok(slept_until_ns == (began + 100000) * 1000, "a multiple");
  ok(nwaits > 1, "... of several waits");
  began = fake_now_ms * 1000 - 100000;
  ftpd_auth_pause(&ftpd, began, 100);
  ok(slept_until_ns == (began + 200000) * 1000, "the next one");
}

/* ---- Commands */

static void handlers_are_called(void) {
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "X");
  size_t i;

  begin();
  for (i = 0; i < SFTP_NELEMS(handlers); i++) {
    handlers[i].cmd_type = i == 1 ? PRE_CMD : POST_CMD;
    handlers[i].m = &modules[i % 2];
  }

  ok(ftpd_cmd_call("two", "X", PRE_CMD, cmd) != NULL, "a handler");
  happened("call two;", "is called");
  ok(ftpd_cmd_call("one", "X", POST_CMD, cmd) != NULL, "the first of two");
  happened("call one;", "is called");
  ok(ftpd_cmd_call("two", "X", POST_CMD, cmd) == NULL &&
    ftpd_cmd_call("three", "X", PRE_CMD, cmd) == NULL, "there is none");
  happened("", "none is called");
}

static void logs_show_no_controls(void) {
  cmd_rec *cmd;

  begin();
  cmd = ftpd_cmd(request, C_RNTO, "a\nb", CL_MISC, true);
  is_int(cmd->cmd_id, 2, "a command of FTP");
  session.xfer.p = request;
  session.xfer.path = "c\nd";
  (void) pr_table_add(cmd->notes, "mod_xfer.store-path", "e\nf", 0);
  (void) pr_table_add(cmd->notes, "displayable-str", "a\nb", 0);
  (void) pr_table_add(session.notes, "mod_core.rnfr-path", "g\nh", 0);
  reply = "i\nj";
  ftpd_cmd_log(cmd, true);
  ok(strchr(cmd->arg, '\n') == NULL && strchr(cmd->argv[1], '\n') == NULL &&
    strchr(session.xfer.path, '\n') == NULL &&
    strchr(pr_table_get(cmd->notes, "mod_xfer.store-path", NULL), '\n') ==
    NULL && pr_table_get(cmd->notes, "displayable-str", NULL) == NULL &&
    strchr(pr_table_get(session.notes, "mod_core.rnfr-path", NULL), '\n') ==
    NULL, "in any field");
  ok(strncmp(seen, "reply 250 i", 11) == 0 && strchr(seen, '\n') == NULL &&
    strstr(seen, ";log RNTO") != NULL, "nor in replies");
  seen[0] = '\0';
  ftpd_cmd_log(cmd, false);
  ok(strncmp(seen, "error 250 i", 11) == 0 &&
    strstr(seen, ";log-err RNTO") != NULL, "... of failures");
  seen[0] = '\0';
  reply = "plain";
  (void) pr_table_set(session.notes, "mod_core.rnfr-path", "g\nh", 4);
  session.xfer.path = NULL;
  cmd = ftpd_cmd(request, "MKDIR", NULL, CL_MISC, false);
  ok(cmd->argc == 1 && cmd->cmd_id == FTPD_CMD_ID, "a command of SFTP");
  ftpd_cmd_log(cmd, true);
  happened("log MKDIR '';", "other replies stay");
  ok(strchr(pr_table_get(session.notes, "mod_core.rnfr-path", NULL), '\n') !=
    NULL, "so do notes of other commands");
  session.xfer.path = "c\nd";
  session.xfer.p = NULL;
  ftpd_cmd_log(cmd, true);
  ok(strchr(session.xfer.path, '\n') != NULL, "and what is no transfer");
  session.xfer.path = NULL;
}

static void commands_end(void) {
  cmd_rec *cmd;

  begin();
  cmd = ftpd_cmd(request, "X", NULL, CL_MISC, false);
  session.curr_cmd_rec = cmd;
  session.curr_cmd = "X";
  session.curr_cmd_id = 5;
  errno = EXDEV;
  ftpd_cmd_end(cmd, PART_POST, true);
  is_int(errno, EXDEV, "errno stays");
  ok(session.curr_cmd_rec == NULL && session.curr_cmd == NULL &&
    session.curr_cmd_id == 0, "no command is current");
  happened("post X '';", "one part");
  ftpd_cmd_end(cmd, PART_LOG, false);
  happened("log-err X '';", "the other one");
  is_int(ftpd_cmd_pre(cmd), 0, "PRE_CMD");
  refused_phase = PRE_CMD;
  is_int(ftpd_cmd_pre(cmd), -1, "... refused");
}

static void messages_are_commands(void) {
  begin();
  ftpd.wants_adjusts = -1;
  ftpd_ssh_cmd(&ftpd, "KEXINIT", "arg", FTPD_SSH_INFO, true);
  happened("log KEXINIT 'arg';", "a message");
  listens = false;
  ftpd_ssh_adjust(&ftpd, 1, 2);
  ftpd_ssh_adjust(&ftpd, 1, 2);
  happened("", "some are not asked for");
  is_int(nlistens, 1, "... which is asked once");
  ftpd.wants_adjusts = -1;
  listens = true;
  ftpd_ssh_adjust(&ftpd, 1, 2);
  happened("log CHANNEL_WINDOW_ADJUST '1 2';", "others are");
}

int main(void) {
  p = make_sub_pool(NULL);
  users_are_named();
  requests_leave_nothing();
  names_are_converted();
  explaining_is_no_login();
  methods_begin();
  passwords_are_shown_once();
  requests_end();
  attempts_are_counted();
  logins_have_a_time();
  answers_take_the_same_time();
  handlers_are_called();
  logs_show_no_controls();
  commands_end();
  messages_are_commands();
  destroy_pool(p);
  return done_testing();
}
