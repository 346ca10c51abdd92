/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-upload-conf-t.c -- the words of SFTPUploadCheck, and what contradicts in
 * several of its lines.
 */

#include "daemon.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-place.h"
#include "ftpd-run.h"
#include "ftpd-source.h"
#include "ftpd-upload-conf.h"
#include "ftpd-words.h"
#include "tap.h"

#include <pwd.h>

static pool *p;
static server_rec server;

/* ---- Of the other files of ftpd/ */

const char *ftpd_source_info(const char *form, const char *name) {
  size_t len = strlen(name);

  return strncmp(form, name, len) == 0 && form[len] == ':' ? form + len + 1 :
    NULL;
}

static char warning[512];

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  va_list ap;

  (void) s;
  (void) level;
  va_start(ap, fmt);
  vsnprintf(warning, sizeof(warning), fmt, ap);
  va_end(ap);
}

const char *ftpd_words_check(pool *in, const char *text, const char *tokens,
    const char **first) {
  (void) tokens;
  *first = pstrdup(in, text);
  return *text == '\0' ? "no path" : NULL;
}

const char *ftpd_run_objection(pool *in, const char *path) {
  (void) in;
  return strcmp(path, "/bin/bad") == 0 ? "it may not be run" : NULL;
}

bool ftpd_words_typed(const char *text) {
  return strchr(text, '\a') == NULL;
}

static const char *beside = "/bin/sh";

const char *ftpd_run_beside(pool *in, const char *name) {
  (void) in;
  (void) name;
  return beside;
}

const char *ftpd_place_line(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return ", somewhere";
}

config_rec *ftpd_conf_add_value(cmd_rec *cmd, const void *value, size_t n) {
  config_rec *c = add_config_param(cmd->argv[0], 1, NULL);

  c->argv[0] = palloc(p, n);
  memcpy(c->argv[0], value, n);
  return c;
}

/* ---- The tests */

static const struct upload_check *set(const char *words) {
  modret_t *res;

  daemon_record = NULL;
  res = ftpd_set_uploadcheck(daemon_directive(p, pstrcat(p,
    "SFTPUploadCheck ", words, NULL)));
  return daemon_refusal(res) == NULL && daemon_record != NULL ?
    daemon_record->argv[0] : NULL;
}

static bool refuses(const char *words, const char *why) {
  const char *got = daemon_refusal(ftpd_set_uploadcheck(daemon_directive(p,
    pstrcat(p, "SFTPUploadCheck ", words, NULL))));

  if (got == NULL || strstr(got, why) == NULL) {
    printf("# %s: %s\n", words, got != NULL ? got : "accepted");
    return false;
  }

  return true;
}

static void words_are_read(void) {
  const struct upload_check *c = set("exec:/bin/x");

  ok(c != NULL && strcmp(c->program, "/bin/x") == 0 && c->secs == 60 &&
    !c->tells && strcmp(c->user, "nobody") == 0 && c->uid != 0, "defaults");
  ok((daemon_record->flags & CF_MERGEDOWN) != 0, "directories inherit it");
  c = set("exec:/bin/x tell timeout 600 user daemon");
  ok(c != NULL && c->secs == 600 && c->tells &&
    strcmp(c->user, "daemon") == 0, "all words");
  c = set("none");
  ok(c != NULL && c->text == NULL, "none");
}

static void wrong_words_are_named(void) {
  ok(refuses("", "wrong number"), "nothing");
  ok(refuses("/bin/x", "'/bin/x': expected exec:"), "a path");
  ok(refuses("none tell", "'none': expected exec:"), "none, and more");
  ok(refuses("exec:", "no path"), "no program");
  ok(refuses("exec:/bin/bad", "it may not be run"), "a program of others");
  ok(refuses("exec:/bin/\a", "control characters"), "what nobody types");
  ok(refuses("exec:/bin/x user", "unexpected word: 'user'"), "no user");
  ok(refuses("exec:/bin/x user root", "'root' is root"), "root");
  ok(refuses("exec:/bin/x user no-such-user", "no such user"), "no account");
  ok(refuses("exec:/bin/x timeout 0", "1 to 600") &&
    refuses("exec:/bin/x timeout 601", "1 to 600") &&
    refuses("exec:/bin/x timeout 1m", "1 to 600"), "limits");
  ok(refuses("exec:/bin/x loud", "unexpected word: 'loud'"), "another word");
}

static void all_run_as_one_user(void) {
  const char *why;

  daemon_forget_config();
  ok(ftpd_upload_conf_check(p, &server) == NULL, "no check");
  (void) set("exec:/bin/x user daemon");
  (void) set("none");
  (void) set("exec:/bin/y user daemon");
  ok(ftpd_upload_conf_check(p, &server) == NULL, "one user");
  (void) set("exec:/bin/z");
  why = ftpd_upload_conf_check(p, &server);
  ok(why != NULL && strstr(why, "user daemon, somewhere") != NULL &&
    strstr(why, "user nobody, somewhere") != NULL, "two users");
}

static void programs_run_the_checks(void) {
  static const struct { const char *beside, *why; } row[] = {
    { NULL, "No such file" }, { "/no/file", "unable to run '/no/file'" },
    { "/etc/passwd", "Permission denied" } };
  const char *why;
  size_t i;

  daemon_forget_config();
  (void) set("none");
  beside = NULL;
  ok(ftpd_upload_conf_check(p, &server) == NULL, "no check, no program");
  (void) set("exec:/bin/x");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    beside = row[i].beside;
    why = ftpd_upload_conf_check(p, &server);
    ok(why != NULL && strstr(why, row[i].why) != NULL, "%s", why);
  }

  beside = "/bin/sh";
  ok(ftpd_upload_conf_check(p, &server) == NULL, "one that can be run");
  is_int(daemon_root, 0, "rights are given back");
}

static void programs_have_a_user_of_their_own(void) {
  const struct passwd *pw = getpwnam("daemon");
  uid_t uid = pw != NULL ? pw->pw_uid : 0;

  if (getuid() != PR_ROOT_UID) {
    return;                     /* there is only one */
  }

  daemon_forget_config();
  (void) set("exec:/bin/x user daemon");
  warning[0] = '\0';
  daemon_set_param("UserID", &uid);
  ok(ftpd_upload_conf_check(p, &server) == NULL, "the daemon's User");
  ok(strstr(warning, "runs as 'daemon', the daemon's User") != NULL,
    "is possible, with a warning");
  uid++;
  warning[0] = '\0';
  (void) ftpd_upload_conf_check(p, &server);
  is_str(warning, "", "which others do not get");
}

int main(void) {
  p = make_sub_pool(NULL);
  main_server = &server;
  words_are_read();
  wrong_words_are_named();
  all_run_as_one_user();
  programs_run_the_checks();
  programs_have_a_user_of_their_own();
  destroy_pool(p);
  return done_testing();
}
