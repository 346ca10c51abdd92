/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-kept.h -- the last usable content of host key and certificate files,
 * kept over reloads of the daemon (ftpd-kept.c).
 *
 * A reload with a damaged file continues with the kept content, and a key that
 * was decrypted once needs nobody at the terminal.  Only the daemon's own
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

/* Whether this daemon has been running before: a fault of a file must not end
 * it.
 */
bool ftpd_kept_reloading(void);
/* Open and close: around all uses of the two functions below. */
void ftpd_kept_open(void);
void ftpd_kept_close(void);
/* The last valid content of the file; NULL: there was none.  Valid until close.
 */
const struct ftpd_kept *ftpd_kept_find(const char *path);
/* The content is valid; everything that is neither found nor put until close is
 * dropped.
 */
void ftpd_kept_put(const struct ftpd_kept *good);
/* The daemon has become its final process. */
void ftpd_kept_settle(void);
/* The daemon ends. */
void ftpd_kept_free(void);

#endif /* MOD_SFTP_FTPD_KEPT_H */
