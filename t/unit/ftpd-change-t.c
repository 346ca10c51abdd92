/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-change-t.c -- changes by path: who is asked before them, and what is
 * done after them.
 */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-check.h"
#include "ftpd-digest-carry.h"
#include "ftpd-digest.h"
#include "ftpd-held.h"
#include "ftpd-locks.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-record.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-tree.h"
#include "ftpd-uploads.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>

static pool *p;
static struct ftpd ftpd;
static struct op_state state;
static struct ftpd_op op = { .ftpd = &ftpd };
static pr_fh_t fh;
static struct ftpd_file file = { .h = &ftpd, .path = "/f", .fh = &fh };

/* ---- The calls: a trace of them; the one called `fails' fails */

static char trace[500];
static const char *fails;
static int held;

static int call(const char *fmt, ...) {
  size_t n = strlen(trace), len;
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(trace + n, sizeof(trace) - n, fmt, ap);
  va_end(ap);
  len = strcspn(trace + n, " ");
  if (fails != NULL && strncmp(trace + n, fails, len) == 0 &&
      strlen(fails) == len) {
    errno = EROFS;
    return -1;
  }

  return 0;
}

int ftpd_hold(const char *path) {
  int res = call("hold %s, ", path);

  held += res == 0;
  return res;
}

int ftpd_hold_two(const char *from, const char *to) {
  int res = call("hold %s %s, ", from, to);

  held += res == 0;
  return res;
}

int ftpd_let_go(int res) {
  held--;
  return res;
}

int pr_fsio_truncate(const char *path, off_t size) {
  return call("truncate %s %lld, ", path, (long long) size);
}

int pr_fsio_chmod(const char *path, mode_t mode) {
  return call("chmod %s %o, ", path, (unsigned int) mode);
}

int pr_fsio_chown(const char *path, uid_t uid, gid_t gid) {
  return call("chown %s %u %u, ", path, uid, gid);
}

int pr_fsio_lchown(const char *path, uid_t uid, gid_t gid) {
  return call("lchown %s %u %u, ", path, uid, gid);
}

static struct timeval times[2];
static struct timespec link_times[2];

int pr_fsio_utimes(const char *path, struct timeval *tv) {
  memcpy(times, tv, sizeof(times));
  return call("utimes %s, ", path);
}

int pr_fsio_futimes(pr_fh_t *one, struct timeval *tv) {
  memcpy(times, tv, sizeof(times));
  return call(one == &fh ? "futimes, " : "other, ");
}

int utimensat(int dir, const char *path, const struct timespec ts[2],
    int flags) {
  memcpy(link_times, ts, sizeof(link_times));
  return call("utimensat %s %d %d, ", path, dir == AT_FDCWD,
    flags == AT_SYMLINK_NOFOLLOW);
}

int pr_fsio_rmdir(const char *path) {
  return call("rmdir %s, ", path);
}

int pr_fsio_smkdir(pool *in, const char *path, mode_t mode, uid_t uid,
    gid_t gid) {
  (void) in;
  return call("smkdir %s %o %d %d, ", path, (unsigned int) mode, (int) uid,
    (int) gid);
}

int pr_fsio_unlink(const char *path) {
  return call("unlink %s, ", path);
}

int pr_fsio_link(const char *from, const char *to) {
  return call("link %s %s, ", from, to);
}

int pr_fsio_symlink(const char *from, const char *to) {
  return call("symlink %s %s, ", from, to);
}

int pr_fs_clear_cache2(const char *path) {
  return call("clear %s, ", path);
}

/* ---- The rest of the daemon's side */

static bool plain = true, vroot, counts_dirs;
static struct stat is = { .st_mode = S_IFREG | 0644, .st_size = 77 };

static int make_plainly(pr_fs_t *fs, const char *path, mode_t mode) {
  (void) fs;
  return call("mkdir %s %o, ", path, (unsigned int) mode);
}

pr_fs_t *ftpd_fs_system(void) {
  static pr_fs_t fs;

  fs.mkdir = make_plainly;
  return &fs;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return NULL;
}

pr_fs_t *ftpd_fs_of_dir(const char *path) {
  (void) path;
  return NULL;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  (void) offset;
  return plain;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return vroot;
}

bool ftpd_vroot_serves_dir(const char *path) {
  (void) path;
  return vroot;
}

const char *ftpd_vroot_text(struct ftpd *h, pool *in, const char *text,
    const char *link) {
  (void) h;
  (void) link;
  return pstrcat(in, "/root", text, NULL);
}

const char *ftpd_held_name(const char *path) {
  return path + 1;
}

struct op_state *ftpd_op_state(struct ftpd_op *one) {
  (void) one;
  return &state;
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  *st = is;
  return call("stat %s, ", path);
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  *st = is;
  return call("lstat %s, ", path);
}

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  (void) f;
  *st = is;
  return call("fstat, ");
}

int ftpd_may_chown(const struct stat *st, uid_t uid, gid_t gid) {
  (void) st;
  (void) uid;
  (void) gid;
  return call("may ");
}

mode_t ftpd_new_mode(struct ftpd_op *one, const char *path, mode_t mode,
    mode_t without) {
  (void) one;
  (void) path;
  return mode != 0 ? mode : without;
}

void ftpd_give_away_dir(const char *path) {
  (void) call("give %s, ", path);
}

int ftpd_max_store(struct ftpd_op *one, const char *path, off_t size) {
  (void) one;
  return call("max %s %lld, ", path, (long long) size);
}

static bool pending;            /* an upload has the path */

bool ftpd_check_removed(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return pending;
}

int ftpd_check_resize(struct ftpd_op *one, const char *path, off_t size) {
  (void) one;
  return call("resize %s %lld, ", path, (long long) size);
}

int ftpd_open_lock_changed(const char *path) {
  return call("lock %s, ", path);
}

void ftpd_upload_note(struct ftpd *h, const struct stat *st) {
  (void) h;
  (void) call("note %lld, ", (long long) st->st_size);
}

void ftpd_digest_spoil_all(struct ftpd *h) {
  (void) h;
  (void) call("spoil, ");
}

void ftpd_digest_look(struct ftpd_file *f) {
  (void) f;
  (void) call("look, ");
}

void ftpd_digest_timed(struct ftpd_file *f) {
  (void) f;
  (void) call("timed, ");
}

void ftpd_carry_take(struct ftpd_carry *c, struct ftpd *h, const char *path) {
  (void) c;
  (void) h;
  (void) call("take %s, ", path);
}

int ftpd_carry_put(struct ftpd_carry *c, int res,
    const struct timeval *modified) {
  (void) c;
  (void) call("put %d %ld, ", res, modified != NULL ? (long) modified->tv_sec :
    0);
  return res;
}

pr_fh_t *ftpd_carry_nothing(const char *path) {
  (void) call("void %s, ", path);
  return NULL;
}

void ftpd_carry_nothing_end(pr_fh_t *handle) {
  (void) handle;
  (void) call("voided, ");
}

void ftpd_record_mode(mode_t mode) {
  (void) call("record %o, ", (unsigned int) mode);
}

void ftpd_record_size(off_t size) {
  (void) size;
}

int ftpd_record_scp_mode(struct ftpd *one, const char *path, int res) {
  (void) one;
  (void) path;
  return res;
}

int ftpd_record_did(const char *part, int res) {
  (void) part;
  return res;
}

void ftpd_record_owner(uid_t uid, gid_t gid) {
  (void) call("record %u %u, ", uid, gid);
}

int ftpd_quota_truncate(struct ftpd_op *one, const char *path, off_t size,
    int (*set)(const char *, off_t)) {
  (void) one;
  return call("quota ") < 0 ? -1 : set(path, size);
}

bool ftpd_quota_has_dirs(struct ftpd *h) {
  (void) h;
  return counts_dirs;
}

int ftpd_quota_name(struct ftpd *h, const char *path, off_t size) {
  (void) h;
  return call("name %s %lld, ", path, (long long) size);
}

void ftpd_quota_unname(struct ftpd *h, const char *path, off_t size) {
  (void) h;
  (void) call("unname %s %lld, ", path, (long long) size);
}

void ftpd_quota_refuse(struct ftpd_op *one) {
  (void) one;
  (void) call("refuse, ");
}

void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st) {
  (void) h;
  (void) call("gone %s %lld, ", path, (long long) st->st_size);
}

int ftpd_quota_watch(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return 5;
}

void ftpd_quota_seen(int watch, struct stat *st) {
  (void) call("seen %d, ", watch);
  st->st_size++;
}

/* ---- What is expected of a call: its result, and its trace */

static void begin(const char *failing) {
  memset(&state, 0, sizeof(state));
  trace[0] = '\0';
  fails = failing;
  errno = 0;
}

#define EXPECT(call, result, calls) \
  (is_int((call), (result), "%s", #call), is_str(trace, calls, "its calls"), \
   is_int(held, 0, "nothing is held"))

static void files_are_truncated(void) {
  begin(NULL);
  EXPECT(ftpd_truncate(&op, "/f", 0), 0, "spoil, max /f 0, resize /f 0, "
    "lock /f, quota void /f, hold /f, truncate /f 0, voided, ");
  begin("max");
  EXPECT(ftpd_truncate(&op, "/f", 5), -1, "spoil, max /f 5, ");
  begin("resize");
  EXPECT(ftpd_truncate(&op, "/f", 5), -1, "spoil, max /f 5, resize /f 5, ");
  begin("lock");
  EXPECT(ftpd_truncate(&op, "/f", 5), -1, "spoil, max /f 5, resize /f 5, "
    "lock /f, ");
  begin("hold");
  EXPECT(ftpd_truncate(&op, "/f", 5), -1, "spoil, max /f 5, resize /f 5, "
    "lock /f, quota void /f, hold /f, voided, ");
  begin(NULL);
  EXPECT(ftpd_truncate(&op, "/f", -1), -1, "");
  is_int(errno, EINVAL, "no size");
}

static void modes_and_owners_are_set(void) {
  begin(NULL);
  EXPECT(ftpd_chmod(&ftpd, "/f", 0640), 0, "record 640, take /f, hold /f, "
    "chmod /f 640, put 0 0, ");
  begin("hold");
  EXPECT(ftpd_chmod(&ftpd, "/f", 0640), -1, "record 640, take /f, hold /f, "
    "put -1 0, ");
  begin(NULL);
  EXPECT(ftpd_chown(&ftpd, "/f", 1, 2), 0, "record 1 2, stat /f, may hold /f, "
    "chown /f 1 2, ");
  begin("stat");
  EXPECT(ftpd_chown(&ftpd, "/f", 1, 2), -1, "record 1 2, stat /f, ");
  begin("may");
  EXPECT(ftpd_chown(&ftpd, "/f", 1, 2), -1, "record 1 2, stat /f, may ");
  begin(NULL);
  EXPECT(ftpd_lchown(&ftpd, "/f", 1, 2), 0, "record 1 2, lstat /f, "
    "may hold /f, lchown /f 1 2, ");
  begin("lstat");
  EXPECT(ftpd_lchown(&ftpd, "/f", 1, 2), -1, "record 1 2, lstat /f, ");
  begin("may");
  EXPECT(ftpd_lchown(&ftpd, "/f", 1, 2), -1, "record 1 2, lstat /f, may ");
}

/* ---- Times */

static struct timespec ts[2];

static void set_times(time_t one, long ns, time_t two, long other) {
  ts[0].tv_sec = one;
  ts[0].tv_nsec = ns;
  ts[1].tv_sec = two;
  ts[1].tv_nsec = other;
}

static void times_are_set(void) {
  is.st_atim.tv_sec = 11;
  is.st_atim.tv_nsec = 12000;
  is.st_mtim.tv_sec = 13;
  is.st_mtim.tv_nsec = 14000;
  set_times(1, 999999999, 3, 4000);
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, true), 0, "stat /f, take /f, hold /f, "
    "utimes /f, put 0 3, ");
  ok(times[0].tv_sec == 1 && times[0].tv_usec == 999999 &&
    times[1].tv_sec == 3 && times[1].tv_usec == 4, "in microseconds");
  set_times(1, UTIME_OMIT, 3, 4000);
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, false), 0, "lstat /f, take /f, hold /f, "
    "utimes /f, put 0 3, ");
  ok(times[0].tv_sec == 11 && times[0].tv_usec == 12 && times[1].tv_sec == 3,
    "the first one stays");
  set_times(1, 2000, 3, UTIME_OMIT);
  (void) ftpd_utimes(&ftpd, "/f", ts, true);
  ok(times[0].tv_sec == 1 && times[0].tv_usec == 2 && times[1].tv_sec == 13 &&
    times[1].tv_usec == 14, "the second one stays");
  begin("stat");
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, true), -1, "stat /f, ");
  begin("lstat");
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, false), -1, "lstat /f, ");
  begin("hold");
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, true), -1, "stat /f, take /f, hold /f, "
    "put -1 13, ");
  is.st_atim.tv_nsec = UTIME_OMIT;
  set_times(1, UTIME_OMIT, 3, 4);
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/f", ts, true), -1, "stat /f, ");
  is_int(errno, EINVAL, "a file with an odd time");
  is.st_atim.tv_nsec = 12000;
}

static void the_present_is_a_time(void) {
  time_t before = time(NULL);

  set_times(1, UTIME_NOW, 3, 4);
  is_int(ftpd_utimes(&ftpd, "/f", ts, true), 0, "the first one");
  ok(times[0].tv_sec >= before && times[0].tv_sec <= time(NULL) &&
    times[1].tv_sec == 3, "is the present");
  set_times(1, 2, 3, UTIME_NOW);
  is_int(ftpd_utimes(&ftpd, "/f", ts, true), 0, "the second one");
  ok(times[1].tv_sec >= before && times[1].tv_sec <= time(NULL) &&
    times[0].tv_sec == 1, "as well");
}

static void links_have_times(void) {
  is.st_mode = S_IFLNK | 0777;
  set_times(1, UTIME_OMIT, 3, 4);
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/l", ts, false), 0, "lstat /l, hold /l, "
    "utimensat l 1 1, ");
  ok(link_times[0].tv_sec == 11 && link_times[0].tv_nsec == 12000 &&
    link_times[1].tv_nsec == 4, "in nanoseconds");
  plain = false;
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/l", ts, false), -1, "lstat /l, ");
  is_int(errno, ENOSYS, "not where a module serves it");
  vroot = true;
  is_int(ftpd_utimes(&ftpd, "/l", ts, false), 0, "unless it is mod_vroot");
  vroot = false;
  plain = true;
  begin(NULL);
  EXPECT(ftpd_utimes(&ftpd, "/l", ts, true), 0, "stat /l, take /l, hold /l, "
    "utimes /l, put 0 3, ");
  is.st_mode = S_IFREG | 0644;
}

static void open_files_have_times(void) {
  set_times(1, UTIME_OMIT, 3, 4000);
  begin(NULL);
  EXPECT(ftpd_futimes(&file, ts), 0, "fstat, look, futimes, timed, ");
  ok(times[0].tv_sec == 11 && times[1].tv_usec == 4, "the first one stays");
  begin("fstat,");
  EXPECT(ftpd_futimes(&file, ts), -1, "fstat, ");
  begin("futimes,");
  EXPECT(ftpd_futimes(&file, ts), -1, "fstat, look, futimes, timed, ");
  is.st_mtim.tv_nsec = UTIME_OMIT;
  set_times(1, 2, 3, UTIME_OMIT);
  begin(NULL);
  EXPECT(ftpd_futimes(&file, ts), -1, "fstat, ");
  is_int(errno, EINVAL, "a file with an odd time");
  is.st_mtim.tv_nsec = 14000;
}

/* ---- Directories */

#define DONE "give /d, lstat /d, record 100644, note 77, "

static void directories_are_made(void) {
  (void) umask(022);
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 0750), 0, "hold /d, mkdir /d 750, clear /d, "
    DONE);
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 0), 0, "hold /d, mkdir /d 777, clear /d, " DONE);
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 03777), 0, "hold /d, mkdir /d 1777, clear /d, "
    "hold /d, chmod /d 3755, " DONE);
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 01700), 0, "hold /d, mkdir /d 1700, clear /d, "
    "hold /d, chmod /d 1700, " DONE);
  is_int(umask(022), 022, "the umask stays");
  begin("mkdir");
  EXPECT(ftpd_mkdir(&op, "/d", 0750), -1, "hold /d, mkdir /d 750, clear /d, ");
  begin("lstat");
  EXPECT(ftpd_mkdir(&op, "/d", 0750), 0, "hold /d, mkdir /d 750, clear /d, "
    "give /d, lstat /d, ");
  plain = false;
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 0750), 0, "hold /d, smkdir /d 750 -1 -1, " DONE);
  vroot = true;
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 0750), 0, "hold /d, mkdir /d 750, clear /d, "
    DONE);
  vroot = false;
  plain = true;
}

static void quotas_count_directories(void) {
  counts_dirs = true;
  begin(NULL);
  EXPECT(ftpd_mkdir(&op, "/d", 0750), 0, "hold /d, mkdir /d 750, clear /d, "
    DONE "name /d 77, ");
  begin("name");
  EXPECT(ftpd_mkdir(&op, "/d", 0750), -1, "hold /d, mkdir /d 750, clear /d, "
    DONE "name /d 77, refuse, hold /d, rmdir /d, ");
  is_int(errno, EDQUOT, "no room");
  begin(NULL);
  EXPECT(ftpd_rmdir(&ftpd, "/d"), 0, "lstat /d, hold /d, rmdir /d, "
    "gone /d 77, ");
  begin("lstat");
  EXPECT(ftpd_rmdir(&ftpd, "/d"), 0, "lstat /d, hold /d, rmdir /d, ");
  begin("rmdir");
  EXPECT(ftpd_rmdir(&ftpd, "/d"), -1, "lstat /d, hold /d, rmdir /d, ");
  counts_dirs = false;
  begin(NULL);
  EXPECT(ftpd_rmdir(&ftpd, "/d"), 0, "hold /d, rmdir /d, ");
}

/* ---- Names */

static void files_are_removed(void) {
  begin(NULL);
  EXPECT(ftpd_unlink(&op, "/f"), 0, "lstat /f, hold /f, unlink /f, seen 5, "
    "gone /f 78, ");
  ok(state.removed && state.size == 78 && strcmp(state.path, "/f") == 0,
    "the operation knows");
  begin("unlink");
  EXPECT(ftpd_unlink(&op, "/f"), -1, "lstat /f, hold /f, unlink /f, seen 5, ");
  ok(!state.removed, "it is there");
  begin("lstat");
  EXPECT(ftpd_unlink(&op, "/f"), -1, "lstat /f, ");
  is.st_mode = S_IFDIR | 0755;
  begin(NULL);
  EXPECT(ftpd_unlink(&op, "/f"), -1, "lstat /f, ");
  is_int(errno, EISDIR, "a directory");
  is.st_mode = S_IFREG | 0644;
}

static void links_are_counted(void) {
  begin(NULL);
  EXPECT(ftpd_link(&op, "/a", "/b"), 0, "name /b 0, hold /a /b, link /a /b, ");
  begin("name");
  EXPECT(ftpd_link(&op, "/a", "/b"), -1, "name /b 0, refuse, ");
  begin("link");
  EXPECT(ftpd_link(&op, "/a", "/b"), -1, "name /b 0, hold /a /b, link /a /b, "
    "unname /b 0, ");
  begin("hold");
  EXPECT(ftpd_link(&op, "/a", "/b"), -1, "name /b 0, hold /a /b, "
    "unname /b 0, ");
  begin(NULL);
  EXPECT(ftpd_symlink(&op, "text", "/b"), 0, "name /b 4, hold /b, "
    "symlink text /b, ");
  vroot = true;
  begin(NULL);
  EXPECT(ftpd_symlink(&op, "/text", "/b"), 0, "name /b 10, hold /b, "
    "symlink /root/text /b, ");
  vroot = false;
}

int main(void) {
  p = op.pool = make_sub_pool(NULL);
  files_are_truncated();
  modes_and_owners_are_set();
  times_are_set();
  the_present_is_a_time();
  links_have_times();
  open_files_have_times();
  directories_are_made();
  quotas_count_directories();
  files_are_removed();
  links_are_counted();
  destroy_pool(p);
  return done_testing();
}
