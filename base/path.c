/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* path.c -- paths as text. */

#include "path.h"

const char *sftp_path_join(pool *p, const char *dir, const char *name) {
  size_t len = strlen(dir);

  return pstrcat(p, dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name,
    (char *) NULL);
}

const char *sftp_path_from(pool *p, const char *cwd, const char *path) {
  return *path == '/' ? path : sftp_path_join(p, cwd, path);
}
