/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-upload-conf.h -- the lines of SFTPUploadCheck (ftpd-upload-conf.c). */

#ifndef MOD_SFTP_FTPD_UPLOAD_CONF_H
#define MOD_SFTP_FTPD_UPLOAD_CONF_H

#include "ftpd-session.h"

/* The letters that may follow a % in the words of SFTPUploadCheck. */
#define FTPD_TOKENS_UPLOAD "%Cpsu"

/* The records of a server with its directories, one after the other; c: the
 * previous one, NULL for the first.
 */
config_rec *ftpd_upload_conf_next(server_rec *s, config_rec *c);
/* What contradicts in them, or NULL. */
const char *ftpd_upload_conf_check(pool *p, server_rec *s);

#endif /* MOD_SFTP_FTPD_UPLOAD_CONF_H */
