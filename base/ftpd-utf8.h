/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-utf8.h -- contract with the daemon: names of files that are not in
 * UTF-8.
 */

#ifndef MOD_SFTP_FTPD_UTF8_H
#define MOD_SFTP_FTPD_UTF8_H

#include "base.h"

struct ftpd;

/* The charset of file names if it is not UTF-8, or NULL; and conversions, which
 * return NULL for text that cannot be converted.
 */
const char *ftpd_charset(struct ftpd *h);
const char *ftpd_from_utf8(struct ftpd *h, pool *p, const char *name);
const char *ftpd_to_utf8(struct ftpd *h, pool *p, const char *name);

#endif /* MOD_SFTP_FTPD_UTF8_H */
