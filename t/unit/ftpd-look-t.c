/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-look-t.c -- lookups of a path: by the system where it serves, and held.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/statvfs.h>

static pool *p;
static struct ftpd ftpd = { .files = &daemon_files };
static const char *name = "/dev/null";  /* of whatever is held */
static int too_deep;

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &daemon_fs;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return daemon_call("vroot_serves") < 0;
}

const char *ftpd_resolve(struct ftpd *h, pool *in, const char *path,
    bool follow) {
  (void) h;
  (void) in;
  (void) daemon_call("resolve %s %d", path, follow);
  return "/real";
}

int ftpd_resolve_error(void) {
  return too_deep;
}

const char *ftpd_where(const char *path, char *buf, size_t size) {
  (void) buf;
  (void) size;
  return daemon_call("where %s", path) < 0 ? NULL : name;
}

const char *ftpd_held_name(const char *path) {
  (void) path;
  return name;
}

int pr_fsio_stat(const char *path, struct stat *st) {
  memset(st, 0, sizeof(*st));
  st->st_size = 5;
  return daemon_call("stat %s", path);
}

int pr_fsio_lstat(const char *path, struct stat *st) {
  memset(st, 0, sizeof(*st));
  st->st_size = 6;
  return daemon_call("lstat %s", path);
}

static void anew(void) {
  daemon_calls_anew();
  memset(&daemon_files, 0, sizeof(daemon_files));
  daemon_files.pool = p;
  daemon_files.nops = 1;
  name = "/dev/null";
  too_deep = 0;
  errno = EBADE;
}

static void of_a_module(size_t offset) {
  anew();
  daemon_fails("fs_member", (int) offset);
}

static void looks(void) {
  struct stat st;

  anew();
  ok(ftpd_look(&ftpd, "/f", &st) == 0 && S_ISCHR(st.st_mode), "a target");
  is_str(daemon_calls_of("resolve where stat"), "resolve /f 1; where /real; ",
    "with all links");
  name = "/dev/none";
  ok(ftpd_look(&ftpd, "/f", &st) < 0 && errno == ENOENT, "nothing");
  daemon_fails("where", ENAMETOOLONG);
  ok(ftpd_look(&ftpd, "/f", &st) < 0 && errno == ENAMETOOLONG, "no place");
  too_deep = ELOOP;
  (void) daemon_calls();
  ok(ftpd_look(&ftpd, "/f", &st) < 0 && errno == ELOOP, "too many links");
  is_str(daemon_calls_of("where"), "", "lead nowhere");
  of_a_module(offsetof(pr_fs_t, stat));
  ok(ftpd_look(&ftpd, "/f", &st) == 0 && st.st_size == 5, "a module's file");
  is_str(daemon_calls_of("clear_cache stat resolve"), "clear_cache /f; "
    "stat /f; ", "freshly");
  daemon_fails("stat", EACCES);
  ok(ftpd_look(&ftpd, "/f", &st) < 0 && errno == EACCES, "or not");
}

static void looks_that_are_kept(void) {
  static const char *const path = "/f";
  struct stat st;

  anew();
  ok(ftpd_lstat(&ftpd, path, &st) == 0 && S_ISCHR(st.st_mode), "a name");
  is_str(daemon_calls_of("hold let_go"), "hold /f; let_go; ", "is held");
  ok(ftpd_lstat(&ftpd, path, &st) == 0, "again");
  is_str(daemon_calls_of("hold"), "hold /f; ", "each time");
  is_int(ftpd_lstat_keep(&ftpd, path, &st), 0, "a look that is kept");
  (void) daemon_calls();
  memset(&st, 0, sizeof(st));
  ok(ftpd_lstat(&ftpd, path, &st) == 0 && S_ISCHR(st.st_mode), "is shown");
  is_str(daemon_calls(), "", "without another");
  is_int(ftpd_lstat(&ftpd, pstrdup(p, "/f"), &st), 0, "another text");
  is_str(daemon_calls_of("hold"), "hold /f; ", "is another path");
  daemon_files.nops = 2;
  is_int(ftpd_lstat(&ftpd, path, &st), 0, "another operation");
  is_str(daemon_calls_of("hold"), "hold /f; ", "looks anew");
  is_int(ftpd_lstat_keep(&ftpd, path, &st), 0, "and keeps it");
  (void) daemon_calls();
  is_int(ftpd_lstat(&ftpd, path, &st), 0, "for itself");
  is_str(daemon_calls(), "", "alone");
  anew();
  name = "/dev/none";
  ok(ftpd_lstat_keep(&ftpd, path, &st) < 0 && errno == ENOENT, "a failure");
  name = "/dev/null";
  is_int(ftpd_lstat(&ftpd, path, &st), 0, "is not kept");
  daemon_fails("hold", ENOENT);
  ok(ftpd_lstat(&ftpd, path, &st) < 0 && errno == ENOENT, "what moved");
  of_a_module(offsetof(pr_fs_t, lstat));
  ok(ftpd_lstat(&ftpd, path, &st) == 0 && st.st_size == 6, "a module's");
  is_str(daemon_calls_of("clear_cache lstat"), "clear_cache /f; lstat /f; ",
    "freshly");
}

static void looks_through_links(void) {
  struct stat st;

  anew();
  ok(ftpd_stat(&ftpd, "/f", &st) == 0 && S_ISCHR(st.st_mode), "a path");
  is_str(daemon_calls_of("resolve hold"), "hold /f; ", "without links");
  name = "/dev/none";
  ok(ftpd_stat(&ftpd, "/f", &st) < 0 && errno == ENOENT, "nothing");
  name = "/proc/self/exe";
  ok(ftpd_stat(&ftpd, "/f", &st) < 0 && errno == ELOOP,
    "a link that has appeared");
  of_a_module(offsetof(pr_fs_t, stat));
  ok(ftpd_stat(&ftpd, "/f", &st) == 0 && st.st_size == 5, "a module's");
}

static void file_systems(void) {
  struct statvfs st;
  int before = dup(0);

  (void) close(before);
  anew();
  ok(ftpd_statvfs(&ftpd, "/f", &st) == 0 && st.f_namemax > 0,
    "a file system");
  is_str(daemon_calls_of("hold let_go open"), "hold /f; let_go; ", "is held");
  name = "/dev/none";
  ok(ftpd_statvfs(&ftpd, "/f", &st) < 0 && errno == ENOENT, "nothing");
  of_a_module(offsetof(pr_fs_t, open));
  daemon_fd = open("/", O_RDONLY);
  ok(ftpd_statvfs(&ftpd, "/f", &st) == 0 && st.f_namemax > 0, "a module's");
  is_str(daemon_calls_of("open drop"), text("open /f 0%o; drop /f; ",
    O_RDONLY|O_NONBLOCK), "is opened and closed");
  (void) close(daemon_fd);
  ok(ftpd_statvfs(&ftpd, "/f", &st) < 0, "or is none");
  daemon_fails("open", EACCES);
  ok(ftpd_statvfs(&ftpd, "/f", &st) < 0 && errno == EACCES, "or is closed");
  is_int(dup(0), before, "nothing stays open");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  looks();
  looks_that_are_kept();
  looks_through_links();
  file_systems();
  destroy_pool(p);
  return done_testing();
}
