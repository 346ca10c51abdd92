/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-count.h -- how many sessions may use a file at a time: mod_counter. */

#ifndef MOD_SFTP_FTPD_COUNT_H
#define MOD_SFTP_FTPD_COUNT_H

#include "ftpd-session.h"

#include "ftpd-gate.h"

/* A file was opened for the command, a STOR, APPE or RETR, or is about to be
 * changed by it, a DELE, RNFR or RNTO.  0, or -1 with EAGAIN and op->refused
 * when too many use it.
 */
int ftpd_count_open(struct ftpd_op *op, cmd_rec *cmd);
int ftpd_count_change(struct ftpd_op *op, cmd_rec *cmd);
/* LOG_CMD or LOG_CMD_ERR of a command was dispatched. */
void ftpd_count_logged(struct ftpd *h, const cmd_rec *cmd);
/* The command ends, and neither was. */
void ftpd_count_end(struct ftpd *h, const cmd_rec *cmd);

#endif /* MOD_SFTP_FTPD_COUNT_H */
