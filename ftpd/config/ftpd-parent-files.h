/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-parent-files.h -- files that the parent reads once, as root, and that
 * virtual hosts and sessions share: host keys, their certificates, DH groups
 * (ftpd-parent-files.c).
 *
 * The content survives a restart of the server if the host keeps this module
 * loaded. mod_dso does not: then ftpd-kept.c has the last valid content,
 * because there may be nobody at the terminal any more to type a passphrase,
 * and a file may be damaged.
 */

#ifndef MOD_SFTP_FTPD_PARENT_FILES_H
#define MOD_SFTP_FTPD_PARENT_FILES_H

#include "ftpd-session.h"

struct ftpd_parent_file {
  struct ftpd_parent_file *next;
  pool *pool;
  const char *path;
  struct stat st;               /* zero: not the current content of the file */
  bool used;                    /* since the last sweep */
  struct sftp_key *key;         /* a file has either key or text */
  const char *text;
  size_t len;
};

/* The entry of that path, or NULL. */
struct ftpd_parent_file *ftpd_parent_file_find(const char *path);
/* Begins an entry without content, for add() or destroy_pool(); st NULL: not
 * the current content of the file.
 */
struct ftpd_parent_file *ftpd_parent_file_new(const char *path,
  const struct stat *st);
void ftpd_parent_file_add(struct ftpd_parent_file *f);
/* Adds an entry that is used and has that text. */
struct ftpd_parent_file *ftpd_parent_file_add_text(const char *path,
  const struct stat *st, const char *text);
/* Whether the file has not changed since it was read. */
bool ftpd_parent_file_fresh(const struct ftpd_parent_file *f,
  const struct stat *st);
void ftpd_parent_file_drop(struct ftpd_parent_file *old);

/* Calls each for all used entries, and drops the others; afterwards none counts
 * as used.
 */
void ftpd_parent_files_sweep(void (*each)(const struct ftpd_parent_file *f));
void ftpd_parent_files_free(void);

/* Reads the whole file as root; its text ends with a NUL that is not counted.
 * 0, or -1 with the reason at *why.
 */
struct ftpd_parent_text {
  struct stat st;
  struct sftp_str bytes;
};
int ftpd_parent_file_read(pool *p, const char *path, off_t max,
  struct ftpd_parent_text *text, const char **why);

#endif /* MOD_SFTP_FTPD_PARENT_FILES_H */
