/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ftpaccess-t.c -- .ftpaccess: when the files are read, and the times that
 * the daemon is told.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-path.h"
#include "tap.h"

#include <fcntl.h>
#include <time.h>

static pool *p;
static struct ftpd ftpd = { .files = &daemon_files };

int pr_table_ctl(pr_table_t *t, int what, void *value) {
  (void) t;
  (void) what;
  (void) value;
  return 0;
}

int pr_table_exists(pr_table_t *t, const char *name) {
  return pr_table_get(t, name, NULL) != NULL ? 1 : -1;
}

void ftpd_bottom_init(void) {
  (void) daemon_call("bottom_init");
}

bool ftpd_pin(const char *dir) {
  return daemon_call("pin %s", dir) == 0;
}

void ftpd_pin_rules(const char *path, const struct stat *st) {
  (void) daemon_call("pin_rules %s%s", path, st != NULL ? "" : " none");
  errno = EDOM;
}

bool ftpd_vroot_has_alias(const char *path) {
  return daemon_call("has_alias %s", path) < 0;
}

void build_dyn_config(pool *in, const char *dir, struct stat *st,
    unsigned char recurse) {
  (void) in;
  (void) daemon_call("build %s %d %d", dir, S_ISDIR(st->st_mode) != 0,
    recurse);
}

static void names(void) {
  ok(ftpd_ftpaccess_is("/.ftpaccess") && ftpd_ftpaccess_is("/d/.ftpaccess"),
    "its name");
  ok(!ftpd_ftpaccess_is(".ftpaccess") && !ftpd_ftpaccess_is("/x.ftpaccess") &&
    !ftpd_ftpaccess_is("/.ftpaccess/") && !ftpd_ftpaccess_is("/f"),
    "others are not");
}

/* ---- Reading */

static const char *reading(const char *path) {
  ftpd_ftpaccess_read(&ftpd, p, path);
  return daemon_calls();
}

static void another_operation(void) {
  daemon_calls_anew();
  daemon_files.nops++;
}

static void where_there_is_none(void) {
  char dir[] = "/tmp/ftpd-access-XXXXXX";
  int fd;

  if (mkdtemp(dir) == NULL || chdir(dir) < 0) {
    bail_out("no directory");
  }

  another_operation();
  is_str(reading("f"), "", "a name without a directory");
  is_str(reading("/a/b/f"), "bottom_init; pin /a/b; has_alias /a/b; "
    "pin_rules /a/b/.ftpaccess none; ", "none is there or above");
  is_str(reading("/a/b/g"), "", "which is asked once in an operation");
  is_str(reading("/a/f"), "bottom_init; pin /a; has_alias /a; "
    "pin_rules /a/.ftpaccess none; ", "for each directory");
  another_operation();
  is_str(reading("/a/f"), "bottom_init; pin /a; has_alias /a; "
    "pin_rules /a/.ftpaccess none; ", "and each operation");
  is_str(reading("/f"), "bottom_init; pin /; has_alias /; "
    "pin_rules /.ftpaccess none; ", "the root, too");
  another_operation();
  daemon_fails("pin", ENOENT);
  is_str(reading("/a/f"), "bottom_init; pin /a; clear_cache (null); "
    "build /a 1 1; ", "a directory that the process is not in");
  another_operation();
  daemon_fails("has_alias", 0);
  is_str(reading("/a/f"), "bottom_init; pin /a; has_alias /a; "
    "clear_cache (null); build /a 1 1; ", "or that is elsewhere");
  fd = open(".ftpaccess", O_WRONLY|O_CREAT, 0600);
  (void) close(fd);
  another_operation();
  is_str(reading("/a/f"), "bottom_init; pin /a; has_alias /a; "
    "clear_cache (null); build /a 1 1; ", "or that has one");
  (void) mkdir("sub", 0700);
  ok(chdir("sub") == 0, "below it");
  another_operation();
  is_str(reading("/a/f"), "bottom_init; pin /a; has_alias /a; "
    "clear_cache (null); build /a 1 1; ", "the one above counts");
  another_operation();
  is_str(reading("/f"), "bottom_init; pin /; has_alias /; "
    "pin_rules /.ftpaccess none; ", "but not outside of the root");
  ok(chdir("..") == 0 && rmdir("sub") == 0 && unlink(".ftpaccess") == 0 &&
    rmdir(dir) == 0, "all is removed");
  ok(chdir("/tmp") == 0, "back");
}

/* ---- Times */

static struct stat st;

static time_t told(int res) {
  errno = EBADE;
  ftpd_ftpaccess_seen("/d/.ftpaccess", res, &st);
  ok(errno == EBADE, "errno stays");
  return st.st_mtime;
}

static void set(time_t secs) {
  st.st_mtime = secs;
}

static void times(void) {
  time_t first, next;
  unsigned int i;

  daemon_calls_anew();
  st.st_mode = S_IFREG;
  st.st_dev = 1;
  st.st_ino = 2;
  set(100);
  ftpd_ftpaccess_seen("/d/f", 0, &st);
  is_str(daemon_calls(), "", "another file");
  ok(st.st_mtime == 100, "is what it is");
  (void) told(-1);
  is_str(daemon_calls(), "pin_rules /d/.ftpaccess none; ", "none is there");
  set(100);
  first = told(0);
  is_str(daemon_calls(), "pin_rules /d/.ftpaccess; ", "one is");
  ok(first > time(NULL) - 100 && first != 100, "an old one is new to us");
  set(100);
  ok(told(0) == first, "and then stays");
  for (i = 0; i < 6; i++) {
    st.st_dev += i == 0;
    st.st_ino += i == 1;
    st.st_size += i == 2;
    st.st_ctim.tv_sec += i == 3;
    st.st_ctim.tv_nsec += i == 4;
    st.st_mtim.tv_nsec += i == 5;
    set(100);
    next = told(0);
    ok(next == first + 1, "each change makes it newer (%u)", i);
    first = next;
  }

  set(101);
  ok(told(0) == first + 1, "even an old time");
  set(first + 50);
  ok(told(0) == first + 50, "a time to come is told");
  set(first + 50);
  (void) told(-1);
  set(first + 50);
  ok(told(0) == first + 51, "and one that was gone is new");
}

static void once_one_was_seen(void) {
  another_operation();
  is_str(reading("/a/f"), "bottom_init; pin /a; clear_cache (null); "
    "build /a 1 1; ", "the daemon looks for itself");
}

int main(void) {
  p = session.pool = daemon_files.pool = make_sub_pool(NULL);
  names();
  where_there_is_none();
  times();
  once_one_was_seen();
  destroy_pool(p);
  return done_testing();
}
