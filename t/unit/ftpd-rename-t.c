/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rename-t.c -- renames, and copies to another file system in their place:
 * a real directory whose two halves are such file systems.
 */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-digest-carry.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-scan.h"
#include "ftpd-transfer.h"
#include "ftpd-tree.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static struct ftpd ftpd;
static struct ftpd_op op = { .ftpd = &ftpd };
static char top[] = "/tmp/ftpd-rename-XXXXXX";

/* ---- The daemon's side: the call called `fails' fails with `fault' */

static const char *fails;
static int fault, appears, held, nopen;
static bool turns, chown_fails;
static size_t most;
static struct {
  unsigned int ticks, anew, refusals, renames, done, gone, watched, seen,
    scanned, writes, unlinks;
  mode_t mode;
} did;

static int result(const char *name, int res) {
  if (fails != NULL && strcmp(fails, name) == 0) {
    errno = fault;
    return -1;
  }

  return res;
}

int ftpd_hold(const char *path) {
  (void) path;
  held++;
  return 0;
}

int ftpd_let_go(int res) {
  held--;
  return res;
}

struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return NULL;
}

int ftpd_check_renamed(struct ftpd_op *one, const char *from,
    const char *to) {
  (void) one;
  (void) from;
  (void) to;
  return 0;
}

void ftpd_stand_anew(void) {
  did.anew++;
}

void ftpd_tick(struct ftpd *h) {
  (void) h;
  did.ticks++;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return lstat(path, st);
}

int ftpd_may_take(struct ftpd_op *one, const char *path, bool same) {
  (void) one;
  (void) path;
  return result(same ? "overwrite" : "replace", 0);
}

static unsigned int nboth;      /* files opened for more than is needed */

pr_fh_t *ftpd_open_held(const char *path, int flags) {
  pr_fh_t *fh = pcalloc(p, sizeof(*fh));

  nboth += (flags & O_ACCMODE) == O_RDWR;
  fh->fh_fd = result((flags & O_CREAT) != 0 ? "create" : "open", 0) < 0 ? -1 :
    open(path, flags, 0600);
  nopen += fh->fh_fd >= 0;
  return fh->fh_fd >= 0 ? fh : NULL;
}

void ftpd_drop(pr_fh_t *fh) {
  nopen--;
  (void) close(fh->fh_fd);
}

int ftpd_scan_close(pool *in, pr_fh_t *fh, const char *name, const char **why,
    bool *gone) {
  (void) in;
  (void) name;
  (void) why;
  *gone = false;
  ftpd_drop(fh);
  return result("scan", 0) < 0 ? fault : 0;
}

void ftpd_scan_renamed(struct ftpd *h, const char *from, const char *to) {
  (void) h;
  (void) from;
  (void) to;
  did.scanned++;
}

static const char *half_of(const char *path) {
  return strstr(path, "/other/");
}

int ftpd_rename_held(const char *from, const char *to, bool replace) {
  if (result("rename", 0) < 0) {
    return -1;
  }

  if ((half_of(from) == NULL) != (half_of(to) == NULL)) {
    errno = EXDEV;
    return -1;
  }

  if (appears > 0) {
    appears--;
    errno = EEXIST;
    return -1;
  }

  if (!replace && access(to, F_OK) == 0) {
    errno = EEXIST;
    return -1;
  }

  return rename(from, to);
}

int ftpd_link_text(const char *path, char *text, size_t size) {
  ssize_t n = result("text", 0) < 0 ? -1 : readlink(path, text, size - 1);

  text[n > 0 ? n : 0] = '\0';
  return n < 0 ? -1 : 0;
}

int ftpd_quota_rename(struct ftpd *h, const char *from, const char *to,
    const struct stat *st) {
  (void) h;
  (void) from;
  (void) to;
  (void) st;
  return result("quota", 0);
}

void ftpd_quota_refuse(struct ftpd_op *one) {
  (void) one;
  did.refusals++;
}

int ftpd_quota_watch(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  did.watched++;
  return 5;
}

void ftpd_quota_seen(int watch, struct stat *st) {
  (void) st;
  did.seen += watch == 5;
}

void ftpd_quota_renamed(struct ftpd *h, const char *from, const char *to,
    const struct stat *st, bool done) {
  (void) h;
  (void) from;
  (void) to;
  (void) st;
  did.renames++;
  did.done += done;
  errno = 0;
}

void ftpd_quota_gone(struct ftpd *h, const char *path, const struct stat *st) {
  (void) h;
  (void) path;
  (void) st;
  did.gone++;
}

void ftpd_carry_take(struct ftpd_carry *c, struct ftpd *h, const char *path) {
  (void) c;
  (void) h;
  (void) path;
}

int ftpd_carry_put(struct ftpd_carry *c, int res,
    const struct timeval *modified) {
  (void) c;
  (void) modified;
  return res;
}

/* ---- FSIO */

int pr_fsio_read(pr_fh_t *fh, char *buf, size_t n) {
  fake_now_ms += turns ? 30 : 0;
  return result("end", 0) < 0 ? 0 :
    result("read", (int) read(fh->fh_fd, buf, n));
}

int pr_fsio_write(pr_fh_t *fh, const char *buf, size_t n) {
  did.writes++;
  return result("full", 0) < 0 ? 0 : result("write", 0) < 0 ? -1 :
    (int) write(fh->fh_fd, buf, most > 0 && n > most ? most : n);
}

off_t pr_fsio_lseek(pr_fh_t *fh, off_t offset, int whence) {
  return whence == SEEK_SET && result("seek", 0) < 0 ? -1 :
    lseek(fh->fh_fd, offset, whence);
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  int res = result("fstat", fstat(fh->fh_fd, st));

  st->st_size += result("size", 0) < 0;
  st->st_mtim.tv_sec += result("sec", 0) < 0;
  st->st_mtim.tv_nsec += result("nsec", 0) < 0;
  st->st_ino += result("inode", 0) < 0;
  st->st_dev += result("device", 0) < 0;
  return res;
}

int pr_fsio_ftruncate(pr_fh_t *fh, off_t size) {
  return result("truncate", ftruncate(fh->fh_fd, size));
}

int pr_fsio_fchown(pr_fh_t *fh, uid_t uid, gid_t gid) {
  (void) fh;
  (void) uid;
  (void) gid;
  return chown_fails ? -1 : 0;
}

int pr_fsio_fchmod(pr_fh_t *fh, mode_t mode) {
  (void) fh;
  did.mode = mode;
  return 0;
}

int pr_fsio_futimes(pr_fh_t *fh, struct timeval *tv) {
  struct timespec ts[2] = { { tv[0].tv_sec, 1000 * tv[0].tv_usec },
    { tv[1].tv_sec, 1000 * tv[1].tv_usec } };

  return futimens(fh->fh_fd, ts);
}

int pr_fsio_unlink(const char *path) {
  did.unlinks++;
  return unlink(path);
}

int pr_fsio_symlink(const char *text, const char *path) {
  return result("symlink", 0) < 0 ? -1 : symlink(text, path);
}

/* ---- Files */

#define BYTES 700000

static char data[BYTES];

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

static void make(const char *name, size_t len) {
  static const struct timespec old[2] = { { 1000, 2000 }, { 3000, 4000 } };
  int fd = open(at(name), O_WRONLY|O_CREAT|O_TRUNC, 0640);

  if (fd < 0 || write(fd, data, len) != (ssize_t) len ||
      futimens(fd, old) < 0 || close(fd) < 0) {
    bail_out("no file %s: %s", name, strerror(errno));
  }
}

static bool has(const char *name, size_t len) {
  static char got[BYTES + 1];
  int fd = open(at(name), O_RDONLY);
  ssize_t n = fd >= 0 ? read(fd, got, sizeof(got)) : -1;

  if (fd >= 0) {
    (void) close(fd);
  }

  return n == (ssize_t) len && memcmp(got, data, len) == 0;
}

static bool is_there(const char *name) {
  struct stat st;

  return lstat(at(name), &st) == 0;
}

static void begin(const char *failing, int err) {
  memset(&did, 0, sizeof(did));
  fails = failing;
  fault = err;
  appears = 0;
  turns = chown_fails = false;
  most = 0;
  (void) unlink(at("a"));
  (void) unlink(at("b"));
  (void) unlink(at("other/b"));
  make("a", BYTES);
}

static struct ftpd_moving *moving;
static unsigned int nsteps;

/* 0, or the errno. */
static int move(const char *to, bool overwrite) {
  int res;

  nsteps = 0;
  errno = 0;
  res = ftpd_rename(&op, at("a"), at(to), overwrite, &moving);
  while (res > 0) {
    nsteps++;
    res = ftpd_rename_step(&op, moving);
  }

  return res == 0 ? 0 : errno;
}

/* ---- Renames */

static void files_are_renamed(void) {
  begin(NULL, 0);
  is_int(move("b", false), 0, "a rename");
  ok(has("b", BYTES) && !is_there("a") && nsteps == 0, "is done at once");
  ok(did.renames == 1 && did.done == 1 && did.scanned == 1 && did.gone == 0 &&
    did.watched == 0 && did.seen == 0, "the quota knows");
  begin(NULL, 0);
  make("b", 5);
  is_int(move("b", false), EEXIST, "a file that is there");
  ok(has("b", 5) && did.renames == 0, "stays");
  is_int(move("b", true), 0, "or is replaced");
  ok(has("b", BYTES) && did.gone == 1 && did.watched == 1 && did.seen == 1,
    "which the quota knows");
  begin(NULL, 0);
  is_int(link(at("a"), at("b")), 0, "a second name");
  is_int(move("b", false), 0, "is no other file");
  begin(NULL, 0);
  (void) unlink(at("a"));
  is_int(move("b", false), ENOENT, "no file");
}

static void renames_are_refused(void) {
  begin("replace", EACCES);
  make("b", 5);
  is_int(move("b", true), EACCES, "a file that must stay");
  ok(did.renames == 0 && has("b", 5), "stays");
  begin("overwrite", EACCES);
  is_int(link(at("a"), at("b")), 0, "a second name");
  is_int(move("b", true), EACCES, "that must stay");
  ok(did.renames == 0 && is_there("a") && is_there("b"), "stays");
  begin("quota", EDQUOT);
  is_int(move("b", true), EDQUOT, "a quota");
  ok(did.refusals == 1 && did.renames == 0, "is told");
  begin("rename", EROFS);
  is_int(move("b", true), EROFS, "an error");
  ok(did.renames == 1 && did.done == 0 && did.scanned == 0, "ends it");
}

static void files_that_appear_are_looked_at(void) {
  begin(NULL, 0);
  appears = 2;
  is_int(move("b", true), 0, "twice");
  is_int(did.renames, 3, "three times it is tried");
  begin(NULL, 0);
  appears = 3;
  is_int(move("b", true), EEXIST, "not more");
  begin(NULL, 0);
  appears = 1;
  is_int(move("b", false), EEXIST, "once, where nothing is replaced");
}

/* ---- Copies */

static void files_are_copied(void) {
  struct stat st;

  begin(NULL, 0);
  is_int(move("other/b", false), 0, "another file system");
  ok(has("other/b", BYTES) && !is_there("a"), "gets a copy");
  ok(nsteps == 1 && did.ticks == 1 && did.anew == 1, "in one turn");
  ok(stat(at("other/b"), &st) == 0 && st.st_atim.tv_sec >= 1000 &&
    st.st_mtim.tv_sec == 3000 && st.st_mtim.tv_nsec == 4000, "with its times");
  is_int(did.mode, 0640, "and its mode");
  begin(NULL, 0);
  turns = true;
  most = 1000;
  is_int(move("other/b", true), 0, "a slow one");
  ok(has("other/b", BYTES) && nsteps == 4 && did.ticks == 4, "takes turns");
  begin(NULL, 0);
  make("other/b", 5);
  is_int(move("other/b", false), EEXIST, "a file that is there");
  is_int(move("other/b", true), 0, "is replaced");
  ok(has("other/b", BYTES) && did.gone == 1, "as by a rename");
  begin(NULL, 0);
  make("a", 0);
  is_int(move("other/b", true), 0, "an empty file");
  ok(has("other/b", 0) && !is_there("a"), "is copied");
}

static void owners_are_kept_or_lost(void) {
  begin(NULL, 0);
  (void) chmod(at("a"), 06755);
  is_int(move("other/b", true), 0, "a set-id program");
  is_int(did.mode, 06755, "stays one");
  begin(NULL, 0);
  (void) chmod(at("a"), 07755);
  chown_fails = true;
  is_int(move("other/b", true), 0, "of another user");
  is_int(did.mode, 01755, "is one no longer");
}

static void holes_are_copied(void) {
  struct stat st;
  int fd;

  begin(NULL, 0);
  fd = open(at("a"), O_WRONLY|O_TRUNC);
  if (ftruncate(fd, 8 << 20) < 0 || pwrite(fd, "x", 1, 4 << 20) != 1) {
    bail_out("no hole: %s", strerror(errno));
  }

  (void) close(fd);
  is_int(move("other/b", true), 0, "a file with holes");
  ok(stat(at("other/b"), &st) == 0 && st.st_size == 8 << 20, "has its size");
  ok(did.writes <= 20, "holes are not written");
}

static void is_left_alone(const char *what, int err) {
  is_int(move("other/b", true), err, "%s", what);
  ok(is_there("a") && !is_there("other/b") && nopen == 0 && held == 0,
    "... the source stays, and nothing else");
}

static void failures_leave_nothing(void) {
  static const struct { const char *call; int err, is; } row[] = {
    { "open", EACCES, EACCES }, { "create", ENOSPC, ENOSPC },
    { "inode", 0, EXDEV }, { "device", 0, EXDEV }, { "read", EIO, EIO },
    { "end", 0, EBUSY }, { "write", ENOSPC, ENOSPC }, { "full", 0, EIO },
    { "seek", ESPIPE, ESPIPE }, { "size", 0, EBUSY }, { "sec", 0, EBUSY },
    { "nsec", 0, EBUSY }, { "truncate", EFBIG, EFBIG },
    { "scan", EPERM, EPERM } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    begin(row[i].call, row[i].err);
    is_left_alone(row[i].call, row[i].is);
  }

  begin(NULL, 0);
  appears = 3;
  is_left_alone("a file that appears", EEXIST);
  begin(NULL, 0);
  appears = 2;
  is_int(move("other/b", true), 0, "or goes again");
}

static void copies_may_be_stopped(void) {
  begin(NULL, 0);
  turns = true;
  is_int(ftpd_rename(&op, at("a"), at("other/b"), true, &moving), 1, "a copy");
  is_int(ftpd_rename_step(&op, moving), 1, "that goes on");
  did.anew = 0;
  ftpd_rename_stop(moving);
  ok(is_there("a") && !is_there("other/b") && nopen == 0, "is stopped");
  ok(did.renames == 1 && did.done == 0 && did.anew == 1, "the quota knows");
}

static void new_sources_stay(void) {
  begin(NULL, 0);
  turns = true;
  is_int(ftpd_rename(&op, at("a"), at("other/b"), true, &moving), 1, "a copy");
  (void) unlink(at("a"));
  make("a", 5);
  while (ftpd_rename_step(&op, moving) > 0) {
  }

  ok(has("other/b", BYTES) && has("a", 5), "a new file at its source stays");
}

/* ---- Links */

static void make_link(void) {
  (void) unlink(at("a"));
  if (symlink("there", at("a")) < 0) {
    bail_out("no link: %s", strerror(errno));
  }
}

static void links_are_made_anew(void) {
  char text[10] = "";

  begin(NULL, 0);
  make_link();
  make("other/b", 5);
  is_int(move("other/b", true), 0, "a link");
  ok(readlink(at("other/b"), text, 9) == 5 && strcmp(text, "there") == 0 &&
    !is_there("a"), "is made there");
  begin("text", EIO);
  make_link();
  is_left_alone("no text", EIO);
  fails = "symlink";
  is_left_alone("no link", EIO);
}

static void names_are_new(void) {
  const char *one = ftpd_name_beside(p, "/dir/f"), *two =
    ftpd_name_beside(p, "/dir/f");

  ok(strncmp(one, "/dir/.copy.", 11) == 0 && strlen(one) == 27 &&
    strspn(one + 11, "0123456789abcdef") == 16, "a name beside another");
  ok(strcmp(one, two) != 0, "is never the same");
}

int main(void) {
  p = op.pool = make_sub_pool(NULL);
  t_fill(data, sizeof(data), 3);
  if (mkdtemp(top) == NULL || mkdir(at("other"), 0700) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  files_are_renamed();
  renames_are_refused();
  files_that_appear_are_looked_at();
  files_are_copied();
  owners_are_kept_or_lost();
  holes_are_copied();
  failures_leave_nothing();
  copies_may_be_stopped();
  new_sources_stay();
  links_are_made_anew();
  names_are_new();
  if (system(pstrcat(p, "rm -rf ", top, NULL)) != 0) {
    diag("%s is left", top);
  }

  is_int(nboth, 0, "no file was opened for both");
  destroy_pool(p);
  return done_testing();
}
