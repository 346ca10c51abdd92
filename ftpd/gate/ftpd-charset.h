/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-charset.h -- names of files in charsets other than UTF-8. */

#ifndef MOD_SFTP_FTPD_CHARSET_H
#define MOD_SFTP_FTPD_CHARSET_H

#include "ftpd-session.h"

/* Before any chroot, when all modules are ready. */
void ftpd_charset_init(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_CHARSET_H */
