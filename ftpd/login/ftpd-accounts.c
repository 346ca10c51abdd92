/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-accounts.c -- the account files that a session has open.
 *
 * Modules keep AuthUserFile and similar files open to look up names of owners
 * and groups; glibc keeps /etc/shadow open.  With such a descriptor every
 * session could read the hashes of all passwords.  So each descriptor that
 * reads an account file, whoever opened it, is replaced by a copy in memory
 * that contains the names and nothing that allows a login.
 */

#include "ftpd-accounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <shadow.h>
#include <sys/mman.h>

/* The part of a file that is read to recognize its format, and the maximum size
 * that is copied.
 */
#define FORM_BYTES 4096
#define COPY_MAX (16 * 1024 * 1024)

/* Without /proc: the number of descriptors that are checked. */
#define FDS_MAX 1024

#define SEALS (F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE)

/* ---- Forms of files */

/* Lines with that many colons, and numbers in some fields. */
static const struct form {
  unsigned int ncolons;
  unsigned int first_number, last_number;       /* 0: none */
  bool copied;                  /* or nothing of it is kept */
} forms[] = {
  { 6, 2, 3, true },            /* passwd(5) */
  { 3, 2, 2, true },            /* group(5) */
  { 8, 0, 0, false }            /* shadow(5) */
};

static bool is_number(struct sftp_str s) {
  size_t i;

  for (i = 0; i < s.len; i++) {
    if (s.ptr[i] < '0' || s.ptr[i] > '9') {
      return false;
    }
  }

  return s.len > 0;
}

/* Removes everything up to the next byte sep, or to the end, from the text. */
static struct sftp_str cut(struct sftp_str *text, unsigned char sep) {
  const unsigned char *end = memchr(text->ptr, sep, text->len);
  struct sftp_str part = { text->ptr, end != NULL ?
    (size_t) (end - text->ptr) : text->len };
  size_t used = part.len + (end != NULL);

  text->ptr += used;
  text->len -= used;
  return part;
}

static bool line_has_form(struct sftp_str line, const struct form *form) {
  unsigned int n = 0;
  size_t i;

  for (i = 0; i < line.len; i++) {
    n += line.ptr[i] == ':';
  }

  if (n != form->ncolons || line.ptr[0] == ':' || line.ptr[0] == '#') {
    return false;
  }

  for (n = 0; n <= form->last_number; n++) {
    struct sftp_str field = cut(&line, ':');

    if (form->first_number > 0 && n >= form->first_number &&
        !is_number(field)) {
      return false;
    }
  }

  return true;
}

/* The format of the first line that has one; NULL: it is not an account file.
 */
static const struct form *form_of(struct sftp_str text) {
  size_t i;

  while (text.len > 0) {
    struct sftp_str line = cut(&text, '\n');

    for (i = 0; line.len > 0 && i < SFTP_NELEMS(forms); i++) {
      if (line_has_form(line, &forms[i])) {
        return &forms[i];
      }
    }
  }

  return NULL;
}

/* ---- The copy */

static unsigned char *put_bytes(unsigned char *to, const void *from, size_t n) {
  memcpy(to, from, n);
  return to + n;
}

/* Copies the lines of that format, with "*" in place of each password; returns
 * the number of bytes in to, which has room for twice the text.
 */
static size_t without_passwords(unsigned char *to, struct sftp_str text,
    const struct form *form) {
  unsigned char *at = to;

  while (text.len > 0) {
    struct sftp_str line = cut(&text, '\n'), name;

    if (line.len == 0 || !line_has_form(line, form)) {
      continue;
    }

    name = cut(&line, ':');
    (void) cut(&line, ':');
    at = put_bytes(at, name.ptr, name.len);
    at = put_bytes(at, ":*:", 3);
    at = put_bytes(at, line.ptr, line.len);
    at = put_bytes(at, "\n", 1);
  }

  return (size_t) (at - to);
}

static int read_all(int fd, unsigned char *to, size_t n) {
  size_t have = 0;
  ssize_t got = 1;

  while (have < n && got != 0) {
    got = pread(fd, to + have, n - have, (off_t) have);
    if (got < 0 && errno != EINTR) {
      return -1;
    }

    have += got > 0 ? (size_t) got : 0;
  }

  memset(to + have, '\n', n - have);
  return 0;
}

static int write_all(int fd, const unsigned char *from, size_t n) {
  while (n > 0) {
    ssize_t put_now = write(fd, from, n);

    if (put_now < 0 && errno != EINTR) {
      return -1;
    }

    from += put_now > 0 ? put_now : 0;
    n -= put_now > 0 ? (size_t) put_now : 0;
  }

  return 0;
}

/* Copies all names of the old file into the new one. */
static int copy_names(int old, int new, size_t size, const struct form *form) {
  size_t room = 3 * size;
  unsigned char *buf = malloc(room);
  struct sftp_str text = { buf, size };
  int res = -1;

  if (buf == NULL) {
    return -1;
  }

  if (read_all(old, buf, size) == 0) {
    size_t n = without_passwords(buf + size, text, form);

    res = write_all(new, buf + size, n);
  }

  sftp_wipe(buf, room);
  free(buf);
  return res;
}

/* A descriptor with the permitted part of the file; an empty one if there is
 * none, or if it cannot be created.
 */
static int harmless(int fd, size_t size, const struct form *form) {
  int copy = memfd_create("accounts", MFD_CLOEXEC|MFD_ALLOW_SEALING);

  if (copy < 0) {
    return open("/dev/null", O_RDONLY|O_CLOEXEC);
  }

  if (form->copied && (size > COPY_MAX ||
        copy_names(fd, copy, size, form) < 0)) {
    sftp_log("names of an account file will be missing: it is larger than "
      "%d bytes, or cannot be read", COPY_MAX);
  }

  (void) lseek(copy, 0, SEEK_SET);
  (void) fcntl(copy, F_ADD_SEALS, SEALS);
  return copy;
}

/* ---- Descriptors */

/* 1, or -1 with errno. */
static int replace_record(int fd, size_t size, const struct form *form) {
  int other = harmless(fd, size, form), res, xerrno;

  if (other < 0) {
    return -1;
  }

  res = dup3(other, fd, O_CLOEXEC);
  xerrno = errno;
  (void) close(other);
  errno = xerrno;
  return res < 0 ? -1 : 1;
}

/* 1: it was replaced, 0: it may remain, -1 with errno. */
static int look_at(int fd) {
  unsigned char begin[FORM_BYTES];
  struct sftp_str text = { begin, 0 };
  const struct form *form;
  int flags = fcntl(fd, F_GETFL), res = 0;
  struct stat st;
  ssize_t n;

  if (flags < 0 || (flags & (O_ACCMODE|O_PATH)) != O_RDONLY ||
      fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
    return 0;
  }

  n = pread(fd, begin, sizeof(begin), 0);
  text.len = n > 0 ? (size_t) n : 0;
  form = form_of(text);
  if (form != NULL) {
    res = replace_record(fd, (size_t) st.st_size, form);
  }

  sftp_wipe(begin, sizeof(begin));
  return res;
}

/* All but the standard ones; returns how many were replaced, or -1 with errno.
 */
static int look_at_all(void) {
  DIR *dir = opendir("/proc/self/fd");
  struct dirent *entry;
  int fd, res = 0, n = 0;

  for (fd = STDERR_FILENO + 1; dir == NULL && res >= 0 && fd < FDS_MAX; fd++) {
    res = look_at(fd);
    n += res;
  }

  while (dir != NULL && res >= 0 && (entry = readdir(dir)) != NULL) {
    fd = atoi(entry->d_name);
    if (fd > STDERR_FILENO && fd != dirfd(dir)) {
      res = look_at(fd);
      n += res;
    }
  }

  if (dir != NULL) {
    (void) closedir(dir);
  }

  return res < 0 ? -1 : n;
}

/* ---- The login */

/* Reads the first entries, and starts again from there. */
static void begin_anew(pool *p) {
  pr_auth_setpwent(p);
  pr_auth_setgrent(p);
  (void) pr_auth_getpwent(p);
  (void) pr_auth_getgrent(p);
  pr_auth_setpwent(p);
  pr_auth_setgrent(p);
}

int ftpd_accounts_keep(pool *p) {
  int n;

  endspent();
  begin_anew(p);
  n = look_at_all();
  if (n > 0) {
    begin_anew(p);              /* buffers still contain the previous content */
  }

  return n < 0 ? -1 : 0;
}
