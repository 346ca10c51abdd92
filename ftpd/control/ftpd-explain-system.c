/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain-system.c -- what each request needs of the file system, and
 * whether the user has it.  t/integration/explain.t compares that with what is
 * done.
 */

#include "ftpd-ask.h"
#include "ftpd-check.h"
#include "ftpd-explain-system.h"
#include "ftpd-explain.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"

#include "ftpd-attrs.h"

#include <fcntl.h>

#define NEEDS_IT      0x001U    /* it exists */
#define NEEDS_READ    0x002U    /* its content */
#define NEEDS_WRITE   0x004U    /* its content, or a new file */
#define NEEDS_NAME    0x008U    /* a change of its directory */
#define NEEDS_NONE    0x010U    /* it does not exist */
#define NEEDS_FILE    0x020U    /* it is no directory */
#define NEEDS_DIR     0x040U    /* it is one */
#define NEEDS_EMPTY   0x080U    /* with nothing in it */
#define NEEDS_LINK    0x100U    /* it is a symbolic link */
#define NEEDS_REG     0x200U    /* it is a regular file */
#define NEEDS_OWNER   0x400U    /* it is the user's own */
#define NEEDS_OPEN    0x800U    /* OPEN accepts what it is */
#define NEEDS_UPLOAD  0x1000U   /* what its upload needs: NEEDS_WRITE, or what
                                 * its temporary name needs */

static const struct {
  unsigned int first, second;
} needs[FTPD_NREQUESTS] = {
  [FTPD_OPEN_READ] = { NEEDS_IT|NEEDS_READ|NEEDS_OPEN, 0 },
  [FTPD_SCP_SEND] = { NEEDS_IT|NEEDS_READ|NEEDS_OPEN|NEEDS_REG, 0 },
  [FTPD_DIGEST] = { NEEDS_IT|NEEDS_READ|NEEDS_REG, 0 },
  [FTPD_OPEN_WRITE] = { NEEDS_UPLOAD|NEEDS_OPEN, 0 },
  [FTPD_OPEN_APPEND] = { NEEDS_UPLOAD|NEEDS_OPEN, 0 },
  [FTPD_SCP_RECV] = { NEEDS_UPLOAD|NEEDS_OPEN, 0 },
  [FTPD_LSTAT] = { NEEDS_IT, 0 },
  [FTPD_STAT] = { NEEDS_IT, 0 },
  [FTPD_OPENDIR] = { NEEDS_IT|NEEDS_READ|NEEDS_DIR, 0 },
  [FTPD_MKDIR] = { NEEDS_NONE|NEEDS_NAME, 0 },
  [FTPD_SCP_MKDIR] = { NEEDS_NONE|NEEDS_NAME, 0 },
  [FTPD_RMDIR] = { NEEDS_IT|NEEDS_NAME|NEEDS_DIR|NEEDS_EMPTY, 0 },
  [FTPD_REMOVE] = { NEEDS_IT|NEEDS_NAME|NEEDS_FILE, 0 },
  [FTPD_RENAME] = { NEEDS_IT|NEEDS_NAME, NEEDS_NAME },
  [FTPD_READLINK] = { NEEDS_IT|NEEDS_LINK, 0 },
  [FTPD_SYMLINK] = { 0, NEEDS_NONE|NEEDS_NAME },
  [FTPD_LINK] = { NEEDS_IT|NEEDS_FILE, NEEDS_NONE|NEEDS_NAME },
  [FTPD_HARDLINK] = { NEEDS_IT|NEEDS_FILE, NEEDS_NONE|NEEDS_NAME },
  [FTPD_LOCK] = { NEEDS_IT, 0 },
  [FTPD_STATVFS] = { NEEDS_IT, 0 },
  [FTPD_COPY] = { NEEDS_IT|NEEDS_READ|NEEDS_REG, NEEDS_WRITE|NEEDS_REG },
  [FTPD_XATTR_GET] = { NEEDS_IT|NEEDS_READ, 0 },
  [FTPD_XATTR_SET] = { NEEDS_IT|NEEDS_WRITE, 0 }
};

/* ---- Protection by the kernel */

/* fs.protected_*, as proc(5) has them. */
static int protected_files, protected_fifos, protected_links;

static int setting(const char *name) {
  int fd = open(name, O_RDONLY|O_CLOEXEC);
  char digit = '0';

  if (fd >= 0) {
    if (read(fd, &digit, 1) != 1) {
      digit = '0';
    }

    (void) close(fd);
  }

  return digit - '0';
}

void ftpd_explain_system_init(void) {
  protected_files = setting("/proc/sys/fs/protected_regular");
  protected_fifos = setting("/proc/sys/fs/protected_fifos");
  protected_links = setting("/proc/sys/fs/protected_hardlinks");
}

/* Whether it keeps users of a sticky directory from opening what is there as if
 * they made it.
 */
static bool is_protected(const struct stat *st, const struct stat *in) {
  int level = S_ISREG(st->st_mode) ? protected_files :
    S_ISFIFO(st->st_mode) ? protected_fifos : 0;

  return (in->st_mode & S_ISVTX) != 0 && st->st_uid != in->st_uid &&
    st->st_uid != geteuid() && ((level >= 1 && (in->st_mode & S_IWOTH) != 0) ||
    (level >= 2 && (in->st_mode & S_IWGRP) != 0));
}

/* ---- One path: 0, -1 with errno, or 1 */

static int unknown(struct ftpd_op *op, const char *why) {
  op->rule = why;
  return 1;
}

static int access_at(const char *path, int mode) {
  char at[PR_TUNABLE_PATH_MAX + 1];

  return faccessat(AT_FDCWD, ftpd_where(path, at, sizeof(at)), mode,
    AT_EACCESS);
}

static bool is_own(const struct stat *st) {
  return geteuid() == PR_ROOT_UID || geteuid() == st->st_uid;
}

static const char *dir_of(pool *p, const char *path) {
  const char *slash = strrchr(path, '/');

  return slash == NULL || slash == path ? "/" :
    pstrndup(p, path, (size_t) (slash - path));
}

/* Whether a name in that file's directory may change; in a sticky one, only by
 * the owner.
 */
static int check_dir_of(struct ftpd *h, pool *p, const char *path,
    const struct stat *st) {
  const char *dir = dir_of(p, path);
  struct stat in;

  if (access_at(dir, W_OK|X_OK) < 0 || ftpd_stat(h, dir, &in) < 0) {
    return -1;
  }

  if (st != NULL && (in.st_mode & S_ISVTX) != 0 && !is_own(&in) &&
      !is_own(st)) {
    errno = EPERM;
    return -1;
  }

  return 0;
}

static int check_empty(struct ftpd_op *op, const char *path) {
  struct dirent *entry;
  void *dir = pr_fsio_opendir(path);
  int res = 0;

  if (dir == NULL) {
    return errno != EACCES ? -1 : unknown(op, "the user may not see whether "
      "the directory is empty");
  }

  while (res == 0 && (entry = pr_fsio_readdir(dir)) != NULL) {
    res = strcmp(entry->d_name, ".") == 0 ||
      strcmp(entry->d_name, "..") == 0 ? 0 : -1;
  }

  (void) pr_fsio_closedir(dir);
  errno = ENOTEMPTY;
  return res;
}

/* What is there, of that kind: 0, or an errno. */
static int check_kind(const struct stat *st, unsigned int what) {
  return (what & NEEDS_NONE) != 0 ? EEXIST :
    (what & (NEEDS_FILE|NEEDS_REG)) != 0 && S_ISDIR(st->st_mode) ? EISDIR :
    (what & NEEDS_DIR) != 0 && !S_ISDIR(st->st_mode) ? ENOTDIR :
    ((what & NEEDS_LINK) != 0 && !S_ISLNK(st->st_mode)) ||
    ((what & NEEDS_REG) != 0 && !S_ISREG(st->st_mode)) ? EINVAL :
    (what & NEEDS_OWNER) != 0 && !is_own(st) ? EPERM : 0;
}

/* What there is may be read and written. */
static int check_content(struct ftpd_op *op, const char *path,
    unsigned int what) {
  return ((what & NEEDS_READ) != 0 && access_at(path, R_OK) < 0) ||
    ((what & NEEDS_WRITE) != 0 && access_at(path, W_OK) < 0) ? -1 :
    (what & NEEDS_EMPTY) != 0 ? check_empty(op, path) : 0;
}

/* An upload changes the file, unless it goes to a temporary name first, from
 * which it is renamed.
 */
static int needs_of_upload(struct ftpd_op *op, const char *path,
    const struct stat *st, unsigned int *what) {
  bool appends = op->req == FTPD_OPEN_APPEND;
  struct stat in;

  if (ftpd_check_kind(op, st) < 0) {
    return -1;
  }

  if (ftpd_check_of() != NULL) {
    *what |= NEEDS_NAME|(appends ? NEEDS_READ : 0);

  } else if (!appends && ftpd_hidden_on(op->pool, path)) {
    *what |= NEEDS_NAME;

  } else {
    *what |= NEEDS_WRITE;
    if (ftpd_stat(op->ftpd, dir_of(op->pool, path), &in) == 0 &&
        is_protected(st, &in)) {
      errno = EACCES;
      return -1;
    }
  }

  return 0;
}

static int check_there(struct ftpd_op *op, const char *path,
    const struct stat *st, unsigned int what) {
  int res;

  errno = check_kind(st, what);
  if (errno != 0 ||
      ((what & NEEDS_OPEN) != 0 && ftpd_may_open(op, st) < 0) ||
      ((what & NEEDS_UPLOAD) != 0 &&
       needs_of_upload(op, path, st, &what) < 0)) {
    return -1;
  }

  res = check_content(op, path, what);
  if (res >= 0 && (what & NEEDS_NAME) != 0 &&
      check_dir_of(op->ftpd, op->pool, path, st) < 0) {
    return -1;
  }

  return res == 0 && (what & NEEDS_WRITE) != 0 && S_ISFIFO(st->st_mode) ?
    unknown(op, "a FIFO can be written to while somebody reads from it") : res;
}

static int check_file(struct ftpd_op *op, const char *path,
    unsigned int what) {
  struct stat st;

  if (ftpd_lstat(op->ftpd, path, &st) == 0) {
    return check_there(op, path, &st, what);
  }

  if (what == 0) {
    return 0;
  }

  return (what & NEEDS_IT) != 0 || errno != ENOENT ? -1 :
    check_dir_of(op->ftpd, op->pool, path, NULL);
}

/* Tells a refusal. */
static int ask_system(struct ftpd_op *op, const char *path,
    unsigned int what) {
  int res = check_file(op, path, what), xerrno = errno;

  if (res < 0) {
    ftpd_explain("the file system refuses '%s': %s", path, op->rule != NULL ?
      op->rule : strerror(xerrno));
  }

  errno = xerrno;
  return res;
}

/* ---- Two paths */

static bool is_below(const char *path, const char *dir) {
  size_t n = strlen(dir);

  return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static bool same_dir(const char *a, const char *b) {
  size_t n = (size_t) (strrchr(a, '/') - a);

  return n == (size_t) (strrchr(b, '/') - b) && strncmp(a, b, n) == 0;
}

/* A directory replaces an empty one and gets another "..", a file replaces a
 * file.
 */
static int check_rename(struct ftpd_op *op, const char *from, const char *to) {
  struct stat old, new;
  bool dir, exists;

  if (ftpd_lstat(op->ftpd, from, &old) < 0) {
    return -1;
  }

  dir = S_ISDIR(old.st_mode);
  exists = ftpd_lstat(op->ftpd, to, &new) == 0;
  errno = dir && is_below(to, from) ? EINVAL :
    !exists ? 0 : is_below(from, to) ? ENOTEMPTY :
    dir && !S_ISDIR(new.st_mode) ? ENOTDIR :
    !dir && S_ISDIR(new.st_mode) ? EISDIR : 0;
  if (errno != 0 || (dir && !same_dir(from, to) &&
      access_at(from, W_OK) < 0)) {
    return -1;
  }

  return dir && exists && (old.st_dev != new.st_dev ||
    old.st_ino != new.st_ino) ? check_empty(op, to) : 0;
}

/* fs.protected_hardlinks: no second name for what others own, unless the user
 * may read and write it.
 */
static int check_link(struct ftpd_op *op, const char *path) {
  struct stat st;

  if (ftpd_lstat(op->ftpd, path, &st) < 0) {
    return -1;
  }

  if (protected_links != 0 && !is_own(&st) && (!S_ISREG(st.st_mode) ||
      (st.st_mode & S_ISUID) != 0 || access_at(path, R_OK|W_OK) < 0)) {
    errno = EPERM;
    return -1;
  }

  return 0;
}

/* Nothing is copied to itself. */
static int check_copy(struct ftpd_op *op, const char *from, const char *to) {
  struct stat a, b;

  if (ftpd_lstat(op->ftpd, from, &a) < 0 || ftpd_lstat(op->ftpd, to, &b) < 0 ||
      a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
    return 0;
  }

  errno = EINVAL;
  return -1;
}

static int check_pair(struct ftpd_op *op, const char *path, const char *to) {
  int res = op->req == FTPD_RENAME ? check_rename(op, path, to) :
    op->req == FTPD_COPY ? check_copy(op, path, to) :
    op->req == FTPD_SYMLINK ? 0 : check_link(op, path), xerrno = errno;

  if (res < 0) {
    ftpd_explain("the file system refuses '%s' with '%s': %s", path, to,
      strerror(xerrno));
  }

  errno = xerrno;
  return res;
}

int ftpd_explain_system(struct ftpd_op *op, const char *path,
    const char *to) {
  int res;

  if (op->req == FTPD_READLINK && !ftpd_shows_links(op->ftpd)) {
    errno = EINVAL;
    return -1;
  }

  res = op->req == FTPD_SYMLINK ? 0 : ask_system(op, path,
    needs[op->req].first);
  if (res == 0 && to != NULL) {
    res = ask_system(op, to, needs[op->req].second);
  }

  return res == 0 && to != NULL ? check_pair(op, path, to) : res;
}

/* ---- Attributes */

static const struct {
  const char *word;
  unsigned int effect, needs;
} attributes[] = {
  { "chmod", SFTP_EFF_MODE, NEEDS_IT|NEEDS_OWNER },
  { "chgrp", SFTP_EFF_OWNER, NEEDS_IT|NEEDS_OWNER },
  { "utimes", SFTP_EFF_TIME, NEEDS_IT|NEEDS_OWNER },
  { "truncate", SFTP_EFF_REPLACE, NEEDS_IT|NEEDS_WRITE|NEEDS_FILE },
  { NULL, SFTP_EFF_ATTR, NEEDS_IT|NEEDS_OWNER }
};

unsigned int ftpd_explain_attribute(const char *word) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(attributes); i++) {
    if (attributes[i].word != NULL && strcmp(attributes[i].word, word) == 0) {
      return attributes[i].effect;
    }
  }

  return 0;
}

const char *ftpd_explain_attribute_words(pool *p) {
  const char *words = "";
  size_t i;

  for (i = 0; i < SFTP_NELEMS(attributes); i++) {
    if (attributes[i].word != NULL) {
      words = pstrcat(p, words, ", ", attributes[i].word, NULL);
    }
  }

  return words;
}

static const char *text_of(unsigned int effect) {
  size_t i;

  for (i = 0; i < SFTP_NEFFECTS && sftp_effects[i].bit != effect; i++) {
    continue;
  }

  return sftp_effects[i].text;
}

static int ask_attribute(struct ftpd_op *op, const char *path, size_t i) {
  unsigned int effect = attributes[i].effect;

  return ftpd_permit_effect(op, path, effect) < 0 ||
    check_file(op, path, NEEDS_IT) < 0 ||
    (effect == SFTP_EFF_REPLACE && ftpd_check_resize(op, path, 1) < 0) ? -1 :
    check_file(op, path, attributes[i].needs);
}

int ftpd_explain_attributes(struct ftpd_op *op, const char *path) {
  const char *rule = NULL;
  int best = -1, xerrno = 0, res;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(attributes); i++) {
    if (op->effects != 0 && (op->effects & attributes[i].effect) == 0) {
      continue;
    }

    res = ask_attribute(op, path, i);
    best = res == 0 ? 0 : best;
    if (res != 0) {
      rule = op->rule;
      xerrno = errno;
      ftpd_explain("what %s is refused: %s", text_of(attributes[i].effect),
        rule != NULL ? rule : strerror(xerrno));
    }

    op->rule = op->refused = NULL;
  }

  op->rule = best < 0 ? rule : NULL;
  errno = xerrno;
  return best;
}
