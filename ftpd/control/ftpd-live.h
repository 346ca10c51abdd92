/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-live.h -- what a session is and does now, for ftpdctl sftp sessions.
 *
 * Without a slot on the board these functions do nothing.
 */

#ifndef MOD_SFTP_FTPD_LIVE_H
#define MOD_SFTP_FTPD_LIVE_H

#include "ftpd-board.h"

struct ftpd_file;

/* ---- In a session */

void ftpd_live_begin(struct ftpd *h);
/* Its user, client, protocol and algorithms may have changed. */
void ftpd_live_changed(struct ftpd *h);
void ftpd_live_version(unsigned int version);
/* The account of the connection is there from now on. */
void ftpd_live_times(struct sftp_times *t);
void ftpd_live_opened(struct ftpd_file *f);
void ftpd_live_moved(struct ftpd_file *f, size_t n);
void ftpd_live_closed(struct ftpd_file *f);
/* The administrator's reason for ending this session; NULL: they do not, ""
 * without one.
 */
const char *ftpd_live_ending(pool *p);

/* ---- In the master */

/* A copy of what the session says; false if it changes all the time. */
bool ftpd_live_read(const struct board_slot *s, struct board_info *info);

#endif /* MOD_SFTP_FTPD_LIVE_H */
