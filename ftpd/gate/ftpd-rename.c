/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rename.c -- renames, also across file systems. */

#include "ftpd-ask.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-scan.h"

#include "ftpd-attrs.h"
#include "ftpd-tree.h"

#include <fcntl.h>
#include <limits.h>

#define COPY_BYTES 131072

const char *ftpd_name_beside(pool *p, const char *path) {
  size_t dir = (size_t) (strrchr(path, '/') + 1 - path);
  unsigned char rnd[8];
  char name[2 * sizeof(rnd) + 1];
  size_t i;

  sftp_random(rnd, sizeof(rnd));
  for (i = 0; i < sizeof(rnd); i++) {
    snprintf(name + 2 * i, 3, "%02x", rnd[i]);
  }

  return pstrcat(p, pstrndup(p, path, dir), ".copy.", name, NULL);
}

static int copy_data(pool *p, pr_fh_t *in, pr_fh_t *out) {
  char *buf = palloc(p, COPY_BYTES);
  int n, off, w;

  while ((n = pr_fsio_read(in, buf, COPY_BYTES)) > 0) {
    for (off = 0; off < n; off += w) {
      w = pr_fsio_write(out, buf + off, (size_t) (n - off));
      if (w <= 0) {
        errno = w == 0 ? EIO : errno;
        return -1;
      }
    }

    errno = 0;
    pr_signals_handle();
  }

  return n;
}

/* Owner, mode and times: as far as the user may set them. */
static void keep_attrs(pr_fh_t *out, const struct stat *st) {
  mode_t mode = st->st_mode & 07777;
  struct timeval tv[2];

  tv[0].tv_sec = st->st_atim.tv_sec;
  tv[0].tv_usec = st->st_atim.tv_nsec / 1000;
  tv[1].tv_sec = st->st_mtim.tv_sec;
  tv[1].tv_usec = st->st_mtim.tv_nsec / 1000;
  if (pr_fsio_fchown(out, st->st_uid, st->st_gid) < 0) {
    /* Without set-id bits: another user's program must not run as this user. */
    mode &= ~(mode_t) (S_ISUID|S_ISGID);
  }

  (void) pr_fsio_fchmod(out, mode);
  (void) pr_fsio_futimes(out, tv);
}

/* Opens the file that st describes; NULL with EXDEV if another one replaced it.
 */
static pr_fh_t *open_same(const char *path, const struct stat *st) {
  pr_fh_t *in = ftpd_open_held(path, O_RDONLY|O_NONBLOCK);
  struct stat now;

  if (in != NULL && (pr_fsio_fstat(in, &now) < 0 ||
      now.st_dev != st->st_dev || now.st_ino != st->st_ino)) {
    ftpd_drop(in);
    in = NULL;
    errno = EXDEV;
  }

  return in;
}

/* Copies a regular file to a random name, without following a link on either
 * side, then moves it into place.
 */
static int copy_over(struct ftpd_op *op, const char *from, const char *to,
    const struct stat *st, bool replace) {
  const char *tmp = ftpd_name_beside(op->pool, to);
  pr_fh_t *in = open_same(from, st), *out = NULL;
  int res = -1, xerrno, closed;
  bool gone;

  if (in != NULL) {
    out = ftpd_open_held(tmp, O_WRONLY|O_CREAT|O_EXCL);
  }

  if (out != NULL) {
    res = copy_data(op->pool, in, out);
    if (res == 0) {
      keep_attrs(out, st);
    }

    xerrno = errno;
    closed = ftpd_scan_close(op->pool, out, to, &op->refused, &gone);
    if (closed != 0 && res == 0) {
      res = -1;
      xerrno = closed;
    }

    if (res == 0) {
      res = ftpd_rename_held(tmp, to, replace);
      xerrno = errno;
    }

    if (res < 0) {
      (void) FTPD_HELD(tmp, pr_fsio_unlink(tmp));
    }

    errno = xerrno;
  }

  if (in != NULL) {
    ftpd_drop(in);
  }

  return res;
}

/* rename(2) across file systems. */
static int rename_far(struct ftpd_op *op, const char *from, const char *to,
    bool replace) {
  char text[PATH_MAX + 1];
  struct stat st;

  if (ftpd_lstat(op->ftpd, from, &st) < 0) {
    return -1;
  }

  if (S_ISLNK(st.st_mode)) {
    if (ftpd_link_text(from, text, sizeof(text)) < 0) {
      return -1;
    }

    if (replace) {
      (void) FTPD_HELD(to, pr_fsio_unlink(to));
    }

    if (FTPD_HELD(to, pr_fsio_symlink(text, to)) < 0) {
      return -1;
    }

  } else if (!S_ISREG(st.st_mode)) {
    errno = EXDEV;
    return -1;

  } else if (copy_over(op, from, to, &st, replace) < 0) {
    return -1;
  }

  return FTPD_HELD(from, pr_fsio_unlink(from));
}

static int rename_any(struct ftpd_op *op, const char *from, const char *to,
    bool replace) {
  if (ftpd_rename_held(from, to, replace) == 0) {
    return 0;
  }

  return errno == EXDEV ? rename_far(op, from, to, replace) : -1;
}

static int rename_once(struct ftpd_op *op, const char *from, const char *to,
    bool overwrite) {
  struct stat st, old;
  bool exists, replaces = false;
  int res, watch;

  if (ftpd_lstat(op->ftpd, from, &old) < 0) {
    return -1;
  }

  exists = ftpd_lstat(op->ftpd, to, &st) == 0;
  if (exists && (st.st_dev != old.st_dev || st.st_ino != old.st_ino)) {
    if (!overwrite) {
      errno = EEXIST;
      return -1;
    }

    if (ftpd_may_replace(op, to) < 0) {
      return -1;
    }

    replaces = true;
  }

  if (ftpd_quota_rename(op->ftpd, from, to, &old) < 0) {
    ftpd_quota_refuse(op);
    return -1;
  }

  watch = replaces ? ftpd_quota_watch(op->ftpd, to) : -1;
  res = rename_any(op, from, to, exists);
  ftpd_quota_seen(watch, &st);
  ftpd_quota_renamed(op->ftpd, from, to, &old, res == 0);
  if (res == 0) {
    ftpd_scan_renamed(op->ftpd, from, to);
  }

  if (res == 0 && replaces) {
    ftpd_quota_gone(op->ftpd, to, &st);
  }

  return res;
}

int ftpd_rename(struct ftpd_op *op, const char *from, const char *to,
    bool overwrite) {
  int res, tries = 3;

  /* EEXIST: a file has appeared since the check. */
  do {
    res = rename_once(op, from, to, overwrite);
  } while (res < 0 && errno == EEXIST && overwrite && --tries > 0);

  return res;
}
