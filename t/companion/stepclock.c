/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* stepclock.c -- a clock that a test can set, for LD_PRELOAD: the system's
 * clock is ahead by the number of seconds in the 8 bytes of the file that
 * STEPCLOCK names.  Clocks that nobody can set are as they are.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void find_file(void) {
  const char *path = getenv("STEPCLOCK");
  int fd = path != NULL ? open(path, O_RDONLY|O_CLOEXEC) : -1;
  void *at;

  if (fd >= 0) {
    at = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
    ahead = at != MAP_FAILED ? at : NULL;
    (void) close(fd);
  }
}

int clock_gettime(clockid_t id, struct timespec *ts) {
  int res = (int) syscall(SYS_clock_gettime, id, ts);

  if (res == 0 && ahead != NULL &&
      (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    ts->tv_sec += *ahead;
  }

  return res;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
  struct timespec ts;

  (void) tz;
  (void) clock_gettime(CLOCK_REALTIME, &ts);
  tv->tv_sec = ts.tv_sec;
  tv->tv_usec = ts.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *to) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_REALTIME, &ts);
  if (to != NULL) {
    *to = ts.tv_sec;
  }

  return ts.tv_sec;
}
