/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* main.c -- sftp-check, a program that mod_sftp starts; nobody else does.
 *
 * A session cannot run checks of uploads: it has no root, may have another root
 * directory, and is confined.  This program is started at its login, becomes
 * the user of the checks, and has never seen the session's memory.  It runs
 * only what the session named then, and gets uploads as open files.  It ends
 * when the session ends.
 */

#include "check.h"
#include "upload-check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOCK UPLOAD_CHECK_SOCK

static struct check checks[UPLOAD_CHECKS_MAX];
static uint32_t nchecks;

/* False: this is not what a session sends. */
static bool read_checks(uint32_t n) {
  static struct {
    struct upload_check_begin begin;
    char words[UPLOAD_CHECK_WORDS_BYTES];
  } msg;
  ssize_t len;

  for (; nchecks < n; nchecks++) {
    do {
      len = recv(SOCK, &msg, sizeof(msg), 0);
    } while (len < 0 && errno == EINTR);

    checks[nchecks].secs = msg.begin.secs;
    if (len < (ssize_t) sizeof(msg.begin) || !check_words_take(&checks[nchecks],
        msg.words, (size_t) len - sizeof(msg.begin))) {
      return false;
    }
  }

  return true;
}

/* A daemon without root has only its own user. */
static bool become_user(uid_t uid, gid_t gid, const char *user) {
  if (geteuid() != 0) {
    return true;
  }

  return initgroups(user, gid) == 0 && setresgid(gid, gid, gid) == 0 &&
    setresuid(uid, uid, uid) == 0 && getuid() == uid && setuid(0) < 0;
}

static void reset_signals(void) {
  sigset_t none;
  int signo;

  for (signo = 1; signo < NSIG; signo++) {
    (void) signal(signo, SIG_DFL);
  }

  sigemptyset(&none);
  (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What else the daemon has open.  Before Linux 5.9 there is no close_range().
 */
static void close_others(void) {
  struct dirent *entry;
  DIR *dir;

  (void) fcntl(SOCK, F_SETFD, FD_CLOEXEC);
  if (close_range(SOCK + 1, ~0U, 0) == 0 ||
      (dir = opendir("/proc/self/fd")) == NULL) {
    return;
  }

  while ((entry = readdir(dir)) != NULL) {
    int fd = atoi(entry->d_name);

    if (fd > SOCK && fd != dirfd(dir)) {
      (void) close(fd);
    }
  }

  (void) closedir(dir);
}

static bool read_number(const char *text, unsigned long *n) {
  char *end;

  errno = 0;
  *n = strtoul(text, &end, 10);
  return errno == 0 && end != text && *end == '\0';
}

static int usage(void) {
  static const char text[] = "sftp-check is a part of ProFTPD's mod_sftp, "
    "which starts it: it is of no use by itself.\n";

  return write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ? 2 : 1;
}

int main(int argc, char **argv) {
  unsigned long uid, gid, n;

  if (argc != 6 || strcmp(argv[1], UPLOAD_CHECK_PROTOCOL) != 0 ||
      !read_number(argv[2], &uid) || !read_number(argv[3], &gid) ||
      !read_number(argv[5], &n) || n > UPLOAD_CHECKS_MAX) {
    return usage();
  }

  reset_signals();
  close_others();
  (void) umask(077);
  if (!become_user((uid_t) uid, (gid_t) gid, argv[4]) || chdir("/") < 0) {
    return 1;
  }

  /* Programs of the same user do not look into it.  They can stop it, until the
   * session ends: the kernel wakes a group that loses its parent, by SIGHUP and
   * SIGCONT.
   */
  (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void) setpgid(0, 0);
  check_run_init();
  if (!read_checks((uint32_t) n)) {
    return 1;
  }

  check_serve(checks, nchecks);
  return 0;
}
