/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-uploads.h -- the files that the session has created (ftpd-uploads.c). */

#ifndef MOD_SFTP_FTPD_UPLOADS_H
#define MOD_SFTP_FTPD_UPLOADS_H

#include "ftpd-session.h"

/* Remembers a file that the session has created; returns whether a file is one
 * of them.
 */
void ftpd_upload_note(struct ftpd *h, const struct stat *st);
bool ftpd_upload_is(struct ftpd *h, const struct stat *st);

#endif /* MOD_SFTP_FTPD_UPLOADS_H */
