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

#include "ftpd-attrs.h"
#include "ftpd-files.h"
#include "ftpd-io.h"

#include <sys/ioctl.h>
#include <linux/fs.h>

#define PREFIX ".unchecked."
#define COPY_BYTES (256 * 1024)

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

struct ftpd_file *ftpd_uploading(struct ftpd *h, const char *path) {
  struct ftpd_file *f = ftpd_checker_on() ? ftpd_files_of(h)->open : NULL;

  /* The newest one comes first. */
  while (f != NULL && (f->check == NULL || f->closing ||
      strcmp(f->path, path) != 0)) {
    f = f->next;
  }

  return f;
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

static int copy_bytes(pool *p, pr_fh_t *from, pr_fh_t *to) {
  char *buf;
  ssize_t n;

  /* On many file systems both share the blocks. */
  if (ioctl(PR_FH_FD(to), FICLONE, PR_FH_FD(from)) == 0) {
    return 0;
  }

  buf = palloc(p, COPY_BYTES);
  while ((n = read(PR_FH_FD(from), buf, COPY_BYTES)) != 0) {
    ssize_t done = 0, res;

    if (ftpd_checker_ending()) {
      errno = ECANCELED;
      return -1;
    }

    if (n < 0 && errno != EINTR) {
      return -1;
    }

    while (done < n) {
      res = write(PR_FH_FD(to), buf + done, (size_t) (n - done));
      if (res < 0 && errno != EINTR) {
        return -1;
      }

      done += res > 0 ? res : 0;
    }
  }

  return lseek(PR_FH_FD(to), 0, SEEK_SET) < 0 ? -1 : 0;
}

/* The content counts once more, until the copy replaces the file. */
static int copy_file(struct ftpd_op *op, const char *path, pr_fh_t *from,
    pr_fh_t *to, struct stat *st) {
  bool counts = ftpd_quota_counts(op->ftpd, path);
  struct stat old;
  int xerrno;

  if (pr_fsio_fstat(from, &old) < 0) {
    return -1;
  }

  if (counts && ftpd_quota_pay(op->ftpd, old.st_size, 0) < 0) {
    ftpd_quota_refuse(op);
    errno = EDQUOT;
    return -1;
  }

  if (copy_bytes(op->pool, from, to) < 0 || pr_fsio_fstat(to, st) < 0) {
    xerrno = errno;
    if (counts) {
      ftpd_quota_give_back(op->ftpd, old.st_size, 0);
    }

    errno = xerrno;
    return -1;
  }

  return 0;
}

int ftpd_check_copy(struct ftpd_op *op, const char *path, pr_fh_t *copy,
    struct stat *st) {
  const struct ftpd_file *f = ftpd_uploading(op->ftpd, path);
  pr_fh_t *from;
  int res, xerrno;

  if (f != NULL) {
    if (lseek(PR_FH_FD(f->reader), 0, SEEK_SET) < 0) {
      return -1;
    }

    return copy_file(op, path, f->reader, copy, st);
  }

  from = ftpd_open_held(path, O_RDONLY|O_NONBLOCK|O_NOCTTY);
  if (from == NULL) {
    xerrno = errno;
    sftp_log("upload refused: SFTPUploadCheck changes a copy of '%s', which "
      "cannot be read: %s", path, strerror(xerrno));
    ftpd_refuse(op, "the file cannot be read, to change and check a copy");
    errno = xerrno;
    return -1;
  }

  res = copy_file(op, path, from, copy, st);
  ftpd_drop(from);
  return res;
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
