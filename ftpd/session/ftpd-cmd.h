/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-cmd.h -- commands whose phases are dispatched one by one, so that other
 * modules and the logs see what happens (ftpd-cmd.c).
 */

#ifndef MOD_SFTP_FTPD_CMD_H
#define MOD_SFTP_FTPD_CMD_H

#include "ftpd-session.h"

/* The host's lists of pending responses (none of its headers declares them). */
extern pr_response_t *resp_list, *resp_err_list;

/* The id of commands that are not FTP's: it prevents the daemon from confusing
 * STAT or RENAME with the FTP command when it selects log lines.
 */
#define FTPD_CMD_ID 128

/* A command for single phases (never CMD): name and arg are copied, arg may
 * be NULL; id FTPD_CMD_ID, or the FTP command's own when ftp is true.
 */
cmd_rec *ftpd_cmd(pool *p, const char *name, const char *arg, int cls,
  bool ftp);
/* PRE_CMD; -1: a handler refused, and its text is in resp_err_list. */
int ftpd_cmd_pre(cmd_rec *cmd);
/* POST_CMD and LOG_CMD, or the *_ERR pair, or only one of them: some commands
 * are for handlers without a record, others the reverse.  Clears the response
 * lists; errno is unchanged.
 */
#define PART_POST       0x1
#define PART_LOG        0x2
#define PART_BOTH       (PART_POST|PART_LOG)
void ftpd_cmd_end(cmd_rec *cmd, unsigned int parts, bool ok);

/* LOG_CMD or LOG_CMD_ERR: no handler acts on the command afterwards. */
void ftpd_cmd_log(cmd_rec *cmd, bool ok);

/* Calls one module's handler of the phase of a command, by itself; NULL: it has
 * none.
 */
modret_t *ftpd_cmd_call(const char *module, const char *name, int phase,
  cmd_rec *cmd);

/* Forgets the current command: its pool may end before the session. */
void ftpd_cmd_forget(void);

#endif /* MOD_SFTP_FTPD_CMD_H */
