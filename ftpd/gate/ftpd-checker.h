/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-checker.h -- the process that runs the checks of SFTPUploadCheck for a
 * session (ftpd-checker.c).
 */

#ifndef MOD_SFTP_FTPD_CHECKER_H
#define MOD_SFTP_FTPD_CHECKER_H

#include "directives.h"

struct ftpd;

/* While there is root, and before the session enters its own root: starts
 * sftp-check, if the server has a check.
 */
void ftpd_checker_begin(void);
/* Whether the server of this session has a check, in whatever directory. */
bool ftpd_checker_on(void);

/* An upload, open for reading. */
struct ftpd_checked {
  int fd;
  off_t size;
  const char *path;             /* as the user sees it */
};

/* Runs a check and waits for its verdict: 0, or -1 if the upload must be
 * refused.  The client does not count as idle meanwhile.  *line, in p and
 * printable, is what the program said or the reason; "" if there is none.
 */
int ftpd_checker_ask(struct ftpd *h, pool *p,
  const struct upload_check *check, const struct ftpd_checked *upload,
  const char **line);

/* Whether a signal is to end the session: nothing may take long any more. */
bool ftpd_checker_ending(void);

#endif /* MOD_SFTP_FTPD_CHECKER_H */
