/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-message.h -- what the administrator tells the user: mod_msg. */

#ifndef MOD_SFTP_FTPD_MESSAGE_H
#define MOD_SFTP_FTPD_MESSAGE_H

#include "ftpd-session.h"

void ftpd_message_init(void);
/* Passes on what has come, if anything has. */
void ftpd_message_check(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_MESSAGE_H */
