/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fortified.c -- the names by which fortified code calls the C library.  Which
 * calls have them depends on the compiler and the library.  Here they lead to
 * the plain names, which a test may replace.
 */

#undef _FORTIFY_SOURCE

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size);
ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);
ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t size);
char *__getcwd_chk(char *buf, size_t n, size_t size);
int __open_2(const char *path, int flags);

static void fits(size_t n, size_t size) {
  if (n > size) {
    abort();
  }
}

int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t size) {
  fits(n, size / sizeof(*fds));
  return poll(fds, n, ms);
}

ssize_t __read_chk(int fd, void *buf, size_t n, size_t size) {
  fits(n, size);
  return read(fd, buf, n);
}

ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t size) {
  fits(n, size);
  return pread(fd, buf, n, at);
}

char *__getcwd_chk(char *buf, size_t n, size_t size) {
  fits(n, size);
  return getcwd(buf, n);
}

/* Whoever makes a file says its mode. */
int __open_2(const char *path, int flags) {
  fits(flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY, 0);
  return open(path, flags);
}
