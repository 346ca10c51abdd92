/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-held-t.c -- that the file that was checked is the one that is used: in
 * real directories, which change in between.
 */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"
#include "tap.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static char top[] = "/tmp/ftpd-held-XXXXXX";

/* ---- The rest of the daemon's side.  mod_vroot shows the directory top as
 * "/v"; where `plain' is false, a module serves all other paths.
 */

static bool plain = true, lstat_alone, alias, elsewhere, guarded;
static const char *told = "/", *vroot = top;
static pr_fs_t fs;

bool ftpd_vroot_serves(const char *path) {
  return strncmp(path, "/v", 2) == 0 && (path[2] == '/' || path[2] == '\0');
}

const char *ftpd_vroot_place(const char *path, char *buf, size_t size) {
  snprintf(buf, size, "%s%s", vroot, path[2] != '\0' ? path + 2 : "/.");
  return buf;
}

bool ftpd_vroot_is_alias(const char *path) {
  (void) path;
  return alias;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &fs;
}

pr_fs_t *ftpd_fs_of_dir(const char *path) {
  (void) path;
  return &fs;
}

bool ftpd_fs_member(pr_fs_t *one, size_t offset) {
  (void) one;
  return plain && (!lstat_alone || offset == offsetof(pr_fs_t, lstat));
}

void ftpd_bottom_init(void) {
}

bool ftpd_ftpaccess_is(const char *path) {
  const char *name = strrchr(path, '/');

  return name != NULL && strcmp(name, "/.ftpaccess") == 0;
}

const char *ftpd_resolve(struct ftpd *h, pool *in, const char *path,
    bool follow) {
  (void) h;
  (void) follow;
  return elsewhere ? pstrcat(in, path, "/else", NULL) : path;
}

struct ftpd *ftpd_current(void) {
  return NULL;
}

static unsigned int nopen;

pr_fh_t *pr_fsio_open(const char *path, int flags) {
  pr_fh_t *fh = pcalloc(p, sizeof(*fh));

  fh->fh_fd = open(path, flags);
  nopen += fh->fh_fd >= 0;
  return fh->fh_fd >= 0 ? fh : NULL;
}

void ftpd_drop(pr_fh_t *fh) {
  nopen--;
  (void) close(fh->fh_fd);
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  return fstat(fh->fh_fd, st);
}

int pr_fsio_lstat(const char *path, struct stat *st) {
  return lstat(path, st);
}

int pr_fs_clear_cache2(const char *path) {
  (void) path;
  return 0;
}

const char *pr_fs_getcwd(void) {
  return told;
}

int pr_fsio_guard_chroot(int on) {
  int was = guarded;

  guarded = on != FALSE;
  return was;
}

/* ---- Directories */

/* Where the kernel says that the process is; NULL: the truth. */
static const char *kernel_says;

char *getcwd(char *buf, size_t size) {
  if (kernel_says != NULL) {
    return strcpy(buf, kernel_says);
  }

  return syscall(SYS_getcwd, buf, size) < 0 ? NULL : buf;
}

static const char *at(const char *name) {
  return *name != '\0' ? pstrcat(p, top, "/", name, NULL) : top;
}

static void make_file(const char *name) {
  int fd = open(at(name), O_WRONLY|O_CREAT, 0600);

  if (fd < 0 || close(fd) < 0) {
    bail_out("no file %s: %s", name, strerror(errno));
  }
}

static void make_dir(const char *name) {
  if (mkdir(at(name), 0700) < 0) {
    bail_out("no directory %s: %s", name, strerror(errno));
  }
}

/* The directory of that name is another one from now on. */
static void replace_dir(const char *name) {
  const char *old = pstrcat(p, at(name), ".old", NULL);

  if (rename(at(name), old) < 0) {
    bail_out("%s cannot be renamed: %s", name, strerror(errno));
  }

  make_dir(name);
}

static void begin(void) {
  ftpd_stand_anew();
  fake_log_reset();
  errno = 0;
}

/* ---- Where the process is */

static void the_process_stands_somewhere(void) {
  struct ftpd_place place;
  struct stat st;
  char now[PATH_MAX];

  begin();
  ok(!ftpd_stands_at(top, &place), "nowhere at first");
  is_str(ftpd_stand(at("a")), at("a"), "in a directory");
  ok(getcwd(now, sizeof(now)) != NULL && strcmp(now, at("a")) == 0,
    "the kernel says so");
  ok(ftpd_stands_at(at("a"), &place) && stat(at("a"), &st) == 0 &&
    place.dev == st.st_dev && place.ino == st.st_ino, "it is that one");
  ok(!ftpd_stands_at(at("b"), &place), "and no other");
  is_str(ftpd_stand(at("link")), at("a"), "a link leads there");
  is_str(ftpd_stand(at("none")), NULL, "no directory");
  is_int(errno, ENOENT, "is an error");
  ok(!ftpd_stands_at(at("a"), &place), "then nothing is known");
  is_str(ftpd_stand(at("file")), NULL, "nor is a file one");
  is_int(errno, ENOTDIR, "which is another error");
  kernel_says = "(unreachable)/a";
  is_str(ftpd_stand(at("a")), NULL, "nor one outside of the root");
  is_int(errno, ENOENT, "which is not there");
  kernel_says = NULL;
  ok(!ftpd_stands_at(at("a"), &place), "and not known");
  is_str(ftpd_stand("/"), "/", "the root");
  ok(ftpd_stands_at("", &place), "has a name");
}

static void the_kernel_is_asked_once(void) {
  char now[PATH_MAX];

  begin();
  (void) ftpd_stand(at("a"));
  if (chdir("/") < 0) {
    bail_out("no root");
  }

  is_str(ftpd_stand(at("a")), at("a"), "in one operation it is sure");
  ok(access("in-a", F_OK) < 0, "and asks nobody");
  ftpd_stand_anew();
  is_str(ftpd_stand(at("a")), at("a"), "in the next one");
  ok(access("in-a", F_OK) == 0, "it goes there again");
  ftpd_stand_elsewhere();
  is_str(ftpd_from_here(at("a/x"), NULL, 0), at("a/x"), "until it is "
    "elsewhere");
  is_str(ftpd_from_here("/x", now, sizeof(now)), "/x", "even from the root");
}

static void paths_are_relative_to_it(void) {
  static const struct { const char *path, *is; } row[] = {
    { "a/x", "x" }, { "a/sub/x", "sub/x" }, { "x", "../x" }, { "a", "../a" } };
  char buf[PATH_MAX];
  size_t i;

  begin();
  (void) ftpd_stand(at("a"));
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(ftpd_from_here(at(row[i].path), buf, sizeof(buf)), row[i].is, "%s",
      row[i].path);
  }

  is_str(ftpd_from_here("/tmp/x", buf, sizeof(buf)), "../../x", "above");
  is_str(ftpd_from_here("/x", buf, sizeof(buf)), "../../../x", "in the root");
  is_str(ftpd_from_here(at("b/x"), buf, sizeof(buf)), at("b/x"), "beside");
  is_str(ftpd_from_here(at("ab/x"), buf, sizeof(buf)), at("ab/x"), "a longer "
    "name");
  is_str(ftpd_from_here(at("a//x"), buf, sizeof(buf)), at("a//x"), "slashes");
  is_str(ftpd_from_here(at("a/"), buf, sizeof(buf)), at("a/"), "no name");
  is_str(ftpd_from_here("x", buf, sizeof(buf)), "x", "a relative one");
  is_str(ftpd_from_here(at("name"), buf, 9), "../name", "9 bytes of room");
  is_str(ftpd_from_here(at("name"), buf, 8), at("name"), "8");
  is_str(ftpd_from_here(at("x"), buf, 7), "../x", "7 bytes for a short name");
  is_str(ftpd_from_here(at("x"), buf, 6), at("x"), "6");
  memset(buf, '-', sizeof(buf));
  is_str(ftpd_from_here("/x", buf, 4), "/x", "less than the way up");
  ok(buf[4] == '-' && buf[7] == '-', "which is not written");
  (void) ftpd_stand("/");
  is_str(ftpd_from_here("//x", buf, sizeof(buf)), "//x", "two slashes");
  (void) ftpd_stand(at("a"));
  ftpd_stand_anew();
  is_str(ftpd_from_here(at("a/x"), buf, sizeof(buf)), at("a/x"), "not sure");
}

static void it_goes_where_it_is_told(void) {
  cmd_rec *cmd = pr_cmd_alloc(p, 1, "STOR");
  char now[PATH_MAX];

  begin();
  (void) ftpd_stand(at("a"));
  told = at("b");
  cmd->arg = pstrdup(p, "/x");
  ftpd_stand_for(cmd);
  ok(getcwd(now, sizeof(now)) != NULL && strcmp(now, at("a")) == 0,
    "an absolute path needs no directory");
  cmd->arg = pstrdup(p, "");
  ftpd_stand_for(cmd);
  cmd->arg = NULL;
  ftpd_stand_for(cmd);
  ok(getcwd(now, sizeof(now)) != NULL && strcmp(now, at("a")) == 0,
    "nor does none");
  cmd->arg = pstrdup(p, "x");
  ftpd_stand_for(cmd);
  ok(getcwd(now, sizeof(now)) != NULL && strcmp(now, at("b")) == 0,
    "a relative one does");
  (void) ftpd_stand(at("b"));
  ftpd_stand_for(cmd);
  is_str(ftpd_from_here(at("b/x"), now, sizeof(now)), "x",
    "where it is already, it stays sure");
  told = "/";
}

/* ---- Held paths */

static void paths_are_held(void) {
  const struct ftpd_held *is;
  char now[PATH_MAX];

  begin();
  is_int(ftpd_hold(at("a/x")), 0, "a path");
  is = ftpd_held_of(at("a/x"));
  ok(is != NULL && strcmp(is->name, "x") == 0 && is->dir == AT_FDCWD,
    "is a name");
  ok(getcwd(now, sizeof(now)) != NULL && strcmp(now, at("a")) == 0,
    "in its directory");
  is_str(ftpd_held_name(at("a/x")), "x", "its name");
  is_str(ftpd_held_name(at("b/x")), at("b/x"), "others have none");
  errno = EIO;
  is_int(ftpd_let_go(5), 5, "a result");
  ok(errno == EIO && ftpd_held_of(at("a/x")) == NULL, "it is let go");
  is_int(ftpd_hold(at("link/x")), -1, "a link on the way");
  is_int(errno, ENOENT, "was not there");
  ok(fake_log_has("is not used: it has changed since the check"), "it is told");
  is_int(ftpd_hold("x"), -1, "a relative path");
  is_int(errno, EINVAL, "is none");
  is_int(ftpd_hold(at("none/x")), -1, "a missing directory");
  is_int(ftpd_hold("/"), 0, "the root");
  is_str(ftpd_held_name("/"), ".", "is where it is");
  (void) ftpd_let_go(0);
}

static void two_paths_are_held(void) {
  const struct ftpd_held *one, *two;
  int fd, before = dup(0);

  (void) close(before);
  begin();
  is_int(ftpd_hold_two(at("a/x"), at("b/y")), 0, "two paths");
  one = ftpd_held_of(at("a/x"));
  two = ftpd_held_of(at("b/y"));
  ok(one != NULL && two != NULL && one->dir >= 0 && two->dir == AT_FDCWD &&
    strcmp(two->name, "y") == 0, "in two directories");
  ok(one != NULL && faccessat(one->dir, "in-a", F_OK, 0) == 0, "the first one");
  (void) ftpd_let_go(0);
  fd = dup(0);
  (void) close(fd);
  is_int(fd, before, "is closed");
  is_int(ftpd_hold_two(at("none/x"), at("b/y")), -1, "the first is missing");
  is_int(ftpd_hold_two(at("a/x"), at("none/y")), -1, "the second");
  ok(ftpd_held_of(at("a/x")) == NULL, "nothing is held");
  fd = dup(0);
  (void) close(fd);
  is_int(fd, before, "or left open");
}

static void protected_paths_are_not(void) {
  begin();
  guarded = true;
  is_int(ftpd_hold("/etc/x"), 0, "/etc");
  is_str(ftpd_held_name("/etc/x"), "/etc/x", "has its path, for the host");
  ok(guarded, "which goes on");
  is_int(ftpd_hold("/lib"), 0, "/lib itself");
  is_str(ftpd_held_name("/lib"), "/lib", "as well");
  is_int(ftpd_hold("/etcx"), 0, "another name");
  is_str(ftpd_held_name("/etcx"), "etcx", "is held");
  (void) ftpd_let_go(0);
  guarded = false;
  is_int(ftpd_hold("/etc/x"), 0, "without its protection");
  is_str(ftpd_held_name("/etc/x"), "x", "it is a name");
  guarded = true;
  is_int(ftpd_hold(at("a/x")), 0, "and another path");
  is_str(ftpd_held_name(at("a/x")), "x", "always");
  guarded = false;
  (void) ftpd_let_go(0);
}

static void vroots_have_other_paths(void) {
  char buf[PATH_MAX];

  begin();
  is_str(ftpd_where("/v/a", buf, sizeof(buf)), at("a"), "the system's path");
  is_str(ftpd_where("/w/a", buf, sizeof(buf)), "/w/a", "elsewhere");
  is_str(ftpd_where_dir("/v", buf, sizeof(buf)), top, "the root");
  is_str(ftpd_where_dir("/v/a", buf, sizeof(buf)), at("a"), "a directory");
  vroot = "";
  is_str(ftpd_where_dir("/v", buf, sizeof(buf)), "/", "the system's root");
  is_str(ftpd_where_dir("/v/", buf, sizeof(buf)), "/", "is short");
  vroot = top;
  is_int(ftpd_hold("/v/a/x"), 0, "a path");
  is_str(ftpd_held_name("/v/a/x"), "x", "is held by the system's");
  is_int(ftpd_hold("/v/link/x"), -1, "without links");
  is_int(ftpd_hold(pstrcat(p, "/v/a/", "nnnnnnnnnnnnnnnnnnnn", NULL)), 0,
    "a longer name");
  (void) ftpd_let_go(0);
}

/* ---- Pins */

static void directories_stay_the_same(void) {
  begin();
  ok(!ftpd_is_pinned(at("c/x")), "nothing is pinned");
  ok(ftpd_pin(at("c")), "a directory");
  ok(ftpd_is_pinned(at("c/x")) && !ftpd_is_pinned(at("a/x")), "is pinned");
  is_int(ftpd_hold(at("c/x")), 0, "it is held");
  replace_dir("c");
  ftpd_stand_elsewhere();
  is_int(ftpd_hold(at("c/x")), -1, "another one of that name");
  is_int(errno, ENOENT, "is not");
  ok(!ftpd_pin(at("c")), "nor can it be pinned in this operation");
  begin();
  ok(ftpd_pin(at("c")), "but in the next one");
  is_int(ftpd_hold(at("c/x")), 0, "which holds it");
  ok(!ftpd_pin(at("none")) && ftpd_is_pinned(at("none/x")), "a missing one");
  make_dir("none");
  is_int(ftpd_hold(at("none/x")), -1, "may not appear");
  (void) rmdir(at("none"));
  ok(!ftpd_pin(at("link")), "a link is no directory");
  ok(ftpd_pin("/") && ftpd_is_pinned("/x"), "the root is one");
}

static int hold_with(const char *seen, const char *path) {
  struct stat st;

  begin();
  (void) ftpd_pin(at("d"));
  ftpd_pin_rules(at("d/.ftpaccess"), seen != NULL && stat(at(seen), &st) == 0 ?
    &st : NULL);
  ftpd_stand_elsewhere();
  return ftpd_hold(at(path));
}

static void rules_stay_the_same(void) {
  struct stat st;

  is_int(hold_with(NULL, "d/x"), 0, "no rules");
  is_int(hold_with("file", "d/x"), -1, "rules that are not there");
  make_file("d/.ftpaccess");
  is_int(hold_with("d/.ftpaccess", "d/x"), 0, "rules that are");
  is_int(hold_with(NULL, "d/x"), -1, "rules that have appeared");
  is_int(hold_with("file", "d/x"), -1, "or are others");
  is_int(hold_with("d/.ftpaccess", "d/.ftpaccess"), 0, "they themselves");
  (void) unlink(at("d/.ftpaccess"));
  is_int(ftpd_hold(at("d/x")), 0, "may be changed by the operation");
  begin();
  (void) ftpd_pin(at("d"));
  ftpd_pin_rules(at("d/.ftpaccess"), NULL);
  ftpd_pin_rules(at("d/.ftpaccess"), stat(at("file"), &st) == 0 ? &st : NULL);
  ftpd_stand_elsewhere();
  is_int(ftpd_hold(at("d/x")), -1, "and by nobody else");
  begin();
  ftpd_pin_rules(at("d/.ftpaccess"), &st);
  is_int(ftpd_hold(at("d/x")), 0, "of a directory that is not pinned");
}

static void aliases_are_nowhere(void) {
  begin();
  ok(ftpd_pin("/v/c"), "a directory");
  replace_dir("c");
  ftpd_stand_elsewhere();
  is_int(ftpd_hold("/v/c/x"), -1, "that was replaced");
  alias = true;
  is_int(ftpd_hold("/v/c/x"), 0, "does not matter for an alias");
  alias = false;
  (void) ftpd_let_go(0);
}

/* ---- Paths that a module serves */

static int check_opened(const char *path, const char *opened) {
  pr_fh_t *fh = pr_fsio_open(at(opened), O_RDONLY);
  int res = ftpd_check_opened(at(path), fh);

  ftpd_drop(fh);
  return res;
}

static void modules_are_compared(void) {
  begin();
  is_int(check_opened("file", "a/in-a"), 0, "the system's files were held");
  plain = false;
  is_int(ftpd_hold(at("a/x")), 0, "a module's are not");
  is_str(ftpd_held_name(at("a/x")), at("a/x"), "but have their path");
  ok(ftpd_is_pinned(at("a/x")) && !ftpd_pin(at("a")), "nor pinned");
  is_int(check_opened("file", "file"), 0, "the file of a path");
  is_int(check_opened("a/in-a", "a/in-a"), 0, "another one");
  is_int(check_opened("file", "a/in-a"), -1, "another file");
  is_int(check_opened("link/in-a", "a/in-a"), 0, "where links are the "
    "module's");
  elsewhere = true;
  is_int(check_opened("file", "file"), 0, "a file in its place");
  is_int(check_opened("link/in-a", "a/in-a"), -1, "not behind a link");
  is_int(ftpd_hold(at("a/x")), -1, "a path that leads elsewhere");
  is_int(errno, ENOENT, "is not used");
  elsewhere = false;
  plain = lstat_alone = true;
  ok(ftpd_is_pinned(at("a/y")), "a module may serve links alone");
  lstat_alone = false;
  is_int(nopen, 0, "nothing is left open");
}

static void pins_end_with_their_operation(void) {
  char *path = memset(pcalloc(p, PATH_MAX + 10), 'd', PATH_MAX + 5);
  struct stat st;

  begin();
  ok(ftpd_pin(at("a")) && ftpd_is_pinned(at("a/x")), "a directory is read");
  ftpd_pin_rules(at("b/.ftpaccess"), NULL);
  ok(stat(at("a"), &st) == 0, "a directory");
  ftpd_pin_rules(at("b/.ftpaccess"), &st);
  ok(!ftpd_is_pinned(at("b/x")), "rules of another do not count");
  ftpd_stand_anew();
  ok(!ftpd_is_pinned(at("a/x")), "in the next operation it was not");
  path[0] = '/';
  ok(!ftpd_pin(path), "nor is one that is too long");
  path[PATH_MAX - 1] = '\0';
  errno = 0;
  ok(!ftpd_pin(path) && errno == ENAMETOOLONG, "or is for the system");
  path[PATH_MAX - 1] = 'd';
  path[PATH_MAX + 1] = '/';
  ok(!ftpd_is_pinned(path), "nor what is in one");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL || symlink("a", at("link")) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  make_dir("a");
  make_dir("b");
  make_dir("c");
  make_dir("d");
  make_file("file");
  make_file("a/in-a");
  the_process_stands_somewhere();
  the_kernel_is_asked_once();
  paths_are_relative_to_it();
  it_goes_where_it_is_told();
  paths_are_held();
  two_paths_are_held();
  protected_paths_are_not();
  vroots_have_other_paths();
  directories_stay_the_same();
  rules_stay_the_same();
  aliases_are_nowhere();
  modules_are_compared();
  pins_end_with_their_operation();
  if (chdir("/") < 0 || system(pstrcat(p, "rm -rf ", top, NULL)) != 0) {
    diag("%s is left", top);
  }

  destroy_pool(p);
  return done_testing();
}
