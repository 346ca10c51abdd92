/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fsio-t.c -- whose functions serve a path. */

#include "daemon.h"
#include "ftpd-path.h"
#include "tap.h"

static pr_fs_t bottom = { .fs_name = "system" };
static pr_fs_t middle = { .fs_name = "middle", .fs_next = &bottom };
static pr_fs_t top = { .fs_name = "top", .fs_next = &middle };

pr_fs_t *pr_get_fs(const char *path, int *exact) {
  ok(exact == NULL, "an exact match is not asked for");
  (void) daemon_call("get %s", path);
  return &top;
}

static int own_stat(pr_fs_t *fs, const char *path, struct stat *st) {
  (void) fs;
  (void) path;
  (void) st;
  return 0;
}

static int other_stat(pr_fs_t *fs, const char *path, struct stat *st) {
  (void) fs;
  (void) path;
  (void) st;
  return -1;
}

int main(void) {
  bottom.stat = own_stat;
  ok(ftpd_fs_system() == &bottom, "the system is at the bottom");
  ok(ftpd_fs_system() == &bottom, "it is looked for once");
  is_str(daemon_calls(), "get /; ", "at the root");
  ok(FTPD_FS_PLAIN(&top, stat), "functions that no module has");
  middle.stat = other_stat;
  ok(!FTPD_FS_PLAIN(&top, stat), "one that a module has");
  ok(FTPD_FS_PLAIN(&bottom, stat), "below it");
  top.stat = own_stat;
  ok(FTPD_FS_PLAIN(&top, stat), "the first one counts");
  top.stat = middle.stat = bottom.stat = NULL;
  ok(FTPD_FS_PLAIN(&top, stat), "one that nobody has");
  ok(!FTPD_FS_PLAIN(NULL, stat), "no file system");
  (void) daemon_calls();
  ok(ftpd_fs_of("/f") == &top && ftpd_fs_of_dir("/d") == &top &&
    ftpd_fs_of_dir("/") == &top, "that of a path");
  is_str(daemon_calls(), "get /f; get /d/; get /; ",
    "of a directory with a slash");
  return done_testing();
}
