/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp.h -- the old "scp" protocol (rcp over an exec channel), in both
 * directions.
 *
 * One copy per channel; no state is shared between channels.  The command line
 * is only parsed, never passed to a shell.
 */

#ifndef MOD_SFTP_SCP_H
#define MOD_SFTP_SCP_H

#include "service.h"

extern const struct sftp_service sftp_scp_service;

/* Begins a copy; see sftp_service_start in service.h.  args is the command
 * line behind the word "scp".
 */
void *sftp_scp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
  const char *args, const char **why);

#endif /* MOD_SFTP_SCP_H */
