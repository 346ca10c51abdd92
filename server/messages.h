/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* messages.h -- the table of messages, and a connection that serves them all.
 */

#ifndef MOD_SFTP_MESSAGES_H
#define MOD_SFTP_MESSAGES_H

#include "conn-loop.h"

extern const struct sftp_msg sftp_msgs[256];

/* A connection with all layers over an accepted socket; nothing has been sent
 * yet.
 */
struct ssh_conn *sftp_conn_new(pool *p, int fd,
  const struct sftp_settings *set, struct ftpd *ftpd);

#endif /* MOD_SFTP_MESSAGES_H */
