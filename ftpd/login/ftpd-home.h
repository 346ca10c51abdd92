/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-home.h -- from a user's entry to the directory in which the session
 * starts.
 */

#ifndef MOD_SFTP_FTPD_HOME_H
#define MOD_SFTP_FTPD_HOME_H

#include "ftpd-session.h"

/* Substitutes %u (and %u[n]) as if the user were already logged in; NULL if the
 * name would lead elsewhere ("..").
 */
const char *ftpd_subst_user(struct ftpd *h, pool *p, const char *path);
/* The home directory itself, with links resolved. */
void ftpd_home_enter(struct ftpd *h, pool *p, const struct passwd *pw);
/* CreateHome; -1 with errno. */
int ftpd_home_create(struct ftpd *h, pool *p, const struct passwd *pw);
/* DefaultChdir of that configuration; true if one applies. */
bool ftpd_home_chdir(pool *p, xaset_t *conf);
/* DefaultRoot: the directory, NULL for none; -1 with errno. */
int ftpd_home_root(pool *p, const char **root);
/* Whether the session's first directory does not exist: that of DefaultRoot, or
 * without one session.cwd, which DefaultChdir may have set, else the home.
 */
bool ftpd_home_missing(pool *p, const char *home);
/* That directory with its links resolved; -1 with errno, after logging the
 * reason: it is missing, or AllowChrootSymlinks does not allow it.
 */
int ftpd_home_resolve(pool *p, const char *dir, const char **real);
/* Records that the process is now in that root. */
void ftpd_home_below(const char *root);

#endif /* MOD_SFTP_FTPD_HOME_H */
