/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path.h -- names of paths (ftpd-path.c, ftpd-rename.c), resolution of
 * links (ftpd-links.c), lookups (ftpd-look.c), and whether the system itself
 * serves a path (ftpd-fsio.c).
 */

#ifndef MOD_SFTP_FTPD_PATH_H
#define MOD_SFTP_FTPD_PATH_H

#include "ftpd-session.h"

/* ---- ftpd-fsio.c */

/* True when the system's own functions serve the path. */
#define FTPD_FS_PLAIN(fs, member) \
  (ftpd_fs_member((fs), offsetof(pr_fs_t, member)))
bool ftpd_fs_member(pr_fs_t *fs, size_t offset);
/* The file system that FSIO would select for the path. */
pr_fs_t *ftpd_fs_of(const char *path);
/* The same for creating, listing or entering the directory: a file system that
 * is registered for paths below it also serves these.
 */
pr_fs_t *ftpd_fs_of_dir(const char *path);
/* The bottom of the stack of file systems: the system's own functions. */
pr_fs_t *ftpd_fs_system(void);

/* ---- ftpd-path.c */

/* Absolute, without ".", ".." and "//", as text: the only name that the path
 * has inside a root that mod_vroot shows.
 */
const char *ftpd_canon(struct ftpd *h, pool *p, const char *path);
/* Whether the path begins with the real root of mod_vroot. */
bool ftpd_names_root(struct ftpd *h, pool *p, const char *path);
/* Appends a name to such a path, out[0..n): at most len + 1 bytes.  Returns its
 * new length; ".." removes a name, "." does nothing.
 */
size_t ftpd_path_append(char *out, size_t n, const char *name, size_t len);
/* The names in such a path.  More than FTPD_MAX_DEPTH are refused: what the
 * daemon does for its rules grows with the third power of their number.
 */
#define FTPD_MAX_DEPTH 256
unsigned int ftpd_depth(const char *path);
/* Absolute as seen from outside any chroot, for the TransferLog. */
const char *ftpd_outside(pool *p, const char *path);

/* ---- ftpd-links.c */

/* A canonical path with links resolved: all of it, or all but the last name.
 * The path itself if that takes too many links or names, or if the result is
 * too deep; then ftpd_resolve_error() returns ELOOP until the next call,
 * otherwise 0.
 */
const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
  bool follow);
int ftpd_resolve_error(void);
/* ShowSymlinks: if it is off, links appear as their targets. */
bool ftpd_shows_links(struct ftpd *h);
/* The meaning of a link's text inside a chroot: a text that names an inside
 * place by its outside path means that place, all others are literal.  Never
 * longer than the text.
 */
const char *ftpd_link_means(struct ftpd *h, pool *p, const char *text);
/* The same for what readlink(2) gave: the new length. */
int ftpd_link_says(char *text, int len);
/* The text as it is stored. */
int ftpd_link_text(const char *path, char *text, size_t size);

/* ---- ftpd-look.c */

/* The current target of a path, with all links: for checks on which no reply
 * and no action depends.
 */
int ftpd_look(struct ftpd *h, const char *path, struct stat *st);
/* ftpd_lstat() for an operation that only looks: the next call in it, for the
 * same string, returns the same result.
 */
int ftpd_lstat_keep(struct ftpd *h, const char *path, struct stat *st);

/* ---- ftpd-rename.c */

/* A random name in the directory of an absolute path, which nobody can predict.
 */
const char *ftpd_name_beside(pool *p, const char *path);

/* ---- ftpd-fsio.c */

/* Records the system functions that serve "/", in the master. */
void ftpd_files_init(void);

#endif /* MOD_SFTP_FTPD_PATH_H */
