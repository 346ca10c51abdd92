/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* opendir.c -- FSIO's directories, which are the system's: a test with
 * functions of its own does without this file.
 */

#include "daemon.h"

#include <dirent.h>

void *pr_fsio_opendir(const char *path) {
  return opendir(path);
}

struct dirent *pr_fsio_readdir(void *dir) {
  return readdir(dir);
}

int pr_fsio_closedir(void *dir) {
  return closedir(dir);
}
