/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-held.h -- ensures that the file that was checked is the file that is
 * used: paths are held while they are used (ftpd-held.c, ftpd-bottom.c).
 */

#ifndef MOD_SFTP_FTPD_HELD_H
#define MOD_SFTP_FTPD_HELD_H

#include "ftpd-path.h"
#include "ftpd-vroot.h"

/* ---- ftpd-held.c */

/* Whether a path can be held: the system's own function serves it, or mod_vroot
 * does, which calls that function for another path.
 */
#define FTPD_HOLDABLE(path, member) \
  (FTPD_FS_PLAIN(ftpd_fs_of(path), member) || ftpd_vroot_serves(path))
/* The system's path of a path that can be held; NULL with errno. */
const char *ftpd_where(const char *path, char *buf, size_t size);
/* The same for a directory, without "/." at its end. */
const char *ftpd_where_dir(const char *dir, char *buf, size_t size);

/* Enters a directory.  Returns the location of the process according to the
 * kernel, as an absolute path without links, valid until the next call; NULL
 * with errno.
 */
const char *ftpd_stand(const char *dir);
/* The kernel is asked once per operation: another operation begins here, or an
 * action that may come long after the last check.
 */
void ftpd_stand_anew(void);
/* Something else may have changed the directory of the process. */
void ftpd_stand_elsewhere(void);

/* Changes to the directory that FSIO reports: functions of other modules rely
 * on that, and resolve relative paths there.
 */
void ftpd_stand_as_told(void);
/* Does so if the path of the command is relative. */
void ftpd_stand_for(const cmd_rec *cmd);

/* Identity of a directory, independent of its name. */
struct ftpd_place {
  dev_t dev;
  ino_t ino;
};

/* False if the process is not in dir ("": the root). */
bool ftpd_stands_at(const char *dir, struct ftpd_place *at);
/* A path relative to the process, if it leads into or below its directory, or
 * directly into a directory above; otherwise the path itself.
 */
const char *ftpd_from_here(const char *path, char *buf, size_t size);
/* Enters a directory to read its rules: no other directory is held by that path
 * in this operation.  False if the process is not there now.
 */
bool ftpd_pin(const char *dir);
/* The .ftpaccess that the daemon saw at that path, NULL: none. */
void ftpd_pin_rules(const char *path, const struct stat *st);
/* Whether that was done for the directory of an absolute path, or is
 * impossible.
 */
bool ftpd_is_pinned(const char *path);

/* Holds an absolute path without links, for which the rules were checked: until
 * ftpd_let_go(), calls of FSIO for it act in exactly that directory, and follow
 * no link. -1 with errno: ENOENT if a link has appeared on the way.  Paths that
 * cannot be held are only checked.
 */
int ftpd_hold(const char *path);
/* The same for both paths of a RENAME or LINK. */
int ftpd_hold_two(const char *from, const char *to);
/* Returns res, and does not change errno. */
int ftpd_let_go(int res);

/* The result of one call while its path or paths are held. */
#define FTPD_HELD(path, call) \
  (ftpd_hold(path) < 0 ? -1 : ftpd_let_go(call))
#define FTPD_HELD_TWO(from, to, call) \
  (ftpd_hold_two((from), (to)) < 0 ? -1 : ftpd_let_go(call))

/* The form of a path for system calls: its name in dir (AT_FDCWD) while it is
 * held, otherwise the path.
 */
struct ftpd_held {
  const char *path, *name;
  int dir;
};

/* NULL if it is not held. */
const struct ftpd_held *ftpd_held_of(const char *path);
const char *ftpd_held_name(const char *path);

/* Checks that a file opened by a path that cannot be held is the file at that
 * path, without a link on the way; otherwise -1 with ENOENT.  Others were held:
 * 0.
 */
int ftpd_check_opened(const char *path, pr_fh_t *fh);

/* ---- ftpd-ftpaccess.c */

bool ftpd_ftpaccess_is(const char *path);
/* The system's stat of a path, its result and errno, before the daemon gets it:
 * the time of a .ftpaccess is replaced by one that increases with every change.
 */
void ftpd_ftpaccess_seen(const char *path, int res, struct stat *st);

/* ---- ftpd-bottom.c */

/* From now on the functions at the bottom of FSIO's stack use held paths. */
void ftpd_bottom_init(void);
/* Until path is NULL, whoever looks there for a file that does not exist sees
 * that of fd.
 */
void ftpd_bottom_show(const char *path, int fd);
/* The result of looking at a path, or at what is shown there. */
int ftpd_or_shown(const char *path, int res, struct stat *st);

/* rename(2) of two held paths.  Unless it may replace an existing file: EEXIST
 * if one has appeared (not detected if a module serves the path).
 */
int ftpd_rename_held(const char *from, const char *to, bool replace);

#endif /* MOD_SFTP_FTPD_HELD_H */
