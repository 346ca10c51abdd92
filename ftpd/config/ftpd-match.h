/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-match.h -- SFTPClientMatch: rules for clients known by their
 * software or by what they do (clients.h).
 */

#ifndef MOD_SFTP_FTPD_MATCH_H
#define MOD_SFTP_FTPD_MATCH_H

#include "directives.h"

/* Whether a rule of the virtual host names algorithms, so that
 * our KEXINIT has to wait for the client's version.
 */
bool ftpd_match_early(server_rec *s);
/* Whether a rule fits what is known of the client now: its software or (does
 * not NULL) what it does, in the words of clients.h.
 */
bool ftpd_match_note(server_rec *s, const char *software, const char *does);
/* Applies all that fit so far to set. */
void ftpd_match_apply(pool *p, server_rec *s, const char *software,
  struct sftp_settings *set);

#endif /* MOD_SFTP_FTPD_MATCH_H */
