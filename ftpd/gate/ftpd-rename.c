/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rename.c -- renames.  Across file systems a file is copied, piece by
 * piece, and the loop turns meanwhile.
 */

#include "ftpd-ask.h"
#include "ftpd-check.h"
#include "ftpd-digest-carry.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-scan.h"
#include "ftpd-transfer.h"

#include "ftpd-attrs.h"
#include "ftpd-tree.h"

#include <fcntl.h>
#include <limits.h>

#define COPY_BYTES 262144       /* at a time */
#define TURN_US 20000           /* of the loop, for a copy */
#define TRIES 3

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

/* A rename that is under way. */
struct ftpd_moving {
  const char *from, *to;
  bool overwrite;
  int tries;
  struct stat old;              /* of from */
  struct stat st;               /* of to, which will be replaced */
  bool exists, replaces;
  bool pending;                 /* only an upload of this session is there */
  int watch;
  struct ftpd *ftpd;

  /* A file that is copied to another file system. */
  const char *tmp;
  pr_fh_t *in, *out;
  off_t offset, data_end;       /* next byte; the end of what is no hole */
  char *buf;
};

/* ---- The bytes of a copy */

/* Skips a hole, which the copy will have, too: the data begins at m->offset, or
 * there is none any more.
 */
static void find_data(struct ftpd_moving *m) {
  off_t size = m->old.st_size, at;

  m->data_end = size;
  if ((off_t) m->old.st_blocks * 512 >= size) {
    return;
  }

  at = pr_fsio_lseek(m->in, m->offset, SEEK_DATA);
  if (at >= 0) {
    m->offset = at;
    at = pr_fsio_lseek(m->in, at, SEEK_HOLE);
    m->data_end = at > m->offset && at < size ? at : size;

  } else if (errno == ENXIO) {
    m->offset = size;
  }
}

static int write_piece(pr_fh_t *out, const char *buf, int n) {
  int off, w;

  for (off = 0; off < n; off += w) {
    w = pr_fsio_write(out, buf + off, (size_t) (n - off));
    if (w <= 0) {
      errno = w == 0 ? EIO : errno;
      return -1;
    }
  }

  return 0;
}

/* 0, or -1; a file that ends before its time has changed. */
static int copy_piece(struct ftpd_moving *m) {
  size_t n = COPY_BYTES;
  int res;

  if (m->offset >= m->data_end) {
    find_data(m);
    if (m->offset < m->old.st_size &&
        (pr_fsio_lseek(m->in, m->offset, SEEK_SET) < 0 ||
         pr_fsio_lseek(m->out, m->offset, SEEK_SET) < 0)) {
      return -1;
    }
  }

  if ((off_t) n > m->data_end - m->offset) {
    n = (size_t) (m->data_end - m->offset);
  }

  if (m->offset >= m->old.st_size || n == 0) {
    return 0;
  }

  res = pr_fsio_read(m->in, m->buf, n);
  if (res <= 0) {
    errno = res == 0 ? EBUSY : errno;
    return -1;
  }

  m->offset += res;
  return write_piece(m->out, m->buf, res);
}

/* The source may have been written to in all these turns. */
static int check_unchanged(const struct ftpd_moving *m) {
  struct stat now;

  if (pr_fsio_fstat(m->in, &now) < 0) {
    return -1;
  }

  if (now.st_size != m->old.st_size ||
      now.st_mtim.tv_sec != m->old.st_mtim.tv_sec ||
      now.st_mtim.tv_nsec != m->old.st_mtim.tv_nsec) {
    errno = EBUSY;
    return -1;
  }

  return 0;
}

/* A turn's part of the bytes: 1 while there are more, 0, or -1. */
static int copy_some(struct ftpd_moving *m) {
  uint64_t end_us = sftp_now_us() + TURN_US;

  ftpd_tick(m->ftpd);
  while (m->offset < m->old.st_size) {
    if (copy_piece(m) < 0) {
      return -1;
    }

    if (sftp_now_us() >= end_us) {
      return 1;
    }
  }

  if (check_unchanged(m) < 0) {
    return -1;
  }

  /* A hole may be at the end. */
  return pr_fsio_ftruncate(m->out, m->old.st_size);
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

/* ---- Across file systems */

static void stop_copy(struct ftpd_moving *m) {
  int xerrno = errno;

  if (m->out != NULL) {
    ftpd_drop(m->out);
    (void) FTPD_HELD(m->tmp, pr_fsio_unlink(m->tmp));
  }

  if (m->in != NULL) {
    ftpd_drop(m->in);
  }

  m->in = m->out = NULL;
  errno = xerrno;
}

/* A regular file is copied to a random name, without following a link on either
 * side.  1: the copy has begun; or -1.
 */
static int begin_copy(struct ftpd_op *op, struct ftpd_moving *m) {
  m->tmp = ftpd_name_beside(op->pool, m->to);
  m->offset = m->data_end = 0;
  m->in = open_same(m->from, &m->old);
  if (m->in != NULL) {
    m->out = ftpd_open_held(m->tmp, O_WRONLY|O_CREAT|O_EXCL);
  }

  if (m->out == NULL) {
    stop_copy(m);
    return -1;
  }

  if (m->buf == NULL) {
    m->buf = palloc(op->pool, COPY_BYTES);
  }

  return 1;
}

/* If the source is another file by now, that one stays. */
static int remove_source(const struct ftpd_moving *m) {
  struct stat now;

  if (ftpd_lstat(m->ftpd, m->from, &now) < 0 ||
      now.st_dev != m->old.st_dev || now.st_ino != m->old.st_ino) {
    return 0;
  }

  return FTPD_HELD(m->from, pr_fsio_unlink(m->from));
}

/* Everything was copied: it moves into place, and the source goes. */
static int end_copy(struct ftpd_op *op, struct ftpd_moving *m) {
  int res = -1, xerrno;
  bool gone;

  keep_attrs(m->out, &m->old);
  xerrno = ftpd_scan_close(op->pool, m->out, m->to, &op->refused, &gone);
  m->out = NULL;
  if (xerrno == 0) {
    res = ftpd_rename_held(m->tmp, m->to, m->exists);
    xerrno = errno;
  }

  if (res < 0) {
    (void) FTPD_HELD(m->tmp, pr_fsio_unlink(m->tmp));
  }

  stop_copy(m);
  errno = xerrno;
  return res == 0 ? remove_source(m) : -1;
}

static int move_link(const struct ftpd_moving *m) {
  char text[PATH_MAX + 1];

  if (ftpd_link_text(m->from, text, sizeof(text)) < 0) {
    return -1;
  }

  if (m->exists) {
    (void) FTPD_HELD(m->to, pr_fsio_unlink(m->to));
  }

  return FTPD_HELD(m->to, pr_fsio_symlink(text, m->to)) < 0 ? -1 :
    FTPD_HELD(m->from, pr_fsio_unlink(m->from));
}

static int rename_any(struct ftpd_op *op, struct ftpd_moving *m) {
  struct ftpd_carry receipt;
  int res;

  ftpd_carry_take(&receipt, op->ftpd, m->from);
  res = ftpd_carry_put(&receipt, ftpd_rename_held(m->from, m->to, m->exists),
    NULL);
  if (res < 0 && errno == EXDEV && S_ISLNK(m->old.st_mode)) {
    return move_link(m);
  }

  return res < 0 && errno == EXDEV && S_ISREG(m->old.st_mode) ?
    begin_copy(op, m) : res;
}

/* ---- The request */

/* What is there, or an upload of this session that will be there. */
static int look_at_source(struct ftpd_op *op, struct ftpd_moving *m) {
  const struct ftpd_file *f;

  m->pending = false;
  if (ftpd_lstat(op->ftpd, m->from, &m->old) == 0) {
    return 0;
  }

  f = errno == ENOENT ? ftpd_uploading(op->ftpd, m->from) : NULL;
  m->pending = f != NULL;
  return f != NULL ? fstat(f->fd, &m->old) : -1;
}

/* The rules about what has the new name; 0 or -1. */
static int look_at_target(struct ftpd_op *op, struct ftpd_moving *m) {
  m->exists = ftpd_lstat(op->ftpd, m->to, &m->st) == 0;
  m->replaces = m->exists && (m->st.st_dev != m->old.st_dev ||
    m->st.st_ino != m->old.st_ino);
  if (m->replaces && !m->overwrite) {
    errno = EEXIST;
    return -1;
  }

  return m->exists ? ftpd_may_take(op, m->to, !m->replaces) : 0;
}

/* The rules about what is there; 0 or -1. */
static int look(struct ftpd_op *op, struct ftpd_moving *m) {
  m->replaces = false;
  m->watch = -1;
  if (look_at_source(op, m) < 0 || look_at_target(op, m) < 0) {
    return -1;
  }

  if (m->pending) {
    m->replaces = false;        /* not before it was checked */
    return 0;
  }

  if (ftpd_quota_rename(op->ftpd, m->from, m->to, &m->old) < 0) {
    ftpd_quota_refuse(op);
    return -1;
  }

  m->watch = m->replaces ? ftpd_quota_watch(op->ftpd, m->to) : -1;
  return 0;
}

/* Tells the quota whether the rename was done. */
static int settle(struct ftpd_moving *m, int res) {
  int xerrno = errno;

  ftpd_quota_seen(m->watch, &m->st);
  ftpd_quota_renamed(m->ftpd, m->from, m->to, &m->old, res == 0);
  if (res == 0) {
    ftpd_scan_renamed(m->ftpd, m->from, m->to);
  }

  if (res == 0 && m->replaces) {
    ftpd_quota_gone(m->ftpd, m->to, &m->st);
  }

  errno = xerrno;
  return res;
}

static bool is_worth_another_try(struct ftpd_moving *m, int res) {
  /* EEXIST: a file has appeared since the check. */
  return res < 0 && errno == EEXIST && m->overwrite && --m->tries > 0;
}

static int try_rename(struct ftpd_op *op, struct ftpd_moving *m) {
  int res;

  do {
    res = look(op, m);
    if (res == 0 && m->pending) {
      res = ftpd_check_renamed(op, m->from, m->to);

    } else if (res == 0) {
      res = rename_any(op, m);
      res = res > 0 ? res : settle(m, res);
    }
  } while (is_worth_another_try(m, res));

  return res;
}

/* An upload that is to replace the file goes along. */
static int renamed(struct ftpd_op *op, const struct ftpd_moving *m, int res) {
  return res != 0 || m->pending ? res :
    ftpd_check_renamed(op, m->from, m->to);
}

int ftpd_rename(struct ftpd_op *op, const char *from, const char *to,
    bool overwrite, struct ftpd_moving **moving) {
  struct ftpd_moving *m = pcalloc(op->pool, sizeof(*m));

  m->ftpd = op->ftpd;
  m->from = from;
  m->to = to;
  m->overwrite = overwrite;
  m->tries = TRIES;
  *moving = m;
  return renamed(op, m, try_rename(op, m));
}

int ftpd_rename_step(struct ftpd_op *op, struct ftpd_moving *m) {
  int res;

  ftpd_stand_anew();
  res = copy_some(m);
  if (res > 0) {
    return res;
  }

  if (res == 0) {
    res = end_copy(op, m);

  } else {
    stop_copy(m);
  }

  res = settle(m, res);
  return renamed(op, m, is_worth_another_try(m, res) ? try_rename(op, m) :
    res);
}

void ftpd_rename_stop(struct ftpd_moving *m) {
  ftpd_stand_anew();
  stop_copy(m);
  (void) settle(m, -1);
}
