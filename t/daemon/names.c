/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* names.c -- paths: each is held and let go, and lies in no other root.  What
 * is looked at is daemon_lstat.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-held.h"
#include "ftpd-path.h"

struct stat daemon_lstat;

DAEMON_WEAK int ftpd_hold(const char *path) {
  return daemon_call("hold %s", path);
}

DAEMON_WEAK int ftpd_let_go(int res) {
  (void) daemon_call("let_go");
  return res;
}

DAEMON_WEAK void ftpd_stand_anew(void) {
  (void) daemon_call("stand_anew");
}

DAEMON_WEAK int ftpd_check_opened(const char *path, pr_fh_t *fh) {
  (void) fh;
  return daemon_call("check_opened %s", path);
}

DAEMON_WEAK int ftpd_rename_held(const char *from, const char *to,
    bool replace) {
  return daemon_call("rename %s %s%s", from, to, replace ? " replace" : "");
}

DAEMON_WEAK const char *ftpd_name_beside(pool *p, const char *path) {
  return pstrcat(p, path, ".beside", NULL);
}

static int look(const char *how, const char *path, struct stat *st) {
  if (daemon_call("%s %s", how, path) < 0) {
    return -1;
  }

  if (daemon_lstat.st_mode == 0) {
    errno = ENOENT;
    return -1;
  }

  *st = daemon_lstat;
  return 0;
}

DAEMON_WEAK int ftpd_lstat(struct ftpd *h, const char *path,
    struct stat *st) {
  (void) h;
  return look("lstat", path, st);
}

DAEMON_WEAK int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return look("stat", path, st);
}

DAEMON_WEAK const char *ftpd_canon(struct ftpd *h, pool *p,
    const char *path) {
  (void) h;
  (void) p;
  return path;
}

DAEMON_WEAK const char *ftpd_outside(pool *p, const char *path) {
  return pstrcat(p, "/root", path, NULL);
}

DAEMON_WEAK const char *ftpd_vroot_outside(pool *p, const char *path) {
  return pstrcat(p, "/vroot", path, NULL);
}

DAEMON_WEAK void ftpd_vroot_init(void) {
  (void) daemon_call("vroot_init");
}

/* Fails with the offset of a member as its error: this one is not. */
DAEMON_WEAK bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return daemon_call("fs_member") == 0 || errno != (int) offset;
}

/* The section of a path. */
DAEMON_WEAK config_rec *dir_match_path(pool *p, char *path) {
  (void) p;
  (void) daemon_call("dir_match_path %s", path);
  return session.dir_config;
}
