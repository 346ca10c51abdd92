/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ownership.h -- permission to change owners, and UserOwner and
 * GroupOwner.
 */

#ifndef MOD_SFTP_FTPD_OWNERSHIP_H
#define MOD_SFTP_FTPD_OWNERSHIP_H

#include "ftpd-session.h"

/* Whether the user's own rights allow giving the file with the attributes `now'
 * to that owner and group ((uid_t) -1, (gid_t) -1: unchanged). 0, or -1 with
 * EPERM.  Every chown that a client requests is checked by this function,
 * whatever privileges the process has.
 */
int ftpd_may_chown(const struct stat *now, uid_t uid, gid_t gid);
/* Gives an open file to UserOwner and GroupOwner of the directory last checked,
 * if it has them.  Failures are logged; the client's request succeeds.  Set-id
 * bits remain as far as the user could set them again.
 */
void ftpd_give_away(pool *p, pr_fh_t *fh, const char *path);
/* The same for a directory that the session has just made. */
void ftpd_give_away_dir(const char *path);

#endif /* MOD_SFTP_FTPD_OWNERSHIP_H */
