/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-accounts-t.c -- account files that are open lose their passwords, and
 * no other file changes.
 */

#include "daemon.h"
#include "ftpd-accounts.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static char dir[] = "/tmp/ftpd-accounts-XXXXXX";

/* ---- The daemon: it reads an entry when it is asked for one */

static unsigned int nrewinds, nreads;

void pr_auth_setpwent(pool *in) {
  (void) in;
  nrewinds++;
}

void pr_auth_setgrent(pool *in) {
  (void) in;
  nrewinds++;
}

struct passwd *pr_auth_getpwent(pool *in) {
  (void) in;
  nreads++;
  return NULL;
}

struct group *pr_auth_getgrent(pool *in) {
  (void) in;
  nreads++;
  return NULL;
}

/* ---- The system: calls that fail, are interrupted, or do a part */

static struct {
  bool no_proc, no_memory_files;
  int read_err, write_err;      /* EINTR: once */
  size_t most;                  /* bytes of a call; 0: all */
} sys;

static bool fails(int *err) {
  errno = *err;
  *err = *err == EINTR ? 0 : *err;
  return errno != 0;
}

static size_t part(size_t n) {
  return sys.most > 0 && n > sys.most ? sys.most : n;
}

/* The beginning of a file can always be read. */
ssize_t pread(int fd, void *buf, size_t n, off_t offset) {
  return n != 4096 && fails(&sys.read_err) ? -1 :
    syscall(SYS_pread64, fd, buf, part(n), offset);
}

ssize_t write(int fd, const void *buf, size_t n) {
  return fd > STDERR_FILENO && fails(&sys.write_err) ? -1 :
    syscall(SYS_write, fd, buf, part(n));
}

int memfd_create(const char *name, unsigned int flags) {
  errno = EMFILE;
  return sys.no_memory_files ? -1 : (int) syscall(SYS_memfd_create, name,
    flags);
}

DIR *opendir(const char *path) {
  int fd = sys.no_proc ? -1 : open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

  return fd >= 0 ? fdopendir(fd) : NULL;
}

/* ---- Files */

static int file_of(const char *text, size_t len, int flags) {
  const char *path = pstrcat(p, dir, "/file", NULL);
  int fd = open(path, O_RDWR|O_CREAT|O_TRUNC, 0600);

  if (fd < 0 || pwrite(fd, text, len, 0) != (ssize_t) len || close(fd) < 0) {
    bail_out("no file for this test: %s", strerror(errno));
  }

  fd = open(path, flags);
  (void) unlink(path);
  return fd;
}

/* What a session reads there after its login. */
static const char *kept_of(const char *text, size_t len, int flags) {
  int fd = file_of(text, len, flags);
  size_t room = 2 * len + 100;
  char *got = pcalloc(p, room + 1);
  ssize_t n;

  (void) ftpd_accounts_keep(p);
  n = lseek(fd, 0, SEEK_SET) == 0 ? read(fd, got, room) : -1;
  (void) close(fd);
  return n >= 0 ? got : strerror(errno);
}

static const char *kept(const char *text) {
  return kept_of(text, strlen(text), O_RDONLY);
}

#define ALICE "alice:$6$x:1000:1000:A:/home/a:/bin/sh\n"
#define ALICE_KEPT "alice:*:1000:1000:A:/home/a:/bin/sh\n"

static void passwords_are_removed(void) {
  static const struct { const char *text, *is, *name; } row[] = {
    { ALICE, ALICE_KEPT, "an account" },
    { "alice:$6$x:1000:1000:A:/home/a:/bin/sh", ALICE_KEPT, "without an end" },
    { "# a comment\n\n" ALICE "bob::1:2:::\n", ALICE_KEPT "bob:*:1:2:::\n",
      "some, and a comment" },
    { ALICE "bob:secret:1\nx:y:z\n" "bob:x:1:2:::\n", ALICE_KEPT
      "bob:*:1:2:::\n", "lines of other forms" },
    { "staff:$6$x:50:alice,bob\n", "staff:*:50:alice,bob\n", "a group" },
    { "alice:$6$x:1:0:9:7:::\n", "", "shadow's lines, all of them" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(kept(row[i].text), row[i].is, "%s", row[i].name);
  }
}

static void other_files_stay(void) {
  static const struct { const char *text, *name; } row[] = {
    { "", "an empty file" }, { "\n\n", "empty lines" }, { "text\n", "text" },
    { "alice:x:a:1000:A:/home/a:/bin/sh\n", "a uid that is no number" },
    { "alice:x:1000:1b:A:/home/a:/bin/sh\n", "a gid that is none" },
    { "alice:x::1000:A:/home/a:/bin/sh\n", "an empty uid" },
    { "alice:x:1000::A:/home/a:/bin/sh\n", "an empty gid" },
    { "alice:x:1000:1000:A:/home/a\n", "a field less" },
    { "alice:x:1000:1000:A:/home/a:/bin/sh:\n", "a field more" },
    { ":x:1000:1000:A:/home/a:/bin/sh\n", "no name" },
    { "#alice:x:1000:1000:A:/home/a:/bin/sh\n", "a comment" },
    { "staff:x:g:alice\n", "a group without a number" },
    { "alice:x:1/:1000:A:/home/a:/bin/sh\n", "a byte before the digits" },
    { "alice:x:1;:1000:A:/home/a:/bin/sh\n", "one in other places" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(kept(row[i].text), row[i].text, "%s", row[i].name);
  }
}

static void numbers_have_all_digits(void) {
  is_str(kept("a:b:9:0:::\n"), "a:*:9:0:::\n", "0 and 9");
  is_str(kept("a:b:1234567890:8:::\n"), "a:*:1234567890:8:::\n", "all");
}

static void files_that_are_written_stay(void) {
  is_str(kept_of(ALICE, strlen(ALICE), O_RDWR), ALICE, "read and written");
  ok(strcmp(kept_of(ALICE, strlen(ALICE), O_RDONLY|O_APPEND), ALICE_KEPT) == 0,
    "other flags do not matter");
}

/* ---- Large ones */

static void the_form_is_in_the_beginning(void) {
  char *text = palloc(p, 5000);
  size_t len = strlen(ALICE);

  memset(text, '\n', 5000);
  memcpy(text + 4096 - len, ALICE, len);
  is_str(kept_of(text, 5000, O_RDONLY), ALICE_KEPT, "the last line of 4 KiB");
  memset(text, '\n', 4096);
  memcpy(text + 4096, ALICE, len);
  is_mem(kept_of(text, 5000, O_RDONLY), 5000, text, 5000, "the first one "
    "after them is not seen");
}

static void many_lines_are_copied(void) {
  size_t len = strlen(ALICE), kept_len = strlen(ALICE_KEPT), i, n = 20000;
  char *text = palloc(p, n * len), *is = palloc(p, n * kept_len + 1);

  for (i = 0; i < n; i++) {
    memcpy(text + i * len, ALICE, len);
    memcpy(is + i * kept_len, ALICE_KEPT, kept_len);
  }

  is[n * kept_len] = '\0';
  ok(strcmp(kept_of(text, n * len, O_RDONLY), is) == 0, "all names are there");
}

/* A file of that size whose first line is an account. */
static const char *kept_of_size(off_t size) {
  static char got[100];
  int fd = file_of(ALICE, strlen(ALICE), O_RDONLY), wr;
  char path[64];
  ssize_t n;

  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  wr = open(path, O_WRONLY);
  if (wr < 0 || ftruncate(wr, size) < 0) {
    bail_out("no large file: %s", strerror(errno));
  }

  (void) close(wr);
  fake_log_reset();
  (void) ftpd_accounts_keep(p);
  n = pread(fd, got, sizeof(got) - 1, 0);
  got[n > 0 ? n : 0] = '\0';
  (void) close(fd);
  return got;
}

static void too_large_files_are_empty(void) {
  is_str(kept_of_size(16 * 1024 * 1024), ALICE_KEPT, "16 MiB are copied");
  is_int(fake_log_lines, 0, "and nothing is said");
  is_str(kept_of_size(16 * 1024 * 1024 + 1), "", "one byte more is not");
  is_int(fake_log_lines, 1, "which the log says");
}

/* ---- Descriptors */

static void copies_cannot_be_changed(void) {
  int fd = file_of(ALICE, strlen(ALICE), O_RDONLY);

  (void) ftpd_accounts_keep(p);
  is_int(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|
    F_SEAL_WRITE, "seals");
  is_int(fcntl(fd, F_GETFD), FD_CLOEXEC, "no program gets it");
  is_int(lseek(fd, 0, SEEK_CUR), 0, "it is read from its beginning");
  (void) close(fd);
}

static void entries_are_read_again_from_the_copy(void) {
  int fd;

  nrewinds = nreads = 0;
  (void) ftpd_accounts_keep(p);
  ok(nrewinds == 4 && nreads == 2, "the files are opened");
  fd = file_of(ALICE, strlen(ALICE), O_RDONLY);
  nrewinds = nreads = 0;
  (void) ftpd_accounts_keep(p);
  ok(nrewinds == 8 && nreads == 4, "and read again if one was replaced");
  (void) close(fd);
}

static bool stays(int standard) {
  int fd = file_of(ALICE, strlen(ALICE), O_RDONLY), old = dup(standard);
  char got[10] = "";
  ssize_t n;

  (void) dup2(fd, standard);
  (void) close(fd);
  (void) ftpd_accounts_keep(p);
  n = pread(standard, got, 9, 0);
  (void) dup2(old, standard);
  (void) close(old);
  return n == 9 && strcmp(got, "alice:$6$") == 0;
}

static void standard_ones_stay(void) {
  ok(stays(STDIN_FILENO), "standard input");
  ok(stays(STDERR_FILENO), "standard error");
}

static void no_descriptor_is_lost(void) {
  int before = dup(STDIN_FILENO), after;

  (void) close(before);
  (void) kept(ALICE);
  after = dup(STDIN_FILENO);
  (void) close(after);
  is_int(after, before, "all of its own are closed");
}

static const char *kept_by(int fd) {
  static char got[10];

  memset(got, 0, sizeof(got));
  (void) ftpd_accounts_keep(p);
  return pread(fd, got, 9, 0) == 9 ? got : "";
}

static void without_proc_the_first_1024_are_looked_at(void) {
  struct rlimit lim;
  int fd = file_of(ALICE, strlen(ALICE), O_RDONLY);

  sys.no_proc = true;
  is_str(kept_by(fd), "alice:*:1", "the first one");
  (void) close(fd);
  if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_max < 1100) {
    skip("too few descriptors");

  } else {
    lim.rlim_cur = 1100;
    (void) setrlimit(RLIMIT_NOFILE, &lim);
    fd = file_of(ALICE, strlen(ALICE), O_RDONLY);
    is_int(dup2(fd, 1023), 1023, "descriptor 1023");
    is_int(dup2(fd, 1024), 1024, "and the next one");
    (void) close(fd);
    is_str(kept_by(1023), "alice:*:1", "the last one");
    is_str(kept_by(1024), "alice:$6$", "not those behind");
    (void) close(1023);
    (void) close(1024);
  }

  sys.no_proc = false;
}

/* ---- Errors */

static void the_system_may_interrupt(void) {
  sys.read_err = sys.write_err = EINTR;
  is_str(kept(ALICE), ALICE_KEPT, "calls");
  sys.most = 4096;
  many_lines_are_copied();
  sys.most = 0;
}

static void what_cannot_be_copied_is_missing(void) {
  int fd;

  fake_log_reset();
  sys.write_err = ENOSPC;
  is_str(kept(ALICE), "", "no room for a copy");
  is_int(fake_log_lines, 1, "which the log says");
  sys.write_err = 0;
  sys.read_err = EIO;
  fd = file_of(ALICE, strlen(ALICE), O_RDONLY);
  is_int(ftpd_accounts_keep(p), 0, "no bytes to copy");
  is_int(fake_log_lines, 2, "which the log says");
  sys.read_err = 0;
  is_int(lseek(fd, 0, SEEK_END), 0, "nothing is there");
  (void) close(fd);

  sys.no_memory_files = true;
  is_str(kept(ALICE), "", "no memory for a copy");
  sys.no_memory_files = false;
}

static void what_cannot_be_replaced_is_an_error(void) {
  int fd = file_of(ALICE, strlen(ALICE), O_RDONLY), res;
  struct rlimit lim, none;

  (void) getrlimit(RLIMIT_NOFILE, &lim);
  none = lim;
  none.rlim_cur = 0;
  sys.no_proc = sys.no_memory_files = true;
  (void) setrlimit(RLIMIT_NOFILE, &none);
  res = ftpd_accounts_keep(p);
  is_int(errno, EMFILE, "no descriptor");
  (void) setrlimit(RLIMIT_NOFILE, &lim);
  is_int(res, -1, "is an error");
  sys.no_proc = sys.no_memory_files = false;
  (void) close(fd);
}

static void each_descriptor_is_looked_at(void) {
  int fd[3], i, good = 0;
  char got[10];

  for (i = 0; i < 3; i++) {
    fd[i] = file_of(ALICE, strlen(ALICE), O_RDONLY);
  }

  (void) ftpd_accounts_keep(p);
  for (i = 0; i < 3; i++) {
    memset(got, 0, sizeof(got));
    good += pread(fd[i], got, 9, 0) == 9 && strcmp(got, "alice:*:1") == 0;
    (void) close(fd[i]);
  }

  is_int(good, 3, "three files");
}

int main(void) {
  p = make_sub_pool(NULL);
  if (mkdtemp(dir) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  passwords_are_removed();
  other_files_stay();
  numbers_have_all_digits();
  files_that_are_written_stay();
  the_form_is_in_the_beginning();
  many_lines_are_copied();
  too_large_files_are_empty();
  copies_cannot_be_changed();
  entries_are_read_again_from_the_copy();
  standard_ones_stay();
  each_descriptor_is_looked_at();
  no_descriptor_is_lost();
  without_proc_the_first_1024_are_looked_at();
  the_system_may_interrupt();
  what_cannot_be_copied_is_missing();
  what_cannot_be_replaced_is_an_error();
  (void) rmdir(dir);
  destroy_pool(p);
  return done_testing();
}
