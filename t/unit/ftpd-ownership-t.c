/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ownership-t.c -- who may change owners, and UserOwner and GroupOwner. */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-privs.h"
#include "tap.h"
#include "../fake/ftpd-log.h"

#include <fcntl.h>
#include <grp.h>

static pool *p;
static uid_t me = 1000;
static struct stat there;       /* the directory */

uid_t geteuid(void) {
  return me;
}

int group_member(gid_t gid) {
  return gid == 50;
}

void ftpd_privs_chown_begin(void) {
  (void) daemon_call("begin");
}

void ftpd_privs_chown_end(void) {
  (void) daemon_call("end");
  errno = EDOM;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &daemon_fs;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return daemon_call("vroot_serves") < 0;
}

const char *ftpd_held_name(const char *path) {
  (void) path;
  return daemon_call("held_name") < 0 ? "/tmp/none" : "/tmp";
}

int pr_fsio_lchown(const char *path, uid_t uid, gid_t gid) {
  return daemon_call("lchown %s %d %d", path, (int) uid, (int) gid);
}

static int last_fd;

int fstat(int fd, struct stat *st) {
  last_fd = fd;
  *st = there;
  return daemon_call("sys_fstat");
}

int fchownat(int fd, const char *path, uid_t uid, gid_t gid, int flags) {
  return daemon_call("fchownat %s%d %d %d", path, fd == last_fd, (int) uid,
    flags == AT_EMPTY_PATH ? (int) gid : -9);
}

static void anew(int uid, int gid) {
  daemon_calls_anew();
  fake_log_reset();
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  daemon_fstat.st_mode = S_IFREG|0644;
  there.st_uid = 1000;
  session.fsuid = (uid_t) uid;
  session.fsgid = (gid_t) gid;
  me = 1000;
  errno = EBADE;
}

static bool may(int uid, int gid) {
  static const struct stat st = { .st_uid = 1000, .st_gid = 60 };

  errno = EBADE;
  return ftpd_may_chown(&st, (uid_t) uid, (gid_t) gid) == 0 ? true :
    errno != EPERM;
}

static void what_users_may_do(void) {
  anew(-1, -1);
  ok(may(-1, -1) && may(1000, 60) && may(-1, 60) && may(1000, -1),
    "nothing changes");
  ok(may(-1, 50) && may(1000, 50), "to a group of their own");
  ok(!may(-1, 51), "not to another");
  ok(!may(1001, -1) && !may(1001, 50), "nor to another user");
  me = 1001;
  ok(!may(-1, 50), "nor a file of another");
  ok(may(-1, 60), "which may stay as it is");
  me = 0;
  ok(may(1, 1), "root may");
}

static const pr_fh_t file = { .fh_path = "/f" };

static const char *given(void) {
  pr_fh_t fh = file;

  ftpd_give_away(p, &fh, "/f");
  return daemon_calls();
}

static void files_are_given_away(void) {
  anew(-1, -1);
  is_str(given(), "", "without a rule nothing is done");
  anew(5, -1);
  is_str(given(), "fstat /f; begin; fchown /f 5 -1; end; ", "UserOwner");
  anew(-1, 51);
  is_str(given(), "fstat /f; begin; fchown /f -1 51; end; ", "GroupOwner");
  anew(-1, 50);
  is_str(given(), "fstat /f; fchown /f -1 50; ",
    "a group of the user needs no privileges");
  anew(5, 50);
  is_str(given(), "fstat /f; begin; fchown /f 5 50; end; ", "both do");
  ok(!fake_log_has("unable"), "nothing fails");
  anew(5, -1);
  daemon_fstat.st_mode = S_IFREG|04755;
  is_str(given(), "fstat /f; begin; fchown /f 5 -1; end; fchmod /f 4755; ",
    "set-id bits remain, without privileges");
  anew(5, -1);
  daemon_fails("fstat", EIO);
  is_str(given(), "fstat /f; ", "what cannot be looked at stays");
  anew(5, -1);
  daemon_fstat.st_mode = S_IFREG|04755;
  daemon_fails("fchown", EPERM);
  is_str(given(), "fstat /f; begin; fchown /f 5 -1; end; ", "a failure");
  ok(fake_log_has("unable to give '/f'"), "is logged");
}

static const char *given_dir(void) {
  ftpd_give_away_dir("/d");
  return daemon_calls_of("begin end fchownat lchown let_go sys_fstat");
}

static void directories_are_given_away(void) {
  anew(-1, -1);
  is_str(given_dir(), "", "without a rule nothing is done");
  anew(5, -1);
  is_str(given_dir(), "let_go; sys_fstat; begin; fchownat 1 5 -1; end; ",
    "a directory, by its descriptor");
  ok(fcntl(last_fd, F_GETFD) < 0 && !fake_log_has("unable"),
    "which is closed");
  anew(-1, 50);
  is_str(given_dir(), "let_go; sys_fstat; fchownat 1 -1 50; ",
    "to a group of the user");
  anew(5, -1);
  there.st_uid = 1;
  is_str(given_dir(), "let_go; sys_fstat; ", "not one of another user");
  ok(fake_log_has("unable to give '/d'") && fake_log_has("not permitted"),
    "which is logged");
  anew(5, -1);
  daemon_fails("held_name", 0);
  is_str(given_dir(), "let_go; ", "not one that is gone");
  ok(fake_log_has("No such file"), "which is logged");
  anew(5, -1);
  daemon_fails("sys_fstat", EIO);
  is_str(given_dir(), "let_go; sys_fstat; ", "or cannot be looked at");
  ok(fake_log_has("Input/output") && fcntl(last_fd, F_GETFD) < 0,
    "which is closed");
  anew(5, -1);
  daemon_fails("fchownat", EROFS);
  (void) given_dir();
  ok(fake_log_has("Read-only"), "a failure is logged");
  anew(5, -1);
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, lchown));
  is_str(given_dir(), "begin; lchown /d 5 -1; end; ", "a module's");
  anew(-1, 50);
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, lchown));
  daemon_fails("lchown", EROFS);
  is_str(given_dir(), "lchown /d -1 50; ", "to a group");
  ok(fake_log_has("Read-only"), "or not");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  what_users_may_do();
  files_are_given_away();
  directories_are_given_away();
  destroy_pool(p);
  return done_testing();
}
