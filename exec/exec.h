/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec.h -- small commands on "exec" channels, answered in the process.
 *
 * What clients of file servers ask a shell for: sums of files, free space, the
 * directory they are in.  The line is read here (exec-line.c) and each command
 * is a function here: no program runs, no file is written, and every path
 * passes the gate.
 */

#ifndef MOD_SFTP_EXEC_H
#define MOD_SFTP_EXEC_H

#include "channel.h"

extern const struct sftp_service sftp_exec_service;

/* Begins a command line; see sftp_service_start in channel.h.  args is the
 * whole line.
 */
void *sftp_exec_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
  const char *args, const char **why);

/* ---- SFTPExecCommands: the bits of settings->exec_commands */

#define EXEC_MD5SUM             0x0001UL
#define EXEC_SHA1SUM            0x0002UL
#define EXEC_SHA256SUM          0x0004UL
#define EXEC_SHA512SUM          0x0008UL
#define EXEC_DF                 0x0010UL
#define EXEC_DATE               0x0020UL
#define EXEC_PWD                0x0040UL
#define EXEC_CD                 0x0080UL
#define EXEC_ECHO               0x0100UL
#define EXEC_TRUE               0x0200UL

/* What is on unless SFTPExecCommands says otherwise. */
#define EXEC_DEFAULT            0x03ffUL

/* The directive's words; NULL ends. */
struct sftp_exec_word {
  const char *word;
  unsigned long bit;
};

extern const struct sftp_exec_word sftp_exec_words[];

#endif /* MOD_SFTP_EXEC_H */
