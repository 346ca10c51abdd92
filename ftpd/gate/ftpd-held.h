/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-held.h -- what was checked is what is used: paths that are held while
 * they are used (ftpd-held.c, ftpd-bottom.c).
 */

#ifndef MOD_SFTP_FTPD_HELD_H
#define MOD_SFTP_FTPD_HELD_H

#include "ftpd-session.h"

/* ---- ftpd-held.c */

/* Goes into a directory.  Where the kernel says that the process is then, as an
 * absolute path without links, until the next call; NULL with errno.
 */
const char *ftpd_stand(const char *dir);
/* The kernel is asked once for an operation: here begins another, or what may
 * come long after the last question.
 */
void ftpd_stand_anew(void);
/* Something else may have taken the process to another place. */
void ftpd_stand_elsewhere(void);

/* Modules take it to be where FSIO says. */
void ftpd_stand_as_told(void);

/* A directory, whatever it is called. */
struct ftpd_place {
  dev_t dev;
  ino_t ino;
};

/* False when the process does not stand in dir ("": the root). */
bool ftpd_stands_at(const char *dir, struct ftpd_place *at);
/* A path that begins where the process stands, if it ends in or below that, or
 * right in a directory above; else the path.
 */
const char *ftpd_from_here(const char *path, char *buf, size_t size);
/* Goes into a directory, to read its rules: no other one is held by that path
 * in this operation.  False when the process is not there now.
 */
bool ftpd_pin(const char *dir);
/* What the daemon saw of the .ftpaccess of that path, NULL: nothing. */
void ftpd_pin_rules(const char *path, const struct stat *st);
/* Whether that was done for the directory of an absolute path, or cannot be. */
bool ftpd_is_pinned(const char *path);

/* Holds an absolute path without links, as the rules were asked for it: until
 * ftpd_let_go(), what FSIO is asked to do with it is done in the very directory
 * that is there, and follows no link.  -1 with errno: ENOENT when a link turned
 * up on the way.  For the paths that a module serves it is looked at only.
 */
int ftpd_hold(const char *path);
/* The same for the two of a RENAME or LINK. */
int ftpd_hold_two(const char *from, const char *to);
/* Hands res back, and leaves errno. */
int ftpd_let_go(int res);

/* The result of one call, with its path or paths held. */
#define FTPD_HELD(path, call) \
  (ftpd_hold(path) < 0 ? -1 : ftpd_let_go(call))
#define FTPD_HELD_TWO(from, to, call) \
  (ftpd_hold_two((from), (to)) < 0 ? -1 : ftpd_let_go(call))

/* How the system's own functions are to be told of a path: by its name in dir
 * (AT_FDCWD) while it is held, else by the path.
 */
struct ftpd_held {
  const char *path, *name;
  int dir;
};

/* NULL when it is not held. */
const struct ftpd_held *ftpd_held_of(const char *path);
const char *ftpd_held_name(const char *path);

/* What was opened by a path that a module serves is what is there, without a
 * link on the way; else -1 with ENOENT.  Others were held: 0.
 */
int ftpd_check_opened(const char *path, pr_fh_t *fh);

/* ---- ftpd-ftpaccess.c */

/* What the system says of a path, before the daemon is told: the time of a
 * .ftpaccess becomes one that grows with every change.  NULL: nothing is there.
 */
bool ftpd_ftpaccess_is(const char *path);
void ftpd_ftpaccess_seen(const char *path, struct stat *st);

/* ---- ftpd-bottom.c */

/* From now on the functions at the bottom of FSIO's stack know of held paths.
 */
void ftpd_bottom_init(void);

/* rename(2) of two paths that it holds.  Unless it may replace what is there:
 * EEXIST where something turned up (where a module serves the path: unseen).
 */
int ftpd_rename_held(const char *from, const char *to, bool replace);

#endif /* MOD_SFTP_FTPD_HELD_H */
