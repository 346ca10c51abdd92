/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path.h -- names of paths (ftpd-path.c, ftpd-rename.c), where they lead
 * (ftpd-links.c), looks at them (ftpd-look.c), and whether the system itself
 * serves them (ftpd-fsio.c).
 */

#ifndef MOD_SFTP_FTPD_PATH_H
#define MOD_SFTP_FTPD_PATH_H

#include "ftpd-session.h"

/* ---- ftpd-fsio.c */

/* True when the system's own functions serve the path. */
#define FTPD_FS_PLAIN(fs, member) \
  (ftpd_fs_member((fs), offsetof(pr_fs_t, member)))
bool ftpd_fs_member(pr_fs_t *fs, size_t offset);
/* The file system that FSIO would ask for the path. */
pr_fs_t *ftpd_fs_of(const char *path);
/* The same where it makes, lists or enters the directory: one that is
 * registered for what is below it serves these.
 */
pr_fs_t *ftpd_fs_of_dir(const char *path);
/* The bottom of the stack of file systems: the system's own functions. */
pr_fs_t *ftpd_fs_system(void);

/* ---- ftpd-path.c */

/* Absolute, without ".", ".." and "//", as text. */
const char *ftpd_canon(struct ftpd *h, pool *p, const char *path);
/* One more name for such a path, out[0..n): at most len + 1 bytes.  Its new
 * length; ".." takes a name away, "." is nothing.
 */
size_t ftpd_path_append(char *out, size_t n, const char *name, size_t len);
/* Absolute as seen from outside any chroot, for the TransferLog. */
const char *ftpd_outside(pool *p, const char *path);

/* ---- ftpd-links.c */

/* A canonical path with links resolved: all of it, or all but the last name. */
const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
  bool follow);
/* ShowSymlinks: where it is off, links are what they lead to. */
bool ftpd_shows_links(struct ftpd *h);
/* What a link means by its text, inside a chroot: one that names a place inside
 * by its path outside means that place, others what they say.  Never longer
 * than the text.
 */
const char *ftpd_link_means(struct ftpd *h, pool *p, const char *text);
/* The text as it is stored. */
int ftpd_link_text(const char *path, char *text, size_t size);

/* ---- ftpd-look.c */

/* What a path leads to now, links and all: for questions that no answer and no
 * act depends on.
 */
int ftpd_look(struct ftpd *h, const char *path, struct stat *st);
/* ftpd_lstat() for an operation that only looks: the next one of it, for this
 * very string, gives the same answer.
 */
int ftpd_lstat_keep(struct ftpd *h, const char *path, struct stat *st);

/* ---- ftpd-rename.c */

/* A random name in the directory of an absolute path, which nobody can predict.
 */
const char *ftpd_name_beside(pool *p, const char *path);

/* ---- ftpd-fsio.c */

/* Notes which functions of the system serve "/", in the master. */
void ftpd_files_init(void);

#endif /* MOD_SFTP_FTPD_PATH_H */
