/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-filter.h -- patterns that arguments and paths must match,
 * AllowOverwrite, and explanations of refusals (ftpd-filter.c).
 */

#ifndef MOD_SFTP_FTPD_FILTER_H
#define MOD_SFTP_FTPD_FILTER_H

#include "ftpd-request.h"

/* AllowFilter and DenyFilter, for requests without PRE_CMD; 0 or -1. */
int ftpd_word_filter(struct ftpd_op *op, const char *name, const char *arg);
/* AllowOverwrite of the directory last checked; 0, or -1 with errno and
 * op->refused.
 */
int ftpd_may_overwrite(struct ftpd_op *op, const char *path);
/* PathAllowFilter and PathDenyFilter of the directory last checked. */
int ftpd_filter(struct ftpd_op *op, const char *path);
/* The rules that the daemon's own handlers check at PRE_CMD of the command,
 * without calling any handler; 0, or -1 with errno and op->refused.
 */
int ftpd_host_rules(struct ftpd_op *op, cmd_rec *cmd, const char *path);
/* Sets op->refused for a PRE_CMD refusal. */
void ftpd_limit_explain(struct ftpd_op *op, cmd_rec *cmd, const char *path,
  int xerrno);
void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...)
  SFTP_PRINTF(2, 3);

#endif /* MOD_SFTP_FTPD_FILTER_H */
