/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain-system-t.c -- what ftpdctl sftp explain says about a table of
 * files: what each request needs of them.
 */

#include "daemon.h"

#include "directives.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-check.h"
#include "ftpd-explain-system.h"
#include "ftpd-explain.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ME 1000
#define OTHER 1001
#define THIRD 1002

static pool *p;

/* ---- The files */

static const struct file {
  const char *path;
  mode_t mode;
  uid_t uid;
  int may;                      /* R_OK|W_OK|X_OK */
  ino_t ino;                    /* 0: its own */
  dev_t dev;
} files[] = {
  { "/", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/d", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/d/f", S_IFREG|0644, ME, 6, 1000, 0 },
  { "/d/f2", S_IFREG|0644, ME, 6, 1000, 0 },
  { "/d/f3", S_IFREG|0644, ME, 6, 1000, 1 },
  { "/d/r", S_IFREG|0644, OTHER, 4, 0, 0 },
  { "/d/w", S_IFREG|0622, OTHER, 6, 0, 0 },
  { "/d/suid", S_IFREG|S_ISUID|0622, OTHER, 6, 0, 0 },
  { "/d/mine-suid", S_IFREG|S_ISUID|0600, ME, 6, 0, 0 },
  { "/d/n", S_IFREG|0600, OTHER, 0, 0, 0 },
  { "/d/wo", S_IFREG|0622, OTHER, 2, 0, 0 },
  { "/d/link", S_IFLNK|0777, ME, 6, 0, 0 },
  { "/d/fifo", S_IFIFO|0644, ME, 6, 0, 0 },
  { "/d/their-fifo", S_IFIFO|0666, OTHER, 6, 0, 0 },
  { "/d/sub", S_IFDIR|0755, ME, 7, 2000, 0 },
  { "/d/sub/in", S_IFREG|0644, ME, 6, 0, 0 },
  { "/d/sub2", S_IFDIR|0755, ME, 7, 2000, 1 },
  { "/d/empty", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/d/closed", S_IFDIR|0300, ME, 3, 0, 0 },
  { "/d/bad", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/d/nw", S_IFDIR|0555, ME, 5, 0, 0 },
  { "/e", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/dd", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/ro", S_IFDIR|0555, ME, 5, 0, 0 },
  { "/ro/f", S_IFREG|0644, ME, 6, 0, 0 },
  { "/ro/closed", S_IFDIR|0300, ME, 3, 0, 0 },
  { "/blind", S_IFDIR|0755, ME, 7, 0, 0 },
  { "/s", S_IFDIR|S_ISVTX|0777, OTHER, 7, 0, 0 },
  { "/s/mine", S_IFREG|0666, ME, 6, 0, 0 },
  { "/s/theirs", S_IFREG|0666, THIRD, 6, 0, 0 },
  { "/s/fifo", S_IFIFO|0666, THIRD, 6, 0, 0 },
  { "/s/owners", S_IFREG|0666, OTHER, 6, 0, 0 },
  { "/g", S_IFDIR|S_ISVTX|0770, OTHER, 7, 0, 0 },
  { "/g/theirs", S_IFREG|0666, THIRD, 6, 0, 0 },
  { "/p", S_IFDIR|S_ISVTX|0755, OTHER, 7, 0, 0 },
  { "/p/theirs", S_IFREG|0666, THIRD, 6, 0, 0 },
  { "/own", S_IFDIR|S_ISVTX|0777, ME, 7, 0, 0 },
  { "/own/theirs", S_IFREG|0666, OTHER, 6, 0, 0 },
  { "/all", S_IFDIR|0777, OTHER, 7, 0, 0 },
  { "/all/theirs", S_IFREG|0666, THIRD, 6, 0, 0 }
};

static const struct file *file_at(const char *path) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(files); i++) {
    if (strcmp(files[i].path, path) == 0) {
      return &files[i];
    }
  }

  errno = strncmp(path, "/locked/", 8) == 0 ? EACCES : ENOENT;
  return NULL;
}

static uid_t euid = ME;

uid_t geteuid(void) {
  return euid;
}

static int look(const char *path, struct stat *st) {
  const struct file *f = file_at(path);

  if (f == NULL) {
    return -1;
  }

  memset(st, 0, sizeof(*st));
  st->st_mode = f->mode;
  st->st_uid = f->uid;
  st->st_dev = f->dev;
  st->st_ino = f->ino != 0 ? f->ino : (ino_t) (f - files + 1);
  return 0;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return look(path, st);
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  errno = EIO;
  return strcmp(path, "/blind") == 0 ? -1 : look(path, st);
}

int faccessat(int fd, const char *path, int mode, int flags) {
  const struct file *f = file_at(path);

  ok(fd == AT_FDCWD && flags == AT_EACCESS, "rights are those of the user");
  if (f != NULL && (f->may & mode) != mode) {
    errno = EACCES;
    return -1;
  }

  return f != NULL ? 0 : -1;
}

const char *ftpd_where(const char *path, char *buf, size_t size) {
  (void) buf;
  (void) size;
  return path;
}

static unsigned int nopen, at;

void *pr_fsio_opendir(const char *path) {
  const struct file *f = file_at(path);

  if ((f->may & R_OK) == 0 || strcmp(path, "/d/bad") == 0) {
    errno = (f->may & R_OK) == 0 ? EACCES : EIO;
    return NULL;
  }

  nopen++;
  at = 0;
  return (void *) f;
}

struct dirent *pr_fsio_readdir(void *dir) {
  static const char *const names[] = { ".", "..", "in" };
  static struct dirent entry;
  const struct file *f = dir;
  unsigned int n = strcmp(f->path, "/d/sub") == 0 ||
    strcmp(f->path, "/d/sub2") == 0 ? 3 : 2;

  if (at == n) {
    return NULL;
  }

  snprintf(entry.d_name, sizeof(entry.d_name), "%s", names[at++]);
  return &entry;
}

int pr_fsio_closedir(void *dir) {
  (void) dir;
  nopen--;
  return 0;
}

/* The settings of the kernel: a digit, or nothing. */
static const char *settings[3] = { "0", "0", "0" };

int open(const char *path, int flags, ...) {
  static const char *const names[] = { "/proc/sys/fs/protected_regular",
    "/proc/sys/fs/protected_fifos", "/proc/sys/fs/protected_hardlinks" };
  int fd[2], res;
  va_list ap;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (strcmp(path, names[i]) == 0) {
      if (settings[i] == NULL || pipe2(fd, flags & O_CLOEXEC) < 0) {
        errno = ENOENT;
        return -1;
      }

      (void) !write(fd[1], settings[i], strlen(settings[i]));
      (void) close(fd[1]);
      return fd[0];
    }
  }

  /* What the compiler adds to programs opens files, too. */
  va_start(ap, flags);
  res = openat(AT_FDCWD, path, flags, va_arg(ap, unsigned int));
  va_end(ap);
  return res;
}

/* ---- Of the gate */

static bool shows, kind_refused, open_refused, resize_refused, hides;
static const struct upload_check *check;
static unsigned int refused;    /* effects */

bool ftpd_shows_links(struct ftpd *h) {
  (void) h;
  return shows;
}

int ftpd_check_kind(struct ftpd_op *op, const struct stat *st) {
  (void) op;
  (void) st;
  errno = EOPNOTSUPP;
  return kind_refused ? -1 : 0;
}

const struct upload_check *ftpd_check_of(void) {
  return check;
}

int ftpd_check_resize(struct ftpd_op *op, const char *path, off_t size) {
  (void) path;
  op->rule = resize_refused && size > 0 ? "a check" : op->rule;
  return resize_refused && size > 0 ? -1 : 0;
}

bool ftpd_hidden_on(pool *in, const char *path) {
  (void) in;
  (void) path;
  return hides;
}

int ftpd_may_open(struct ftpd_op *op, const struct stat *st) {
  (void) op;
  (void) st;
  errno = ENXIO;
  return open_refused ? -1 : 0;
}

int ftpd_permit_effect(struct ftpd_op *op, const char *path,
    unsigned int effects) {
  (void) path;
  if ((effects & refused) != 0) {
    op->rule = "a rule";
    return -1;
  }

  return 0;
}

static char said[500];

void ftpd_explain(const char *fmt, ...) {
  size_t n = strlen(said);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(said + n, sizeof(said) - n, fmt, ap);
  va_end(ap);
  n = strlen(said);
  snprintf(said + n, sizeof(said) - n, ";");
}

/* ---- The tests */

static void begin(void) {
  shows = true;
  kind_refused = open_refused = resize_refused = hides = false;
  check = NULL;
  refused = 0;
  euid = ME;
  settings[0] = settings[1] = settings[2] = "0";
  ftpd_explain_system_init();
}

static struct ftpd_op op;

/* want: 0, an errno, or -1 for what nobody can tell. */
static void asks(enum ftpd_request req, const char *path, const char *to,
    int want) {
  int res, xerrno;

  memset(&op, 0, sizeof(op));
  op.pool = p;
  op.req = req;
  said[0] = '\0';
  errno = 0;
  res = ftpd_explain_system(&op, path, to);
  xerrno = errno;
  ok(res == (want == -1 ? 1 : want == 0 ? 0 : -1) &&
    (want <= 0 || xerrno == want), "%d of '%s' and '%s'", (int) req, path,
    to != NULL ? to : "");
  if (res != (want == -1 ? 1 : want == 0 ? 0 : -1) || (want > 0 &&
      xerrno != want)) {
    diag("%d, %s", res, strerror(xerrno));
  }

  ok(nopen == 0, "... nothing stays open");
}

static void reading_needs_rights(void) {
  begin();
  asks(FTPD_OPEN_READ, "/d/f", NULL, 0);
  asks(FTPD_OPEN_READ, "/d/r", NULL, 0);
  asks(FTPD_OPEN_READ, "/d/fifo", NULL, 0);
  asks(FTPD_OPEN_READ, "/d/n", NULL, EACCES);
  is_str(said, "the file system refuses '/d/n': Permission denied;",
    "a refusal is told");
  asks(FTPD_OPEN_READ, "/d/wo", NULL, EACCES);
  asks(FTPD_OPEN_READ, "/d/absent", NULL, ENOENT);
  asks(FTPD_XATTR_GET, "/d/n", NULL, EACCES);
  asks(FTPD_XATTR_GET, "/d/r", NULL, 0);
  asks(FTPD_LSTAT, "/d/n", NULL, 0);
  asks(FTPD_STAT, "/d/absent", NULL, ENOENT);
  asks(FTPD_LOCK, "/d/absent", NULL, ENOENT);
  asks(FTPD_STATVFS, "/d/absent", NULL, ENOENT);
  asks(FTPD_OPENDIR, "/d/sub", NULL, 0);
  asks(FTPD_OPENDIR, "/d/f", NULL, ENOTDIR);
  asks(FTPD_OPENDIR, "/d/closed", NULL, EACCES);
  asks(FTPD_SCP_SEND, "/d/f", NULL, 0);
  asks(FTPD_SCP_SEND, "/d/sub", NULL, EISDIR);
  asks(FTPD_SCP_SEND, "/d/fifo", NULL, EINVAL);
  asks(FTPD_DIGEST, "/d/f", NULL, 0);
  asks(FTPD_DIGEST, "/d/fifo", NULL, EINVAL);
  open_refused = true;
  asks(FTPD_OPEN_READ, "/d/f", NULL, ENXIO);
  asks(FTPD_DIGEST, "/d/f", NULL, 0);
}

static void writing_needs_rights(void) {
  begin();
  asks(FTPD_OPEN_WRITE, "/d/f", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/d/wo", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/d/r", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/d/new", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/new", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/ro/new", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/ro/f", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/absent/new", NULL, ENOENT);
  asks(FTPD_OPEN_WRITE, "/locked/new", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/blind/new", NULL, EIO);
  asks(FTPD_OPEN_WRITE, "/d/fifo", NULL, -1);
  ok(strstr(op.rule, "a FIFO") != NULL, "... because it is a FIFO");
  asks(FTPD_OPEN_APPEND, "/d/wo", NULL, 0);
  asks(FTPD_SCP_RECV, "/d/r", NULL, EACCES);
  asks(FTPD_XATTR_SET, "/d/r", NULL, EACCES);
  asks(FTPD_XATTR_SET, "/d/absent", NULL, ENOENT);
  open_refused = true;
  asks(FTPD_OPEN_WRITE, "/d/f", NULL, ENXIO);
  begin();
  kind_refused = true;
  asks(FTPD_OPEN_WRITE, "/d/f", NULL, EOPNOTSUPP);
  asks(FTPD_OPEN_READ, "/d/f", NULL, 0);
}

static void temporary_names_need_a_directory(void) {
  static const struct upload_check one;

  begin();
  check = &one;
  asks(FTPD_OPEN_WRITE, "/d/n", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/ro/f", NULL, EACCES);
  asks(FTPD_OPEN_APPEND, "/d/n", NULL, EACCES);
  asks(FTPD_OPEN_APPEND, "/d/r", NULL, 0);
  asks(FTPD_OPEN_APPEND, "/ro/f", NULL, EACCES);
  begin();
  hides = true;
  asks(FTPD_OPEN_WRITE, "/d/n", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/ro/f", NULL, EACCES);
  asks(FTPD_OPEN_APPEND, "/ro/f", NULL, 0);
  asks(FTPD_OPEN_APPEND, "/d/r", NULL, EACCES);
}

static void kernels_protect_files(void) {
  begin();
  asks(FTPD_OPEN_WRITE, "/s/theirs", NULL, 0);
  settings[0] = "1";
  ftpd_explain_system_init();
  asks(FTPD_OPEN_WRITE, "/s/theirs", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/s/fifo", NULL, -1);
  asks(FTPD_OPEN_WRITE, "/s/mine", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/s/owners", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/g/theirs", NULL, 0);
  asks(FTPD_OPEN_WRITE, "/all/theirs", NULL, 0);
  settings[0] = "2";
  ftpd_explain_system_init();
  asks(FTPD_OPEN_WRITE, "/s/theirs", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/g/theirs", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/p/theirs", NULL, 0);
  settings[0] = "";
  settings[1] = "1";
  ftpd_explain_system_init();
  asks(FTPD_OPEN_WRITE, "/s/fifo", NULL, EACCES);
  asks(FTPD_OPEN_WRITE, "/s/theirs", NULL, 0);
  settings[0] = settings[1] = settings[2] = NULL;
  ftpd_explain_system_init();
  asks(FTPD_OPEN_WRITE, "/s/fifo", NULL, -1);
  asks(FTPD_LINK, "/d/r", "/d/new", 0);
}

static void names_need_a_directory(void) {
  begin();
  asks(FTPD_MKDIR, "/d/new", NULL, 0);
  asks(FTPD_MKDIR, "/d/f", NULL, EEXIST);
  asks(FTPD_MKDIR, "/ro/new", NULL, EACCES);
  asks(FTPD_SCP_MKDIR, "/d/f", NULL, EEXIST);
  asks(FTPD_RMDIR, "/d/empty", NULL, 0);
  asks(FTPD_RMDIR, "/d/sub", NULL, ENOTEMPTY);
  asks(FTPD_RMDIR, "/d/f", NULL, ENOTDIR);
  asks(FTPD_RMDIR, "/d/absent", NULL, ENOENT);
  asks(FTPD_RMDIR, "/d/closed", NULL, -1);
  ok(strstr(op.rule, "may not see") != NULL, "... because it is closed");
  asks(FTPD_RMDIR, "/d/bad", NULL, EIO);
  asks(FTPD_RMDIR, "/ro/closed", NULL, EACCES);
  asks(FTPD_REMOVE, "/d/f", NULL, 0);
  asks(FTPD_REMOVE, "/d/n", NULL, 0);
  asks(FTPD_REMOVE, "/d/link", NULL, 0);
  asks(FTPD_REMOVE, "/d/sub", NULL, EISDIR);
  asks(FTPD_REMOVE, "/ro/f", NULL, EACCES);
  asks(FTPD_REMOVE, "/s/theirs", NULL, EPERM);
  asks(FTPD_REMOVE, "/s/mine", NULL, 0);
  asks(FTPD_REMOVE, "/own/theirs", NULL, 0);
  asks(FTPD_REMOVE, "/all/theirs", NULL, 0);
  asks(FTPD_MKDIR, "/s/new", NULL, 0);
  euid = 0;
  asks(FTPD_REMOVE, "/s/theirs", NULL, 0);
}

static void renames_keep_the_tree(void) {
  begin();
  asks(FTPD_RENAME, "/d/f", "/d/new", 0);
  asks(FTPD_RENAME, "/d/absent", "/d/new", ENOENT);
  asks(FTPD_RENAME, "/d/f", "/d/r", 0);
  asks(FTPD_RENAME, "/d/f", "/ro/new", EACCES);
  asks(FTPD_RENAME, "/ro/f", "/d/new", EACCES);
  asks(FTPD_RENAME, "/d/f", "/d/empty", EISDIR);
  is_str(said, "the file system refuses '/d/f' with '/d/empty': Is a "
    "directory;", "both are told");
  asks(FTPD_RENAME, "/d/sub", "/d/f", ENOTDIR);
  asks(FTPD_RENAME, "/d/sub", "/d/sub/new", EINVAL);
  asks(FTPD_RENAME, "/d/sub", "/d/subx", 0);
  asks(FTPD_RENAME, "/d/sub", "/d/empty", 0);
  asks(FTPD_RENAME, "/d/empty", "/d/sub", ENOTEMPTY);
  asks(FTPD_RENAME, "/d/sub", "/d/sub", 0);
  asks(FTPD_RENAME, "/d/sub", "/d/sub2", ENOTEMPTY);
  asks(FTPD_RENAME, "/d/sub/in", "/d/sub", ENOTEMPTY);
  asks(FTPD_RENAME, "/d/empty", "/d/closed", -1);
  asks(FTPD_RENAME, "/d/nw", "/d/nw2", 0);
  asks(FTPD_RENAME, "/d/nw", "/e/nw", EACCES);
  asks(FTPD_RENAME, "/d/nw", "/dd/nw", EACCES);
  asks(FTPD_RENAME, "/d/sub", "/e/sub", 0);
  asks(FTPD_RENAME, "/d/n", "/e/n", 0);
}

static void links_have_two_ends(void) {
  begin();
  asks(FTPD_READLINK, "/d/link", NULL, 0);
  asks(FTPD_READLINK, "/d/f", NULL, EINVAL);
  asks(FTPD_SYMLINK, "any text", "/d/new", 0);
  asks(FTPD_SYMLINK, "any text", "/d/f", EEXIST);
  asks(FTPD_LINK, "/d/f", "/d/new", 0);
  asks(FTPD_LINK, "/d/sub", "/d/new", EISDIR);
  asks(FTPD_HARDLINK, "/d/f", "/d/r", EEXIST);
  asks(FTPD_LINK, "/d/n", "/d/new", 0);
  shows = false;
  asks(FTPD_READLINK, "/d/link", NULL, EINVAL);
  asks(FTPD_LINK, "/d/f", "/d/new", 0);
  settings[2] = "1";
  ftpd_explain_system_init();
  asks(FTPD_LINK, "/d/f", "/d/new", 0);
  asks(FTPD_LINK, "/d/w", "/d/new", 0);
  asks(FTPD_LINK, "/d/r", "/d/new", EPERM);
  asks(FTPD_LINK, "/d/wo", "/d/new", EPERM);
  asks(FTPD_LINK, "/d/suid", "/d/new", EPERM);
  asks(FTPD_LINK, "/d/mine-suid", "/d/new", 0);
  asks(FTPD_LINK, "/d/their-fifo", "/d/new", EPERM);
  asks(FTPD_LINK, "/d/fifo", "/d/new", 0);
}

static void copies_need_both(void) {
  begin();
  asks(FTPD_COPY, "/d/f", "/d/new", 0);
  asks(FTPD_COPY, "/d/f", "/d/w", 0);
  asks(FTPD_COPY, "/d/f", "/d/r", EACCES);
  asks(FTPD_COPY, "/d/n", "/d/new", EACCES);
  asks(FTPD_COPY, "/d/sub", "/d/new", EISDIR);
  asks(FTPD_COPY, "/d/f", "/d/sub", EISDIR);
  asks(FTPD_COPY, "/d/f", "/d/fifo", EINVAL);
  asks(FTPD_COPY, "/d/absent", "/d/new", ENOENT);
  asks(FTPD_COPY, "/d/f", "/d/f", EINVAL);
  asks(FTPD_COPY, "/d/f", "/d/f2", EINVAL);
  asks(FTPD_COPY, "/d/f", "/d/f3", 0);
}

static void requests_without_a_row_need_nothing(void) {
  begin();
  asks(FTPD_REALPATH, "/absent/x", NULL, 0);
  asks(FTPD_REALPATH, "/d/n", NULL, 0);
}

/* ---- Attributes */

static void sets(unsigned int effects, const char *path, int want) {
  int res, xerrno;

  memset(&op, 0, sizeof(op));
  op.pool = p;
  op.req = FTPD_SETSTAT;
  op.effects = effects;
  said[0] = '\0';
  errno = 0;
  res = ftpd_explain_attributes(&op, path);
  xerrno = errno;
  if (!ok(res == (want == 0 ? 0 : -1) && (want <= 0 || xerrno == want),
        "effects %x of '%s'", effects, path)) {
    diag("%d, %s", res, strerror(xerrno));
  }
}

static void attributes_have_owners(void) {
  begin();
  sets(SFTP_EFF_MODE, "/d/f", 0);
  is_str(said, "", "nothing is refused");
  sets(SFTP_EFF_MODE, "/d/w", EPERM);
  ok(strstr(said, "is refused: Operation not permitted;") != NULL,
    "a refusal is told");
  ok(op.rule == NULL, "... of no rule");
  sets(SFTP_EFF_TIME, "/d/w", EPERM);
  sets(SFTP_EFF_OWNER, "/d/w", EPERM);
  sets(SFTP_EFF_ATTR, "/d/w", EPERM);
  sets(SFTP_EFF_REPLACE, "/d/w", 0);
  sets(SFTP_EFF_REPLACE, "/d/r", EACCES);
  sets(SFTP_EFF_REPLACE, "/d/sub", EISDIR);
  sets(SFTP_EFF_MODE, "/d/absent", ENOENT);
  sets(0, "/d/w", 0);
  ok(op.rule == NULL && strstr(said, "is refused") != NULL,
    "one of all is enough");
  sets(0, "/d/r", EPERM);
  euid = 0;
  sets(SFTP_EFF_MODE, "/d/w", 0);
}

static void attributes_have_rules(void) {
  begin();
  refused = SFTP_EFF_MODE;
  sets(SFTP_EFF_MODE, "/d/f", -1);
  is_str(op.rule, "a rule", "a rule refuses");
  ok(strstr(said, "is refused: a rule;") != NULL, "... and is told");
  sets(SFTP_EFF_MODE|SFTP_EFF_TIME, "/d/f", 0);
  is_str(op.rule, NULL, "something is allowed");
  begin();
  resize_refused = true;
  sets(SFTP_EFF_REPLACE, "/d/f", -1);
  is_str(op.rule, "a check", "a check refuses");
  sets(SFTP_EFF_MODE, "/d/f", 0);
}

static void attributes_have_words(void) {
  is_int(ftpd_explain_attribute("chmod"), SFTP_EFF_MODE, "chmod");
  is_int(ftpd_explain_attribute("truncate"), SFTP_EFF_REPLACE, "truncate");
  is_int(ftpd_explain_attribute("fly"), 0, "no other");
  is_str(ftpd_explain_attribute_words(p), ", chmod, chgrp, utimes, truncate",
    "all of them");
}

int main(void) {
  p = make_sub_pool(NULL);
  reading_needs_rights();
  writing_needs_rights();
  temporary_names_need_a_directory();
  kernels_protect_files();
  names_need_a_directory();
  renames_keep_the_tree();
  links_have_two_ends();
  copies_need_both();
  requests_without_a_row_need_nothing();
  attributes_have_owners();
  attributes_have_rules();
  attributes_have_words();
  destroy_pool(p);
  return done_testing();
}
