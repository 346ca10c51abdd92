/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-match.h -- SFTPClientMatch: rules for clients, by their software or
 * their actions (clients.h).
 */

#ifndef MOD_SFTP_FTPD_MATCH_H
#define MOD_SFTP_FTPD_MATCH_H

#include "directives.h"

/* Whether a rule of the virtual host names algorithms, so that
 * our KEXINIT has to wait for the client's version.
 */
bool ftpd_match_early(server_rec *s);
/* Whether a rule matches what is known of the client now: its software or (does
 * not NULL) its action, in the words of clients.h.
 */
bool ftpd_match_note(server_rec *s, const char *software, const char *does);
/* Applies all rules that match so far to set. */
void ftpd_match_apply(pool *p, server_rec *s, const char *software,
  struct sftp_settings *set);

#endif /* MOD_SFTP_FTPD_MATCH_H */
