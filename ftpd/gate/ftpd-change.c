/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-change.c -- changes by path: size, mode, owner, times, directories,
 * links, removal.  All go through FSIO, because modules put their own file
 * systems there.
 */

#include "ftpd-ask.h"
#include "ftpd-check.h"
#include "ftpd-digest-carry.h"
#include "ftpd-digest.h"
#include "ftpd-held.h"
#include "ftpd-locks.h"
#include "ftpd-ownership.h"
#include "ftpd-path.h"
#include "ftpd-quota-file.h"
#include "ftpd-quota.h"
#include "ftpd-record.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-uploads.h"

#include "ftpd-attrs.h"
#include "ftpd-tree.h"

#include <sys/stat.h>
#include <sys/time.h>

/* Another session that writes the file finds that its mark is gone. */
static int truncate_held(const char *path, off_t size) {
  pr_fh_t *fh = ftpd_carry_nothing(path);
  int res = FTPD_HELD(path, pr_fsio_truncate(path, size));

  ftpd_carry_nothing_end(fh);
  return res;
}

int ftpd_truncate(struct ftpd_op *op, const char *path, off_t size) {
  if (size < 0) {
    errno = EINVAL;
    return -1;
  }

  ftpd_record_size(size);
  ftpd_digest_spoil_all(op->ftpd);
  return ftpd_record_did("size", ftpd_max_store(op, path, size) < 0 ||
    ftpd_check_resize(op, path, size) < 0 ||
    ftpd_open_lock_changed(path) < 0 ? -1 :
    ftpd_quota_truncate(op, path, size, truncate_held));
}

int ftpd_chmod(struct ftpd *h, const char *path, mode_t mode) {
  struct ftpd_carry receipt;

  ftpd_record_mode(mode);
  ftpd_carry_take(&receipt, h, path);
  return ftpd_record_did("mode", ftpd_record_scp_mode(h, path,
    ftpd_carry_put(&receipt, FTPD_HELD(path, pr_fsio_chmod(path, mode)),
      NULL)));
}

int ftpd_chown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  struct stat st;

  ftpd_record_owner(uid, gid);
  return ftpd_record_did("owner", ftpd_stat(h, path, &st) < 0 ||
    ftpd_may_chown(&st, uid, gid) < 0 ? -1 :
    FTPD_HELD(path, pr_fsio_chown(path, uid, gid)));
}

int ftpd_lchown(struct ftpd *h, const char *path, uid_t uid, gid_t gid) {
  struct stat st;

  ftpd_record_owner(uid, gid);
  return ftpd_record_did("owner", ftpd_lstat(h, path, &st) < 0 ||
    ftpd_may_chown(&st, uid, gid) < 0 ? -1 :
    FTPD_HELD(path, pr_fsio_lchown(path, uid, gid)));
}

/* FSIO only sets both times at once, in microseconds. */
static int whole_times(const struct timespec ts[2], struct timeval tv[2]) {
  unsigned int i;

  for (i = 0; i < 2; i++) {
    if (ts[i].tv_nsec == UTIME_OMIT || ts[i].tv_nsec == UTIME_NOW) {
      return -1;
    }

    tv[i].tv_sec = ts[i].tv_sec;
    tv[i].tv_usec = ts[i].tv_nsec / 1000;
  }

  return 0;
}

/* Fills in the file's current times where ts says to keep them. */
static void fill_times(const struct stat *st, struct timespec ts[2]) {
  if (ts[0].tv_nsec == UTIME_OMIT) {
    ts[0] = st->st_atim;
  }

  if (ts[1].tv_nsec == UTIME_OMIT) {
    ts[1] = st->st_mtim;
  }

  if (ts[0].tv_nsec == UTIME_NOW) {
    (void) clock_gettime(CLOCK_REALTIME, &ts[0]);
  }

  if (ts[1].tv_nsec == UTIME_NOW) {
    (void) clock_gettime(CLOCK_REALTIME, &ts[1]);
  }
}

int ftpd_utimes(struct ftpd *h, const char *path, const struct timespec ts[2],
    bool follow) {
  struct ftpd_carry receipt;
  struct timespec set[2] = { ts[0], ts[1] };
  struct timeval tv[2];
  struct stat st;

  if ((follow ? ftpd_stat(h, path, &st) : ftpd_lstat(h, path, &st)) < 0) {
    return -1;
  }

  fill_times(&st, set);
  if (!follow && S_ISLNK(st.st_mode)) {
    if (!FTPD_HOLDABLE(path, utimes)) {
      errno = ENOSYS;
      return -1;
    }

    return FTPD_HELD(path, utimensat(AT_FDCWD, ftpd_held_name(path), set,
      AT_SYMLINK_NOFOLLOW));
  }

  if (whole_times(set, tv) < 0) {
    errno = EINVAL;
    return -1;
  }

  ftpd_carry_take(&receipt, h, path);
  return ftpd_carry_put(&receipt, FTPD_HELD(path, pr_fsio_utimes(path, tv)),
    &tv[1]);
}

int ftpd_futimes(struct ftpd_file *f, const struct timespec ts[2]) {
  struct timespec set[2] = { ts[0], ts[1] };
  struct timeval tv[2];
  struct stat st;
  int res;

  if (ftpd_fstat(f, &st) < 0) {
    return -1;
  }

  fill_times(&st, set);
  if (whole_times(set, tv) < 0) {
    errno = EINVAL;
    return -1;
  }

  ftpd_digest_look(f);
  res = pr_fsio_futimes(f->fh, tv);
  ftpd_digest_timed(f);
  return res;
}

/* Only the file system knows the size of a directory. */
static int count_dir(struct ftpd_op *op, const char *path,
    const struct stat *st) {
  if (!ftpd_quota_has_dirs(op->ftpd) ||
      ftpd_quota_name(op->ftpd, path, st->st_size) == 0) {
    return 0;
  }

  ftpd_quota_refuse(op);
  (void) FTPD_HELD(path, pr_fsio_rmdir(path));
  errno = EDQUOT;
  return -1;
}

/* The umask of the directory has been in force since ftpd_permit(), and FSIO
 * would replace it; pr_fsio_smkdir() creates another name first, which is for
 * owners that are given by name.
 */
static int make_dir(pool *p, const char *path, mode_t mode) {
  pr_fs_t *fs = ftpd_fs_system();
  int res;

  if (!FTPD_FS_PLAIN(ftpd_fs_of_dir(path), mkdir) &&
      !ftpd_vroot_serves_dir(path)) {
    return FTPD_HELD(path, pr_fsio_smkdir(p, path, mode, (uid_t) -1,
      (gid_t) -1));
  }

  res = FTPD_HELD(path, fs->mkdir(fs, path, mode));
  pr_fs_clear_cache2(path);
  return res;
}

int ftpd_mkdir(struct ftpd_op *op, const char *path, mode_t mode) {
  struct stat st;
  mode_t mask;

  mode = ftpd_new_mode(op, path, mode, 0777);
  if (make_dir(op->pool, path, mode & 01777) < 0) {
    return -1;
  }

  if ((mode & 07000) != 0) {
    mask = umask(0);
    (void) umask(mask);
    (void) FTPD_HELD(path, pr_fsio_chmod(path, mode & 07777 & ~mask));
  }

  ftpd_give_away_dir(path);
  if (ftpd_lstat(op->ftpd, path, &st) < 0) {
    return 0;
  }

  ftpd_record_mode(st.st_mode);
  ftpd_upload_note(op->ftpd, &st);
  return count_dir(op, path, &st);
}

int ftpd_rmdir(struct ftpd *h, const char *path) {
  struct stat st;
  bool counts = ftpd_quota_has_dirs(h) && ftpd_lstat(h, path, &st) == 0;

  if (FTPD_HELD(path, pr_fsio_rmdir(path)) < 0) {
    return -1;
  }

  if (counts) {
    ftpd_quota_gone(h, path, &st);
  }

  return 0;
}

int ftpd_unlink(struct ftpd_op *op, const char *path) {
  struct op_state *state = ftpd_op_state(op);
  struct stat st;
  int watch, res;

  if (ftpd_lstat(op->ftpd, path, &st) < 0) {
    return errno == ENOENT && ftpd_check_removed(op->ftpd, path) ? 0 : -1;
  }

  if (S_ISDIR(st.st_mode)) {
    errno = EISDIR;
    return -1;
  }

  watch = ftpd_quota_watch(op->ftpd, path);
  res = FTPD_HELD(path, pr_fsio_unlink(path));
  ftpd_quota_seen(watch, &st);
  if (res < 0) {
    return -1;
  }

  (void) ftpd_check_removed(op->ftpd, path);
  ftpd_quota_gone(op->ftpd, path, &st);
  state->removed = true;
  state->size = st.st_size;
  state->path = path;
  return 0;
}

static int link_held(const char *from, const char *to) {
  return FTPD_HELD_TWO(from, to, pr_fsio_link(from, to));
}

static int symlink_held(const char *target, const char *path) {
  return FTPD_HELD(path, pr_fsio_symlink(target, path));
}

/* A link counts as a separate file with this size. */
static int make_link(struct ftpd_op *op, int (*make)(const char *,
    const char *), const char *from, const char *to, size_t bytes) {
  if (ftpd_quota_name(op->ftpd, to, (off_t) bytes) < 0) {
    ftpd_quota_refuse(op);
    return -1;
  }

  if (make(from, to) < 0) {
    ftpd_quota_unname(op->ftpd, to, (off_t) bytes);
    return -1;
  }

  return 0;
}

int ftpd_link(struct ftpd_op *op, const char *from, const char *to) {
  return make_link(op, link_held, from, to, 0);
}

int ftpd_symlink(struct ftpd_op *op, const char *target, const char *path) {
  if (ftpd_vroot_serves(path)) {
    target = ftpd_vroot_text(op->ftpd, op->pool, target, path);
  }

  return make_link(op, symlink_held, target, path, strlen(target));
}
