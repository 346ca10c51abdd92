/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-event.h -- events of the daemon (ftpd-event.c), and the deadline
 * of the login (ftpd-deadline.c).
 */

#ifndef MOD_SFTP_FTPD_EVENT_H
#define MOD_SFTP_FTPD_EVENT_H

#include "ftpd-session.h"

/* ---- ftpd-crash.c */

/* From now on, a crash ends this process with a line in the log, and nothing
 * else of it runs.
 */
void ftpd_crash_watch(void);

/* ---- ftpd-deadline.c */

/* Until the login is complete: ends the process some seconds after
 * TimeoutLogin, wherever it hangs.
 */
void ftpd_deadline_begin(struct ftpd *h);
void ftpd_deadline_end(void);

/* ---- ftpd-event.c */

/* Reports a connection that ends with an error and without a login. */
void ftpd_event_stranger(struct ftpd *h, int err);
int ftpd_events_master(void);
/* A session of FTP, in which something is recorded. */
void ftpd_events_ftp(void);
void ftpd_events_session(struct ftpd *h);
/* This module must see the end of the session before modules that registered
 * earlier: they may close what is still needed.
 */
void ftpd_event_exit_first(void);
/* The daemon finds out quickly whether another module listens to its log. */
void ftpd_event_log_first(void);
/* A session without a client, which has no other listener: the root of its
 * login is kept.
 */
void ftpd_event_chroot_only(void);

#endif /* MOD_SFTP_FTPD_EVENT_H */
