/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-bottom-t.c -- the functions at the bottom of FSIO's stack: held paths
 * are names in a directory, all others go to the daemon's own functions.
 */

#include "daemon.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Headers before Linux 6.6 lack it. */
#ifndef SYS_fchmodat2
# define SYS_fchmodat2 452
#endif

static pool *p;
static char top[] = "/tmp/ftpd-bottom-XXXXXX";
static pr_fs_t fs;

/* ---- What is held: a name in a directory */

static struct ftpd_held held[2];
static unsigned int nheld;
static int dir;

const struct ftpd_held *ftpd_held_of(const char *path) {
  unsigned int i;

  for (i = 0; i < nheld; i++) {
    if (strcmp(held[i].path, path) == 0) {
      return &held[i];
    }
  }

  return NULL;
}

const char *ftpd_held_name(const char *path) {
  const struct ftpd_held *at = ftpd_held_of(path);

  return at != NULL ? at->name : path;
}

int ftpd_hold_two(const char *from, const char *to) {
  (void) from;
  (void) to;
  return 0;
}

int ftpd_let_go(int res) {
  return res;
}

static void hold(const char *a, const char *b) {
  nheld = 0;
  held[nheld++] = (struct ftpd_held) { pstrcat(p, "/", a, NULL), a, dir };
  if (b != NULL) {
    held[nheld++] = (struct ftpd_held) { pstrcat(p, "/", b, NULL), b, dir };
  }
}

/* ---- The rest of the gate */

static bool scan_removes, ftpaccess;
static unsigned int elsewhere, seen;

bool ftpd_scan_removes(void) {
  return scan_removes;
}

const char *ftpd_from_here(const char *path, char *buf, size_t size) {
  snprintf(buf, size, "here:%s", path);
  return buf;
}

void ftpd_ftpaccess_seen(const char *path, int res, struct stat *st) {
  (void) path;
  (void) res;
  (void) st;
  seen++;
}

bool ftpd_ftpaccess_is(const char *path) {
  (void) path;
  return ftpaccess;
}

int ftpd_link_says(char *text, int len) {
  (void) text;
  return len + 100;
}

void ftpd_stand_elsewhere(void) {
  elsewhere++;
}

pr_fs_t *ftpd_fs_system(void) {
  return &fs;
}

int pr_fsio_rename(const char *from, const char *to) {
  return fs.rename(&fs, from, to);
}

int pr_fs_clear_cache2(const char *path) {
  (void) path;
  return 0;
}

/* ---- The daemon's functions: what is called, with which path */

static char called[200];
static int result;

static int call(const char *name, const char *path) {
  snprintf(called, sizeof(called), "%s %s", name, path);
  errno = ENOENT;
  return result;
}

#define CALL1(name) \
  static int host_##name(pr_fs_t *f, const char *path) { \
    (void) f; \
    return call(#name, path); \
  }
#define CALL2(name, type) \
  static int host_##name(pr_fs_t *f, const char *path, type a) { \
    (void) f; \
    (void) a; \
    return call(#name, path); \
  }
#define CALL3(name, type1, type2) \
  static int host_##name(pr_fs_t *f, const char *path, type1 a, type2 b) { \
    (void) f; \
    (void) a; \
    (void) b; \
    return call(#name, path); \
  }

CALL1(unlink)
CALL1(rmdir)
CALL1(chdir)
CALL2(stat, struct stat *)
CALL2(lstat, struct stat *)
CALL2(mkdir, mode_t)
CALL2(chmod, mode_t)
CALL2(truncate, off_t)
CALL2(utimes, struct timeval *)
CALL2(rename, const char *)
CALL2(link, const char *)
CALL3(readlink, char *, size_t)
CALL3(chown, uid_t, gid_t)
CALL3(lchown, uid_t, gid_t)

static int host_symlink(pr_fs_t *f, const char *text, const char *path) {
  (void) f;
  (void) text;
  return call("symlink", path);
}

static int open_flags;

static int host_open(pr_fh_t *fh, const char *path, int flags) {
  (void) fh;
  open_flags = flags;
  return call("open", path);
}

#define XATTR(name, ...) \
  static __VA_ARGS__ { \
    (void) in; \
    (void) f; \
    XATTR_UNUSED_##name; \
    return call(#name, path); \
  }

#define VALUE (void) key, (void) value, (void) size
#define XATTR_UNUSED_getxattr VALUE
#define XATTR_UNUSED_lgetxattr VALUE
#define XATTR_UNUSED_listxattr (void) names
#define XATTR_UNUSED_llistxattr (void) names
#define XATTR_UNUSED_setxattr VALUE, (void) flags
#define XATTR_UNUSED_lsetxattr VALUE, (void) flags
#define XATTR_UNUSED_removexattr (void) key
#define XATTR_UNUSED_lremovexattr (void) key

XATTR(getxattr, ssize_t host_getxattr(pool *in, pr_fs_t *f, const char *path,
  const char *key, void *value, size_t size))
XATTR(lgetxattr, ssize_t host_lgetxattr(pool *in, pr_fs_t *f, const char *path,
  const char *key, void *value, size_t size))
XATTR(listxattr, int host_listxattr(pool *in, pr_fs_t *f, const char *path,
  array_header **names))
XATTR(llistxattr, int host_llistxattr(pool *in, pr_fs_t *f, const char *path,
  array_header **names))
XATTR(setxattr, int host_setxattr(pool *in, pr_fs_t *f, const char *path,
  const char *key, void *value, size_t size, int flags))
XATTR(lsetxattr, int host_lsetxattr(pool *in, pr_fs_t *f, const char *path,
  const char *key, void *value, size_t size, int flags))
XATTR(removexattr, int host_removexattr(pool *in, pr_fs_t *f,
  const char *path, const char *key))
XATTR(lremovexattr, int host_lremovexattr(pool *in, pr_fs_t *f,
  const char *path, const char *key))

#define PUT(name) fs.name = host_##name

static void put_functions(void) {
  PUT(stat);
  PUT(lstat);
  PUT(unlink);
  PUT(symlink);
  PUT(readlink);
  PUT(lchown);
  PUT(mkdir);
  PUT(rmdir);
  PUT(chdir);
  PUT(rename);
  PUT(link);
  PUT(open);
  PUT(chown);
  PUT(utimes);
  PUT(truncate);
  PUT(chmod);
  PUT(getxattr);
  PUT(lgetxattr);
  PUT(listxattr);
  PUT(llistxattr);
  PUT(setxattr);
  PUT(lsetxattr);
  PUT(removexattr);
  PUT(lremovexattr);
}

/* ---- All of them */

static const char *all_calls(const char *path) {
  char *text = pstrdup(p, "");
  struct timeval tv[2];
  struct stat st;
  char buf[8];

#define NOTE(name, ...) \
  called[0] = '\0'; \
  (void) fs.name(__VA_ARGS__); \
  text = pstrcat(p, text, called, ",", NULL)

  NOTE(stat, &fs, path, &st);
  NOTE(lstat, &fs, path, &st);
  NOTE(unlink, &fs, path);
  NOTE(symlink, &fs, "text", path);
  NOTE(readlink, &fs, path, buf, sizeof(buf));
  NOTE(lchown, &fs, path, 1, 2);
  NOTE(mkdir, &fs, path, 0700);
  NOTE(rmdir, &fs, path);
  NOTE(chdir, &fs, path);
  NOTE(open, NULL, path, O_RDONLY);
  NOTE(chown, &fs, path, 1, 2);
  NOTE(utimes, &fs, path, memset(tv, 0, sizeof(tv)));
  NOTE(truncate, &fs, path, 0);
  NOTE(chmod, &fs, path, 0600);
  NOTE(getxattr, p, &fs, path, "k", buf, 1);
  NOTE(lgetxattr, p, &fs, path, "k", buf, 1);
  NOTE(listxattr, p, &fs, path, NULL);
  NOTE(llistxattr, p, &fs, path, NULL);
  NOTE(setxattr, p, &fs, path, "k", buf, 1, 0);
  NOTE(lsetxattr, p, &fs, path, "k", buf, 1, 0);
  NOTE(removexattr, p, &fs, path, "k");
  NOTE(lremovexattr, p, &fs, path, "k");
  return text;
}

static void paths_that_are_not_held_go_on(void) {
  nheld = 0;
  is_str(all_calls("/a"), "stat here:/a,lstat /a,unlink /a,symlink /a,"
    "readlink /a,lchown /a,mkdir /a,rmdir /a,chdir /a,open /a,chown /a,"
    "utimes /a,truncate /a,chmod /a,getxattr /a,lgetxattr /a,listxattr /a,"
    "llistxattr /a,setxattr /a,lsetxattr /a,removexattr /a,lremovexattr /a,",
    "to the daemon's functions");
  ok(seen == 1 && elsewhere == 1, "which is known");
  ftpaccess = true;
  (void) fs.open(NULL, "/a", O_RDONLY);
  is_str(called, "open here:/a", "rules are read by a path from here");
  is_int(open_flags, O_RDONLY, "as they are");
  ftpaccess = false;
  result = 3;
  is_int(fs.readlink(&fs, "/a", NULL, 0), 103, "the text of a link is mapped");
  result = 0;
  (void) fs.rename(&fs, "/a", "/b");
  is_str(called, "rename /a", "a rename");
  (void) fs.link(&fs, "/a", "/b");
  is_str(called, "link /a", "and a link");
}

static void held_paths_are_names(void) {
  hold("none", NULL);
  is_str(all_calls("/none"), "stat here:/none,lstat /none,unlink none,"
    "symlink none,readlink none,lchown none,mkdir none,rmdir none,chdir /none,"
    "open none,lchown none,,,,lgetxattr none,lgetxattr none,llistxattr none,"
    "llistxattr none,lsetxattr none,lsetxattr none,lremovexattr none,"
    "lremovexattr none,", "and never followed");
  (void) fs.open(NULL, "/none", O_RDWR);
  is_int(open_flags, O_RDWR|O_NOFOLLOW, "when they are opened");
  result = 3;
  is_int(fs.readlink(&fs, "/none", NULL, 0), 3, "a text is as it is");
  result = 0;
  called[0] = '\0';
  scan_removes = true;
  is_int(fs.unlink(&fs, "/none"), 0, "what a scan removes");
  is_str(called, "", "is left to the gate");
  scan_removes = false;
}

/* ---- Files of a real directory */

static void make(const char *name) {
  int fd = openat(dir, name, O_WRONLY|O_CREAT|O_TRUNC, 0600);

  if (fd < 0 || write(fd, name, strlen(name)) < 0 || close(fd) < 0) {
    bail_out("no file: %s", strerror(errno));
  }
}

static bool is_there(const char *name) {
  return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct stat of(const char *name) {
  struct stat st;

  memset(&st, 0, sizeof(st));
  (void) fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
  return st;
}

static void renames_replace_or_not(void) {
  make("a");
  make("b");
  hold("a", "b");
  errno = 0;
  is_int(ftpd_rename_held("/a", "/b", false), -1, "a file that is there");
  ok(errno == EEXIST && is_there("a"), "stays");
  is_int(ftpd_rename_held("/a", "/b", true), 0, "or is replaced");
  ok(!is_there("a") && is_there("b") && *called != 'r', "by the system");
  make("a");
  is_int(fs.rename(&fs, "/a", "/b"), 0, "also for others");
  make("a");
  (void) unlinkat(dir, "b", 0);
  is_int(ftpd_rename_held("/a", "/b", false), 0, "a new name");
  ok(is_there("b"), "is there");
  errno = 0;
  is_int(ftpd_rename_held("/a", "/b", false), -1, "no file");
  is_int(errno, ENOENT, "is an error");
  hold("b", NULL);
  called[0] = '\0';
  (void) fs.rename(&fs, "/b", "/x");
  is_str(called, "rename /b", "a path that is not held");
  called[0] = '\0';
  (void) fs.rename(&fs, "/x", "/b");
  is_str(called, "rename /x", "either of them");
}

static void links_are_made_there(void) {
  make("a");
  (void) unlinkat(dir, "b", 0);
  hold("a", "b");
  called[0] = '\0';
  is_int(fs.link(&fs, "/a", "/b"), 0, "a link");
  ok(of("a").st_ino == of("b").st_ino && *called == '\0', "is there");
  (void) unlinkat(dir, "b", 0);
  hold("b", NULL);
  is_int(fs.link(&fs, pstrcat(p, top, "/a", NULL), "/b"), 0,
    "from a path that is not held");
  ok(of("a").st_ino == of("b").st_ino, "is there");
}

static void attributes_are_the_names_own(void) {
  struct timeval tv[2] = { { 1000, 5 }, { 2000, 7 } };
  struct stat st;

  make("a");
  (void) unlinkat(dir, "b", 0);
  is_int(symlinkat("a", dir, "b"), 0, "(a link)");
  hold("a", "b");
  is_int(fs.utimes(&fs, "/b", tv), 0, "times of a link");
  st = of("b");
  ok(st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7000, "are its own");
  ok(of("a").st_mtim.tv_sec != 2000, "not the file's");
  is_int(fs.utimes(&fs, "/a", tv), 0, "times of a file");
  st = of("a");
  ok(st.st_atim.tv_sec == 1000 && st.st_atim.tv_nsec == 5000 &&
    st.st_mtim.tv_sec == 2000 && st.st_mtim.tv_nsec == 7000, "are both set");
}

static void sizes_are_set_without_following(void) {
  int before = dup(0), after;

  (void) close(before);
  make("a");
  hold("a", "b");
  is_int(fs.truncate(&fs, "/a", 10), 0, "a size");
  is_int(of("a").st_size, 10, "is set");
  errno = 0;
  is_int(fs.truncate(&fs, "/b", 5), -1, "a link");
  is_int(errno, ELOOP, "is not followed");
  is_int(of("a").st_size, 10, "the file stays");
  is_int(mkfifoat(dir, "fifo", 0600), 0, "(a FIFO)");
  is_int(mkdirat(dir, "dir", 0700), 0, "(a directory)");
  hold("fifo", "dir");
  errno = 0;
  is_int(fs.truncate(&fs, "/fifo", 5), -1, "a FIFO");
  is_int(errno, EINVAL, "is not opened");
  errno = 0;
  is_int(fs.truncate(&fs, "/dir", 5), -1, "a directory");
  is_int(errno, EISDIR, "has no size");
  hold("none", NULL);
  errno = 0;
  is_int(fs.truncate(&fs, "/none", 5), -1, "no file");
  is_int(errno, ENOENT, "either");
  after = dup(0);
  is_int(after, before, "no descriptor stays open");
  (void) close(after);
  (void) unlinkat(dir, "fifo", 0);
  (void) unlinkat(dir, "dir", AT_REMOVEDIR);
}

/* ---- Systems that can do less */

/* The errno of these calls; 0: that of the system. */
static int no_noreplace, no_fchmodat2, no_fchmodat;

int renameat2(int from_dir, const char *from, int to_dir, const char *to,
    unsigned int flags) {
  if (no_noreplace != 0) {
    errno = no_noreplace;
    return -1;
  }

  if (flags != RENAME_NOREPLACE ||
      faccessat(from_dir, from, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
    return -1;
  }

  if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return -1;
  }

  return renameat(from_dir, from, to_dir, to);
}

long syscall(long number, ...) {
  errno = no_fchmodat2 != 0 ? no_fchmodat2 : ENOENT;
  return number == SYS_fchmodat2 && no_fchmodat2 == 0 ? 0 : -1;
}

int fchmodat(int at, const char *name, mode_t mode, int flags) {
  (void) at;
  (void) name;
  (void) mode;
  (void) flags;
  errno = no_fchmodat;
  return no_fchmodat != 0 ? -1 : 0;
}

static void renames_without_a_flag(void) {
  static const struct { int err, is; } row[] = { { EINVAL, 0 },
    { ENOSYS, 0 }, { EPERM, EPERM }, { EROFS, EROFS } };
  size_t i;

  hold("a", "b");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    make("a");
    make("b");
    no_noreplace = row[i].err;
    errno = 0;
    is_int(ftpd_rename_held("/a", "/b", false), row[i].is != 0 ? -1 : 0,
      "error %d", row[i].err);
    is_int(row[i].is != 0 ? errno : 0, row[i].is, "its result");
    is_int(is_there("a"), row[i].is != 0, "and its effect");
  }

  no_noreplace = 0;
  make("a");
}

static void modes_without_a_call(void) {
  static const struct { int first, second, is; } row[] = {
    { 0, EIO, 0 }, { ENOENT, 0, ENOENT }, { EROFS, 0, EROFS },
    { EINVAL, 0, EINVAL }, { ENOSYS, 0, 0 }, { EPERM, 0, 0 },
    { ENOSYS, EPERM, EPERM }, { EPERM, EROFS, EROFS },
    { ENOSYS, EOPNOTSUPP, 0 } };
  size_t i;

  hold("a", NULL);
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    no_fchmodat2 = row[i].first;
    no_fchmodat = row[i].second;
    errno = 0;
    is_int(fs.chmod(&fs, "/a", 0604), row[i].is != 0 ? -1 : 0,
      "errors %d and %d", row[i].first, row[i].second);
    is_int(row[i].is != 0 ? errno : 0, row[i].is, "the result");
  }

  is_int(of("a").st_mode & 07777, 0604, "an open file was changed");
}

static const char acl_name[] = "system.posix_acl_access";

/* The bits of what differs from a mode that could be set. */
static int set_from(mode_t mode, bool with_acl) {
  static const unsigned char acl[] = { 2, 0, 0, 0,
    1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 2, 0, 4, 0, 1, 0, 0, 0,
    4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,
    32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff };
  int fd = openat(dir, "mine", O_RDONLY|O_CREAT, 0600), res;

  if (fd < 0 || fchmod(fd, mode) < 0 || close(fd) < 0 || (with_acl &&
      lsetxattr("mine", acl_name, acl, sizeof(acl), 0) < 0)) {
    return 8;
  }

  errno = 0;
  res = fs.chmod(&fs, "/mine", 0751);
  if (with_acl) {
    res = (res == 0 ? 1 : 0) | (errno != EACCES ? 2 : 0);
  } else {
    res = (res < 0 ? 1 : 0) | ((of("mine").st_mode & 07777) != 0751 ? 2 : 0);
  }

  (void) unlinkat(dir, "mine", 0);
  return res;
}

static void run_as_user(int *result_of) {
  static const mode_t modes[] = { 0400, 0200, 0000, 0600 };
  size_t i;

  if (geteuid() == 0 && (fchown(dir, 65534, 65534) < 0 ||
      setgid(65534) < 0 || setuid(65534) < 0)) {
    *result_of = 99;
    return;
  }

  hold("mine", NULL);
  for (i = 0; i < SFTP_NELEMS(modes) && *result_of == 0; i++) {
    *result_of = set_from(modes[i], false);
  }

  if (*result_of == 0) {
    *result_of = 16 | set_from(0000, true);
  }
}

/* Not root, who may open everything. */
static void files_that_cannot_be_opened(void) {
  int status = -1, res = 0;
  pid_t pid;

  no_fchmodat2 = ENOSYS;
  no_fchmodat = EOPNOTSUPP;
  pid = fork();
  if (pid == 0) {
    run_as_user(&res);
    _exit(res);
  }

  (void) waitpid(pid, &status, 0);
  if (WEXITSTATUS(status) == 24) {
    skip("a file system without ACLs");
  } else {
    is_int(WEXITSTATUS(status), 16, "their owner sets their mode, but an ACL "
      "is kept");
  }
}

/* ---- Files without a name */

static void files_are_shown(void) {
  int fd = openat(dir, "a", O_RDONLY);
  struct stat st;

  nheld = 0;
  result = -1;
  is_int(fs.stat(&fs, "/new", &st), -1, "no file");
  ftpd_bottom_show("/new", fd);
  st.st_ino = 0;
  is_int(fs.stat(&fs, "/new", &st), 0, "a file is shown");
  is_int(st.st_ino, of("a").st_ino, "at its future name");
  is_int(fs.lstat(&fs, "/new", &st), 0, "to everybody");
  is_int(fs.lstat(&fs, "/newer", &st), -1, "no other name");
  errno = EACCES;
  is_int(ftpd_or_shown("/new", -1, &st), -1, "another error is one");
  st.st_ino = 0;
  is_int(ftpd_or_shown("/new", 0, &st), 0, "what is there");
  is_int(st.st_ino, 0, "is itself");
  errno = ENOSPC;
  ftpd_bottom_show(NULL, -1);
  is_int(errno, ENOSPC, "errno stays");
  is_int(fs.lstat(&fs, "/new", &st), -1, "no longer");
  result = 0;
  (void) close(fd);
}

int main(void) {
  p = make_sub_pool(NULL);
  dir = mkdtemp(top) != NULL ? open(top, O_RDONLY|O_DIRECTORY) : -1;
  if (dir < 0 || fchdir(dir) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  put_functions();
  ftpd_bottom_init();
  ftpd_bottom_init();
  paths_that_are_not_held_go_on();
  held_paths_are_names();
  renames_replace_or_not();
  links_are_made_there();
  attributes_are_the_names_own();
  sizes_are_set_without_following();
  renames_without_a_flag();
  modes_without_a_call();
  files_that_cannot_be_opened();
  files_are_shown();
  (void) unlinkat(dir, "a", 0);
  (void) unlinkat(dir, "b", 0);
  (void) close(dir);
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
