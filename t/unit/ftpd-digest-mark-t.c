/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-mark-t.c -- marks of sessions that write one file at a time. */

#include "daemon.h"
#include "ftpd-digest-mark.h"
#include "ftpd-digest-receipt.h"
#include "tap.h"

#include <sys/file.h>
#include <sys/xattr.h>

static char value[100];         /* of the attribute; "": there is none */
static size_t asked;            /* bytes of the last question */

int flock(int fd, int how) {
  return daemon_call("flock %d %d", fd, how);
}

int fsetxattr(int fd, const char *name, const void *text, size_t n,
    int flags) {
  if (daemon_call("set %d %s %d", fd, name, flags) < 0) {
    return -1;
  }

  memset(value, 0, sizeof(value));
  memcpy(value, text, n);
  return 0;
}

ssize_t fgetxattr(int fd, const char *name, void *text, size_t n) {
  asked = n;
  if (daemon_call("get %d %s", fd, name) < 0) {
    return -1;
  }

  memcpy(text, value, strlen(value));
  return (ssize_t) strlen(value);
}

static void marks(void) {
  struct ftpd_mark m, other;

  daemon_calls_anew();
  ftpd_mark_set(&m, 7);
  is_str(daemon_calls(), text("flock 7 %d; set 7 " FTPD_RECEIPT_NAME " 0; ",
    LOCK_SH|LOCK_NB), "a file is marked");
  ok(m.set && m.alone && strncmp(m.text, "writing ", 8) == 0 &&
    strlen(m.text) == 40 && strcmp(m.text, value) == 0, "by this session");
  ok(ftpd_mark_is_kept(&m, 7), "it is kept");
  is_str(daemon_calls(), text("get 7 " FTPD_RECEIPT_NAME "; flock 7 %d; ",
    LOCK_EX|LOCK_NB), "if nobody else has it");
  daemon_fails("flock", EWOULDBLOCK);
  ok(!ftpd_mark_is_kept(&m, 7), "not if one has");
  ftpd_mark_set(&other, 8);
  ok(other.set && !other.alone && strcmp(other.text, m.text) != 0,
    "another is not alone");
  daemon_calls_anew();
  ok(!ftpd_mark_is_kept(&m, 7), "the first one has lost it");
  ok(!ftpd_mark_is_kept(&other, 8), "and the second one is late");
  is_str(daemon_calls_of("flock"), "", "which needs no lock");
}

static void without_attributes(void) {
  static const struct {
    int err;
    bool counts;
  } rows[] = { { ENOTSUP, false }, { ENOSYS, false }, { EPERM, false },
    { EACCES, false }, { ENOSPC, true }, { EIO, true } };
  struct ftpd_mark m;
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(rows); i++) {
    daemon_calls_anew();
    daemon_fails("set", rows[i].err);
    ftpd_mark_set(&m, 7);
    ok(m.set == rows[i].counts && *m.text == '\0', "error %d", rows[i].err);
    (void) daemon_calls();
    ok(ftpd_mark_is_kept(&m, 7) == !rows[i].counts, "%s", rows[i].counts ?
      "leaves no mark" : "there are none");
    is_str(daemon_calls(), "", "without a look");
  }
}

static void marks_that_cannot_be_read(void) {
  struct ftpd_mark m;
  char buf[10] = "before";

  daemon_calls_anew();
  ftpd_mark_set(&m, 7);
  daemon_fails("get", EIO);
  ok(!ftpd_mark_is_kept(&m, 7), "what cannot be read is not kept");
  ok(!ftpd_mark_read(7, buf, sizeof(buf)) && *buf == '\0', "or read");
  is_int(asked, 9, "with room for its end");
  daemon_calls_anew();
  strcpy(value, "mark");
  ok(ftpd_mark_read(7, buf, sizeof(buf)) && strcmp(buf, "mark") == 0,
    "a mark is read");
  *value = '\0';
  ok(!ftpd_mark_read(7, buf, sizeof(buf)) && *buf == '\0', "nothing is none");
  ftpd_mark_set(&m, 7);
  strcat(value, "x");
  ok(!ftpd_mark_is_kept(&m, 7), "a longer one is another");
}

int main(void) {
  marks();
  without_attributes();
  marks_that_cannot_be_read();
  return done_testing();
}
