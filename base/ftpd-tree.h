/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-tree.h -- contract with the daemon: names in the file system, and
 * directories.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Paths come
 * from ftpd_permit(): if links have appeared since then, the functions fail.
 */

#ifndef MOD_SFTP_FTPD_TREE_H
#define MOD_SFTP_FTPD_TREE_H

#include <sys/stat.h>

#include "base.h"

struct ftpd;
struct ftpd_op;
struct ftpd_dir;
struct ftpd_glob;
struct ftpd_moving;

int ftpd_mkdir(struct ftpd_op *op, const char *path, mode_t mode);
int ftpd_rmdir(struct ftpd *h, const char *path);
int ftpd_unlink(struct ftpd_op *op, const char *path);
/* 1: a file is being copied to another file system.  Then each turn takes a
 * step, until one returns 0 or -1, or stops it; its state lives in op's pool.
 */
int ftpd_rename(struct ftpd_op *op, const char *from, const char *to,
  bool overwrite, struct ftpd_moving **moving);
int ftpd_rename_step(struct ftpd_op *op, struct ftpd_moving *m);
void ftpd_rename_stop(struct ftpd_moving *m);
int ftpd_link(struct ftpd_op *op, const char *from, const char *to);
int ftpd_symlink(struct ftpd_op *op, const char *target, const char *path);
/* The link's text as it is stored, but seen from inside where it names what is
 * inside by its path outside; NUL-terminated in p.
 */
int ftpd_readlink(struct ftpd *h, pool *p, const char *path,
  const char **target);
/* Canonical absolute path: the existing part is resolved, the rest is kept. */
const char *ftpd_realpath(struct ftpd *h, pool *p, const char *path);
/* Searches for paths that match a shell pattern inside the user's root, as far
 * as listings would show them.  With UseGlobbing off the pattern is literal.
 * NULL: E2BIG.  The search ends with the pool, or before.
 */
struct ftpd_glob *ftpd_glob_begin(struct ftpd *h, pool *p,
  const char *pattern);
/* Does the work of one turn. 1: *paths are complete, NULL-terminated, valid
 * until the end; 0: call again; -1: E2BIG, the search costs too much.
 */
int ftpd_glob_step(struct ftpd_glob *g, const char ***paths);
void ftpd_glob_end(struct ftpd_glob *g);

/* Directories: entries that rules hide are skipped. st is the entry's lstat as
 * the client may see it (DirFakeUser and similar directives applied).
 */
struct ftpd_dir *ftpd_opendir(struct ftpd_op *op, const char *path);
/* 1: *name and *st are set, 0: end, -1: errno, 2: many entries were hidden,
 * call again in the next turn.
 */
int ftpd_readdir(struct ftpd_dir *d, const char **name, struct stat *st);
int ftpd_closedir(struct ftpd_op *op, struct ftpd_dir *d);
const char *ftpd_dir_path(const struct ftpd_dir *d);

#endif /* MOD_SFTP_FTPD_TREE_H */
