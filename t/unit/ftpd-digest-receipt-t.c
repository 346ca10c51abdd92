/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-receipt-t.c -- receipts of uploads: which are believed, by whom.
 * The file is a real one; without attributes in the directory of the test there
 * is little to test.
 */

#include "daemon.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-secret.h"
#include "tap.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define NAME "user.mod_sftp.receipt"
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static pool *p;
static server_rec server;
static char path[64];
static pr_fh_t fh;
static unsigned char secret;

/* ---- Of the daemon and the other files of ftpd/ */

void ftpd_secret_derive(const char *purpose, unsigned char *key) {
  (void) purpose;
  memset(key, secret, FTPD_SECRET_LEN);
}

static bool ignored;            /* FSOptions IgnoreExtendedAttributes */

ssize_t pr_fsio_fgetxattr(pool *in, pr_fh_t *of, const char *name, void *value,
    size_t n) {
  (void) in;
  if (ignored) {
    errno = ENOSYS;
    return -1;
  }

  return fgetxattr(of->fh_fd, name, value, n);
}

/* ---- A kernel whose files have times of a coarse clock */

#define TICK_NS 4000000

static bool is_coarse;
static struct timespec changed; /* the file, by that clock */

int clock_gettime(clockid_t id, struct timespec *now) {
  bool ours = is_coarse && id == CLOCK_REALTIME_COARSE;
  int res = (int) syscall(SYS_clock_gettime, ours ? CLOCK_REALTIME : id, now);

  now->tv_nsec -= ours ? now->tv_nsec % TICK_NS : 0;
  return res;
}

static void note_change(void) {
  (void) clock_gettime(CLOCK_REALTIME_COARSE, &changed);
}

int fsetxattr(int fd, const char *name, const void *value, size_t n,
    int flags) {
  note_change();
  return (int) syscall(SYS_fsetxattr, fd, name, value, n, flags);
}

int fstat(int fd, struct stat *st) {
  int res = fstatat(fd, "", st, AT_EMPTY_PATH);

  st->st_ctim = is_coarse ? changed : st->st_ctim;
  return res;
}

/* ---- The file */

/* Written long ago, as far as anybody knows; large, so that its receipt counts
 * whatever the kernel's clock is.
 */
#define BYTES (16 * 1024 * 1024)

static void new_file(void) {
  static const struct timespec old[2] = { { 1000, 5 }, { 1000, 5 } };

  if (fh.fh_fd > 0) {
    (void) close(fh.fh_fd);
  }

  (void) unlink(path);
  fh.fh_fd = open(path, O_RDWR|O_CREAT|O_EXCL, 0600);
  if (fh.fh_fd < 0 || write(fh.fh_fd, "abcd", 4) != 4 ||
      ftruncate(fh.fh_fd, BYTES) < 0 || futimens(fh.fh_fd, old) < 0) {
    bail_out("no file");
  }
}

static void receive(void) {
  struct stat st;

  new_file();
  (void) fstat(fh.fh_fd, &st);
  ftpd_receipt_put(fh.fh_fd, &st, HEX);
}

static bool is_believed(void) {
  char hex[FTPD_RECEIPT_HEX] = "";

  return ftpd_receipt_get(p, &fh, hex) && strcmp(hex, HEX) == 0;
}

static ssize_t text_of(char *text, size_t size) {
  ssize_t n = fgetxattr(fh.fh_fd, NAME, text, size - 1);

  text[n > 0 ? n : 0] = '\0';
  return n;
}

/* ---- The tests */

static void names(void) {
  ok(ftpd_receipt_is(NAME) && ftpd_receipt_is("user.MOD_SFTP.receipt"),
    "its name, however it is spelled");
  ok(!ftpd_receipt_is("user.mod_sftp") && !ftpd_receipt_is(NAME "s"),
    "no other name");
}

static void is_what_it_says(void) {
  char text[512];

  receive();
  ok(text_of(text, sizeof(text)) > 0 && strncmp(text, "sha256=" HEX
    " size=16777216 mtime=1000.000000005 inode=", 110) == 0, "what it says: %s",
    text);
  ok(is_believed(), "it is believed");
  ok(lseek(fh.fh_fd, 0, SEEK_SET) == 0 && is_believed(), "... again");
}

static void other_people(void) {
  receive();
  session.user = "bob";
  ok(!is_believed(), "another user does not believe it");
  session.user = "alice";
  session.uid = 5;
  ok(!is_believed(), "... nor one of that name, but with another id");
  session.uid = 1000;
  daemon_client("192.0.2.8", "there");
  ok(!is_believed(), "... or on another server");
  server.addr = NULL;
  ok(!is_believed(), "... or one without an address");
  daemon_client("192.0.2.7", "here");
  server.addr = session.c->remote_addr;
  server.ServerPort = 23;
  ok(!is_believed(), "... or port");
  server.ServerPort = 22;
  secret = 1;
  ok(!is_believed(), "... or daemon");
  secret = 0;
  session.anon_config = (config_rec *) &server;
  ok(!is_believed() && !ftpd_receipt_possible(p, &fh),
    "anonymous users have none");
  session.anon_config = NULL;
  ok(is_believed() && ftpd_receipt_possible(p, &fh), "alice has");
}

static void changed_files(void) {
  static const struct timespec old[2] = { { 1000, 5 }, { 1000, 5 } };
  static const struct timespec other[2] = { { 1000, 6 }, { 1000, 6 } };

  receive();
  ok(pwrite(fh.fh_fd, "X", 1, 0) == 1 && !is_believed(), "a changed file");
  receive();
  ok(ftruncate(fh.fh_fd, 3) == 0 && futimens(fh.fh_fd, old) == 0 &&
    !is_believed(), "another size");
  receive();
  ok(futimens(fh.fh_fd, other) == 0 && !is_believed(), "another time");
}

/* Waits until the kernel's clock for files is so much later. */
static void pass_ms(long ms) {
  struct timespec begin, now;

  (void) clock_gettime(CLOCK_REALTIME_COARSE, &begin);
  do {
    (void) usleep(1000);
    (void) clock_gettime(CLOCK_REALTIME_COARSE, &now);
  } while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec -
      begin.tv_nsec) / 1000000 <= ms);
}

static void restored(void) {
  static const struct timespec old[2] = { { 1000, 5 }, { 1000, 5 } };
  char text[512];
  ssize_t n;
  int kept;

  receive();
  pass_ms(10);
  ok(is_believed(), "time passes");
  ok(pwrite(fh.fh_fd, "X", 1, 0) == 1 && futimens(fh.fh_fd, old) == 0 &&
    !is_believed(), "content changed, time restored");
  n = text_of(text, sizeof(text));
  ok(fsetxattr(fh.fh_fd, NAME, text, (size_t) n, 0) == 0 && !is_believed(),
    "... and the receipt as well");
  receive();
  n = text_of(text, sizeof(text));
  kept = dup(fh.fh_fd);         /* its inode is not used again */
  new_file();
  ok(fsetxattr(fh.fh_fd, NAME, text, (size_t) n, 0) == 0 && !is_believed(),
    "another file with its receipt");
  (void) close(kept);
}

static void forged(void) {
  char text[512], bad[512];
  size_t at, nbelieved = 0;
  ssize_t n;

  receive();
  n = text_of(text, sizeof(text));
  for (at = 0; at < (size_t) n; at++) {
    memcpy(bad, text, (size_t) n);
    bad[at] ^= 1;
    if (fsetxattr(fh.fh_fd, NAME, bad, (size_t) n, 0) == 0) {
      nbelieved += is_believed();
    }
  }

  for (at = 1; at < (size_t) n; at++) {
    if (fsetxattr(fh.fh_fd, NAME, text, at, 0) == 0) {
      nbelieved += is_believed();
    }
  }

  ok(nbelieved == 0, "no changed or shorter text is believed");
  memcpy(bad, text, (size_t) n);
  memset(bad + n, ' ', sizeof(bad) - (size_t) n);
  (void) fsetxattr(fh.fh_fd, NAME, bad, (size_t) n + 1, 0);
  ok(!is_believed(), "... nor a longer one");
  (void) fsetxattr(fh.fh_fd, NAME, bad, sizeof(bad), 0);
  ok(!is_believed(), "... nor one that is much longer");
  (void) fsetxattr(fh.fh_fd, NAME, "", 0, 0);
  ok(!is_believed(), "... nor none");
}

static void too_early(void) {
  struct stat st;
  char text[512];

  /* As if the clock stood still since the last write. */
  new_file();
  (void) clock_gettime(CLOCK_REALTIME, &st.st_mtim);
  st.st_mtim.tv_sec += 500;
  (void) futimens(fh.fh_fd, (struct timespec[2]) { st.st_mtim, st.st_mtim });
  (void) fstat(fh.fh_fd, &st);
  ftpd_receipt_put(fh.fh_fd, &st, HEX);
  ok(text_of(text, sizeof(text)) > 0 && !is_believed(), "a receipt that is not "
    "later than the file's time is not believed");

  new_file();
  (void) fstat(fh.fh_fd, &st);
  st.st_size++;
  ftpd_receipt_put(fh.fh_fd, &st, HEX);
  ok(text_of(text, sizeof(text)) < 0, "none for a file that has changed");
}

/* Content changes and times are set. */
static void change(const struct timespec *to) {
  const struct timespec times[2] = { *to, *to };

  ok(pwrite(fh.fh_fd, "X", 1, 0) == 1 && futimens(fh.fh_fd, times) == 0,
    "a change");
  note_change();
}

static void coarse_times(void) {
  static const struct timespec old = { 1000, 5 };
  struct timespec now;
  struct stat st;
  char text[512];

  is_coarse = true;
  receive();
  (void) clock_gettime(CLOCK_REALTIME_COARSE, &now);
  ok(is_believed(), "coarse times: a receipt counts");
  ok(now.tv_sec > changed.tv_sec || now.tv_nsec > changed.tv_nsec,
    "... it is put a tick ago");
  change(&old);
  ok(!is_believed(), "... so that it shows");

  new_file();
  (void) clock_gettime(CLOCK_REALTIME_COARSE, &now);
  change(&now);
  (void) fstat(fh.fh_fd, &st);
  ftpd_receipt_put(fh.fh_fd, &st, HEX);
  ok(is_believed() && (changed.tv_sec > now.tv_sec || changed.tv_nsec >
    now.tv_nsec), "a receipt is put a tick after the last write");

  new_file();
  ok(ftruncate(fh.fh_fd, BYTES - 1) == 0, "a smaller file");
  (void) fstat(fh.fh_fd, &st);
  ftpd_receipt_put(fh.fh_fd, &st, HEX);
  ok(text_of(text, sizeof(text)) > 0 &&
    strstr(text, " stored=0.000000000 mac=") != NULL && !is_believed(),
    "... has one that does not count");
  is_coarse = false;
}

static void not_possible(void) {
  new_file();
  ok(ftpd_receipt_possible(p, &fh), "possible without one");
  ignored = true;
  ok(!ftpd_receipt_possible(p, &fh), "not where attributes are ignored");
  receive();
  ok(!is_believed(), "... nor believed");
  ignored = false;
}

static void alone(void) {
  char value[200];
  unsigned int i;

  new_file();
  ok(ftpd_receipt_alone(fh.fh_fd), "no attribute");
  receive();
  ok(ftpd_receipt_alone(fh.fh_fd), "a receipt");
  (void) fsetxattr(fh.fh_fd, "user.mine", "x", 1, 0);
  ok(!ftpd_receipt_alone(fh.fh_fd), "another attribute");
  new_file();
  for (i = 0; i < 3; i++) {
    memset(value, 'a', sizeof(value));
    memcpy(value, "user.", 5);
    value[5] = (char) ('a' + i);
    value[150] = '\0';
    (void) fsetxattr(fh.fh_fd, value, "x", 1, 0);
  }

  ok(!ftpd_receipt_alone(fh.fh_fd), "many attributes");
  ok(ftpd_receipt_alone(-1), "none that can be seen");
}

int main(void) {
  p = make_sub_pool(NULL);
  snprintf(path, sizeof(path), "receipt-%ld", (long) getpid());
  session.user = "alice";
  session.uid = 1000;
  server.ServerPort = 22;
  daemon_client("192.0.2.7", "here");
  server.addr = session.c->remote_addr;
  main_server = &server;
  names();
  new_file();
  if (fsetxattr(fh.fh_fd, "user.test", "x", 1, 0) < 0) {
    (void) unlink(path);
    skip("no extended attributes here: %s", strerror(errno));
    return done_testing();
  }

  is_what_it_says();
  other_people();
  changed_files();
  restored();
  forged();
  too_early();
  coarse_times();
  not_possible();
  alone();
  (void) unlink(path);
  return done_testing();
}
