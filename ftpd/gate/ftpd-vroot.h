/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-vroot.h -- the root that mod_vroot shows: its names (ftpd-vroot.c), and
 * its functions in FSIO (ftpd-vroot-fs.c).
 */

#ifndef MOD_SFTP_FTPD_VROOT_H
#define MOD_SFTP_FTPD_VROOT_H

#include "ftpd-session.h"

/* ---- ftpd-vroot.c */

/* Finds out where that root is, before the first request after the login. */
void ftpd_vroot_init(void);
/* Whether mod_vroot serves the path, and the system's path is known.  The
 * second function is for a directory that is made or listed.
 */
bool ftpd_vroot_serves(const char *path);
bool ftpd_vroot_serves_dir(const char *path);

/* An absolute path as seen inside: mod_vroot takes a path that begins with its
 * real root for a path below that root.  Returns a part of path, or "/".
 */
const char *ftpd_vroot_inside(const char *path);
/* A path inside as records have it, with the root before it; as FTP's do. */
const char *ftpd_vroot_outside(pool *p, const char *path);
/* The same in a session of FTP, in which this module serves nothing. */
const char *ftpd_vroot_outside_ftp(pool *p, const char *path);
/* The system's path of a path inside; "DIR/." for the root, and for an alias of
 * a directory.  NULL with errno.
 */
const char *ftpd_vroot_place(const char *path, char *buf, size_t size);
/* The root's path outside; NULL: it is not known. */
const char *ftpd_vroot_root(void);
/* Whether the path is a VRootAlias; whether it is one or below one. */
bool ftpd_vroot_is_alias(const char *path);
bool ftpd_vroot_has_alias(const char *path);
/* Whether a VRootAlias is an entry of the directory. */
bool ftpd_vroot_shows_alias(const char *dir);
/* The text to store for a link, so that it leads to the same place for all
 * programs, and never out of the root, even if the link is moved.
 */
const char *ftpd_vroot_text(struct ftpd *h, pool *p, const char *text,
  const char *link);

/* ---- ftpd-vroot-fs.c */

/* Makes mod_vroot's functions use held paths. */
void ftpd_vroot_hold(pr_fs_t *fs);

#endif /* MOD_SFTP_FTPD_VROOT_H */
