/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* monitor.h -- the session's process while a cell speaks with its client: it
 * answers the cell's questions, and alone decides who is logged in.
 */

#ifndef MOD_SFTP_MONITOR_H
#define MOD_SFTP_MONITOR_H

#include "conn-loop.h"

/* Serves a new connection until its end, as sftp_conn_run() does, and returns
 * what that does: until the login through the cell at the other end of pair,
 * which becomes the connection's; then by itself.  offers: a module wants to
 * see every message.
 */
int sftp_monitor_run(struct ssh_conn *c, int pair, bool offers);

#endif /* MOD_SFTP_MONITOR_H */
