/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keysql-t.c -- keys by queries and by commands: what these are given, and
 * what becomes of their answers.
 */

#include "daemon.h"

#include "cert.h"
#include "ftpd-login.h"
#include "ftpd-run.h"
#include "ftpd-source.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#define ED \
  "AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TKcJtoB5ZQhUfQBQrW+Q8Z"

static pool *p;
static server_rec server;
static struct ftpd ftpd = { .server = &server, .user = "alice" };
static struct ftpd_ask ask = { .ftpd = &ftpd, .what = "keys" };
static struct ftpd_answer answer;

/* ---- Words: the first ends at a blank */

const char *ftpd_words_check(pool *in, const char *text, const char *tokens,
    const char **first) {
  size_t n = strcspn(text, " ");

  *first = pstrndup(in, text, n);
  return strstr(text, "%?") != NULL ? tokens : NULL;
}

bool ftpd_words_typed(const char *text) {
  return strchr(text, '\n') == NULL;
}

bool ftpd_words_have(pool *in, const char *text, char letter) {
  const char token[] = { '%', letter, '\0' };

  (void) in;
  return strstr(text, token) != NULL;
}

const char *ftpd_words_connection(pool *in) {
  (void) in;
  return "198.51.100.7 1 192.0.2.1 22";
}

static const char *name = "alice";

const char *ftpd_auth_name(struct ftpd *h) {
  (void) h;
  return name;
}

/* ---- mod_sql */

static bool has_sql, no_hook, escapes, fails_escape, no_rows, is_error;
static unsigned int nescaped;
static array_header *rows;
static char asked[200];
static const char *asking;

unsigned char pr_module_exists(const char *module_name) {
  return has_sql && strcmp(module_name, "mod_sql.c") == 0 ? TRUE : FALSE;
}

static cmdtable hooks[] = { { HOOK, "sql_escapestr", NULL, NULL, 0, 0, 0,
  NULL }, { HOOK, "sql_lookup", NULL, NULL, 0, 0, 0, NULL } };

void *pr_stash_get_symbol2(pr_stash_type_t type, const char *hook,
    void *prev, int *idx, unsigned int *hash) {
  (void) type;
  (void) prev;
  (void) idx;
  (void) hash;
  return no_hook ? NULL : &hooks[strcmp(hook, "sql_lookup") == 0];
}

modret_t *pr_module_call(module *m, modret_t *(*handler)(cmd_rec *),
    cmd_rec *cmd) {
  unsigned int i;

  (void) m;
  (void) handler;
  if (strcmp(cmd->argv[0], "sql_lookup") != 0) {
    modret_t *res = mod_create_data(cmd, escapes ? pstrcat(p, cmd->argv[0],
      "\\", NULL) : cmd->argv[0]);

    nescaped++;
    res->mr_error = fails_escape;
    return res;
  }

  asked[0] = '\0';
  asking = ftpd.asking;
  for (i = 1; i < (unsigned int) cmd->argc; i++) {
    size_t n = strlen(asked);

    snprintf(asked + n, sizeof(asked) - n, "%s|", (char *) cmd->argv[i]);
  }

  if (no_rows) {
    return NULL;
  }

  {
    modret_t *res = mod_create_data(cmd, rows);

    res->mr_error = is_error;
    return res;
  }
}

static void begin(void) {
  has_sql = true;
  no_hook = escapes = fails_escape = no_rows = is_error = false;
  nescaped = 0;
  rows = make_array(p, 4, sizeof(char *));
  memset(&answer, 0, sizeof(answer));
  daemon_forget_config();
  fake_log_reset();
}

static void row(const char *value) {
  *((const char **) push_array(rows)) = value;
}

static int query(const char *a, const char *b) {
  char *words[] = { pstrdup(p, "/query"), a != NULL ? pstrdup(p, a) : NULL,
    b != NULL ? pstrdup(p, b) : NULL, NULL };

  memset(&answer, 0, sizeof(answer));
  return ftpd_keysql_read(&ask, words, &answer);
}

static void gives(const char *want, const char *what) {
  is_int(query("alice", NULL), 0, "%s", what);
  is_mem(answer.text.ptr, answer.text.len, want, strlen(want), "... is text");
}

/* ---- The tests */

static void queries_have_names(void) {
  const char *const words[] = { "SELECT", NULL };

  begin();
  is_str(ftpd_keysql_check(p, "/query %u", "u"), NULL, "a query");
  ok(strstr(ftpd_keysql_check(p, "query", "u"), "sql:/query") != NULL,
    "no path");
  ok(strstr(ftpd_keysql_check(p, "/ x", "u"), "sql:/query") != NULL,
    "no name");
  is_str(ftpd_keysql_check(p, "/query %?", "tokens"), "tokens", "bad words");
  is_str(ftpd_keysql_check(p, "query %?", "tokens"), "tokens", "... first");
  has_sql = false;
  ok(strstr(ftpd_keysql_check(p, "/query", "u"), "LoadModule") != NULL,
    "no mod_sql");
  ok(strstr(ftpd_keysql_check(p, "query", "u"), "sql:/query") != NULL,
    "... comes last");
  is_str(ftpd_keysql_check_query(p, &server, "/keys %u"),
    "there is no SQLNamedQuery keys", "a query that does not exist");
  (void) daemon_add_words("SQLNamedQuery_keys", words);
  is_str(ftpd_keysql_check_query(p, &server, "/keys %u"), NULL,
    "one that does");
  ok(ftpd_keysql_check_query(p, &server, "/keys %?") != NULL, "bad words");
}

static void answers_are_lines(void) {
  begin();
  gives("", "no value");
  row("ssh-ed25519 " ED " comment");
  gives("ssh-ed25519 " ED " comment\n", "a line");
  is_str(asked, "query|alice|", "its words");
  is_str(asking, "query '/query' for keys of user 'alice'",
    "what is asked is known meanwhile");
  is_str(ftpd.asking, NULL, "... and no longer");
  row(NULL);
  row("");
  row(ED);
  gives("ssh-ed25519 " ED " comment\nssh-ed25519 " ED "\n", "a bare key");
  begin();
  row("AAAAC3NzaC1lZDI1NTE5AAAAIPhXwxpPiCBh0tKiC7jDK2TK\n  cJtoB5ZQhUfQBQrW+Q"
    "8Z\r\n");
  gives("ssh-ed25519 " ED "\n", "one in lines");
  begin();
  row("YWJj");
  row("YWJjZA==");
  row("AAAAAWEK");
  row("AAAAASBh");
  row("AAAAAX9h");
  row("AAAAAA==");
  gives("YWJj\nYWJjZA==\na AAAAAWEK\nAAAAASBh\nAAAAAX9h\nAAAAAA==\n",
    "base64 without a type");
  is_int(query(NULL, NULL), 0, "no words");
  is_str(asked, "query|", "... are none");
  is_int(query("a", "b"), 0, "two words");
  is_str(asked, "query|a|b|", "... are two");
}

static void queries_fail(void) {
  begin();
  no_rows = true;
  ok(query("a", NULL) < 0 && strstr(answer.why, "mod_sql has no answer") !=
    NULL, "no answer");
  begin();
  is_error = true;
  ok(query("a", NULL) < 0 && strstr(answer.why, "mod_sql has no answer") !=
    NULL, "an error");
  begin();
  no_hook = true;
  ok(query("a", NULL) < 0 && strstr(answer.why, "mod_sql has no answer") !=
    NULL, "no mod_sql");
  ok(ftpd.asking == NULL, "nothing is asked any longer");
}

static void words_mean_themselves(void) {
  begin();
  asked[0] = '\0';
  ok(query("a +-./:=@_Z9", NULL) == 0 && nescaped == 0, "harmless words");
  ok(query("a'b", NULL) == 0 && nescaped == 1, "others are looked at");
  escapes = true;
  asked[0] = '\0';
  ok(query("a'b", "c") < 0 && asked[0] == '\0' &&
    strstr(answer.why, "'a'b', which the database would change") != NULL,
    "... and refused, if they would change");
  ok(query("c", "a'b") < 0 && asked[0] == '\0', "... any of them");
  begin();
  fails_escape = true;
  ok(query("a'b", NULL) < 0, "or if nobody knows");
  begin();
  ok(query("a\nb", NULL) < 0 && nescaped == 0, "controls are not words");
}

static void answers_have_a_limit(void) {
  char *big = palloc(p, FTPD_SOURCE_MAX + 1);

  begin();
  memset(big, '!', FTPD_SOURCE_MAX);
  big[FTPD_SOURCE_MAX - 1] = '\0';
  row(big);
  is_int(query("a", NULL), 0, "the largest");
  is_int(answer.text.len, FTPD_SOURCE_MAX, "... is whole");
  big[FTPD_SOURCE_MAX - 1] = '!';
  big[FTPD_SOURCE_MAX] = '\0';
  ok(query("a", NULL) < 0 && strcmp(answer.why, "its answer is too large") ==
    0, "one more byte is refused");
  row("x");
  ok(query("a", NULL) < 0, "... in any row");
}

/* ---- Commands */

static const char *objection, *run_why, *run_err;
static char ran[500];
static uid_t ran_uid;
static gid_t ran_gid;
static unsigned int nruns;

const char *ftpd_run_objection(pool *in, const char *path) {
  (void) in;
  return strcmp(path, "/bad") == 0 ? "a bad path" : objection;
}

const char *ftpd_run(pool *in, const struct ftpd_run *r,
    struct ftpd_output *o) {
  unsigned int i;

  ran[0] = '\0';
  for (i = 0; r->envp[i] != NULL; i++) {
    size_t n = strlen(ran);

    snprintf(ran + n, sizeof(ran) - n, "%s;", r->envp[i]);
  }

  nruns++;
  ran_uid = r->uid;
  ran_gid = r->gid;
  memset(o, 0, sizeof(*o));
  o->text = pstrdup(in, "out");
  o->len = 3;
  if (run_err != NULL) {
    snprintf(o->err, sizeof(o->err), "%s", run_err);
    o->errlen = strlen(run_err);
  }

  return r->timeout_ms > 0 && r->out_max == FTPD_SOURCE_MAX &&
    strcmp(r->path, "/prog") == 0 && strcmp(r->argv[0], "/prog") == 0 ?
    run_why : "it is another program";
}

static int command(void) {
  char *words[] = { pstrdup(p, "/prog"), NULL };

  memset(&answer, 0, sizeof(answer));
  return ftpd_keyexec_read(&ask, words, &answer);
}

static void commands_run_as_their_user(void) {
  static uid_t uid = 4711;
  static gid_t gid = 815;
  config_rec *c;

  begin();
  ok(command() < 0 && strstr(answer.why, "CommandUser") != NULL && nruns == 0,
    "there must be a user");
  c = daemon_add_words("SFTPAuthorizedKeysCommandUser",
    (const char *const[]) { "keys", "x", "x", NULL });
  c->argv[1] = &uid;
  c->argv[2] = &gid;
  is_int(command(), 0, "a command");
  is_mem(answer.text.ptr, answer.text.len, "out", 3, "its output");
  is_str(ran, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin;USER=keys;"
    "LOGNAME=keys;SSH_CONNECTION=198.51.100.7 1 192.0.2.1 22;",
    "its environment");
  ok(ran_uid == 4711 && ran_gid == 815, "its numbers");
  ok(fake_log_lines == 0, "it has said nothing");
  run_err = "warning\nmore\r\n";
  ok(command() == 0 && fake_log_has("command '/prog' said: warning") &&
    !fake_log_has("more\\r") && !fake_log_has("\\x0d"), "what it says");
  fake_log_reset();
  run_err = "\n\r\n";
  ok(command() == 0 && fake_log_lines == 0, "... or not");
  run_err = NULL;
  run_why = "it crashed";
  ok(command() < 0 && strcmp(answer.why, "it crashed") == 0, "a failure");
  nruns = 0;
  objection = "others can write to it";
  ok(command() < 0 && strcmp(answer.why, objection) == 0 && nruns == 0,
    "it is looked at each time");
  objection = run_why = NULL;
}

static void some_commands_are_not_run(void) {
  static const struct { const char *name; bool may; } row_of[] = {
    { "alice", true }, { "-alice", false }, { "", false }, { ".", false },
    { "..", false }, { "...", true }, { "a/b", false }, { "a\nb", false },
    { "a-b", true } };
  struct sftp_cert cert = { .key_id = "id" };
  char *words[] = { pstrdup(p, "/prog"), NULL };
  size_t i;

  begin();
  for (i = 0; i < SFTP_NELEMS(row_of); i++) {
    name = row_of[i].name;
    fake_log_reset();
    is_int(ftpd_keyexec_may(&ask, "/prog %i", words), row_of[i].may,
      "for '%s'", name);
    is_int(fake_log_has("is not run for a user of the name"), !row_of[i].may,
      "... in the log");
  }

  name = "alice";
  ask.cert = &cert;
  ok(ftpd_keyexec_may(&ask, "/prog %i", words), "for a certificate");
  cert.key_id = "-id";
  ok(!ftpd_keyexec_may(&ask, "/prog %i", words) &&
    fake_log_has("a certificate of the key id '-id'"), "not with any id");
  ok(ftpd_keyexec_may(&ask, "/prog %u", words), "unless it is not told");
  cert.key_id = "i\nd";
  ok(!ftpd_keyexec_may(&ask, "/prog %i", words), "nor with controls");
  ask.cert = NULL;
  is_str(ftpd_keyexec_check(p, "/prog x", "u"), NULL, "a good program");
  is_str(ftpd_keyexec_check(p, "/bad x", "u"), "a bad path", "a bad one");
  is_str(ftpd_keyexec_check(p, "/bad %?", "tokens"), "tokens", "bad words");
}

int main(void) {
  p = make_sub_pool(NULL);
  ask.pool = p;
  queries_have_names();
  answers_are_lines();
  queries_fail();
  words_mean_themselves();
  answers_have_a_limit();
  commands_run_as_their_user();
  some_commands_are_not_run();
  destroy_pool(p);
  return done_testing();
}
