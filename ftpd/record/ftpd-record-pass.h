/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-pass.h -- messages of a socket that have descriptors with them
 * (ftpd-record-pass.c).
 */

#ifndef MOD_SFTP_FTPD_RECORD_PASS_H
#define MOD_SFTP_FTPD_RECORD_PASS_H

#include "ftpd-session.h"

#define RECORD_FDS 2

/* A message had descriptors, for which there was no room. */
#define RECORD_FD_LOST (-2)

/* Sends a message with these descriptors, up to the first that is -1; flags:
 * as send(2).  0, or -1 with errno.
 */
int ftpd_record_pass(int to, const void *bytes, size_t len,
  const int fds[RECORD_FDS], int flags);
/* The same to somebody who may not read for so many milliseconds; then EAGAIN.
 */
int ftpd_record_pass_within(int to, const void *bytes, size_t len,
  const int fds[RECORD_FDS], unsigned int ms);
/* Receives a message, as recv(2) does; fds get its descriptors, else -1. */
ssize_t ftpd_record_passed(int from, void *to, size_t size,
  int fds[RECORD_FDS]);
/* Closes those that are open. */
void ftpd_record_close(int fds[RECORD_FDS]);

#endif /* MOD_SFTP_FTPD_RECORD_PASS_H */
