/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log.h -- where log lines go (ftpd-log.c).
 */

#ifndef MOD_SFTP_FTPD_LOG_H
#define MOD_SFTP_FTPD_LOG_H

#include "ftpd-session.h"

/* The level of "syslog:level"; -1: it is something else. */
int ftpd_log_syslog_level(const char *word);
/* Opens SFTPLog of that virtual host; failures are logged and no more. */
void ftpd_log_open(server_rec *s);
void ftpd_log_close(void);
/* Opens SystemLog: while the server starts our checks come before the turn of
 * the module that does so otherwise, which reports errors then.
 */
void ftpd_log_system(void);
/* Says how many lines were left out of late, where it is time for that; all:
 * the session ends.  True: there is more to say.
 */
bool ftpd_log_tell_missing(bool all);
/* A new request: what was logged before is no reason for what becomes of it. */
void ftpd_log_forget(void);
/* Whatever else is logged, this is why a login is refused. */
void ftpd_log_because(const char *text);
/* Fills sftp_trace_levels from the Trace directives in force. */
void ftpd_trace_levels(void);


/* ---- ftpd-lines.c: keeps control characters out of others' lines */

void ftpd_lines_watch(struct ftpd *h);
/* A name that others are going to be told: from the first one with control
 * characters on, their lines in SystemLog are looked at, too.
 */
void ftpd_lines_suspect(struct ftpd *h, const char *text);

#endif /* MOD_SFTP_FTPD_LOG_H */
