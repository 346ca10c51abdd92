/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-log.h -- the fake host's log and clock, as tests see them. */

#ifndef MOD_SFTP_FAKE_FTPD_LOG_H
#define MOD_SFTP_FAKE_FTPD_LOG_H

#include "base.h"

struct ftpd;

/* The line written last to each sink ("" before the first), and how many. */
extern char fake_log_last[8192], fake_auth_log_last[8192],
  fake_trace_last[8192];
extern unsigned int fake_log_lines, fake_auth_log_lines, fake_trace_lines;
extern int fake_auth_log_level, fake_trace_level;
extern enum sftp_trace_channel fake_trace_channel;

/* Whether any line of SFTPLog since the last fake_log_reset() contains it. */
bool fake_log_has(const char *text);
void fake_log_reset(void);

/* The clock stands still unless a test moves it; it begins at 1,000,000. */
extern uint64_t fake_now_ms;

#endif /* MOD_SFTP_FAKE_FTPD_LOG_H */
