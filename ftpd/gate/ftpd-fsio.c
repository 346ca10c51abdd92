/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fsio.c -- whether the system's own functions serve a path, or those of a
 * module.
 */

#include "ftpd-path.h"

/* The bottom of the stack of file systems: the system's own functions. */
static pr_fs_t *sys_fs = NULL;

void ftpd_files_init(void) {
  pr_fs_t *fs = pr_get_fs("/", NULL);

  while (fs != NULL && fs->fs_next != NULL) {
    fs = fs->fs_next;
  }

  sys_fs = fs;
}

/* Functions of an FS record, by their offset. */
static void *member_of(const pr_fs_t *fs, size_t offset) {
  void *fn;

  memcpy(&fn, (const char *) fs + offset, sizeof(fn));
  return fn;
}

pr_fs_t *ftpd_fs_system(void) {
  if (sys_fs == NULL) {
    ftpd_files_init();
  }

  return sys_fs;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  pr_fs_t *bottom = ftpd_fs_system();

  /* Walks the stack in the same way as FSIO. */
  while (fs != NULL && fs->fs_next != NULL && member_of(fs, offset) == NULL) {
    fs = fs->fs_next;
  }

  return fs != NULL && bottom != NULL &&
    member_of(fs, offset) == member_of(bottom, offset);
}

pr_fs_t *ftpd_fs_of(const char *path) {
  return pr_get_fs(path, NULL);
}

pr_fs_t *ftpd_fs_of_dir(const char *path) {
  char dir[PR_TUNABLE_PATH_MAX + 2];

  snprintf(dir, sizeof(dir), "%s/", strcmp(path, "/") == 0 ? "" : path);
  return pr_get_fs(dir, NULL);
}
