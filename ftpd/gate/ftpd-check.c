/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-check.c -- SFTPUploadCheck in the gate.
 *
 * An upload is written under a name that is reserved: no request opens such a
 * file, links to it, or gives it another name.  The end of the upload does, if
 * the check accepts what it reads from the file itself.
 */

#include "ftpd-check.h"
#include "ftpd-checker.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-quota.h"
#include "ftpd-scan.h"
#include "ftpd-vroot.h"

#include "ftpd-attrs.h"
#include "ftpd-files.h"
#include "ftpd-io.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <linux/fs.h>

#define PREFIX ".unchecked."
#define COPY_BYTES (256 * 1024)
/* Of a copy, in one turn of the loop. */
#define TURN_BYTES (8 * 1024 * 1024)

const struct upload_check *ftpd_check_of(void) {
  const struct upload_check *check;

  if (!ftpd_checker_on()) {
    return NULL;
  }

  check = get_param_ptr(CURRENT_CONF, "SFTPUploadCheck", FALSE);
  return check != NULL && check->text != NULL ? check : NULL;
}

/* ---- Names */

const char *ftpd_check_name(pool *p, const char *path) {
  unsigned char rnd[8];
  char name[2 * sizeof(rnd) + 1];
  size_t i, dir = (size_t) (strrchr(path, '/') + 1 - path);

  sftp_random(rnd, sizeof(rnd));
  for (i = 0; i < sizeof(rnd); i++) {
    snprintf(name + 2 * i, 3, "%02x", rnd[i]);
  }

  return pstrcat(p, pstrndup(p, path, dir), PREFIX, name, NULL);
}

/* Some file systems do not tell cases apart. */
bool ftpd_check_is_name(const char *path) {
  const char *base = strrchr(path, '/');

  base = base != NULL ? base + 1 : path;
  return strncasecmp(base, PREFIX, sizeof(PREFIX) - 1) == 0;
}

/* Looking and removing is all that can be done with what was left. */
static bool is_harmless(enum ftpd_request req) {
  return req == FTPD_REMOVE || req == FTPD_STAT || req == FTPD_LSTAT ||
    req == FTPD_REALPATH;
}

int ftpd_check_names(struct ftpd_op *op, const char *path,
    const char *second) {
  const char *bad = ftpd_check_is_name(path) ? path :
    second != NULL && ftpd_check_is_name(second) ? second : NULL;

  if (bad == NULL || is_harmless(op->req) || !ftpd_checker_on()) {
    return 0;
  }

  sftp_log("%s of '%s' refused: names with %s are those of uploads that were "
    "not checked", ftpd_op_name(op), bad, PREFIX);
  ftpd_refuse(op, "names with %s are those of uploads that were not checked",
    PREFIX);
  errno = EACCES;
  return -1;
}

int ftpd_check_kind(struct ftpd_op *op, const struct stat *st) {
  if (S_ISREG(st->st_mode) || ftpd_check_of() == NULL) {
    return 0;
  }

  ftpd_refuse(op, "only regular files can be checked");
  errno = EPERM;
  return -1;
}

int ftpd_check_resize(struct ftpd_op *op, const char *path, off_t size) {
  if (size == 0 || ftpd_check_of() == NULL) {
    return 0;
  }

  sftp_log("%s of '%s' refused: where SFTPUploadCheck is set, only open files "
    "change their size", ftpd_op_name(op), path);
  ftpd_refuse(op, "where uploads are checked, only open files change their "
    "size");
  errno = EACCES;
  return -1;
}

/* ---- The upload under way */

/* From this file on. */
static struct ftpd_file *find_upload(struct ftpd_file *f, const char *path) {
  while (f != NULL && (f->check == NULL || f->closing || f->unnamed ||
      strcmp(f->path, path) != 0)) {
    f = f->next;
  }

  return f;
}

/* The newest one comes first. */
struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path) {
  return ftpd_checker_on() ? find_upload(ftpd_files_of(h)->open, path) : NULL;
}

bool ftpd_check_removed(struct ftpd *h, const char *path) {
  struct ftpd_file *f = ftpd_uploading(h, path);
  bool found = f != NULL;

  for (; f != NULL; f = find_upload(f->next, path)) {
    f->unnamed = true;
  }

  return found;
}

/* Its hidden file stays beside its path. */
static int carry(struct ftpd_op *op, struct ftpd_file *f, const char *to) {
  const char *hidden = ftpd_check_name(f->pool, to);
  struct stat st;

  if (ftpd_rename_held(f->hidden, hidden, false) < 0) {
    return -1;
  }

  f->hidden = hidden;
  f->path = pstrdup(f->pool, to);
  f->recorded = ftpd_vroot_outside(f->pool, f->path);
  f->replaces = ftpd_lstat(op->ftpd, to, &st) == 0;
  return 0;
}

int ftpd_check_renamed(struct ftpd_op *op, const char *from, const char *to) {
  struct ftpd_file *f = ftpd_uploading(op->ftpd, from), *next;
  int res = 0;

  if (f != NULL && ftpd_quota_counts(op->ftpd, from) !=
      ftpd_quota_counts(op->ftpd, to)) {
    errno = EXDEV;
    return -1;
  }

  for (; f != NULL && res == 0; f = next) {
    next = find_upload(f->next, from);
    res = carry(op, f, to);
  }

  return res;
}

/* Whatever another process has put under its name meanwhile. */
static bool is_file(pr_fh_t *fh, const struct stat *st) {
  struct stat now;

  return pr_fsio_fstat(fh, &now) == 0 && now.st_dev == st->st_dev &&
    now.st_ino == st->st_ino;
}

/* Its owner may not be allowed to read it; the check has to. */
pr_fh_t *ftpd_check_begin(const char *hidden, pr_fh_t *fh,
    const struct stat *old) {
  pr_fh_t *reader;
  struct stat st;
  mode_t mode;

  if (pr_fsio_fstat(fh, &st) < 0) {
    return NULL;
  }

  mode = old != NULL ? old->st_mode & 0777 : st.st_mode & 07777;
  if (old != NULL && st.st_gid != old->st_gid &&
      pr_fsio_fchown(fh, (uid_t) -1, old->st_gid) < 0) {
    mode &= ~(mode_t) 0070;     /* it would be another group's */
  }

  (void) pr_fsio_fchmod(fh, 0600);
  reader = ftpd_open_held(hidden, O_RDONLY|O_NONBLOCK|O_NOCTTY);
  (void) pr_fsio_fchmod(fh, mode);
  if (reader != NULL && !is_file(reader, &st)) {
    ftpd_drop(reader);
    errno = EACCES;
    return NULL;
  }

  return reader;
}

/* ---- A copy of what the upload changes */

struct ftpd_check_copy {
  struct ftpd *h;
  int from;
  char *buf;
  off_t at, size;
  bool counts;                  /* the content counts once more, until the copy
                                 * replaces the file */
};

void ftpd_check_copy_end(struct ftpd_check_copy *c, bool done) {
  int xerrno = errno;

  (void) close(c->from);
  if (c->counts && !done) {
    ftpd_quota_give_back(c->h, c->size, 0);
  }

  errno = xerrno;
}

static int write_all(int fd, const char *buf, size_t len, off_t at) {
  while (len > 0) {
    ssize_t res = pwrite(fd, buf, len, at);

    if (res < 0 && errno != EINTR) {
      return -1;
    }

    if (res > 0) {
      buf += res;
      at += res;
      len -= (size_t) res;
    }
  }

  return 0;
}

int ftpd_check_copy_some(struct ftpd_check_copy *c, pr_fh_t *to) {
  off_t end = c->size - c->at > TURN_BYTES ? c->at + TURN_BYTES : c->size;

  while (c->at < end) {
    size_t part = end - c->at < COPY_BYTES ? (size_t) (end - c->at) :
      COPY_BYTES;
    ssize_t n = pread(c->from, c->buf, part, c->at);

    if (n == 0) {
      return 0;                 /* it has become shorter */
    }

    if (n < 0 && errno == EINTR) {
      continue;
    }

    if (n < 0 || write_all(PR_FH_FD(to), c->buf, (size_t) n, c->at) < 0) {
      return -1;
    }

    c->at += n;
  }

  return c->at < c->size;
}

/* Not a standard descriptor, and not one that another request closes. */
static int duplicate(pr_fh_t *fh) {
  return fcntl(PR_FH_FD(fh), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

static int open_original(struct ftpd_op *op, const char *path) {
  const struct ftpd_file *f = ftpd_uploading(op->ftpd, path);
  pr_fh_t *fh;
  int fd, xerrno;

  if (f != NULL) {
    return duplicate(f->reader);
  }

  fh = ftpd_open_held(path, O_RDONLY|O_NONBLOCK|O_NOCTTY);
  if (fh == NULL) {
    xerrno = errno;
    sftp_log("upload refused: SFTPUploadCheck changes a copy of '%s', which "
      "cannot be read: %s", path, strerror(xerrno));
    ftpd_refuse(op, "the file cannot be read, to change and check a copy");
    errno = xerrno;
    return -1;
  }

  fd = duplicate(fh);
  xerrno = errno;
  ftpd_drop(fh);
  errno = xerrno;
  return fd;
}

static int pay_copy(struct ftpd_op *op, const char *path,
    struct ftpd_check_copy *c) {
  struct stat st;

  if (fstat(c->from, &st) < 0) {
    return -1;
  }

  c->size = st.st_size;
  if (ftpd_quota_counts(op->ftpd, path)) {
    if (ftpd_quota_pay(op->ftpd, c->size, 0) < 0) {
      ftpd_quota_refuse(op);
      errno = EDQUOT;
      return -1;
    }

    c->counts = true;
  }

  return 0;
}

struct ftpd_check_copy *ftpd_check_copy_begin(struct ftpd_op *op,
    const char *path, pr_fh_t *to) {
  struct ftpd_check_copy *c = pcalloc(op->pool, sizeof(*c));

  c->h = op->ftpd;
  c->from = open_original(op, path);
  if (c->from < 0) {
    return NULL;
  }

  if (pay_copy(op, path, c) < 0) {
    ftpd_check_copy_end(c, false);
    return NULL;
  }

  /* On many file systems both share the blocks. */
  if (ioctl(PR_FH_FD(to), FICLONE, c->from) == 0) {
    c->at = c->size;

  } else {
    c->buf = palloc(op->pool, COPY_BYTES);
  }

  return c;
}

/* ---- The verdict */

static bool is_as_before(pr_fh_t *fh, const struct stat *st) {
  struct stat now;

  return fstat(PR_FH_FD(fh), &now) == 0 && now.st_size == st->st_size &&
    now.st_ctim.tv_sec == st->st_ctim.tv_sec &&
    now.st_ctim.tv_nsec == st->st_ctim.tv_nsec;
}

static int refuse(struct ftpd_file *f, const char *line) {
  sftp_log("upload to '%s' refused by SFTPUploadCheck '%s': %s", f->path,
    f->check->program, line);
  f->refused = f->check->tells ? pstrcat(f->pool, "refused by a check: ", line,
    NULL) : "refused by a check of the server";
  return EPERM;
}

int ftpd_check_end(struct ftpd_file *f) {
  struct ftpd_checked upload = { .path = f->path };
  const char *line = "";
  struct stat st;
  int res;

  if (f->check == NULL) {
    return 0;
  }

  upload.fd = PR_FH_FD(f->reader);
  if (fstat(upload.fd, &st) < 0 || lseek(upload.fd, 0, SEEK_SET) < 0) {
    return errno;
  }

  upload.size = st.st_size;
  res = ftpd_checker_ask(f->h, f->pool, f->check, &upload, &line);
  if (res < 0) {
    return refuse(f, line);
  }

  if (!is_as_before(f->reader, &st)) {
    return refuse(f, "it was changed while it was checked");
  }

  sftp_log("upload to '%s' accepted by SFTPUploadCheck '%s'%s%s", f->path,
    f->check->program, *line != '\0' ? ": " : "", line);
  return 0;
}

void ftpd_check_drop(struct ftpd_file *f) {
  if (f->reader != NULL) {
    ftpd_drop(f->reader);
    f->reader = NULL;
  }
}
