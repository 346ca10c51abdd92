/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-vroot-fs-t.c -- mod_vroot's functions: which of them are called, and for
 * which paths.
 */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"
#include "ftpd-vroot.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

static pr_fs_t vroot, below;    /* the module's, and the system's */
static struct ftpd_held held;
static bool removes, place_fails;
static const char *held_name = "/tmp";

const struct ftpd_held *ftpd_held_of(const char *path) {
  return strncmp(path, "/held", 5) == 0 ? &held : NULL;
}

const char *ftpd_held_name(const char *path) {
  (void) path;
  return held_name;
}

pr_fs_t *ftpd_fs_system(void) {
  return &below;
}

bool ftpd_vroot_is_alias(const char *path) {
  return strstr(path, "alias") != NULL;
}

const char *ftpd_vroot_inside(const char *path) {
  return strncmp(path, "/root", 5) == 0 ? path + 5 : path;
}

const char *ftpd_vroot_place(const char *path, char *buf, size_t size) {
  (void) path;
  snprintf(buf, size, "/dev/null");
  return place_fails ? NULL : buf;
}

const char *ftpd_from_here(const char *path, char *buf, size_t size) {
  (void) buf;
  (void) size;
  (void) daemon_call("from_here %s", path);
  return path;
}

void ftpd_ftpaccess_seen(const char *path, int res, struct stat *st) {
  (void) st;
  (void) daemon_call("seen %s %d", path, res);
}

int ftpd_or_shown(const char *path, int res, struct stat *st) {
  (void) st;
  (void) daemon_call("or_shown %s", path);
  return res;
}

bool ftpd_ftpaccess_is(const char *path) {
  return strstr(path, ".ftpaccess") != NULL;
}

void ftpd_stand_elsewhere(void) {
  (void) daemon_call("stand_elsewhere");
}

bool ftpd_scan_removes(void) {
  return removes;
}

int ftpd_link_says(char *says, int len) {
  (void) says;
  (void) daemon_call("link_says");
  return len;
}

/* ---- Both have these functions */

#define U __attribute__((unused))
#define BOTH(member, parameters) \
  static int vroot_##member parameters { \
    return daemon_call("vroot_" #member " %s", path); \
  } \
  static int below_##member parameters { \
    return daemon_call("below_" #member " %s", path); \
  }

BOTH(stat, (U pr_fs_t *fs, const char *path, U struct stat *st))
BOTH(lstat, (U pr_fs_t *fs, const char *path, U struct stat *st))
BOTH(open, (U pr_fh_t *fh, const char *path, U int flags))
BOTH(rmdir, (U pr_fs_t *fs, const char *path))
BOTH(unlink, (U pr_fs_t *fs, const char *path))
BOTH(rename, (U pr_fs_t *fs, const char *path, U const char *to))
BOTH(link, (U pr_fs_t *fs, const char *path, U const char *to))
BOTH(symlink, (U pr_fs_t *fs, U const char *to, const char *path))
BOTH(readlink, (U pr_fs_t *fs, const char *path, U char *buf, U size_t size))
BOTH(truncate, (U pr_fs_t *fs, const char *path, U off_t size))
BOTH(chmod, (U pr_fs_t *fs, const char *path, U mode_t mode))
BOTH(chown, (U pr_fs_t *fs, const char *path, U uid_t uid, U gid_t gid))
BOTH(lchown, (U pr_fs_t *fs, const char *path, U uid_t uid, U gid_t gid))
BOTH(utimes, (U pr_fs_t *fs, const char *path, U struct timeval *tv))
BOTH(chdir, (U pr_fs_t *fs, const char *path))

static void *vroot_opendir(U pr_fs_t *fs, const char *path) {
  return daemon_call("vroot_opendir %s", path) < 0 ? NULL : opendir("/tmp");
}

static int vroot_closedir(U pr_fs_t *fs, void *dirh) {
  return daemon_call("vroot_closedir") + closedir(dirh);
}

#define SET(member) \
  vroot.member = vroot_##member; \
  below.member = below_##member

static void anew(void) {
  SET(stat);
  SET(lstat);
  SET(open);
  SET(rmdir);
  SET(unlink);
  SET(rename);
  SET(link);
  SET(symlink);
  SET(readlink);
  SET(truncate);
  SET(chmod);
  SET(chown);
  SET(lchown);
  SET(utimes);
  SET(chdir);
  vroot.opendir = vroot_opendir;
  vroot.closedir = vroot_closedir;
  ftpd_vroot_hold(&vroot);
  daemon_calls_anew();
  session.curr_phase = PRE_CMD;
  removes = place_fails = false;
  held_name = "/tmp";
  errno = EBADE;
}

static void functions_that_it_lacks(void) {
  memset(&vroot, 0, sizeof(vroot));
  vroot.stat = vroot_stat;
  ftpd_vroot_hold(&vroot);
  ok(vroot.stat != vroot_stat && vroot.lstat == NULL && vroot.rename == NULL,
    "stay away");
}

static void stat_is_relative(void) {
  struct stat st;

  anew();
  ok(vroot.stat(&vroot, "/f", &st) == 0 && S_ISCHR(st.st_mode), "a path");
  is_str(daemon_calls(), "from_here /dev/null; seen /f 0; or_shown /f; ",
    "is looked at from here");
}

static const char *looked(const char *path) {
  struct stat st;

  (void) daemon_calls();
  (void) vroot.stat(&vroot, path, &st);
  return daemon_calls_of("vroot_stat from_here");
}

static void stat_of_the_module(void) {
  anew();
  is_str(looked("f"), "vroot_stat f; ", "a relative path");
  is_str(looked("/a/.."), "vroot_stat /a/..; ", "one that leads up");
  is_str(looked("/root/f"), "vroot_stat /root/f; ", "one with the root");
  place_fails = true;
  is_str(looked("/f"), "vroot_stat /f; ", "one without a place");
  place_fails = false;
  session.curr_phase = LOG_CMD;
  is_str(looked("/f"), "vroot_stat /f; ", "while something is logged");
  session.curr_phase = LOG_CMD_ERR;
  is_str(looked("/f"), "vroot_stat /f; ", "or a failure");
  session.curr_phase = POST_CMD;
  is_str(looked("/f"), "from_here /dev/null; ", "otherwise from here");
}

static void lstat_and_open(void) {
  struct stat st;
  pr_fh_t fh;
  int fd;

  anew();
  (void) vroot.lstat(&vroot, "/root/f", &st);
  is_str(daemon_calls(), "vroot_lstat /root/f; or_shown /f; ", "a name");
  is_int(vroot.open(&fh, "/f", O_RDONLY), 0, "a file");
  is_str(daemon_calls(), "vroot_open /f; ", "is the module's");
  is_int(vroot.open(&fh, "/held/f", O_RDONLY), 0, "a held one");
  is_int(vroot.open(&fh, "/held/.ftpaccess", O_RDONLY), 0, "whatever it is");
  is_str(daemon_calls(), "below_open /held/f; below_open /held/.ftpaccess; ",
    "is the system's");
  fd = vroot.open(&fh, "/d/.ftpaccess", O_RDONLY);
  ok(fd > 0 && close(fd) == 0, "rules are opened");
  is_str(daemon_calls(), "from_here /dev/null; ", "from here");
  is_int(vroot.open(&fh, ".ftpaccess", O_RDONLY), 0, "or by the module");
  is_str(daemon_calls(), "vroot_open .ftpaccess; ", "if it has to");
}

static void directories(void) {
  void *dirh;

  anew();
  dirh = vroot.opendir(&vroot, "/d");
  ok(dirh != NULL, "a directory");
  (void) closedir(dirh);
  held_name = "/";
  dirh = vroot.opendir(&vroot, "/d");
  ok(dirh != NULL, "wherever it is");
  (void) closedir(dirh);
  held_name = "/tmp";
  dirh = vroot.opendir(&vroot, "/held/d");
  ok(dirh != NULL, "a held one");
  (void) closedir(dirh);
  is_str(daemon_calls_of("vroot_closedir"), "", "is what was checked");
  held_name = "/";
  ok(vroot.opendir(&vroot, "/held/d") == NULL && errno == ENOENT, "or not");
  is_str(daemon_calls_of("vroot_closedir"), "vroot_closedir; ",
    "then it is closed");
  held_name = "/tmp/none/of/these";
  ok(vroot.opendir(&vroot, "/held/d") == NULL && errno == ENOENT, "or gone");
  daemon_fails("vroot_opendir", EACCES);
  ok(vroot.opendir(&vroot, "/held/d") == NULL && errno == EACCES,
    "or cannot be read");
  (void) daemon_calls();
  is_int(vroot.chdir(&vroot, "/d"), 0, "a directory is entered");
  is_str(daemon_calls(), "stand_elsewhere; vroot_chdir /d; ",
    "which is known then");
}

static void removals(void) {
  anew();
  (void) vroot.rmdir(&vroot, "/d");
  (void) vroot.rmdir(&vroot, "/held/d");
  (void) vroot.unlink(&vroot, "/f");
  (void) vroot.unlink(&vroot, "/held/f");
  is_str(daemon_calls(), "vroot_rmdir /d; below_rmdir /held/d; "
    "vroot_unlink /f; below_unlink /held/f; ", "what is held is the system's");
  ok(vroot.rmdir(&vroot, "/alias") < 0 && errno == EACCES, "an alias stays");
  errno = EBADE;
  ok(vroot.unlink(&vroot, "/alias") < 0 && errno == EACCES, "in any case");
  is_str(daemon_calls(), "", "nobody is asked");
  removes = true;
  is_int(vroot.unlink(&vroot, "/f"), 0, "what a scanner removes");
  is_int(vroot.unlink(&vroot, "/alias"), 0, "whatever it is");
  is_str(daemon_calls(), "", "is removed later");
}

static void two_names(void) {
  anew();
  (void) vroot.rename(&vroot, "/held/a", "/held/b");
  (void) vroot.rename(&vroot, "/held/a", "/b");
  (void) vroot.rename(&vroot, "/a", "/held/b");
  (void) vroot.link(&vroot, "/held/a", "/held/b");
  (void) vroot.link(&vroot, "/a", "/held/b");
  is_str(daemon_calls(), "below_rename /held/a; vroot_rename /held/a; "
    "vroot_rename /a; below_link /held/a; vroot_link /a; ",
    "both have to be held");
  ok(vroot.rename(&vroot, "/alias", "/b") < 0 && errno == EACCES,
    "an alias keeps its name");
  errno = EBADE;
  ok(vroot.rename(&vroot, "/a", "/alias") < 0 && errno == EACCES,
    "and its place");
}

static void the_others(void) {
  char buf[10];

  anew();
  (void) vroot.symlink(&vroot, "x", "/l");
  (void) vroot.symlink(&vroot, "x", "/held/l");
  (void) vroot.truncate(&vroot, "/held/f", 1);
  (void) vroot.chmod(&vroot, "/held/f", 1);
  (void) vroot.chown(&vroot, "/held/f", 1, 1);
  (void) vroot.lchown(&vroot, "/held/f", 1, 1);
  (void) vroot.utimes(&vroot, "/held/f", NULL);
  is_str(daemon_calls(), "vroot_symlink /l; below_symlink /held/l; "
    "below_truncate /held/f; below_chmod /held/f; below_chown /held/f; "
    "below_lchown /held/f; below_utimes /held/f; ", "held paths");
  (void) vroot.truncate(&vroot, "/f", 1);
  (void) vroot.chmod(&vroot, "/f", 1);
  (void) vroot.chown(&vroot, "/f", 1, 1);
  (void) vroot.lchown(&vroot, "/f", 1, 1);
  (void) vroot.utimes(&vroot, "/f", NULL);
  is_str(daemon_calls(), "vroot_truncate /f; vroot_chmod /f; vroot_chown /f; "
    "vroot_lchown /f; vroot_utimes /f; ", "and all others");
  (void) vroot.readlink(&vroot, "/l", buf, 10);
  (void) vroot.readlink(&vroot, "/held/l", buf, 10);
  is_str(daemon_calls(), "vroot_readlink /l; link_says; "
    "below_readlink /held/l; ", "a text that is followed means a place");
}

int main(void) {
  functions_that_it_lacks();
  memset(&vroot, 0, sizeof(vroot));
  anew();
  stat_is_relative();
  stat_of_the_module();
  lstat_and_open();
  directories();
  removals();
  two_names();
  the_others();
  return done_testing();
}
