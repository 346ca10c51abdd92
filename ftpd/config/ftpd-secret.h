/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-secret.h -- a secret of the daemon that all of its sessions have, and
 * that stays the same over reloads and restarts (ftpd-secret.c).
 *
 * It follows from the private host keys, which it does not tell.  Where no file
 * has one, it is drawn at the first start.
 */

#ifndef MOD_SFTP_FTPD_SECRET_H
#define MOD_SFTP_FTPD_SECRET_H

#include "ftpd-session.h"

#define FTPD_SECRET_LEN 32U

/* It is made anew, between ftpd_kept_open() and ftpd_kept_close(): each text of
 * a file with a private host key is mixed in, in any order.
 */
void ftpd_secret_begin(void);
void ftpd_secret_mix(struct sftp_str text);
void ftpd_secret_settle(void);
/* A number below n for the text: nobody else can say which. */
unsigned int ftpd_secret_pick(const char *text, unsigned int n);

#endif /* MOD_SFTP_FTPD_SECRET_H */
