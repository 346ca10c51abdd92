/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-read-t.c -- uploads that are read at their end: the digest, and
 * what ends that early.
 */

#include "../fake/ftpd-log.h"
#include "daemon.h"
#include "ftpd-checker.h"
#include "ftpd-digest.h"
#include "ftpd-scan.h"
#include "ftpd-wait.h"
#include "checksum.h"
#include "tap.h"

#include <fcntl.h>
#include <unistd.h>

#define BYTES (1024 * 1024)     /* four reads */

static pool *p;
static char path[64];
static struct ftpd_file f;
static pr_fh_t fh, other;
static struct sftp_sum *sum;
static unsigned char out[SFTP_SUM_MAX];

/* ---- Of the other files of ftpd/ */

static bool is_ending;
static unsigned int ms_each, nactive, nopened, ndropped;
static bool changes;

bool ftpd_checker_ending(void) {
  return is_ending;
}

void ftpd_active(struct ftpd *h, enum ftpd_activity what) {
  (void) h;
  nactive += what == FTPD_ACTIVE_TRANSFER;
  fake_now_ms += ms_each;
  if (changes) {
    ok(pwrite(f.fd, "x", 1, 0) == 1, "the file changes meanwhile");
    changes = false;
  }
}

static const char *opens;       /* NULL: it cannot be opened */
static char opened[64];

pr_fh_t *ftpd_open_held(const char *name, int flags) {
  snprintf(opened, sizeof(opened), "%s", name);
  errno = EACCES;
  if (opens == NULL) {
    return NULL;
  }

  other.fh_fd = open(opens, flags);
  nopened++;
  return &other;
}

void ftpd_drop(pr_fh_t *of) {
  (void) close(of->fh_fd);
  ndropped++;
}

/* ---- The file */

static void new_upload(void) {
  static const char data[BYTES / 16];
  unsigned int i;

  is_ending = changes = false;
  nactive = nopened = ndropped = ms_each = 0;
  memset(&f, 0, sizeof(f));
  if (fh.fh_fd > 0) {
    (void) close(fh.fh_fd);
  }

  (void) unlink(path);
  fh.fh_fd = open(path, O_RDWR|O_CREAT|O_EXCL, 0600);
  for (i = 0; i < 16; i++) {
    if (write(fh.fh_fd, data, sizeof(data)) != (ssize_t) sizeof(data)) {
      bail_out("no file");
    }
  }

  f.fh = &fh;
  f.fd = fh.fh_fd;
  f.pool = p;
  f.path = path;
  f.wr = true;
  opens = path;
}

static bool is_read(void) {
  static const unsigned char zeros[] = { 0x30, 0xe1, 0x49, 0x55 };

  memset(out, 0, sizeof(out));
  return ftpd_digest_read(&f, sum, 5, out) == 0 &&
    memcmp(out, zeros, sizeof(zeros)) == 0;
}

/* ---- The tests */

static void whole(void) {
  new_upload();
  ok(is_read() && nactive == 4, "its digest, and nobody counts as idle");
  ok(nopened == 1 && ndropped == 1 && strcmp(opened, path) == 0,
    "it is opened by its name");

  new_upload();
  f.hidden = path;
  f.path = "final";
  ok(is_read() && strcmp(opened, path) == 0, "... or its temporary one");

  new_upload();
  f.rd = true;
  ok(is_read() && nopened == 0 && ndropped == 0, "a handle that may read");
  new_upload();
  f.reader = &fh;
  ok(is_read() && nopened == 0 && ndropped == 0, "the file of a check");
}

static void not_read(void) {
  char second[80];
  int fd;

  new_upload();
  opens = NULL;
  ok(!is_read(), "a file that may not be read");
  new_upload();
  snprintf(second, sizeof(second), "%s.2", path);
  fd = open(second, O_RDWR|O_CREAT, 0600);
  opens = second;
  ok(!is_read() && nactive == 0 && ndropped == 1, "another file of that name");
  (void) close(fd);
  (void) unlink(second);

  new_upload();
  is_ending = true;
  ok(!is_read() && nactive == 0 && ndropped == 1, "the session is to end");
  new_upload();
  ms_each = 2500;
  ok(!is_read() && nactive == 2 && ndropped == 1, "it takes too long");
  new_upload();
  changes = true;
  ok(!is_read() && ndropped == 1, "it changes");
  new_upload();
  f.reader = &other;
  other.fh_fd = -1;
  ok(!is_read(), "a descriptor that fails");
}

int main(void) {
  p = make_sub_pool(NULL);
  sum = sftp_sum_new(p, "sha256");
  snprintf(path, sizeof(path), "upload-%ld", (long) getpid());
  whole();
  not_read();
  (void) unlink(path);
  return done_testing();
}
