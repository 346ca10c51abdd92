/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-vroot-fs.c -- mod_vroot's functions in FSIO.
 *
 * mod_vroot calls the system itself.  A held path is passed to the functions at
 * the bottom instead (ftpd-bottom.c), which use the held directory.  All other
 * paths are passed to mod_vroot.
 */

#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-scan.h"
#include "ftpd-vroot.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/time.h>

static pr_fs_t vroot;           /* its functions, as they were */

static const pr_fs_t *next(const char *path) {
  return ftpd_held_of(path) != NULL ? ftpd_fs_system() : &vroot;
}

static const pr_fs_t *next_of_two(const char *from, const char *to) {
  return ftpd_held_of(from) != NULL ? next(to) : &vroot;
}

/* An alias is not an entry of a directory, and cannot be removed. */
static bool is_alias(const char *path) {
  if (!ftpd_vroot_is_alias(path)) {
    return false;
  }

  errno = EACCES;
  return true;
}

/* ---- stat, and the rules of a directory: relative to the process */

/* The module's result for the path, relative to the process; NULL: the module
 * must be asked.  It maps no paths while something is logged.
 */
static const char *from_here(const char *path, char *buf, size_t size) {
  char place[PATH_MAX], way[PATH_MAX];

  if (*path != '/' || session.curr_phase == LOG_CMD ||
      session.curr_phase == LOG_CMD_ERR || strstr(path, "/..") != NULL ||
      ftpd_vroot_inside(path) != path ||
      ftpd_vroot_place(path, place, sizeof(place)) == NULL) {
    return NULL;
  }

  sstrncpy(buf, ftpd_from_here(place, way, sizeof(way)), size);
  return buf;
}

static int on_stat(pr_fs_t *fs, const char *path, struct stat *st) {
  char buf[PATH_MAX];
  const char *way = from_here(path, buf, sizeof(buf));
  int res = way != NULL ? stat(way, st) : vroot.stat(fs, path, st);

  ftpd_ftpaccess_seen(path, res, st);
  return ftpd_or_shown(ftpd_vroot_inside(path), res, st);
}

static int on_lstat(pr_fs_t *fs, const char *path, struct stat *st) {
  return ftpd_or_shown(ftpd_vroot_inside(path), vroot.lstat(fs, path, st), st);
}

static int on_open(pr_fh_t *fh, const char *path, int flags) {
  char buf[PATH_MAX];
  const char *way = ftpd_held_of(path) == NULL && ftpd_ftpaccess_is(path) ?
    from_here(path, buf, sizeof(buf)) : NULL;

  return way != NULL ? open(way, flags, PR_OPEN_MODE) :
    next(path)->open(fh, path, flags);
}

/* ---- Directories */

/* mod_vroot adds its aliases to the directory that it has opened, which must be
 * the held one.
 */
static bool is_held_there(DIR *dirh, const char *path) {
  struct stat opened, st;

  return fstat(dirfd(dirh), &opened) == 0 &&
    lstat(ftpd_held_name(path), &st) == 0 && opened.st_dev == st.st_dev &&
    opened.st_ino == st.st_ino;
}

static void *on_opendir(pr_fs_t *fs, const char *path) {
  void *dirh = vroot.opendir(fs, path);

  if (dirh != NULL && ftpd_held_of(path) != NULL &&
      !is_held_there(dirh, path)) {
    (void) vroot.closedir(fs, dirh);
    dirh = NULL;
    errno = ENOENT;
  }

  return dirh;
}

static int on_chdir(pr_fs_t *fs, const char *path) {
  ftpd_stand_elsewhere();
  return vroot.chdir(fs, path);
}

static int on_rmdir(pr_fs_t *fs, const char *path) {
  return is_alias(path) ? -1 : next(path)->rmdir(fs, path);
}

/* ---- Names and links */

static int on_unlink(pr_fs_t *fs, const char *path) {
  return ftpd_scan_removes() ? 0 : is_alias(path) ? -1 :
    next(path)->unlink(fs, path);
}

static int on_rename(pr_fs_t *fs, const char *from, const char *to) {
  return is_alias(from) || is_alias(to) ? -1 :
    next_of_two(from, to)->rename(fs, from, to);
}

static int on_link(pr_fs_t *fs, const char *from, const char *to) {
  return next_of_two(from, to)->link(fs, from, to);
}

static int on_symlink(pr_fs_t *fs, const char *text, const char *path) {
  return next(path)->symlink(fs, text, path);
}

/* Callers follow the text of a path that is not held. */
static int on_readlink(pr_fs_t *fs, const char *path, char *buf, size_t size) {
  return ftpd_held_of(path) != NULL ?
    ftpd_fs_system()->readlink(fs, path, buf, size) :
    ftpd_link_says(buf, vroot.readlink(fs, path, buf, size));
}

/* ---- Attributes */

static int on_truncate(pr_fs_t *fs, const char *path, off_t size) {
  return next(path)->truncate(fs, path, size);
}

static int on_chmod(pr_fs_t *fs, const char *path, mode_t mode) {
  return next(path)->chmod(fs, path, mode);
}

static int on_chown(pr_fs_t *fs, const char *path, uid_t uid, gid_t gid) {
  return next(path)->chown(fs, path, uid, gid);
}

static int on_lchown(pr_fs_t *fs, const char *path, uid_t uid, gid_t gid) {
  return next(path)->lchown(fs, path, uid, gid);
}

static int on_utimes(pr_fs_t *fs, const char *path, struct timeval *tv) {
  return next(path)->utimes(fs, path, tv);
}

/* ---- Into their places */

/* Functions that mod_vroot does not have stay so. */
#define TAKE(member) \
  fs->member = vroot.member != NULL ? on_##member : NULL

void ftpd_vroot_hold(pr_fs_t *fs) {
  vroot = *fs;
  TAKE(stat);
  TAKE(lstat);
  TAKE(open);
  TAKE(opendir);
  TAKE(chdir);
  TAKE(rmdir);
  TAKE(unlink);
  TAKE(rename);
  TAKE(link);
  TAKE(symlink);
  TAKE(readlink);
  TAKE(truncate);
  TAKE(chmod);
  TAKE(chown);
  TAKE(lchown);
  TAKE(utimes);
}
