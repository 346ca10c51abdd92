/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hidden.h -- HiddenStores: the owner of the temporary file
 * (ftpd-hidden.c).
 */

#ifndef MOD_SFTP_FTPD_HIDDEN_H
#define MOD_SFTP_FTPD_HIDDEN_H

#include "ftpd-openfile.h"
#include "ftpd-request.h"

/* In the master, after it has read its configuration. */
void ftpd_hidden_init(void);
/* Whether a new file at path, which was checked last, gets a temporary name. */
bool ftpd_hidden_on(pool *p, const char *path);
/* Before the temporary file is created: the session locks its name. 0, or -1
 * with errno and op->refused if another session has it.
 */
int ftpd_hidden_take(struct ftpd_op *op, const char *hidden);
/* The operation ends, or a file is closed: its name is unlocked. */
void ftpd_hidden_free(off_t mark);
/* The PRE_CMD of op's STOR failed because the temporary file exists.  If a
 * session that has ended left it, it is removed, its name is locked and the
 * command may be repeated: 0. -1 with errno and op->refused.
 */
int ftpd_hidden_clear(struct ftpd_op *op);
/* PRE_CMD of STOR in FTP sessions. */
void ftpd_hidden_pre(cmd_rec *cmd);

#endif /* MOD_SFTP_FTPD_HIDDEN_H */
