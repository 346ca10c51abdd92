/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* path.h -- paths as text, without access to the file system. */

#ifndef MOD_SFTP_PATH_H
#define MOD_SFTP_PATH_H

#include "base.h"

/* The name in the directory, with one slash between them; in p. */
const char *sftp_path_join(pool *p, const char *dir, const char *name);
/* The path relative to the directory cwd. */
const char *sftp_path_from(pool *p, const char *cwd, const char *path);

#endif /* MOD_SFTP_PATH_H */
