/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-contradict.h -- directives that exclude each other. */

#ifndef MOD_SFTP_FTPD_CONTRADICT_H
#define MOD_SFTP_FTPD_CONTRADICT_H

#include "ftpd-session.h"

/* Logs each pair of directives with which nobody could do what they are for.
 * Returns how many there are.
 */
int ftpd_contradict_check(pool *p, server_rec *s,
  const struct sftp_settings *set);
/* Warns of directives that stand twice, where one alone counts. */
void ftpd_contradict_repeated(pool *p, server_rec *s);

#endif /* MOD_SFTP_FTPD_CONTRADICT_H */
