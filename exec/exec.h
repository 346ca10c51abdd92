/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec.h -- small commands on "exec" channels, implemented in the process.
 *
 * Clients of file servers use a shell for them: checksums of files, free space,
 * the current directory.  The line is parsed here (exec-line.c) and each
 * command is a function here: no program runs, no file is written, and every
 * path passes the gate.
 */

#ifndef MOD_SFTP_EXEC_H
#define MOD_SFTP_EXEC_H

#include "service.h"
#include "switches.h"

extern const struct sftp_service sftp_exec_service;

/* Begins a command line; see sftp_service_start in service.h.  args is the
 * whole line.
 */
void *sftp_exec_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
  const char *args, const char **why);

/* The words of SFTPExecCommands, with the bits of settings->exec_commands. */
bool sftp_exec_switch(size_t i, struct sftp_switch *s);

#endif /* MOD_SFTP_EXEC_H */
