/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-commands.h -- the functions of the commands (exec-commands.c,
 * exec-sum.c).
 */

#ifndef MOD_SFTP_EXEC_COMMANDS_H
#define MOD_SFTP_EXEC_COMMANDS_H

#include "exec-int.h"

int sftp_exec_run_df(struct exec *e);
int sftp_exec_run_date(struct exec *e);
int sftp_exec_run_pwd(struct exec *e);
int sftp_exec_run_cd(struct exec *e);
int sftp_exec_run_echo(struct exec *e);
int sftp_exec_run_true(struct exec *e);
int sftp_exec_run_test(struct exec *e);
int sftp_exec_run_id(struct exec *e);

#endif /* MOD_SFTP_EXEC_COMMANDS_H */
