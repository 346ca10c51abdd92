/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-settle-t.c -- the end of an upload: its name, or its removal, and never
 * that of another file.
 */

#include "daemon.h"
#include "ftpd-openfile.h"
#include "ftpd-settle.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd;
static pr_fh_t fh = { .fh_path = "/.in.f" };
static struct ftpd_file f;

static void anew(void) {
  daemon_calls_anew();
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  daemon_lstat.st_mode = S_IFREG;
  daemon_lstat.st_dev = daemon_fstat.st_dev = 3;
  daemon_lstat.st_ino = daemon_fstat.st_ino = 4;
  memset(&f, 0, sizeof(f));
  f.h = &ftpd;
  f.pool = p;
  f.fh = &fh;
  f.path = "/f";
  f.hidden = "/.in.f";
  f.is.dev = 3;
  f.is.ino = 4;
  errno = EBADE;
}

static void which_file_it_is(void) {
  anew();
  memset(&f.is, 0, sizeof(f.is));
  ftpd_settle_begin(&f, true);
  ok(f.is.dev == 3 && f.is.ino == 4, "that of a temporary name is remembered");
  f.hidden = NULL;
  memset(&f.is, 0, sizeof(f.is));
  ftpd_settle_begin(&f, true);
  ok(f.is.ino == 0, "a complete one keeps its name anyway");
  ftpd_settle_begin(&f, false);
  ok(f.is.dev == 3 && f.is.ino == 4, "an incomplete one may be removed");
  memset(&f.is, 0, sizeof(f.is));
  daemon_fails("fstat", EIO);
  ftpd_settle_begin(&f, false);
  ok(f.is.dev == 0 && f.is.ino == 0, "nothing is remembered of a failure");
}

static void the_final_name(void) {
  anew();
  is_int(ftpd_settle_reveal(&f), 0, "a file gets its name");
  is_str(daemon_calls(), "clear_cache /.in.f; lstat /.in.f; rename /.in.f /f; ",
    "after a fresh look");
  f.replaces = true;
  is_int(ftpd_settle_reveal(&f), 0, "in place of another");
  is_str(daemon_calls_of("rename"), "rename /.in.f /f replace; ",
    "that was there");
  anew();
  daemon_lstat.st_ino = 5;
  ok(ftpd_settle_reveal(&f) < 0 && errno == ENOENT, "no other file does");
  daemon_lstat.st_ino = 4;
  daemon_lstat.st_dev = 5;
  ok(ftpd_settle_reveal(&f) < 0 && errno == ENOENT, "of another device");
  daemon_fails("lstat", EACCES);
  ok(ftpd_settle_reveal(&f) < 0 && errno == EACCES, "or that cannot be seen");
  is_str(daemon_calls_of("rename"), "", "nothing is renamed");
}

static void files_that_have_turned_up(void) {
  anew();
  daemon_fails_at("rename", 1, EEXIST);
  is_int(ftpd_settle_reveal(&f), 0, "one that has turned up");
  is_str(daemon_calls_of("rename may_overwrite"), "rename /.in.f /f; "
    "may_overwrite /f silently; rename /.in.f /f replace; ",
    "is replaced where it may be");
  anew();
  daemon_fails("rename", EEXIST);
  daemon_fails("may_overwrite", EACCES);
  ok(ftpd_settle_reveal(&f) < 0 && errno == EEXIST, "otherwise not");
  is_str(daemon_calls_of("rename"), "rename /.in.f /f; ", "nor is it tried");
  anew();
  daemon_fails("rename", EROFS);
  ok(ftpd_settle_reveal(&f) < 0 && errno == EROFS, "other errors");
  is_str(daemon_calls_of("may_overwrite"), "", "are no question of rules");
  anew();
  f.replaces = true;
  daemon_fails("rename", EEXIST);
  ok(ftpd_settle_reveal(&f) < 0 && errno == EEXIST, "one that was there");
  is_str(daemon_calls_of("may_overwrite"), "", "was asked about before");
  anew();
  daemon_fails("rename", EEXIST);
  ok(ftpd_settle_reveal(&f) < 0 && errno == EEXIST, "it may fail again");
}

static void removal(void) {
  anew();
  is_int(ftpd_settle_remove(&f, "/.in.f"), 0, "a file is removed");
  is_str(daemon_calls_of("lstat rename hold unlink let_go"), "lstat /.in.f; "
    "rename /.in.f /.in.f.beside; lstat /.in.f.beside; hold /.in.f.beside; "
    "unlink /.in.f.beside; let_go; ", "under a name that nobody knows");
  daemon_fails("unlink", EROFS);
  is_int(ftpd_settle_remove(&f, "/.in.f"), -1, "or it fails");
  anew();
  daemon_fails("rename", EROFS);
  is_int(ftpd_settle_remove(&f, "/.in.f"), 0, "which it may not get");
  is_str(daemon_calls_of("hold unlink"), "hold /.in.f; unlink /.in.f; ",
    "then it is removed as it is");
  daemon_fails("unlink", EROFS);
  is_int(ftpd_settle_remove(&f, "/.in.f"), -1, "or it fails");
  anew();
  daemon_lstat.st_ino = 5;
  ok(ftpd_settle_remove(&f, "/f") < 0 && errno == ENOENT,
    "another file is not removed");
  is_str(daemon_calls_of("rename unlink"), "", "or moved");
  anew();
  daemon_fails_at("lstat", 2, EACCES);
  ok(ftpd_settle_remove(&f, "/f") < 0 && errno == ENOENT,
    "one that took its place at the last moment");
  is_str(daemon_calls_of("rename unlink"), "rename /f /f.beside; "
    "rename /f.beside /f; ", "gets its name back");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  which_file_it_is();
  the_final_name();
  files_that_have_turned_up();
  removal();
  destroy_pool(p);
  return done_testing();
}
