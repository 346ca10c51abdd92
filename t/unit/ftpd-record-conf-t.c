/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-conf-t.c -- the words of SFTPTransferRecord. */

#include "daemon.h"
#include "directives-set.h"
#include "ftpd-conf.h"
#include "ftpd-kept.h"
#include "ftpd-log.h"
#include "ftpd-record-file.h"
#include "ftpd-record.h"
#include "tap.h"

static pool *p;
xaset_t *server_list;

/* ---- Of the other files of ftpd/ */

config_rec *ftpd_conf_add_value(cmd_rec *cmd, const void *value, size_t n) {
  config_rec *c = add_config_param(cmd->argv[0], 1, NULL);

  c->argv[0] = palloc(p, n);
  memcpy(c->argv[0], value, n);
  return c;
}

bool ftpd_conf_engine(server_rec *s) {
  (void) s;
  return false;
}

struct sftp_settings *ftpd_conf_settings(pool *in, server_rec *s) {
  (void) in;
  (void) s;
  return NULL;
}

bool ftpd_kept_reloading(void) {
  return false;
}

void ftpd_log_server(server_rec *s, int level, const char *fmt, ...) {
  (void) s;
  (void) level;
  (void) fmt;
}

int pr_privs_root(const char *file, int line) {
  (void) file;
  (void) line;
  return 0;
}

int pr_privs_relinquish(const char *file, int line) {
  return pr_privs_root(file, line);
}

const char *ftpd_record_file_objection(pool *in, const char *path) {
  (void) in;
  (void) path;
  return NULL;
}

/* ---- The tests */

static const char *refusal(const char *words) {
  daemon_record = NULL;
  return daemon_refusal(ftpd_set_transferrecord(daemon_directive(p, pstrcat(p,
    "SFTPTransferRecord ", words, NULL))));
}

static const struct record_conf *set(const char *words) {
  return refusal(words) == NULL && daemon_record != NULL ?
    daemon_record->argv[0] : NULL;
}

static bool refuses(const char *words, const char *why) {
  const char *got = refusal(words);

  if (got == NULL || strstr(got, why) == NULL) {
    printf("# %s: %s\n", words, got != NULL ? got : "accepted");
    return false;
  }

  return true;
}

int main(void) {
  const struct record_conf *c;

  p = make_sub_pool(NULL);
  c = set("/log");
  ok(c != NULL && strcmp(c->path, "/log") == 0 && c->records == 1000 &&
    c->minutes == 10 && !c->stops, "defaults");
  c = set("/log records 1 minutes 1440 when-full stop");
  ok(c != NULL && c->records == 1 && c->minutes == 1440 && c->stops,
    "all words");
  c = set("/log WHEN-FULL Go-On records 1000000");
  ok(c != NULL && c->records == 1000000 && !c->stops, "in any case and order");
  c = set("none");
  ok(c != NULL && c->path == NULL, "none");
  ok(refuses("", "wrong number"), "nothing");
  ok(refuses("none minutes 1", "nothing after it"), "none, and more");
  ok(refuses("log", "absolute path") && refuses("/log/", "absolute path"),
    "no path of a file");
  ok(refuses("/log records", "1 to 1000000") &&
    refuses("/log records 0", "1 to 1000000") &&
    refuses("/log records 1000001", "1 to 1000000"), "numbers of records");
  ok(refuses("/log minutes 1441", "1 to 1440") &&
    refuses("/log minutes 1m", "1 to 1440"), "minutes");
  ok(refuses("/log when-full", "stop or go-on") &&
    refuses("/log when-full wait", "stop or go-on"), "a full disk");
  ok(refuses("/log records 1 minutes 2 Records 1", "twice"), "a word twice");
  ok(refuses("/log often", "expected records"), "another word");
  destroy_pool(p);
  return done_testing();
}
