/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-sync.h -- SFTPUploadSync: an upload is on disk before its client hears
 * that it is done.
 */

#ifndef MOD_SFTP_FTPD_SYNC_H
#define MOD_SFTP_FTPD_SYNC_H

#include "ftpd-session.h"

struct ftpd_file;

struct ftpd_sync {
  int fd;                       /* of the file, if its name may be new; or -1 */
};

/* Before the file is closed: its data; nothing if the upload is not complete,
 * or if this is not wanted.  Then, with its final name, the directory, if good;
 * this is called in any case.  0, or -1 with errno, which is logged.
 */
int ftpd_sync_data(const struct ftpd_file *f, bool complete,
  struct ftpd_sync *s);
int ftpd_sync_end(const struct ftpd_file *f, bool good, struct ftpd_sync *s);

#endif /* MOD_SFTP_FTPD_SYNC_H */
