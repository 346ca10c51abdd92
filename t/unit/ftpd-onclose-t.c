/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-onclose-t.c -- files that are removed when they are closed. */

#include "daemon.h"
#include "effects.h"
#include "ftpd-attrs.h"
#include "ftpd-filter.h"
#include "ftpd-onclose.h"
#include "ftpd-tree.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd;
static struct ftpd_op op = { .ftpd = &ftpd };
static struct stat file = { .st_dev = 3, .st_ino = 4, .st_nlink = 1 };

void ftpd_op_begin(struct ftpd *h, struct ftpd_op *one, pool *in,
    enum ftpd_request req, const char *arg) {
  memset(one, 0, sizeof(*one));
  one->ftpd = h;
  one->pool = in;
  one->req = req;
  (void) daemon_call("begin %d %s", (int) req, arg);
}

const char *ftpd_permit(struct ftpd_op *one, const char *path,
    const char **second) {
  (void) second;
  if (daemon_call("permit %s", path) < 0) {
    one->refused = pstrdup(one->pool, "a rule");
    return NULL;
  }

  return "/used";
}

int ftpd_unlink(struct ftpd_op *one, const char *path) {
  (void) one;
  return daemon_call("unlink %s", path);
}

void ftpd_op_end(struct ftpd_op *one, int err, unsigned int status,
    const char *answer) {
  (void) one;
  (void) daemon_call("end %d %u %s", err, status, answer);
  errno = EDOM;
}

int ftpd_filter(struct ftpd_op *one, const char *path) {
  (void) one;
  return daemon_call("filter %s", path);
}

static void anew(void) {
  daemon_calls_anew();
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  daemon_lstat = file;
  daemon_lstat.st_mode = S_IFREG;
  daemon_fstat = daemon_lstat;
  ftpd.read_only = false;
  daemon_refused = op.refused = NULL;
  op.pool = p;
  errno = EBADE;
}

static void rules_at_the_beginning(void) {
  anew();
  is_int(ftpd_onclose_check(&op, "/f"), 0, "it may be removed later");
  is_str(daemon_calls(), text("limit /f 0x%x; filter /f; ", SFTP_EFF_UNNAME),
    "by the rules of REMOVE");
  daemon_fails("filter", EACCES);
  is_int(ftpd_onclose_check(&op, "/f"), -1, "not by a filter");
  (void) daemon_calls();
  daemon_fails("limit", EACCES);
  is_int(ftpd_onclose_check(&op, "/f"), -1, "nor by <Limit>");
  is_str(daemon_calls_of("filter"), "", "which comes first");
  anew();
  ftpd.read_only = true;
  ok(ftpd_onclose_check(&op, "/f") < 0 && errno == EACCES, "nor by its key");
  is_str(daemon_refused, "denied by the key, which is for reading only",
    "which is named");
  is_str(daemon_calls(), "", "at once");
}

static void what_has_to_be_removed(void) {
  struct ftpd_file f = { .h = &ftpd, .path = "/f" };
  struct stat st;

  anew();
  ok(!ftpd_onclose_needed(&f, &st), "not any file");
  is_str(daemon_calls(), "", "which is not looked at");
  f.on_close = true;
  ok(ftpd_onclose_needed(&f, &st) && st.st_ino == 4, "one that has a name");
  daemon_fstat.st_nlink = 0;
  ok(!ftpd_onclose_needed(&f, &st), "not one without");
  daemon_fails("file_fstat", EIO);
  daemon_fstat.st_nlink = st.st_nlink = 1;
  ok(!ftpd_onclose_needed(&f, &st), "or that cannot be looked at");
}

static void removal(void) {
  anew();
  is_int(ftpd_onclose(&ftpd, &op, "/f", &file), 0, "it is removed");
  is_str(daemon_calls(), text("begin %d /f; permit /f; lstat /used; "
    "unlink /used; end 0 0 OK; ", FTPD_REMOVE), "as by a REMOVE");
  ok(op.refused == NULL, "without a reason");
  daemon_fails("unlink", EROFS);
  ok(ftpd_onclose(&ftpd, &op, "/f", &file) < 0 && errno == EROFS,
    "or it fails");
  is_str(daemon_calls_of("end"), text("end %d 4 Read-only file system; ",
    EROFS), "which is told");
}

static void refusals(void) {
  anew();
  daemon_fails("permit", EACCES);
  ok(ftpd_onclose(&ftpd, &op, "/f", &file) < 0 && errno == EACCES,
    "a rule that has come");
  is_str(op.refused, "a rule", "is named");
  is_str(daemon_calls_of("lstat unlink end"), text("end %d 4 Permission "
    "denied; ", EACCES), "nothing else is done");
  ok(ftpd_onclose(&ftpd, NULL, "/f", &file) < 0 && errno == EACCES,
    "even at the end of a session");
  anew();
  daemon_fails("lstat", ENOENT);
  ok(ftpd_onclose(&ftpd, &op, "/f", &file) < 0 && errno == ENOENT,
    "a file that is gone");
  is_str(daemon_calls_of("unlink"), "", "is not removed");
  anew();
  daemon_lstat.st_ino++;
  ok(ftpd_onclose(&ftpd, &op, "/f", &file) < 0 && errno == ENOENT,
    "nor is another in its place");
  daemon_lstat = daemon_fstat;
  daemon_lstat.st_dev++;
  ok(ftpd_onclose(&ftpd, &op, "/f", &file) < 0 && errno == ENOENT,
    "of another device");
  is_str(daemon_calls_of("unlink"), "", "it stays");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  rules_at_the_beginning();
  what_has_to_be_removed();
  removal();
  refusals();
  destroy_pool(p);
  return done_testing();
}
