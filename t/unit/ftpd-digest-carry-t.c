/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-carry-t.c -- receipts over changes of names, modes and times. */

#include "daemon.h"
#include "directives.h"
#include "ftpd-digest-carry.h"
#include "ftpd-digest-mark.h"
#include "ftpd-openfile.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/time.h>

static pool *p;
static struct ftpd ftpd;
static struct transfer_digest conf;
static const char *mark;        /* the text of the receipt */
static struct stat now;         /* the file, at the end */
static pr_fh_t fh = { .fh_path = "/f", .fh_fd = 77 };

pr_fh_t *ftpd_open_held(const char *path, int flags) {
  return daemon_call("open_held %s 0%o", path, (unsigned int) flags) < 0 ?
    NULL : &fh;
}

bool ftpd_mark_read(int fd, char *to, size_t size) {
  snprintf(to, size, "%s", mark);
  return daemon_call("mark_read %d", fd) == 0;
}

bool ftpd_receipt_get(pool *in, pr_fh_t *of, char hex[FTPD_RECEIPT_HEX]) {
  (void) in;
  (void) of;
  strcpy(hex, "beef");
  return daemon_call("receipt_get") == 0;
}

void ftpd_receipt_put(int fd, const struct stat *st, const char *hex) {
  (void) daemon_call("receipt_put %d %lld %s", fd, (long long) st->st_size,
    hex);
}

void ftpd_receipt_drop(int fd) {
  (void) daemon_call("receipt_drop %d", fd);
  errno = EDOM;
}

int fstat(int fd, struct stat *st) {
  *st = now;
  return daemon_call("sys_fstat %d", fd);
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  conf.on = true;
  daemon_set_param("SFTPTransferDigest", &conf);
  memset(&daemon_lstat, 0, sizeof(daemon_lstat));
  memset(&daemon_fstat, 0, sizeof(daemon_fstat));
  daemon_lstat.st_mode = S_IFREG;
  daemon_fstat.st_mode = S_IFREG;
  daemon_fstat.st_size = 9;
  daemon_fstat.st_mtim.tv_sec = 100;
  daemon_fstat.st_mtim.tv_nsec = 5;
  now = daemon_fstat;
  mark = "receipt";
  errno = EBADE;
}

static bool taken(struct ftpd_carry *c) {
  errno = EBADE;
  ftpd_carry_take(c, &ftpd, "/f");
  return errno == EBADE && c->fh != NULL;
}

static void receipts_are_taken(void) {
  static const char *const calls[] = { "lstat", "open_held", "fstat",
    "mark_read", "receipt_get" };
  struct ftpd_carry c;
  unsigned int i;

  anew();
  ok(taken(&c) && strcmp(c.text, "receipt") == 0 && strcmp(c.hex, "beef") ==
    0 && c.st.st_size == 9, "a receipt");
  is_str(daemon_calls(), text("lstat /f; open_held /f 0%o; fstat /f; "
    "mark_read 77; receipt_get; ", O_RDONLY|O_NONBLOCK|O_NOCTTY), "is read");
  for (i = 0; i < SFTP_NELEMS(calls); i++) {
    anew();
    daemon_fails(calls[i], EIO);
    ok(!taken(&c) && c.fh == NULL && errno == EBADE, "not without %s",
      calls[i]);
    is_str(daemon_calls_of("drop"), i > 1 ? "drop /f; " : "",
      "then it is closed");
  }

  anew();
  daemon_lstat.st_mode = S_IFIFO;
  ok(!taken(&c) && errno == EBADE, "not of a FIFO");
  is_str(daemon_calls_of("open_held"), "", "which is not opened");
  conf.on = false;
  ok(!taken(&c) && daemon_calls()[0] == '\0', "not if it is off");
  daemon_forget_config();
  ok(!taken(&c) && daemon_calls()[0] == '\0', "or not set");
}

static const char *put(int res, const struct timeval *tv) {
  struct ftpd_carry c;

  (void) taken(&c);
  (void) daemon_calls();
  errno = EBADE;
  ok(ftpd_carry_put(&c, res, tv) == res && errno == EBADE && c.fh == NULL,
    "the result stays");
  return daemon_calls_of("receipt_put drop");
}

#define KEPT "receipt_put 77 9 beef; drop /f; "

static void receipts_are_kept(void) {
  struct timeval tv = { 100, 5 };
  struct ftpd_carry c;

  anew();
  is_str(put(0, NULL), KEPT, "over a change");
  is_str(put(-1, NULL), "drop /f; ", "that succeeds");
  now.st_size = 10;
  is_str(put(0, NULL), "drop /f; ", "not of the size");
  now = daemon_fstat;
  now.st_mtim.tv_sec++;
  is_str(put(0, NULL), "drop /f; ", "or the time");
  now = daemon_fstat;
  now.st_mtim.tv_nsec++;
  is_str(put(0, NULL), "drop /f; ", "to the nanosecond");
  now = daemon_fstat;
  is_str(put(0, &tv), "drop /f; ", "unless it was set");
  now.st_mtim.tv_nsec = 5000;
  is_str(put(0, &tv), KEPT, "to that");
  now.st_mtim.tv_sec++;
  is_str(put(0, &tv), "drop /f; ", "second");
  anew();
  daemon_fails("sys_fstat", EIO);
  is_str(put(0, NULL), "drop /f; ", "nor if it is not known");
  anew();
  c.fh = NULL;
  ok(ftpd_carry_put(&c, -1, NULL) == -1 && daemon_calls()[0] == '\0',
    "without a receipt there is nothing to do");
}

static void others_write_meanwhile(void) {
  struct ftpd_carry c;

  anew();
  (void) taken(&c);
  mark = "writing";
  (void) ftpd_carry_put(&c, 0, NULL);
  is_str(daemon_calls_of("receipt_put drop"), "drop /f; ", "another mark");
  anew();
  (void) taken(&c);
  daemon_fails("mark_read", ENODATA);
  (void) ftpd_carry_put(&c, 0, NULL);
  is_str(daemon_calls_of("receipt_put"), "", "or none");
}

static void nothing_is_carried(void) {
  pr_fh_t *one;

  anew();
  one = ftpd_carry_nothing("/f");
  ok(one == &fh && errno == EBADE, "a change of the content");
  is_str(daemon_calls(), text("open_held /f 0%o; receipt_drop 77; ",
    O_WRONLY|O_NONBLOCK|O_NOCTTY), "has no receipt before");
  errno = EBADE;
  ftpd_carry_nothing_end(one);
  is_str(daemon_calls(), "receipt_drop 77; drop /f; ", "and after");
  ok(errno == EBADE, "it");
  ftpd_carry_nothing_end(NULL);
  is_str(daemon_calls(), "", "or nothing is done");
  daemon_fails("open_held", EACCES);
  ok(ftpd_carry_nothing("/f") == NULL && errno == EBADE, "to what is closed");
  is_str(daemon_calls_of("receipt_drop"), "", "which has none");
  conf.on = false;
  ok(ftpd_carry_nothing("/f") == NULL && daemon_calls()[0] == '\0',
    "nor where it is off");
}

int main(void) {
  p = session.pool = make_sub_pool(NULL);
  receipts_are_taken();
  receipts_are_kept();
  others_write_meanwhile();
  nothing_is_carried();
  destroy_pool(p);
  return done_testing();
}
