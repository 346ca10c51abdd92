/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-wait.h -- contract with the daemon: waiting, and what runs meanwhile. */

#ifndef MOD_SFTP_FTPD_WAIT_H
#define MOD_SFTP_FTPD_WAIT_H

#include "base.h"

struct ftpd;

/* Sleeps until fd is ready for `events' (poll(2)), timeout_ms has passed (-1:
 * no timeout) or a signal was handled; runs the host's timers and signals.
 * Returns poll's revents, otherwise 0.  Does not return if the host ends the
 * session.
 */
int ftpd_wait(struct ftpd *h, int fd, short events, int timeout_ms);
/* Runs pending timers and signals of the daemon without sleeping; cheap. */
void ftpd_poll(struct ftpd *h);
/* The client is active: idle timer; a transfer moves data: no-transfer and
 * stalled timers.
 */
enum ftpd_activity { FTPD_ACTIVE_PACKET, FTPD_ACTIVE_TRANSFER };
void ftpd_active(struct ftpd *h, enum ftpd_activity what);

#endif /* MOD_SFTP_FTPD_WAIT_H */
