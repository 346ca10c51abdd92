/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_shift.c -- a file system of a module between FSIO and the disk: what is
 * asked of one directory happens in another.  For t/integration/shift.t.
 *
 *   ShiftFS place from to
 *
 * registers it for the paths below place ("/": for all), after the login.
 */

#include "conf.h"

module shift_module;

static const char *from, *to;
static char real[PR_TUNABLE_PATH_MAX + 1], other[PR_TUNABLE_PATH_MAX + 1];

static const char *shifted(const char *path, char *buf) {
  size_t len = strlen(from);

  if (strncmp(path, from, len) != 0 ||
      (path[len] != '/' && path[len] != '\0')) {
    return path;
  }

  snprintf(buf, PR_TUNABLE_PATH_MAX + 1, "%s%s", to, path + len);
  return buf;
}

#define SHIFTED(path) shifted((path), real)

static int on_stat(pr_fs_t *fs, const char *path, struct stat *st) {
  (void) fs;
  return stat(SHIFTED(path), st);
}

static int on_lstat(pr_fs_t *fs, const char *path, struct stat *st) {
  (void) fs;
  return lstat(SHIFTED(path), st);
}

static int on_rename(pr_fs_t *fs, const char *a, const char *b) {
  (void) fs;
  return rename(SHIFTED(a), shifted(b, other));
}

static int on_unlink(pr_fs_t *fs, const char *path) {
  (void) fs;
  return unlink(SHIFTED(path));
}

static int on_open(pr_fh_t *fh, const char *path, int flags) {
  (void) fh;
  return open(SHIFTED(path), flags, PR_OPEN_MODE);
}

static int on_link(pr_fs_t *fs, const char *a, const char *b) {
  (void) fs;
  return link(SHIFTED(a), shifted(b, other));
}

static int on_readlink(pr_fs_t *fs, const char *path, char *buf, size_t n) {
  (void) fs;
  return (int) readlink(SHIFTED(path), buf, n);
}

static int on_symlink(pr_fs_t *fs, const char *text, const char *path) {
  (void) fs;
  return symlink(text, SHIFTED(path));
}

static int on_truncate(pr_fs_t *fs, const char *path, off_t len) {
  (void) fs;
  return truncate(SHIFTED(path), len);
}

static int on_chmod(pr_fs_t *fs, const char *path, mode_t mode) {
  (void) fs;
  return chmod(SHIFTED(path), mode);
}

static int on_utimes(pr_fs_t *fs, const char *path, struct timeval *tv) {
  (void) fs;
  return utimes(SHIFTED(path), tv);
}

static int on_chdir(pr_fs_t *fs, const char *path) {
  (void) fs;
  return chdir(SHIFTED(path));
}

static void *on_opendir(pr_fs_t *fs, const char *path) {
  (void) fs;
  return opendir(SHIFTED(path));
}

static int on_mkdir(pr_fs_t *fs, const char *path, mode_t mode) {
  (void) fs;
  return mkdir(SHIFTED(path), mode);
}

static int on_rmdir(pr_fs_t *fs, const char *path) {
  (void) fs;
  return rmdir(SHIFTED(path));
}

MODRET shift_post_pass(cmd_rec *cmd) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM, "ShiftFS", FALSE);
  pr_fs_t *fs;

  (void) cmd;
  if (c == NULL) {
    return PR_DECLINED(cmd);
  }

  from = c->argv[1];
  to = c->argv[2];
  fs = pr_register_fs(session.pool, "shift", c->argv[0]);
  if (fs == NULL) {
    pr_log_pri(PR_LOG_ERR, "mod_shift: cannot register: %s", strerror(errno));
    return PR_DECLINED(cmd);
  }

  fs->stat = on_stat;
  fs->lstat = on_lstat;
  fs->rename = on_rename;
  fs->unlink = on_unlink;
  fs->open = on_open;
  fs->link = on_link;
  fs->readlink = on_readlink;
  fs->symlink = on_symlink;
  fs->truncate = on_truncate;
  fs->chmod = on_chmod;
  fs->utimes = on_utimes;
  fs->chdir = on_chdir;
  fs->opendir = on_opendir;
  fs->mkdir = on_mkdir;
  fs->rmdir = on_rmdir;
  pr_fs_clear_cache();
  pr_resolve_fs_map();
  return PR_DECLINED(cmd);
}

MODRET set_shiftfs(cmd_rec *cmd) {
  CHECK_ARGS(cmd, 3);
  CHECK_CONF(cmd, CONF_ROOT);
  add_config_param_str(cmd->argv[0], 3, cmd->argv[1], cmd->argv[2],
    cmd->argv[3]);
  return PR_HANDLED(cmd);
}

static conftable shift_conftab[] = {
  { "ShiftFS", set_shiftfs, NULL },
  { NULL, NULL, NULL }
};

static cmdtable shift_cmdtab[] = {
  { POST_CMD, C_PASS, G_NONE, shift_post_pass, FALSE, FALSE, 0,
    NULL },
  { 0, NULL, NULL, NULL, FALSE, FALSE, 0, NULL }
};

module shift_module = {
  NULL, NULL, 0x20, "shift", shift_conftab, shift_cmdtab, NULL, NULL, NULL,
  "mod_shift/0", NULL, 0
};
