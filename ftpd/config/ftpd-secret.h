/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-secret.h -- a secret of the daemon, shared by all of its sessions, which
 * does not change over reloads and restarts (ftpd-secret.c).
 *
 * It is derived from the private host keys, and does not reveal them.  If there
 * is no file with a key, it is random, from the first start on.
 */

#ifndef MOD_SFTP_FTPD_SECRET_H
#define MOD_SFTP_FTPD_SECRET_H

#include "ftpd-session.h"

#define FTPD_SECRET_LEN 32U

/* Derives the secret again, between ftpd_kept_open() and ftpd_kept_close():
 * from the text of each file with a private host key, in any order.
 */
void ftpd_secret_begin(void);
void ftpd_secret_mix(struct sftp_str text);
void ftpd_secret_settle(void);
/* A key for one purpose, which does not reveal the secret: FTPD_SECRET_LEN
 * bytes.
 */
void ftpd_secret_derive(const char *purpose, unsigned char *key);
/* A number below n for the text, which nobody else can predict. */
unsigned int ftpd_secret_pick(const char *text, unsigned int n);

#endif /* MOD_SFTP_FTPD_SECRET_H */
