/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-lines.h -- contract with the daemon: lines of the logs, and the clock.
 *
 * The output of log.c.  Text is already escaped.
 */

#ifndef MOD_SFTP_FTPD_LINES_H
#define MOD_SFTP_FTPD_LINES_H

#include "base.h"

struct ftpd;

/* kind: the format that the line was made with; lines of one kind have a budget
 * (log-budget.h).
 */
void ftpd_log_line(const char *kind, const char *line);
void ftpd_log_why_line(enum sftp_why why, const char *line);
void ftpd_auth_log_line(int level, const char *line);
void ftpd_trace_line(enum sftp_trace_channel chan, int level,
  const char *line);
uint64_t ftpd_now_ms(void);
uint64_t ftpd_now_us(void);
/* The reason why a login was refused, from the log lines since
 * ftpd_auth_begin(): an objection, otherwise what was missing, otherwise the
 * last line for the authentication log, otherwise the last line; NULL: none.
 */
const char *ftpd_log_reason(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_LINES_H */
