/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-carry-t.c -- when a receipt goes on over a change of the file's
 * name, mode and times.  The file is a real one, its receipt a text here.
 */

#include "daemon.h"
#include "directives.h"
#include "ftpd-attrs.h"
#include "ftpd-digest-carry.h"
#include "ftpd-digest-mark.h"
#include "ftpd-openfile.h"
#include "ftpd-scan.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct transfer_digest conf = { .on = true };
static struct ftpd ftpd;
static char path[64];

static const char *mark;        /* what the attribute has; NULL: nothing */
static bool believed;           /* the receipt */
static unsigned int nopen, nput, ndropped;
static struct stat stored;      /* the file's state with its new receipt */

/* ---- Of the daemon and the other files of ftpd/ */

int ftpd_lstat(struct ftpd *h, const char *name, struct stat *st) {
  (void) h;
  return lstat(name, st);
}

int pr_fsio_fstat(pr_fh_t *fh, struct stat *st) {
  return fstat(fh->fh_fd, st);
}

pr_fh_t *ftpd_open_held(const char *name, int flags) {
  static pr_fh_t fh;

  fh.fh_fd = open(name, flags);
  nopen += fh.fh_fd >= 0;
  return fh.fh_fd < 0 ? NULL : &fh;
}

void ftpd_drop(pr_fh_t *fh) {
  (void) close(fh->fh_fd);
  nopen--;
  errno = EIO;
}

bool ftpd_mark_read(int fd, char *text, size_t size) {
  (void) fd;
  if (mark != NULL) {
    sstrncpy(text, mark, size);
  }

  return mark != NULL;
}

bool ftpd_receipt_get(pool *p, pr_fh_t *fh, char hex[FTPD_RECEIPT_HEX]) {
  (void) p;
  (void) fh;
  sstrncpy(hex, "abc", FTPD_RECEIPT_HEX);
  return believed;
}

void ftpd_receipt_put(int fd, const struct stat *st, const char *hex) {
  (void) fd;
  stored = *st;
  nput += strcmp(hex, "abc") == 0;
  errno = EIO;
}

void ftpd_receipt_drop(int fd) {
  (void) fd;
  ndropped++;
  errno = EIO;
}

/* ---- The tests */

#define WAS { 1000, 5000 }

static void begin(struct ftpd_carry *c) {
  static const struct timespec old[2] = { WAS, WAS };
  int fd;

  (void) unlink(path);
  fd = open(path, O_RDWR|O_CREAT|O_EXCL, 0600);
  if (fd < 0 || write(fd, "abcd", 4) != 4 || futimens(fd, old) < 0) {
    bail_out("no file");
  }

  (void) close(fd);
  mark = "sha256=abc";
  believed = conf.on = true;
  nput = ndropped = 0;
  if (c != NULL) {
    ftpd_carry_take(c, &ftpd, path);
  }
}

/* What another process does meanwhile. */
static void write_there(const char *bytes) {
  int fd = open(path, O_WRONLY);

  if (fd < 0 || write(fd, bytes, strlen(bytes)) < 0) {
    bail_out("no write");
  }

  (void) close(fd);
}

static void set_modified(time_t secs, long nsecs) {
  struct timespec ts[2] = { { secs, nsecs }, { secs, nsecs } };

  (void) utimensat(AT_FDCWD, path, ts, 0);
}

static bool goes_on(struct ftpd_carry *c, const struct timeval *modified) {
  errno = EPERM;
  is_int(ftpd_carry_put(c, 0, modified), 0, "the result");
  is_int(errno, EPERM, "errno stays");
  is_int(nopen, 0, "the file is closed");
  return nput == 1;
}

static void a_receipt_that_counts_goes_on(void) {
  struct ftpd_carry c;

  begin(&c);
  (void) chmod(path, 0640);
  ok(goes_on(&c, NULL), "the mode was set");
  ok((stored.st_mode & 0777) == 0640, "the receipt is of the new state");
  begin(&c);
  set_modified(2000, 7000);
  ok(goes_on(&c, &(struct timeval) { 2000, 7 }), "the time was set");
  begin(&c);
  is_int(ftpd_carry_put(&c, -1, NULL), -1, "the change failed");
  is_int(nput, 0, "nothing is stored");
  is_int(nopen, 0, "the file is closed");
}

static void another_content_ends_it(void) {
  struct ftpd_carry c;

  begin(&c);
  write_there("efgh");
  ok(!goes_on(&c, NULL), "it was written");
  begin(&c);
  write_there("efgh");
  ok(!goes_on(&c, &(struct timeval) { 2000, 7 }),
    "it was written when the time had been set");
  begin(&c);
  set_modified(2000, 7001);
  ok(!goes_on(&c, &(struct timeval) { 2000, 7 }), "nearly the time");
  begin(&c);
  set_modified(2001, 7000);
  ok(!goes_on(&c, &(struct timeval) { 2000, 7 }), "another second");
  begin(&c);
  set_modified(1000, 5001);
  ok(!goes_on(&c, NULL), "nearly the old time");
  begin(&c);
  set_modified(1001, 5000);
  ok(!goes_on(&c, NULL), "another second than before");
  begin(&c);
  write_there("abcde");
  set_modified(2000, 7000);
  ok(!goes_on(&c, &(struct timeval) { 2000, 7 }), "another size");
  begin(&c);
  mark = "mark";
  ok(!goes_on(&c, NULL), "a session writes it");
  begin(&c);
  mark = NULL;
  ok(!goes_on(&c, NULL), "the receipt was removed");
}

static void nothing_to_carry(const char *at, const char *what) {
  struct ftpd_carry c;

  errno = EPERM;
  ftpd_carry_take(&c, &ftpd, at);
  ok(c.fh == NULL && nopen == 0 && errno == EPERM, "%s", what);
  ok(!goes_on(&c, NULL), "nothing is stored");
}

static void without_a_receipt(void) {
  begin(NULL);
  believed = false;
  nothing_to_carry(path, "a receipt that does not count");
  begin(NULL);
  mark = NULL;
  nothing_to_carry(path, "none");
  begin(NULL);
  conf.on = false;
  nothing_to_carry(path, "no directive");
  begin(NULL);
  nothing_to_carry("/nonexistent", "no file");
  nothing_to_carry("/dev/null", "no regular file");
}

static void changes_that_end_all_receipts(void) {
  pr_fh_t *fh;

  begin(NULL);
  errno = EPERM;
  fh = ftpd_carry_nothing(path);
  ok(fh != NULL && ndropped == 1 && errno == EPERM, "before it");
  ftpd_carry_nothing_end(fh);
  ok(ndropped == 2 && nopen == 0 && errno == EPERM, "and after it");
  conf.on = false;
  fh = ftpd_carry_nothing(path);
  ok(fh == NULL && ndropped == 2, "no directive");
  ftpd_carry_nothing_end(fh);
  is_int(ndropped, 2, "nor after it");
  conf.on = true;
  ok(ftpd_carry_nothing("/nonexistent") == NULL && errno == EPERM, "no file");
}

int main(void) {
  static server_rec server;

  main_server = &server;
  snprintf(path, sizeof(path), "carry-%d", (int) getpid());
  session.pool = make_sub_pool(NULL);
  daemon_set_param("SFTPTransferDigest", &conf);
  a_receipt_that_counts_goes_on();
  another_content_ends_it();
  without_a_receipt();
  changes_that_end_all_receipts();
  (void) unlink(path);
  destroy_pool(session.pool);
  return done_testing();
}
