/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota-file-t.c -- quota of open files, which grow: real files, and a
 * quota that notes what is paid and given back.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-files.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static struct ftpd ftpd;
static char top[] = "/tmp/ftpd-quota-XXXXXX";

/* ---- The quota */

static bool counts = true, plain = true, local = true;
static off_t room, paid, moved;
static unsigned int held, released, again, refused;
static const char *reason = "used up";

bool ftpd_quota_counts(struct ftpd *h, const char *path) {
  (void) h;
  (void) path;
  return counts;
}

int ftpd_quota_pay(struct ftpd *h, off_t bytes, off_t more) {
  (void) h;
  if (bytes > room) {
    errno = EDQUOT;
    return -1;
  }

  paid += bytes;
  moved += more;
  return 0;
}

void ftpd_quota_give_back(struct ftpd *h, off_t bytes, off_t more) {
  (void) h;
  paid -= bytes;
  moved -= more;
  errno = 0;
}

void ftpd_quota_hold(struct ftpd *h) {
  (void) h;
  held++;
}

void ftpd_quota_release(struct ftpd *h) {
  (void) h;
  released++;
}

void ftpd_quota_again(struct ftpd *h) {
  (void) h;
  again++;
}

const char *ftpd_quota_why(struct ftpd *h) {
  (void) h;
  return reason;
}

void ftpd_quota_refuse(struct ftpd_op *op) {
  (void) op;
  refused++;
}

/* Nobody waits here. */
static unsigned int waits;

int nanosleep(const struct timespec *time, struct timespec *left) {
  (void) left;
  waits += time->tv_sec == 0 && time->tv_nsec == 1000000;
  return 0;
}

/* ---- Files */

static bool stat_fails;

/* What cannot be seen is an empty file. */
static int seen(int res, struct stat *st) {
  if (!stat_fails) {
    return res;
  }

  memset(st, 0, sizeof(*st));
  st->st_mode = S_IFREG;
  st->st_nlink = 1;
  return -1;
}

int ftpd_fstat(struct ftpd_file *f, struct stat *st) {
  return seen(fstat(f->fd, st), st);
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  return seen(fstat(fh->fh_fd, st), st);
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return seen(stat(path, st), st);
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  (void) offset;
  return plain;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return NULL;
}

bool ftpd_lock_is_local(int fd) {
  (void) fd;
  return local;
}

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

static void reset(void) {
  counts = plain = local = true;
  stat_fails = false;
  room = 1000;
  paid = moved = 0;
  held = released = again = refused = 0;
  reason = "used up";
  daemon_files.open = NULL;
}

/* A file of 100 bytes, open for writing. */
static struct ftpd_file *opened(const char *name, bool fresh) {
  struct ftpd_file *f = pcalloc(p, sizeof(*f));

  f->h = &ftpd;
  f->fh = pcalloc(p, sizeof(*f->fh));
  f->fh->fh_fd = f->fd = open(at(name), O_RDWR|O_CREAT, 0600);
  f->path = at(name);
  f->wr = true;
  f->next = daemon_files.open;
  daemon_files.open = f;
  if (f->fd < 0 || (fresh && ftruncate(f->fd, 100) < 0)) {
    bail_out("no file: %s", strerror(errno));
  }

  ftpd_quota_open(f, fresh);
  return f;
}

static void closed(struct ftpd_file *f) {
  struct ftpd_file **link = &daemon_files.open;
  struct stat st;

  ftpd_quota_closing(f, &st);
  (void) close(f->fd);
  f->fh = NULL;
  ftpd_quota_closed(f, &st);
  while (*link != f) {
    link = &(*link)->next;
  }

  *link = f->next;
  (void) unlink(f->path);
}

static void files_are_held(void) {
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  ok(f->counted && f->shared && held == 1 && again == 0, "a new file");
  closed(f);
  ok(released == 1 && !f->counted, "and its end");
  f = opened("a", false);
  ok(held == 2 && again == 1, "one that was there");
  closed(f);
  counts = false;
  f = opened("a", true);
  ok(!f->counted && held == 2, "one that does not count");
  closed(f);
  is_int(released, 2, "has no end");
  counts = true;
  f = opened("a", true);
  f->stream = true;
  ftpd_quota_open(f, true);
  ok(!f->counted, "a stream");
  f->stream = f->wr = false;
  ftpd_quota_open(f, true);
  ok(!f->counted, "a file that is read");
  f->wr = true;
  plain = false;
  ftpd_quota_open(f, true);
  ok(f->counted && !f->shared, "another file system");
  plain = true;
  local = false;
  ftpd_quota_open(f, true);
  ok(f->counted && !f->shared, "a network");
  closed(f);
}

/* ---- Growth */

static int grow(struct ftpd_file *f, off_t offset, size_t len, size_t done) {
  static const char bytes[200];
  struct ftpd_growth g;

  if (ftpd_quota_grow(f, offset, len, &g) < 0) {
    return -1;
  }

  if (done > 0) {
    (void) !pwrite(f->fd, bytes, done, f->append ? g.from : offset);
  }

  errno = ENOSPC;
  ftpd_quota_grown(f, &g, done);
  is_int(errno, ENOSPC, "errno stays");
  return 0;
}

static void files_grow(void) {
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  is_int(grow(f, 0, 100, 100), 0, "inside");
  ok(paid == 0 && moved == 100, "only what is moved counts");
  is_int(grow(f, 90, 30, 30), 0, "beyond the end");
  ok(paid == 20 && moved == 130, "what is new counts");
  is_int(grow(f, 120, 30, 10), 0, "a part");
  ok(paid == 30 && moved == 140, "the rest is given back");
  is_int(grow(f, 130, 30, 0), 0, "nothing");
  ok(paid == 30 && moved == 140, "is given back");
  f->append = true;
  is_int(grow(f, 0, 10, 10), 0, "at the end, wherever that is");
  is_int(paid, 40, "it counts");
  closed(f);
  ok(paid == 40, "a file that is closed");
}

static void growth_is_refused(void) {
  struct ftpd_growth g;
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  room = 10;
  is_int(grow(f, 100, 10, 10), 0, "all the room");
  fake_log_reset();
  is_int(grow(f, 110, 11, 0), -1, "more");
  is_int(errno, EDQUOT, "is refused");
  is_str(f->refused, "used up", "with a reason");
  ok(fake_log_has("refused: used up"), "in the log");
  fake_log_reset();
  reason = NULL;
  is_int(grow(f, 110, 11, 0), -1, "again");
  ok(!fake_log_has("refused"), "which is logged once");
  closed(f);
  f = opened("a", true);
  is_int(grow(f, 110, 11, 0), -1, "another file");
  ok(fake_log_has("the quota is used up"), "without a reason");
  room = 1000;
  stat_fails = true;
  is_int(ftpd_quota_grow(f, 100, 10, &g), -1, "a size that is unknown");
  stat_fails = false;
  is_int(paid, 10, "costs nothing");
  f->counted = false;
  memset(&g, 0x55, sizeof(g));
  is_int(ftpd_quota_grow(f, 100, 10, &g), 0, "what does not count");
  ok(!g.counted && paid == 10, "grows");
  ftpd_quota_grown(f, &g, 0);
  is_int(moved, 10, "for nothing");
  closed(f);
}

static void locks_are_taken_and_left(void) {
  struct ftpd_growth g, h;
  struct ftpd_file *f, *o;

  reset();
  f = opened("a", true);
  o = opened("a", false);
  is_int(ftpd_quota_grow(f, 100, 10, &g), 0, "one writes");
  ok(g.locked && g.counted && g.from == 100 && g.to == 110 && g.moved == 10,
    "under a lock");
  o->shared = false;
  is_int(ftpd_quota_grow(o, 100, 10, &h), 0, "one that has none");
  ok(!h.locked, "does not wait");
  ftpd_quota_grown(o, &h, 10);
  o->shared = true;
  ftpd_quota_grown(f, &g, 10);
  is_int(ftpd_quota_grow(o, 100, 10, &h), 0, "the next");
  ok(h.locked, "has it");
  ftpd_quota_grown(o, &h, 10);
  room = 0;
  is_int(ftpd_quota_grow(f, 100, 10, &g), -1, "a refusal");
  stat_fails = true;
  is_int(ftpd_quota_grow(f, 100, 10, &g), -1, "or an error");
  stat_fails = false;
  room = 1000;
  is_int(ftpd_quota_grow(o, 100, 10, &h), 0, "leaves it");
  ok(h.locked, "to others");
  ftpd_quota_grown(o, &h, 10);
  is_int(fcntl(f->fd, F_SETFL, 0), 0, "(still open)");
  closed(o);
  closed(f);
}

/* Somebody who keeps the lock does not prevent anything. */
static void waiting_has_an_end(void) {
  struct ftpd_growth g, h;
  struct ftpd_file *f, *o;

  reset();
  f = opened("a", true);
  o = opened("a", false);
  is_int(lseek(f->fd, 5, SEEK_SET), 5, "(offsets do not matter)");
  waits = 0;
  is_int(ftpd_quota_grow(f, 100, 10, &g), 0, "one keeps the lock");
  is_int(waits, 0, "at once");
  is_int(ftpd_quota_grow(o, 100, 10, &h), 0, "the other one goes on");
  ok(!h.locked && h.counted, "without");
  is_int(waits, 200, "after 200 milliseconds");
  ftpd_quota_grown(o, &h, 10);
  ftpd_quota_grown(f, &g, 10);
  closed(o);
  closed(f);
  f = opened("a", true);
  (void) close(f->fd);
  f->fd = open(at("a"), O_RDONLY);
  waits = 0;
  is_int(ftpd_quota_grow(f, 100, 10, &g), 0, "a file that cannot be locked");
  ok(!g.locked && waits == 0, "is not waited for");
  ftpd_quota_grown(f, &g, 10);
  closed(f);
}

static void sizes_are_set(void) {
  struct ftpd_growth g;
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  f->append = true;
  is_int(ftpd_quota_resize(f, 150, &g), 0, "larger");
  is_int(ftruncate(f->fd, 150), 0, "(set)");
  ftpd_quota_grown(f, &g, 0);
  ok(paid == 50 && moved == 0, "costs that");
  is_int(ftpd_quota_resize(f, 120, &g), 0, "smaller");
  is_int(ftruncate(f->fd, 120), 0, "(set)");
  ftpd_quota_grown(f, &g, 0);
  is_int(paid, 20, "gives back");
  is_int(ftpd_quota_resize(f, 150, &g), 0, "one that fails");
  ftpd_quota_grown(f, &g, 0);
  is_int(paid, 20, "costs nothing");
  room = 10;
  f->append = false;
  is_int(ftpd_quota_fits(f, 120, 10), 0, "what would fit");
  is_int(ftpd_quota_fits(f, 120, 11), -1, "and what would not");
  ok(paid == 20 && moved == 0, "cost nothing");
  closed(f);
}

/* ---- Files that are removed while they are open */

static void removed_files_give_back_at_their_end(void) {
  struct ftpd_file *f, *o, *other;
  struct stat st;

  reset();
  other = opened("b", true);
  f = opened("a", true);
  o = opened("a", false);
  is_int(fstat(f->fd, &st), 0, "(a size)");
  (void) unlink(at("a"));
  ok(ftpd_quota_note_removed(&ftpd, &st), "open files");
  ok(f->orphan && o->orphan && !other->orphan && f->lent + o->lent == 100,
    "have its bytes, once");
  is_int(grow(f, 100, 50, 50), 0, "they grow");
  is_int(paid, 50, "and pay");
  closed(o);
  is_int(paid, 50, "one is closed");
  is_int(f->lent, 150, "the other one has all");
  closed(f);
  is_int(paid, -100, "the last one gives them back");
  is_int(fstat(other->fd, &st), 0, "(a file)");
  st.st_ino = 0;
  ok(!ftpd_quota_note_removed(&ftpd, &st), "another file");
  is_int(fstat(other->fd, &st), 0, "(again)");
  st.st_dev++;
  ok(!ftpd_quota_note_removed(&ftpd, &st), "another device");
  closed(other);
  is_int(paid, -100, "one that is not removed gives nothing back");
}

static void removed_by_others(void) {
  struct ftpd_growth g;
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  (void) unlink(at("a"));
  is_int(grow(f, 100, 50, 20), 0, "somebody has removed it");
  ok(f->orphan && paid == 20 && f->lent == 20, "only what was paid since");
  is_int(ftpd_quota_resize(f, 0, &g), 0, "it becomes smaller");
  is_int(ftruncate(f->fd, 0), 0, "(set)");
  ftpd_quota_grown(f, &g, 0);
  ok(paid == 0 && f->lent == 0, "is given back");
  closed(f);
  is_int(paid, 0, "once");
}

static void the_last_one_gives_back(void) {
  struct ftpd_file *f, *o;

  reset();
  f = opened("a", true);
  o = opened("a", false);
  (void) unlink(at("a"));
  is_int(grow(f, 100, 50, 50), 0, "one grows");
  closed(f);
  ok(o->orphan && o->lent == 50 && paid == 50, "the other one is the last");
  is_int(grow(o, 150, 10, 0), 0, "it does not grow");
  closed(o);
  is_int(paid, 0, "all is given back");
}

static void files_without_a_size(void) {
  struct ftpd_file *f;
  struct stat st;

  reset();
  f = opened("a", true);
  memset(&st, 0x55, sizeof(st));
  stat_fails = true;
  ftpd_quota_closing(f, &st);
  is_int(st.st_size, 0, "no size");
  stat_fails = false;
  ftpd_quota_closing(f, &st);
  is_int(st.st_size, 100, "a size");
  f->counted = false;
  ftpd_quota_closing(f, &st);
  is_int(st.st_size, 0, "that does not matter");
  f->orphan = true;
  ftpd_quota_closing(f, &st);
  is_int(st.st_size, 100, "or does");
  f->orphan = false;
  closed(f);
}

/* ---- By name */

static int set_errno;

static int set(const char *path, off_t size) {
  errno = set_errno;
  return set_errno != 0 ? -1 : truncate(path, size);
}

static void names_are_truncated(void) {
  struct ftpd_op op = { .ftpd = &ftpd };
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  is_int(ftpd_quota_truncate(&op, at("a"), 150, set), 0, "larger");
  is_int(paid, 50, "costs that");
  is_int(ftpd_quota_truncate(&op, at("a"), 120, set), 0, "smaller");
  is_int(paid, 20, "gives back");
  set_errno = EROFS;
  is_int(ftpd_quota_truncate(&op, at("a"), 150, set), -1, "one that fails");
  ok(errno == EROFS && paid == 20, "costs nothing");
  is_int(ftpd_quota_truncate(&op, at("a"), 50, set), -1, "nor");
  is_int(paid, 20, "gives back");
  set_errno = 0;
  room = 10;
  is_int(ftpd_quota_truncate(&op, at("a"), 131, set), -1, "too large");
  ok(refused == 1 && paid == 20, "is refused");
  counts = false;
  is_int(ftpd_quota_truncate(&op, at("a"), 200, set), 0, "not counted");
  counts = true;
  stat_fails = true;
  is_int(ftpd_quota_truncate(&op, at("a"), 300, set), 0, "not seen");
  stat_fails = false;
  is_int(ftpd_quota_truncate(&op, "/dev/null", 300, set), -1, "no file");
  is_int(paid, 20, "all for nothing");
  closed(f);
}

static void files_are_cut(void) {
  struct ftpd_file *f;

  reset();
  f = opened("a", true);
  ftpd_quota_cut(&ftpd, at("a"), f->fh, 100);
  is_int(paid, -100, "a file that becomes empty");
  ftpd_quota_cut(&ftpd, at("a"), f->fh, 1);
  is_int(paid, -101, "of one byte");
  counts = false;
  ftpd_quota_cut(&ftpd, at("a"), f->fh, 100);
  counts = true;
  stat_fails = true;
  ftpd_quota_cut(&ftpd, at("a"), f->fh, 100);
  stat_fails = false;
  (void) unlink(at("a"));
  ftpd_quota_cut(&ftpd, at("a"), f->fh, 100);
  is_int(paid, -101, "one that does not count, is not seen, is removed");
  closed(f);
}

static void removals_are_watched(void) {
  struct stat st, was;
  struct ftpd_file *f;
  int watch;

  reset();
  f = opened("a", true);
  is_int(lstat(at("a"), &was), 0, "(a file)");
  st = was;
  watch = ftpd_quota_watch(&ftpd, at("a"));
  ok(watch >= 0, "a removal");
  is_int(ftruncate(f->fd, 70), 0, "it becomes smaller");
  (void) unlink(at("a"));
  errno = ENOSPC;
  ftpd_quota_seen(watch, &st);
  is_int(errno, ENOSPC, "errno stays");
  is_int(st.st_size, 70, "its last size counts");
  ok(fcntl(watch, F_GETFD) < 0, "nothing stays open");
  closed(f);
  f = opened("a", true);
  is_int(lstat(at("a"), &st), 0, "(another file)");
  watch = ftpd_quota_watch(&ftpd, at("a"));
  ftpd_quota_seen(watch, &st);
  is_int(st.st_size, 0, "one that is still there");
  is_int(lstat(at("a"), &st), 0, "(again)");
  watch = ftpd_quota_watch(&ftpd, at("a"));
  (void) unlink(at("a"));
  st.st_ino++;
  ftpd_quota_seen(watch, &st);
  is_int(st.st_size, 0, "another one was removed");
  closed(f);
  is_int(symlink("12345", at("a")), 0, "(a link)");
  is_int(lstat(at("a"), &st), 0, "(as it is)");
  watch = ftpd_quota_watch(&ftpd, at("a"));
  (void) unlink(at("a"));
  ftpd_quota_seen(watch, &st);
  is_int(st.st_size, 5, "a link is not followed");
  is_int(stat(top, &st), 0, "(a directory)");
  watch = ftpd_quota_watch(&ftpd, top);
  st.st_size = 1;
  ftpd_quota_seen(watch, &st);
  ok(st.st_size != 1, "a directory has its size");
  st.st_size = 5;
  ftpd_quota_seen(-1, &st);
  is_int(st.st_size, 5, "without a watch, nothing changes");
  plain = false;
  is_int(ftpd_quota_watch(&ftpd, top), -1, "another file system");
  plain = true;
  counts = false;
  is_int(ftpd_quota_watch(&ftpd, top), -1, "what does not count");
}

int main(void) {
  p = daemon_files.pool = make_sub_pool(NULL);
  if (mkdtemp(top) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  files_are_held();
  files_grow();
  growth_is_refused();
  locks_are_taken_and_left();
  waiting_has_an_end();
  sizes_are_set();
  removed_files_give_back_at_their_end();
  removed_by_others();
  the_last_one_gives_back();
  files_without_a_size();
  names_are_truncated();
  files_are_cut();
  removals_are_watched();
  (void) rmdir(top);
  destroy_pool(p);
  return done_testing();
}
