/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* failio.c -- a disk that fails, for LD_PRELOAD: what reads or writes beyond
 * the first 64 KiB of a file gets the error that the file's name asks for.
 *
 * fail-enospc, fail-edquot, fail-eio: writes.  fail-read: reads, with EIO.
 * fail-once: reads, the first time.  fail-close: close, with EIO.  fail-fsync:
 * fsync, with EIO.  fail-attr: attributes find no room; fail-noattr: there are
 * none.  What is synced is a line in the file of FAILIO_SYNCED.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define GOOD_BYTES 65536

#define REAL(name) \
  static __typeof__(&name) real; \
  if (real == NULL) { \
    void *found = dlsym(RTLD_NEXT, #name); \
    memcpy(&real, &found, sizeof(real)); \
  }

static const char *fault_of(int fd) {
  static char path[4096];
  char link[64];
  const char *fault;
  ssize_t n;

  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  n = readlink(link, path, sizeof(path) - 1);
  if (n < 0) {
    return "";
  }

  path[n] = '\0';
  fault = strstr(path, "/fail-");
  return fault != NULL ? fault + 6 : "";
}

static bool is(const char *fault, const char *name) {
  return strncmp(fault, name, strlen(name)) == 0;
}

static size_t bytes_of(const struct iovec *iov, int n) {
  size_t bytes = 0;

  while (n-- > 0) {
    bytes += iov[n].iov_len;
  }

  return bytes;
}

static bool write_fails(int fd, off_t at, size_t n) {
  int saved = errno;
  const char *fault = at >= 0 && at + (off_t) n > GOOD_BYTES ?
    fault_of(fd) : "";
  int err = is(fault, "enospc") ? ENOSPC : is(fault, "edquot") ? EDQUOT :
    is(fault, "eio") ? EIO : 0;

  errno = err != 0 ? err : saved;
  return err != 0;
}

static bool read_fails(int fd, off_t at, size_t n) {
  static bool failed;
  int saved = errno;
  const char *fault = at >= 0 && at + (off_t) n > GOOD_BYTES ?
    fault_of(fd) : "";
  bool fails = is(fault, "read") || (is(fault, "once") && !failed);

  failed |= fails;
  errno = fails ? EIO : saved;
  return fails;
}

static off_t here(int fd) {
  int saved = errno;
  off_t at = lseek(fd, 0, SEEK_CUR);

  errno = saved;
  return at;
}

ssize_t write(int fd, const void *buf, size_t n) {
  REAL(write)
  return write_fails(fd, here(fd), n) ? -1 : real(fd, buf, n);
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t at) {
  REAL(pwrite)
  return write_fails(fd, at, n) ? -1 : real(fd, buf, n, at);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t at) {
  REAL(pwritev)
  return write_fails(fd, at, bytes_of(iov, n)) ? -1 : real(fd, iov, n, at);
}

ssize_t read(int fd, void *buf, size_t n) {
  REAL(read)
  return read_fails(fd, here(fd), n) ? -1 : real(fd, buf, n);
}

ssize_t pread(int fd, void *buf, size_t n, off_t at) {
  REAL(pread)
  return read_fails(fd, at, n) ? -1 : real(fd, buf, n, at);
}

ssize_t preadv(int fd, const struct iovec *iov, int n, off_t at) {
  REAL(preadv)
  return read_fails(fd, at, bytes_of(iov, n)) ? -1 : real(fd, iov, n, at);
}

int close(int fd) {
  REAL(close)
  int res = is(fault_of(fd), "close") ? EIO : 0;

  if (real(fd) < 0) {
    return -1;
  }

  errno = res != 0 ? res : errno;
  return res != 0 ? -1 : 0;
}

int fsetxattr(int fd, const char *name, const void *value, size_t n,
    int flags) {
  REAL(fsetxattr)
  const char *fault = fault_of(fd);

  if (is(fault, "attr") || is(fault, "noattr")) {
    errno = is(fault, "attr") ? ENOSPC : ENOTSUP;
    return -1;
  }

  return real(fd, name, value, n, flags);
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t n) {
  REAL(fgetxattr)
  if (is(fault_of(fd), "noattr")) {
    errno = ENOTSUP;
    return -1;
  }

  return real(fd, name, value, n);
}

/* "fsync PATH" */
static void note_sync(const char *what, int fd) {
  const char *log = getenv("FAILIO_SYNCED");
  char line[4300], link[64], path[4096];
  int saved = errno, out;
  ssize_t n;

  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  n = readlink(link, path, sizeof(path) - 1);
  out = log != NULL ? open(log, O_WRONLY|O_APPEND|O_CLOEXEC) : -1;
  if (n >= 0 && out >= 0) {
    path[n] = '\0';
    n = snprintf(line, sizeof(line), "%s %s\n", what, path);
    n = write(out, line, (size_t) n);
  }

  if (out >= 0) {
    (void) close(out);
  }

  errno = saved;
}

int fsync(int fd) {
  REAL(fsync)
  if (is(fault_of(fd), "fsync")) {
    errno = EIO;
    return -1;
  }

  note_sync("fsync", fd);
  return real(fd);
}

int syncfs(int fd) {
  REAL(syncfs)
  note_sync("syncfs", fd);
  return real(fd);
}
