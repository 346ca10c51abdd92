/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quota-file.c -- quota of open files: they grow by what is written beyond
 * their end.
 *
 * Their end is checked for each write, because others may have moved it; a lock
 * prevents two sessions from growing one file by the same bytes.
 */

#include "ftpd-files.h"
#include "ftpd-locks.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"

#include "ftpd-attrs.h"

#include <fcntl.h>
#include <time.h>

/* On a byte that no file has, after those of ftpd-open-lock.c. */
#define GROWTH_LOCK (FTPD_LOCK_SPACE + ((off_t) 1 << 44))
#define GROWTH_TRIES 200        /* milliseconds */

/* ---- The lock */

static int set_lock(int fd, short type) {
  struct flock fl = { .l_type = type, .l_whence = SEEK_SET,
    .l_start = GROWTH_LOCK, .l_len = 1 };

  return fcntl(fd, F_OFD_SETLK, &fl);
}

/* The holder of the lock is writing, and will be done soon.  A program that
 * just locks the file does not prevent it from growing.
 */
static bool lock_growth(const struct ftpd_file *f) {
  const struct timespec ms = { 0, 1000000 };
  int i, res = -1;

  for (i = 0; f->shared && i < GROWTH_TRIES; i++) {
    res = set_lock(f->fd, F_WRLCK);
    if (res == 0 || (errno != EAGAIN && errno != EACCES)) {
      break;
    }

    (void) nanosleep(&ms, NULL);
  }

  return res == 0;
}

static void unlock_growth(const struct ftpd_file *f,
    const struct ftpd_growth *g) {
  if (g->locked) {
    (void) set_lock(f->fd, F_UNLCK);
  }
}

/* ---- Open and close */

void ftpd_quota_open(struct ftpd_file *f, bool fresh) {
  f->counted = f->wr && !f->stream && ftpd_quota_counts(f->h, f->path);
  if (!f->counted) {
    return;
  }

  f->shared = FTPD_FS_PLAIN(f->fh->fh_fs, open) && ftpd_lock_is_local(f->fd);
  ftpd_quota_hold(f->h);
  if (!fresh) {
    ftpd_quota_again(f->h);
  }
}

void ftpd_quota_closing(struct ftpd_file *f, struct stat *st) {
  memset(st, 0, sizeof(*st));
  if ((f->counted || f->orphan) && ftpd_fstat(f, st) < 0) {
    memset(st, 0, sizeof(*st));
  }
}

static bool is_same(struct ftpd_file *f, const struct stat *st) {
  struct stat own;

  return f->fh != NULL && ftpd_fstat(f, &own) == 0 &&
    own.st_dev == st->st_dev && own.st_ino == st->st_ino;
}

/* Marks the open files that are this file; false if there is none.  Its bytes
 * count until the last of them is closed.
 */
bool ftpd_quota_note_removed(struct ftpd *h, const struct stat *st) {
  struct ftpd_file *f;
  bool any = false;

  for (f = ftpd_files_of(h)->open; f != NULL; f = f->next) {
    if (is_same(f, st)) {
      f->lent += any ? 0 : st->st_size;
      f->orphan = any = true;
    }
  }

  return any;
}

/* The session that removed the file gives back the bytes that it had then, and
 * each session that has it open gives back what it has paid since: nobody gives
 * back more.
 */
static off_t owed(struct ftpd_file *f, off_t bytes) {
  if (f->orphan) {
    bytes = bytes < f->lent ? bytes : f->lent;
    f->lent -= bytes;
  }

  return bytes;
}

static void note_orphan(struct ftpd_file *f, const struct stat *st) {
  f->orphan = f->orphan || st->st_nlink == 0;
}

/* To the next open file of the session that is this file, or back. */
static void pass_on(struct ftpd_file *f, const struct stat *st) {
  struct ftpd_file *o = ftpd_files_of(f->h)->open;

  while (o != NULL && (o == f || !is_same(o, st))) {
    o = o->next;
  }

  if (o != NULL) {
    o->orphan = true;
    o->lent += f->lent;

  } else {
    ftpd_quota_give_back(f->h, f->lent, 0);
  }

  f->lent = 0;
}

void ftpd_quota_closed(struct ftpd_file *f, const struct stat *st) {
  if (f->lent > 0) {
    pass_on(f, st);
  }

  if (f->counted) {
    f->counted = false;
    ftpd_quota_release(f->h);
  }
}

/* ---- Growing */

static void say_why(struct ftpd_file *f) {
  const char *why = ftpd_quota_why(f->h);

  if (!f->told) {
    f->told = true;
    sftp_log("writing to '%s' refused: %s", f->path, why != NULL ? why :
      "the quota is used up");
  }

  f->refused = why;
  errno = EDQUOT;
}

/* Accounts for a file that ends at `end', or for bytes beyond its end. */
static int prepare_growth(struct ftpd_file *f, off_t end, bool behind,
    size_t moved, struct ftpd_growth *g) {
  struct stat st;

  memset(g, 0, sizeof(*g));
  if (!f->counted) {
    return 0;
  }

  g->locked = lock_growth(f);
  if (ftpd_fstat(f, &st) < 0) {
    unlock_growth(f, g);
    return -1;
  }

  note_orphan(f, &st);
  end = behind ? st.st_size + (off_t) moved : end;
  g->from = st.st_size;
  g->to = end > st.st_size ? end : st.st_size;
  g->moved = moved;
  if (ftpd_quota_pay(f->h, g->to - g->from, (off_t) moved) < 0) {
    unlock_growth(f, g);
    say_why(f);
    return -1;
  }

  f->lent += f->orphan ? g->to - g->from : 0;
  g->counted = true;
  return 0;
}

int ftpd_quota_grow(struct ftpd_file *f, off_t offset, size_t len,
    struct ftpd_growth *g) {
  return prepare_growth(f, offset + (off_t) len, f->append, len, g);
}

int ftpd_quota_resize(struct ftpd_file *f, off_t size, struct ftpd_growth *g) {
  return prepare_growth(f, size, false, 0, g);
}

void ftpd_quota_grown(struct ftpd_file *f, const struct ftpd_growth *g,
    size_t done) {
  int xerrno = errno;
  struct stat st;

  if (!g->counted) {
    return;
  }

  if ((done < g->moved || g->moved == 0) && ftpd_fstat(f, &st) == 0) {
    note_orphan(f, &st);
    ftpd_quota_give_back(f->h, st.st_size < g->to ?
      owed(f, g->to - st.st_size) : 0, (off_t) (g->moved - done));
  }

  unlock_growth(f, g);
  errno = xerrno;
}

int ftpd_quota_fits(struct ftpd_file *f, off_t offset, uint64_t len) {
  struct ftpd_growth g;

  if (prepare_growth(f, offset + (off_t) len, f->append, (size_t) len,
      &g) < 0) {
    return -1;
  }

  ftpd_quota_grown(f, &g, 0);
  return 0;
}

/* ---- By name */

int ftpd_quota_truncate(struct ftpd_op *op, const char *path, off_t size,
    int (*set)(const char *, off_t)) {
  struct ftpd *h = op->ftpd;
  off_t more, less;
  struct stat st;

  if (!ftpd_quota_counts(h, path) || ftpd_stat(h, path, &st) < 0 ||
      !S_ISREG(st.st_mode)) {
    return set(path, size);
  }

  more = size > st.st_size ? size - st.st_size : 0;
  less = size < st.st_size ? st.st_size - size : 0;
  if (ftpd_quota_pay(h, more, 0) < 0) {
    ftpd_quota_refuse(op);
    return -1;
  }

  if (set(path, size) < 0) {
    int xerrno = errno;

    ftpd_quota_give_back(h, more, 0);
    errno = xerrno;
    return -1;
  }

  ftpd_quota_give_back(h, less, 0);
  return 0;
}

void ftpd_quota_cut(struct ftpd *h, const char *path, pr_fh_t *fh,
    off_t size) {
  struct stat st;

  /* The session that has removed it meanwhile has given its bytes back. */
  if (size > 0 && ftpd_quota_counts(h, path) && pr_fsio_fstat(fh, &st) == 0 &&
      st.st_nlink > 0) {
    ftpd_quota_give_back(h, size, 0);
  }
}

int ftpd_quota_watch(struct ftpd *h, const char *path) {
  return ftpd_quota_counts(h, path) &&
    FTPD_FS_PLAIN(ftpd_fs_of(path), unlink) ?
    open(path, O_PATH|O_NOFOLLOW|O_CLOEXEC) : -1;
}

void ftpd_quota_seen(int watch, struct stat *st) {
  int xerrno = errno;
  struct stat now;

  if (watch < 0) {
    return;
  }

  if (fstat(watch, &now) == 0) {
    st->st_size = now.st_dev == st->st_dev && now.st_ino == st->st_ino &&
      (S_ISDIR(now.st_mode) || now.st_nlink < st->st_nlink) ? now.st_size : 0;
  }

  (void) close(watch);
  errno = xerrno;
}
