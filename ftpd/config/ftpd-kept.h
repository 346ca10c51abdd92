/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-kept.h -- files of host keys and certificates as they were when they
 * could last be used, over reloads of the daemon (ftpd-kept.c).
 *
 * A reload with a damaged file goes on with what is kept, and a key that was
 * opened with a passphrase needs nobody at the terminal.  Only the daemon's own
 * process has the memory: no session, no swap, no core dump.
 */

#ifndef MOD_SFTP_FTPD_KEPT_H
#define MOD_SFTP_FTPD_KEPT_H

#include "ftpd-session.h"

struct ftpd_kept {
  const char *path;
  struct sftp_str text;         /* the file's */
  const char *phrase;           /* NULL: it needs none */
};

/* Whether this is a daemon that has served before: what is wrong with a file
 * must not end it.
 */
bool ftpd_kept_reloading(void);
/* Around all uses of the two below. */
void ftpd_kept_open(void);
void ftpd_kept_close(void);
/* The file as it was last good; NULL: it never was.  Valid until close. */
const struct ftpd_kept *ftpd_kept_find(const char *path);
/* It is good; what is neither found nor put until close is forgotten. */
void ftpd_kept_put(const struct ftpd_kept *good);
/* The daemon has become the process that it will be. */
void ftpd_kept_settle(void);
/* The daemon ends. */
void ftpd_kept_free(void);

#endif /* MOD_SFTP_FTPD_KEPT_H */
