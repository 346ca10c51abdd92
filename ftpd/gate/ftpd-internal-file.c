/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-internal-file.c -- files that the server itself processes, for checksums
 * and copies.
 */

#include "ftpd-ask.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-locks.h"
#include "ftpd-openfile.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-request.h"
#include "ftpd-scan.h"
#include "ftpd-settle.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-vroot.h"

#include "ftpd-attrs.h"
#include "ftpd-io.h"

static int check_regular(pr_fh_t *fh, struct stat *st) {
  if (pr_fsio_fstat(fh, st) < 0) {
    return -1;
  }

  if (!S_ISREG(st->st_mode)) {
    errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
    return -1;
  }

  return 0;
}

static struct ftpd_file *new_work(struct ftpd_op *op, pr_fh_t *fh,
    const char *path, int flags, const struct stat *st) {
  pool *p = make_sub_pool(ftpd_files_of(op->ftpd)->pool);
  struct ftpd_file *f = pcalloc(p, sizeof(*f));
  struct op_state *state = op->state;

  pr_pool_tag(p, "SFTP work file");
  f->h = op->ftpd;
  f->pool = p;
  f->fh = fh;
  f->fd = PR_FH_FD(fh);
  f->path = pstrdup(p, path);
  f->recorded = ftpd_vroot_outside(p, f->path);
  f->cmd = state != NULL ? state->equivalent : NULL;
  f->req = op->req;
  f->rd = (flags & O_ACCMODE) != O_WRONLY;
  f->wr = (flags & O_ACCMODE) != O_RDONLY;
  f->size = st->st_size;
  f->is.dev = st->st_dev;
  f->is.ino = st->st_ino;
  f->begun_us = sftp_now_us();
  ftpd_choose_io(f);
  f->listened = false;
  return f;
}

/* ---- Over existing files */

/* A file with more than one name or with extended attributes is written in
 * place.
 */
static bool is_replaceable(pr_fh_t *old, const struct stat *st) {
  return st->st_nlink == 1 && ftpd_receipt_alone(PR_FH_FD(old));
}

/* A new file that can replace the old one: its owner, group and mode are the
 * same.  *st is the old one, then the new one.  NULL with errno.
 */
static pr_fh_t *open_beside(struct ftpd_op *op, const char *path,
    const char *tmp, struct stat *st) {
  struct stat old = *st;
  pr_fh_t *fh = ftpd_open_new(tmp, O_WRONLY|O_CREAT|O_EXCL|O_NOCTTY,
    old.st_mode & 0777, false);

  if (fh == NULL) {
    return NULL;
  }

  /* With UserOwner the file may belong to another user. */
  (void) pr_fsio_fchown(fh, (uid_t) -1, old.st_gid);
  (void) pr_fsio_fchmod(fh, old.st_mode & 0777);
  ftpd_give_away(op->pool, fh, path);
  if (pr_fsio_fstat(fh, st) == 0 && st->st_uid == old.st_uid &&
      st->st_gid == old.st_gid &&
      (st->st_mode & 07777) == (old.st_mode & 0777)) {
    return fh;
  }

  *st = old;
  ftpd_drop(fh);
  (void) FTPD_HELD(tmp, pr_fsio_unlink(tmp));
  errno = EPERM;
  return NULL;
}

/* Opens a temporary file beside an open file that will be replaced, so that an
 * error does not destroy the old one; *tmp is its name, *st becomes its state.
 * If the directory or the file do not allow that, the file is written in place
 * and *tmp is NULL.  NULL with errno, and then old is closed.
 */
static pr_fh_t *replace_file(struct ftpd_op *op, const char *path, pr_fh_t *old,
    struct stat *st, const char **tmp) {
  pr_fh_t *fh = NULL;
  int xerrno = EPERM;

  *tmp = ftpd_name_beside(op->pool, path);
  if (is_replaceable(old, st)) {
    fh = open_beside(op, path, *tmp, st);
    xerrno = errno;
  }

  if (fh == NULL && (xerrno == EPERM || xerrno == EACCES ||
      xerrno == ENAMETOOLONG)) {
    *tmp = NULL;
    if (pr_fsio_ftruncate(old, 0) == 0) {
      ftpd_quota_cut(op->ftpd, path, old, st->st_size);
      ftpd_give_away(op->pool, old, path);
      return old;
    }

    xerrno = errno;
  }

  if (fh == NULL) {
    ftpd_drop(old);
  }

  errno = xerrno;
  return fh;
}

/* ---- Open and close */

/* The limits that apply to it; NULL if it may not exist at all. */
static struct ftpd_file *prepare_write(struct ftpd_op *op,
    struct ftpd_file *f) {
  bool fresh = f->made || f->hidden != NULL;

  f->max_size = ftpd_max_store_size();
  if (!fresh || ftpd_quota_name(op->ftpd, f->path, 0) == 0) {
    ftpd_quota_open(f, fresh);
    return f;
  }

  ftpd_quota_refuse(op);
  (void) ftpd_close_internal(f, false);
  errno = EDQUOT;
  return NULL;
}

/* Refuses a file that is not regular, or does not exist. */
static int check_there(struct ftpd_op *op, const char *path, int flags,
    bool *exists) {
  struct stat st;

  *exists = ftpd_stat(op->ftpd, path, &st) == 0;
  if (*exists && !S_ISREG(st.st_mode)) {
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return -1;
  }

  if (!*exists && (flags & O_CREAT) == 0) {
    errno = ENOENT;
    return -1;
  }

  return 0;
}

/* Opens the file that was there, or makes it.  One that has appeared since the
 * check is used only where it may be replaced.
 */
static pr_fh_t *open_seen(struct ftpd_op *op, const char *path, int flags,
    mode_t mode, bool *exists) {
  int how = (flags & ~O_TRUNC)|O_NONBLOCK|O_NOCTTY;
  pr_fh_t *fh = ftpd_open_new(path, *exists ? how : how|O_EXCL, mode, *exists);

  if (fh == NULL && errno == EEXIST && !*exists && (flags & O_EXCL) == 0) {
    *exists = true;
    fh = ftpd_may_replace(op, path) == 0 ?
      ftpd_open_new(path, how & ~O_CREAT, mode, true) : NULL;
  }

  return fh;
}

/* Closes what cannot be used, and removes what has just been made. */
static struct ftpd_file *refuse_opened(const char *path, pr_fh_t *fh,
    bool made) {
  int xerrno = errno;

  ftpd_drop(fh);
  if (made) {
    (void) FTPD_HELD(path, pr_fsio_unlink(path));
  }

  errno = xerrno;
  return NULL;
}

struct ftpd_file *ftpd_open_internal(struct ftpd_op *op, const char *path,
    int flags, mode_t mode, off_t size) {
  bool writes = (flags & O_ACCMODE) != O_RDONLY, exists;
  const char *tmp = NULL;
  struct ftpd_file *f;
  struct stat st;
  pr_fh_t *fh, *old = NULL;

  /* It may have appeared since ftpd_permit() asked. */
  if (check_there(op, path, flags, &exists) < 0 ||
      (writes && exists && ftpd_may_replace(op, path) < 0) ||
      (writes && ftpd_max_store(op, path, size) < 0)) {
    return NULL;
  }

  if (writes) {
    mode = ftpd_new_mode(op, path, mode, 0666);
  }

  fh = open_seen(op, path, flags, mode, &exists);
  if (fh == NULL) {
    return NULL;
  }

  if (check_regular(fh, &st) < 0 || ftpd_open_lock(op, fh, &st, flags) < 0 ||
      (op->req == FTPD_DIGEST && ftpd_max_digest(op, path, st.st_size) < 0)) {
    return refuse_opened(path, fh, writes && !exists);
  }

  if (writes && !exists) {
    ftpd_give_away(op->pool, fh, path);

  } else if ((flags & O_TRUNC) != 0) {
    old = fh;
    fh = replace_file(op, path, old, &st, &tmp);
    if (fh == NULL) {
      return NULL;
    }
  }

  st.st_size = (flags & O_TRUNC) != 0 ? 0 : st.st_size;
  f = new_work(op, fh, path, flags, &st);
  f->made = writes && !exists;
  if (tmp != NULL) {
    f->hidden = pstrdup(f->pool, tmp);
    f->replaces = true;
    f->old = old;
  }

  ftpd_rate_begin(f);
  return writes ? prepare_write(op, f) : f;
}

/* Moves the new file into place, or removes it. */
static int settle_file(struct ftpd_file *f, bool complete,
    const struct stat *st) {
  const char *made = f->hidden != NULL ? f->hidden : f->path;
  struct stat old;
  bool replaces = f->hidden != NULL && f->counted &&
    ftpd_lstat(f->h, f->path, &old) == 0;
  int res = 0, xerrno;

  if (complete && f->hidden != NULL) {
    res = ftpd_settle_reveal(f);
    if (res == 0 && replaces) {
      ftpd_quota_gone(f->h, f->path, &old);
    }
  }

  xerrno = errno;
  if ((!complete || res < 0) && (f->made || f->hidden != NULL) &&
      ftpd_settle_remove(f, made) == 0 && f->counted && st->st_nlink > 0) {
    ftpd_quota_gone(f->h, f->path, st);
  }

  ftpd_quota_closed(f, st);

  if (f->old != NULL) {
    ftpd_drop(f->old);
  }

  pr_fs_clear_cache2(f->path);
  errno = xerrno;
  return res;
}

int ftpd_close_internal(struct ftpd_file *f, bool complete) {
  struct stat st;
  bool gone;
  int res, xerrno;

  ftpd_stand_anew();
  ftpd_settle_begin(f, false);
  ftpd_quota_closing(f, &st);
  xerrno = f->wr ? ftpd_scan_close(f->pool, f->fh, f->path, &f->refused,
    &gone) : pr_fsio_close(f->fh) < 0 ? errno : 0;
  res = xerrno == 0 ? 0 : -1;
  f->fh = NULL;
  if (f->wr) {
    if (settle_file(f, complete && res == 0, &st) < 0) {
      res = -1;
      xerrno = errno;
    }

    ftpd_log_transfer(f, WAY_WRITE, complete && res == 0 ? 'c' : 'i');
  }

  ftpd_rate_end(f);
  destroy_pool(f->pool);
  errno = xerrno;
  return res;
}

ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset) {
  size_t done = 0;

  if (!f->rd || f->stream) {
    errno = EBADF;
    return -1;
  }

  while (done < n) {
    void *at = (char *) buf + done;
    off_t from = offset + (off_t) done;
    size_t part = ftpd_portion(f, n - done);
    ssize_t res = f->direct_rd ? pread(f->fd, at, part, from) :
      pr_fsio_pread(f->fh, at, part, from);

    if (res < 0 && errno == EINTR) {
      continue;
    }

    if (res < 0 && done == 0) {
      return -1;
    }

    if (res <= 0) {
      break;
    }

    done += (size_t) res;
    f->peeked += (off_t) res;
    ftpd_rate_pause(f, false);
  }

  return (ssize_t) done;
}
