/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* slow.c -- what a session waits for, made slow, for LD_PRELOAD: SLOW is "disk"
 * (reads and writes of files) or "cipher" (libcrypto), SLOW_MS how long a large
 * call takes.
 */

#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>

#define LARGE_BYTES 16384

static int ms_of(const char *what) {
  const char *slow = getenv("SLOW"), *ms = getenv("SLOW_MS");

  return slow != NULL && ms != NULL && strcmp(slow, what) == 0 ? atoi(ms) : 0;
}

static size_t bytes_of(const struct iovec *iov, int n) {
  size_t len = 0;
  int i;

  for (i = 0; i < n; i++) {
    len += iov[i].iov_len;
  }

  return len;
}

/* As a disk: the process sleeps. */
static void wait_for_disk(const struct iovec *iov, int n) {
  if (bytes_of(iov, n) >= LARGE_BYTES) {
    (void) poll(NULL, 0, ms_of("disk"));
  }
}

static long now_ms(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void compute(void) {
  long end = now_ms() + ms_of("cipher");

  while (now_ms() < end) {
  }
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t at) {
  ssize_t (*real)(int, const struct iovec *, int, off_t);

  *(void **) &real = dlsym(RTLD_NEXT, "preadv");
  wait_for_disk(iov, n);
  return real(fd, iov, n, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at) {
  ssize_t (*real)(int, const struct iovec *, int, off_t);

  *(void **) &real = dlsym(RTLD_NEXT, "pwritev");
  wait_for_disk(iov, n);
  return real(fd, iov, n, at);
}

int EVP_CipherUpdate(void *ctx, unsigned char *out, int *len,
    const unsigned char *in, int n) {
  static int (*real)(void *, unsigned char *, int *, const unsigned char *,
    int);

  if (real == NULL) {
    *(void **) &real = dlsym(RTLD_NEXT, "EVP_CipherUpdate");
  }

  if (n >= LARGE_BYTES) {
    compute();
  }

  return real(ctx, out, len, in, n);
}
