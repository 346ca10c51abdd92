/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-scan.h -- closing files: another module may scan written files, and
 * refuse them.
 */

#ifndef MOD_SFTP_FTPD_SCAN_H
#define MOD_SFTP_FTPD_SCAN_H

#include "ftpd-session.h"

/* Listens to the results of the scanner. */
void ftpd_scan_init(void);

/* Closes a file written to `name', which the log shows: 0, or an errno, and
 * then *why is the reason if it is the scanner's (in p; otherwise unchanged).
 * *gone: it was removed for that reason.
 */
int ftpd_scan_close(pool *p, pr_fh_t *fh, const char *name, const char **why,
  bool *gone);
/* Whether it is the scanner that removes a file: that is done here after the
 * close, if the path still means what was scanned.
 */
bool ftpd_scan_removes(void);
/* Closes a file that is not an upload, so that no scanner reacts, whatever the
 * session is doing.  Does not change errno.
 */
void ftpd_drop(pr_fh_t *fh);

/* A file that may be open has another name now. */
void ftpd_scan_renamed(struct ftpd *h, const char *from, const char *to);

#endif /* MOD_SFTP_FTPD_SCAN_H */
