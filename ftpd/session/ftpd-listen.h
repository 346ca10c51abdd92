/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-listen.h -- which modules react to a command (ftpd-listen.c). */

#ifndef MOD_SFTP_FTPD_LISTEN_H
#define MOD_SFTP_FTPD_LISTEN_H

#include "ftpd-session.h"

/* True if a handler of that phase (LOG_CMD ...) reacts to commands of that name
 * and class.  Callers store the result: it is valid from the login to the end
 * of the session, and takes longer than a request.
 */
bool ftpd_listens(struct ftpd *h, const char *name, int cls, int phase);
/* The modules whose handlers react, added to the list if they are not in it:
 * "mod_core, mod_xfer".
 */
const char *ftpd_listeners(struct ftpd *h, pool *p, const char *name, int cls,
  int phase, const char *list);

#endif /* MOD_SFTP_FTPD_LISTEN_H */
