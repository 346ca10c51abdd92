/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* failnth.c -- calls of libc about files, one of which fails, for LD_PRELOAD.
 *
 * The file of FAILNTH is a struct control.  Of process `pid', call number `nth'
 * of the function `name' fails with `error', and `failed' becomes 1.  With nth
 * 0, the names of all calls are put into `seen'.  close() closes in any case.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

struct control {
  int32_t pid, nth, error, failed;
  uint32_t count, len;          /* calls of it; bytes of seen */
  char name[32], seen[8192];
};

static volatile struct control *control;

__attribute__((constructor)) static void map_control(void) {
  const char *path = getenv("FAILNTH");
  int fd = path != NULL ? open(path, O_RDWR|O_CLOEXEC) : -1;
  void *found;

  if (fd < 0) {
    return;
  }

  found = mmap(NULL, sizeof(*control), PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0);
  (void) close(fd);
  control = found != MAP_FAILED ? found : NULL;
}

static void note(const char *name) {
  size_t n = strlen(name);

  if (control->len + n + 1 < sizeof(control->seen)) {
    memcpy((char *) control->seen + control->len, name, n);
    control->seen[control->len + n] = ' ';
    control->len += (uint32_t) n + 1;
  }
}

static bool fails(const char *name) {
  if (control == NULL || control->pid == 0 || control->pid != getpid()) {
    return false;
  }

  if (control->nth == 0) {
    note(name);
    return false;
  }

  if (strcmp((const char *) control->name, name) != 0 ||
      ++control->count != (uint32_t) control->nth) {
    return false;
  }

  control->failed = 1;
  errno = control->error;
  return true;
}

/* A call with its parameters and how they are passed on; `known' is its name
 * for people.
 */
#define CALL_AS(known, type, failure, name, params, args) \
  type name params { \
    static __typeof__(&name) real; \
    if (real == NULL) { \
      void *found = dlsym(RTLD_NEXT, #name); \
      memcpy(&real, &found, sizeof(real)); \
    } \
    return fails(known) ? failure : real args; \
  }

#define CALL(type, failure, name, params, args) \
  CALL_AS(#name, type, failure, name, params, args)

#define INT(name, params, args) CALL(int, -1, name, params, args)
#define SIZE(name, params, args) CALL(ssize_t, -1, name, params, args)

INT(access, (const char *path, int mode), (path, mode))
INT(faccessat, (int at, const char *path, int mode, int flags),
  (at, path, mode, flags))
INT(stat, (const char *path, struct stat *st), (path, st))
INT(lstat, (const char *path, struct stat *st), (path, st))
INT(fstat, (int fd, struct stat *st), (fd, st))
INT(fstatat, (int at, const char *path, struct stat *st, int flags),
  (at, path, st, flags))
INT(statx, (int at, const char *path, int flags, unsigned int mask,
  struct statx *st), (at, path, flags, mask, st))
INT(statfs, (const char *path, struct statfs *st), (path, st))
INT(fstatfs, (int fd, struct statfs *st), (fd, st))
INT(statvfs, (const char *path, struct statvfs *st), (path, st))
INT(fstatvfs, (int fd, struct statvfs *st), (fd, st))
INT(chdir, (const char *path), (path))
INT(fchdir, (int fd), (fd))
CALL(char *, NULL, getcwd, (char *buf, size_t size), (buf, size))
CALL(char *, NULL, realpath, (const char *path, char *buf), (path, buf))
SIZE(readlink, (const char *path, char *buf, size_t size), (path, buf, size))
INT(chmod, (const char *path, mode_t mode), (path, mode))
INT(fchmod, (int fd, mode_t mode), (fd, mode))
INT(fchmodat, (int at, const char *path, mode_t mode, int flags),
  (at, path, mode, flags))
INT(chown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid))
INT(lchown, (const char *path, uid_t uid, gid_t gid), (path, uid, gid))
INT(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
INT(fchownat, (int at, const char *path, uid_t uid, gid_t gid, int flags),
  (at, path, uid, gid, flags))
INT(utimes, (const char *path, const struct timeval tv[2]), (path, tv))
INT(futimes, (int fd, const struct timeval tv[2]), (fd, tv))
INT(utimensat, (int at, const char *path, const struct timespec ts[2],
  int flags), (at, path, ts, flags))
INT(truncate, (const char *path, off_t size), (path, size))
INT(ftruncate, (int fd, off_t size), (fd, size))
INT(mkdir, (const char *path, mode_t mode), (path, mode))
INT(rmdir, (const char *path), (path))
INT(unlink, (const char *path), (path))
INT(rename, (const char *from, const char *to), (from, to))
INT(renameat, (int at, const char *from, int there, const char *to),
  (at, from, there, to))
INT(renameat2, (int at, const char *from, int there, const char *to,
  unsigned int flags), (at, from, there, to, flags))
INT(link, (const char *from, const char *to), (from, to))
INT(linkat, (int at, const char *from, int there, const char *to, int flags),
  (at, from, there, to, flags))
INT(symlink, (const char *text, const char *path), (text, path))
INT(fsync, (int fd), (fd))
INT(syncfs, (int fd), (fd))
CALL(off_t, -1, lseek, (int fd, off_t at, int from), (fd, at, from))
SIZE(pread, (int fd, void *buf, size_t size, off_t at), (fd, buf, size, at))
SIZE(preadv, (int fd, const struct iovec *iov, int n, off_t at),
  (fd, iov, n, at))
SIZE(pwrite, (int fd, const void *buf, size_t size, off_t at),
  (fd, buf, size, at))
SIZE(pwritev, (int fd, const struct iovec *iov, int n, off_t at),
  (fd, iov, n, at))
SIZE(copy_file_range, (int from, off_t *from_at, int to, off_t *to_at,
  size_t size, unsigned int flags), (from, from_at, to, to_at, size, flags))
SIZE(lgetxattr, (const char *path, const char *name, void *buf, size_t size),
  (path, name, buf, size))
SIZE(getxattr, (const char *path, const char *name, void *buf, size_t size),
  (path, name, buf, size))
SIZE(fgetxattr, (int fd, const char *name, void *buf, size_t size),
  (fd, name, buf, size))
SIZE(listxattr, (const char *path, char *buf, size_t size), (path, buf, size))
SIZE(flistxattr, (int fd, char *buf, size_t size), (fd, buf, size))
INT(lsetxattr, (const char *path, const char *name, const void *value,
  size_t size, int flags), (path, name, value, size, flags))
INT(setxattr, (const char *path, const char *name, const void *value,
  size_t size, int flags), (path, name, value, size, flags))
INT(fsetxattr, (int fd, const char *name, const void *value, size_t size,
  int flags), (fd, name, value, size, flags))
INT(removexattr, (const char *path, const char *name), (path, name))
INT(fremovexattr, (int fd, const char *name), (fd, name))
CALL(DIR *, NULL, opendir, (const char *path), (path))
CALL(DIR *, NULL, fdopendir, (int fd), (fd))
CALL(struct dirent *, NULL, readdir, (DIR *dir), (dir))

int open(const char *path, int flags, ...) {
  static __typeof__(&open) real;
  mode_t mode = 0;
  va_list rest;

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "open");
    memcpy(&real, &found, sizeof(real));
  }

  va_start(rest, flags);
  mode = (flags & (O_CREAT|O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fails("open") ? -1 : real(path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
  static __typeof__(&openat) real;
  mode_t mode = 0;
  va_list rest;

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "openat");
    memcpy(&real, &found, sizeof(real));
  }

  va_start(rest, flags);
  mode = (flags & (O_CREAT|O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fails("openat") ? -1 : real(at, path, flags, mode);
}

int __open_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);

CALL_AS("open", int, -1, __open_2, (const char *path, int flags),
  (path, flags))
CALL_AS("openat", int, -1, __openat_2, (int at, const char *path, int flags),
  (at, path, flags))

int fcntl(int fd, int command, ...) {
  static __typeof__(&fcntl) real;
  va_list rest;
  void *arg;

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "fcntl");
    memcpy(&real, &found, sizeof(real));
  }

  va_start(rest, command);
  arg = va_arg(rest, void *);
  va_end(rest);
  return (command == F_SETLK || command == F_SETLKW || command == F_GETLK ||
    command == F_OFD_SETLK || command == F_OFD_GETLK) && fails("fcntl") ? -1 :
    real(fd, command, arg);
}

int close(int fd) {
  static __typeof__(&close) real;
  bool failed = fails("close");
  int error = errno;

  if (real == NULL) {
    void *found = dlsym(RTLD_NEXT, "close");
    memcpy(&real, &found, sizeof(real));
  }

  if (real(fd) < 0) {
    return -1;
  }

  errno = error;
  return failed ? -1 : 0;
}
