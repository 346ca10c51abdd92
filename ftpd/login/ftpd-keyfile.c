/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyfile.c -- opens and checks the files whose content decides a login.
 *
 * Links are resolved first, and for each one the directory that contains it is
 * checked.  Then the path is walked by descriptors, and each directory is
 * checked before the next name is looked up in it: a name that is replaced by a
 * link meanwhile is refused.
 */

#include "ftpd-keyfile.h"

#include <fcntl.h>

#define LIFTED "or SFTPOptions InsecureUserKeyPerms"
#define DIR_FLAGS (O_PATH|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC)

/* Without waiting, in case it is a FIFO. */
#define FILE_FLAGS (O_RDONLY|O_NONBLOCK|O_NOCTTY|O_CLOEXEC)

/* ---- Checks */

/* If the daemon does not run as root, its own user counts as root. */
static bool may_own(const struct ftpd_keyfile_rule *rule, uid_t uid) {
  return uid == PR_ROOT_UID || uid == getuid() ||
    (rule->user != NULL && uid == rule->user->pw_uid);
}

/* Why the wrong users can write to the file (what NULL) or the directory; NULL:
 * they cannot.
 */
static const char *owner_objection(pool *p,
    const struct ftpd_keyfile_rule *rule, const struct stat *st,
    const char *dir) {
  const char *what = dir != NULL ? pstrcat(p, "directory '", dir, "'", NULL) :
    "it";
  char text[128], user[32] = "";

  if (!may_own(rule, st->st_uid)) {
    if (rule->user != NULL && rule->user->pw_uid != PR_ROOT_UID) {
      snprintf(user, sizeof(user), ", user %lu",
        (unsigned long) rule->user->pw_uid);
    }

    snprintf(text, sizeof(text), " belongs to user %lu (accepted: root%s, ",
      (unsigned long) st->st_uid, user);
    return pstrcat(p, what, text, LIFTED ")", NULL);
  }

  if ((st->st_mode & (S_IWGRP|S_IWOTH)) == 0) {
    return NULL;
  }

  snprintf(text, sizeof(text), " has mode %04o: %s may write to it (accepted: "
    "write right for its owner alone, ", (unsigned int) st->st_mode & 07777,
    (st->st_mode & S_IWOTH) != 0 ? "anybody" : "its group");
  return pstrcat(p, what, text, LIFTED ")", NULL);
}

static const char *file_objection(pool *p,
    const struct ftpd_keyfile_rule *rule, const struct stat *st) {
  if (!S_ISREG(st->st_mode)) {
    return "not a regular file";
  }

  if (st->st_size > rule->max) {
    return "too large";
  }

  return rule->insecure ? NULL : owner_objection(p, rule, st, NULL);
}

/* ---- The way to the file */

struct walk {
  pool *pool;
  const struct ftpd_keyfile_rule *rule;
  const char *real;             /* without links */
  size_t from;                  /* shorter paths are not checked */
  const char *why;
};

/* Whether the directory in the first len bytes is safe. */
static bool judge_dir(struct walk *w, int fd, size_t len) {
  struct stat st;

  if (len < w->from) {
    return true;
  }

  if (fstat(fd, &st) < 0) {
    return false;
  }

  w->why = owner_objection(w->pool, w->rule, &st, len == 0 ? "/" :
    pstrndup(w->pool, w->real, len));
  return w->why == NULL;
}

/* Opens the file through every directory above it; -1 with why, or errno. */
static int walk_to_file(struct walk *w) {
  const char *name = w->real + 1, *end;
  int at = open("/", DIR_FLAGS), next, xerrno;

  while (at >= 0) {
    next = -1;
    end = strchr(name, '/');
    if (judge_dir(w, at, (size_t) (name - 1 - w->real))) {
      next = end == NULL ? openat(at, name, FILE_FLAGS|O_NOFOLLOW) :
        openat(at, pstrndup(w->pool, name, (size_t) (end - name)), DIR_FLAGS);
    }

    xerrno = errno;
    (void) close(at);
    errno = xerrno;
    if (end == NULL) {
      return next;
    }

    at = next;
    name = end + 1;
  }

  return -1;
}

/* For files in the home directory, only directories within it count. */
static size_t first_judged(const struct passwd *user, const char *real) {
  char *home = user != NULL && user->pw_dir != NULL && *user->pw_dir == '/' ?
    realpath(user->pw_dir, NULL) : NULL;
  size_t len = home != NULL ? strlen(home) : 0;

  if (len <= 1 || strncmp(real, home, len) != 0 || real[len] != '/') {
    len = 0;
  }

  free(home);
  return len;
}

/* ---- Links on the way
 *
 * Whoever may write to the directory of a link chooses the file.  A link is
 * read here, and its directory judged behind that, so that none is followed
 * which was not judged.
 */

#define LINKS_MAX 40

/* The unresolved part of the path, and *real, the resolved part: nothing is
 * checked up to the user's home directory.
 */
static const char *begin_path(pool *p, const char *path,
    const struct passwd *user, const char **real) {
  size_t len = user != NULL && user->pw_dir != NULL ? strlen(user->pw_dir) : 0;
  char *home;

  *real = "";
  while (len > 0 && user->pw_dir[len - 1] == '/') {
    len--;
  }

  if (len == 0 || strncmp(path, user->pw_dir, len) != 0 || path[len] != '/') {
    return path;
  }

  home = realpath(user->pw_dir, NULL);
  if (home == NULL) {
    return NULL;
  }

  *real = strcmp(home, "/") == 0 ? "" : pstrdup(p, home);
  free(home);
  return path + len;
}

static int open_real(struct walk *w, const char *real) {
  w->real = real;
  w->from = first_judged(w->rule->user, real);
  return walk_to_file(w);
}

/* Whether the directory of that link is safe. */
static bool judge_link(struct walk *w, const char *link) {
  int fd = open_real(w, link);

  if (fd >= 0) {
    (void) close(fd);           /* it was a link a moment ago */
    errno = EAGAIN;
  }

  return fd < 0 && w->why == NULL && errno == ELOOP;
}

/* Removes the first name from *rest. */
static const char *take_name(pool *p, const char **rest) {
  const char *name = *rest + strspn(*rest, "/");
  size_t len = strcspn(name, "/");

  *rest = name + len;
  return pstrndup(p, name, len);
}

/* Resolves one more name; NULL with errno, or why. */
static const char *step_path(struct walk *w, const char *real,
    const char **rest, unsigned int *nlinks) {
  const char *name = take_name(w->pool, rest), *at;
  char target[PR_TUNABLE_PATH_MAX];
  ssize_t n;

  if (*name == '\0' || strcmp(name, ".") == 0) {
    return real;
  }

  if (strcmp(name, "..") == 0) {
    at = strrchr(real, '/');
    return at != NULL ? pstrndup(w->pool, real, (size_t) (at - real)) : real;
  }

  at = pstrcat(w->pool, real, "/", name, NULL);
  n = readlink(at, target, sizeof(target) - 1);
  if (n < 0) {
    return errno == EINVAL ? at : NULL;
  }

  if (++*nlinks > LINKS_MAX) {
    errno = ELOOP;
    return NULL;
  }

  target[n] = '\0';
  *rest = pstrcat(w->pool, target, *rest, NULL);
  return !judge_link(w, at) ? NULL : *target == '/' ? "" : real;
}

static int open_safely(pool *p, const char *path,
    const struct ftpd_keyfile_rule *rule, const char **why) {
  struct walk w = { p, rule, NULL, 0, NULL };
  const char *real, *rest = begin_path(p, path, rule->user, &real);
  unsigned int nlinks = 0;
  int fd = -1;

  while (rest != NULL && *rest != '\0' && real != NULL) {
    real = step_path(&w, real, &rest, &nlinks);
  }

  if (rest != NULL && real != NULL) {
    fd = open_real(&w, real);
  }

  *why = w.why;
  return fd;
}

int ftpd_keyfile_open(pool *p, const char *path,
    const struct ftpd_keyfile_rule *rule, struct stat *st, const char **why) {
  int fd, xerrno;

  *why = NULL;
  PRIVS_ROOT
  fd = rule->insecure ? open(path, FILE_FLAGS) :
    open_safely(p, path, rule, why);
  xerrno = errno;
  PRIVS_RELINQUISH
  errno = xerrno;
  if (fd < 0) {
    return -1;
  }

  if (fstat(fd, st) == 0) {
    *why = file_objection(p, rule, st);
    if (*why == NULL) {
      return fd;
    }
  }

  xerrno = errno;
  (void) close(fd);
  errno = xerrno;
  return -1;
}

/* ---- The text */

int ftpd_keyfile_at(int fd, void *buf, size_t n, off_t offset) {
  unsigned char *to = buf;

  while (n > 0) {
    ssize_t got = pread(fd, to, n, offset);

    if (got < 0 && errno == EINTR) {
      continue;
    }

    if (got <= 0) {
      errno = got < 0 ? errno : EINVAL;
      return -1;
    }

    to += got;
    n -= (size_t) got;
    offset += got;
  }

  return 0;
}

int ftpd_keyfile_whole(pool *p, int fd, off_t size, struct sftp_str *text) {
  size_t len = (size_t) size;
  unsigned char *buf = palloc(p, len + 1);
  int res = ftpd_keyfile_at(fd, buf, len, 0), xerrno = errno;

  (void) close(fd);
  buf[len] = '\0';
  if (res < 0) {
    sftp_wipe(buf, len);
    errno = xerrno;
    return -1;
  }

  text->ptr = buf;
  text->len = len;
  return 0;
}

int ftpd_keyfile_text(pool *p, const char *path,
    const struct ftpd_keyfile_rule *rule, struct sftp_str *text,
    const char **why) {
  struct stat st;
  int fd = ftpd_keyfile_open(p, path, rule, &st, why);

  return fd < 0 ? -1 : ftpd_keyfile_whole(p, fd, st.st_size, text);
}
