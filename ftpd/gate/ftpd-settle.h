/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-settle.h -- the end of an upload: moved into place, or removed. */

#ifndef MOD_SFTP_FTPD_SETTLE_H
#define MOD_SFTP_FTPD_SETTLE_H

#include "ftpd-session.h"

struct ftpd_file;               /* ftpd-openfile.h */

/* Before the file is closed: remembers which it is. */
void ftpd_settle_begin(struct ftpd_file *f, bool complete);
/* Moves it from its temporary name into place. */
int ftpd_settle_reveal(struct ftpd_file *f);
/* Removes it by one of its names.  Both: -1 with ENOENT when that means another
 * file by now, which stays.
 */
int ftpd_settle_remove(struct ftpd_file *f, const char *name);

#endif /* MOD_SFTP_FTPD_SETTLE_H */
