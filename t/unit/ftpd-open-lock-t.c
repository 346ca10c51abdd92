/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-open-lock-t.c -- the uses of an open file, and those that it denies to
 * others: two sessions, which have opened the same file.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"
#include "effects.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static struct ftpd ftpd;
static char path[] = "/tmp/ftpd-open-lock-XXXXXX";

/* ---- The daemon */

static bool plain = true, local = true, is_there = true;
static unsigned int asked_local;
static bool transfers, for_reads, for_writes;
static int denied_effect, denied_access;

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return plain && offset == offsetof(pr_fs_t, open);
}

bool ftpd_lock_is_local(int fd) {
  (void) fd;
  asked_local++;
  return local;
}

bool ftpd_lock_transfers(int fd, bool reads, bool writes) {
  (void) fd;
  for_reads = reads;
  for_writes = writes;
  return transfers;
}

int ftpd_permit_effect(struct ftpd_op *op, const char *name,
    unsigned int effect) {
  (void) op;
  (void) name;
  return (unsigned int) denied_effect == effect ? -1 : 0;
}

pr_fs_t *pr_get_fs(const char *name, int *exact) {
  (void) name;
  (void) exact;
  return NULL;
}

int ftpd_hold(const char *name) {
  (void) name;
  return 0;
}

int ftpd_let_go(int res) {
  return res;
}

const char *ftpd_held_name(const char *name) {
  return name;
}

int pr_fsio_stat(const char *name, struct stat *st) {
  (void) name;
  (void) st;
  return is_there ? 0 : -1;
}

int pr_fsio_access(const char *name, int mode, uid_t uid, gid_t gid,
    array_header *gids) {
  (void) name;
  (void) uid;
  (void) gid;
  (void) gids;
  return mode == denied_access ? -1 : 0;
}

/* ---- Sessions */

#define R FTPD_USE_READ
#define W FTPD_USE_WRITE
#define D FTPD_USE_DELETE

/* A descriptor that has no locks. */
static int opened(int flags) {
  int fd = open(path, flags);

  if (fd < 0) {
    bail_out("no file: %s", strerror(errno));
  }

  return fd;
}

/* 0, or the errno. */
static int lock(int fd, int flags, unsigned int deny, bool deletes) {
  struct ftpd_op op = { .ftpd = &ftpd, .deny = deny, .deletes = deletes };
  pr_fh_t fh = { .fh_fd = fd };
  struct stat st;

  if (fstat(fd, &st) < 0) {
    return errno;
  }

  return ftpd_open_lock(&op, &fh, &st, flags) == 0 ? 0 : errno;
}

static void denials_keep_others_out(void) {
  static const struct {
    unsigned int deny;
    int flags;
    bool deletes;
    int is;
  } row[] = {
    { 0, O_RDWR, true, 0 },
    { R, O_RDONLY, false, EAGAIN }, { R, O_WRONLY, false, 0 },
    { R, O_RDWR, false, EAGAIN }, { W, O_RDONLY, false, 0 },
    { W, O_WRONLY, false, EAGAIN }, { W, O_RDWR, false, EAGAIN },
    { D, O_RDWR, false, 0 }, { D, O_RDONLY, true, EAGAIN },
    { R|W, O_WRONLY, false, EAGAIN }, { D|W, O_RDONLY, false, 0 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    int a = opened(O_RDWR), b = opened(row[i].flags);

    is_int(lseek(b, 9, SEEK_SET), 9, "(offsets do not matter)");
    is_int(lock(a, O_RDWR, row[i].deny, false), 0, "row %zu: the first", i);
    is_int(lock(b, row[i].flags, 0, row[i].deletes), row[i].is, "the second");
    (void) close(b);
    (void) close(a);
    b = opened(row[i].flags);
    is_int(lock(b, row[i].flags, 0, row[i].deletes), 0, "after its end");
    a = opened(O_RDWR);
    is_int(lock(a, O_RDWR, row[i].deny, false), row[i].is,
      "the other way round");
    (void) close(b);
    (void) close(a);
  }
}

static void transfers_count(void) {
  int fd = opened(O_RDWR);

  transfers = true;
  is_int(lock(fd, O_RDWR, R, false), EAGAIN, "FTP uses it");
  ok(for_reads && !for_writes, "by reading");
  is_int(lock(fd, O_RDWR, W, false), EAGAIN, "or");
  ok(!for_reads && for_writes, "by writing");
  ok(ftpd_open_lock_used(fd) && for_reads && for_writes, "any use counts");
  transfers = false;
  (void) close(fd);
}

static void uses_are_seen(void) {
  static const unsigned int uses[] = { R, W, D };
  size_t i;
  int a, b = opened(O_RDWR);

  ok(!ftpd_open_lock_used(b), "nobody uses it");
  for (i = 0; i < SFTP_NELEMS(uses); i++) {
    a = opened(O_RDWR);
    is_int(lock(a, O_RDONLY, uses[i], false), 0, "a denial");
    ok(ftpd_open_lock_kept(b, uses[i]), "is seen");
    ok(!ftpd_open_lock_kept(b, (R|W|D) & ~uses[i]), "alone");
    ok(ftpd_open_lock_used(b), "and the use");
    (void) close(a);
  }

  (void) close(b);
}

static void other_locks_are_no_marks(void) {
  struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int a = opened(O_RDWR), b = opened(O_RDWR), c;

  is_int(fcntl(a, F_OFD_SETLK, &whole), 0, "a program locks the whole file");
  ok(!ftpd_open_lock_used(b) && !ftpd_open_lock_kept(b, R|W|D),
    "which is no use");
  is_int(lock(b, O_RDWR, 0, false), 0, "it can be opened");
  is_int(lock(b, O_RDWR, R, false), EAGAIN, "but not denied");
  (void) close(a);
  (void) close(b);
  c = opened(O_RDONLY);
  is_int(lock(c, O_WRONLY, W, false), ENOTSUP, "what cannot be locked");
  is_int(lock(c, O_WRONLY, 0, false), 0, "need not be");
  (void) close(c);
}

static void other_file_systems_have_none(void) {
  int a = opened(O_RDWR), b = opened(O_RDWR);

  plain = false;
  is_int(lock(a, O_RDWR, 0, false), 0, "nothing is denied");
  is_int(lock(a, O_RDWR, R, false), ENOTSUP, "nothing can be");
  is_int(ftpd_open_lock_changed(path), 0, "nothing is checked");
  plain = true;
  local = false;
  daemon_files.device = NULL;
  asked_local = 0;
  is_int(lock(a, O_RDWR, 0, false), 0, "a network");
  ok(!ftpd_open_lock_used(b) && asked_local == 1, "has no marks");
  is_int(lock(a, O_RDWR, 0, false), 0, "again");
  is_int(asked_local, 1, "is asked once for a device");
  is_int(lock(a, O_RDWR, W, false), 0, "unless something is denied");
  ok(ftpd_open_lock_kept(b, W), "then it has");
  local = true;
  daemon_files.device = NULL;
  (void) close(b);
  b = open("/proc/self/status", O_RDONLY);
  asked_local = 0;
  (void) lock(a, O_RDWR, 0, false);
  (void) lock(b, O_RDONLY, 0, false);
  is_int(asked_local, 2, "another device is another question");
  (void) close(a);
  (void) close(b);
}

static void changes_by_name_are_kept_out(void) {
  const char *by_link = pstrcat(p, path, ".link", NULL);
  int a = opened(O_RDWR);

  is_int(ftpd_open_lock_changed(path), 0, "a file");
  is_int(lock(a, O_RDWR, R, false), 0, "that nobody may read");
  is_int(ftpd_open_lock_changed(path), 0, "may be changed");
  is_int(lock(a, O_RDWR, W, false), 0, "that nobody may write");
  errno = 0;
  is_int(ftpd_open_lock_changed(path), -1, "may not");
  is_int(errno, EAGAIN, "now");
  plain = false;
  is_int(ftpd_open_lock_changed(path), 0, "another file system has no marks");
  plain = true;
  is_int(symlink(path, by_link), 0, "(a link)");
  is_int(ftpd_open_lock_changed(by_link), 0, "a link is not followed");
  (void) unlink(by_link);
  is_int(ftpd_open_lock_changed("/no/file"), 0, "no file");
  (void) close(a);
}

/* ---- Rights */

static int may(unsigned int deny, bool reads, bool writes) {
  struct ftpd_op op = { .ftpd = &ftpd, .deny = deny };

  errno = 0;
  daemon_refused = NULL;
  return ftpd_may_keep(&op, path, reads, writes);
}

static void rights_are_needed(void) {
  is_int(may(R|W, false, false), 0, "who may do everything");
  denied_effect = SFTP_EFF_READ;
  is_int(may(R, false, true), -1, "who may not read");
  is_int(may(R, true, false), 0, "has asked before");
  is_int(may(W, false, false), 0, "may deny writing");
  denied_effect = SFTP_EFF_REPLACE;
  is_int(may(W, true, false), -1, "who may not write");
  is_int(may(W, false, true), 0, "has asked before");
  is_int(may(R, false, false), 0, "may deny reading");
  denied_effect = 0;
  denied_access = R_OK;
  is_int(may(R, false, true), -1, "what is not readable");
  ok(errno == EACCES && daemon_refused != NULL, "is a reason");
  ok(fake_log_has("may not read it"), "in the log");
  is_int(may(W, false, false), 0, "but not for writing");
  is_there = false;
  is_int(may(R, false, true), 0, "what is not there");
  is_there = true;
  denied_access = W_OK;
  fake_log_reset();
  is_int(may(R|W, false, false), -1, "what is not writable");
  ok(fake_log_has("may not write it"), "in the log");
  is_int(may(R, false, false), 0, "but not for reading");
}

int main(void) {
  int fd = mkstemp(path);

  if (fd < 0) {
    bail_out("no file: %s", strerror(errno));
  }

  (void) close(fd);
  p = daemon_files.pool = make_sub_pool(NULL);
  denials_keep_others_out();
  transfers_count();
  uses_are_seen();
  other_locks_are_no_marks();
  other_file_systems_have_none();
  changes_by_name_are_kept_out();
  rights_are_needed();
  (void) unlink(path);
  destroy_pool(p);
  return done_testing();
}
