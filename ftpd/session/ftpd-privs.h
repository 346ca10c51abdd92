/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-privs.h -- privileges after the login. */

#ifndef MOD_SFTP_FTPD_PRIVS_H
#define MOD_SFTP_FTPD_PRIVS_H

#include "ftpd-session.h"

/* Whether an ordinary user started the daemon: then sessions act as that user,
 * whoever logs in, and no privilege can be raised or dropped.
 */
bool ftpd_privs_rootless(void);
/* Whether the configuration lets the daemon keep root for a session. */
bool ftpd_privs_keep_root(void);
/* The login is complete and its handlers, including mod_cap's, have run: from
 * now on the session has only the rights of its user.  Ends the session if this
 * fails.
 */
void ftpd_privs_settle(void);
/* Whether CAP_CHOWN is still permitted. */
bool ftpd_privs_keep_chown(void);
/* For root's own login: only the capabilities that files need.  True: they are
 * all that is left.
 */
bool ftpd_privs_files_only(void);
/* Around the one call that UserOwner and GroupOwner need. */
void ftpd_privs_chown_begin(void);
void ftpd_privs_chown_end(void);

#endif /* MOD_SFTP_FTPD_PRIVS_H */
