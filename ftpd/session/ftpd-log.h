/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log.h -- destinations of log lines (ftpd-log.c). */

#ifndef MOD_SFTP_FTPD_LOG_H
#define MOD_SFTP_FTPD_LOG_H

#include "ftpd-session.h"

/* The level of "syslog:level"; -1 for other texts. */
int ftpd_log_syslog_level(const char *word);
/* Opens SFTPLog of that virtual host; failures are only logged. */
void ftpd_log_open(server_rec *s);
void ftpd_log_close(void);
/* Why that SFTPLog could not be opened, before anybody tries; or NULL. */
const char *ftpd_log_objection(pool *p, const char *path);
/* Opens SystemLog: when the server starts, our checks run before the module
 * that opens it otherwise (and reports errors).
 */
void ftpd_log_system(void);
/* Logs how many lines were left out recently, if that is due; all: the session
 * ends.  True: there is more to log.
 */
bool ftpd_log_tell_missing(bool all);
/* A new request begins: earlier lines are not the reason for its refusal. */
void ftpd_log_forget(void);
/* Sets the reason for the refusal of a login, whatever else is logged. */
void ftpd_log_because(const char *text);
/* Fills sftp_trace_levels from the current Trace directives. */
void ftpd_trace_levels(void);
/* A line about a virtual host to the daemon's log; level: PR_LOG_*. */
void ftpd_log_server(server_rec *s, int level, const char *fmt, ...)
  SFTP_PRINTF(3, 4);

/* ---- ftpd-lines.c: keeps control characters out of others' lines */

void ftpd_lines_watch(struct ftpd *h);
/* Checks a name that other modules will see: after the first one with control
 * characters, their lines in SystemLog are checked, too.
 */
void ftpd_lines_suspect(struct ftpd *h, const char *text);


#endif /* MOD_SFTP_FTPD_LOG_H */
