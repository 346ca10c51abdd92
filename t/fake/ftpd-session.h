/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-session.h -- the fake host's waiting, notes and events. */

#ifndef MOD_SFTP_FAKE_FTPD_SESSION_H
#define MOD_SFTP_FAKE_FTPD_SESSION_H

#include "base.h"

struct ftpd;

/* Notes and environment variables last set; "" when never. */
const char *fake_note(const char *name);
/* How often an event or a logged command occurred, by name. */
unsigned int fake_events(const char *name);
unsigned int fake_commands(const char *name);
/* How many of those were logged as failures. */
unsigned int fake_failures(const char *name);
void fake_session_reset(void);

/* The protocol set last. */
extern char fake_protocol[16];
/* The highest version of SFTP that was reported. */
extern unsigned int fake_sftp_version;
/* Where rows of clients.c are applied, besides the note "does", with their
 * lists in that pool; or NULL.
 */
extern struct sftp_settings *fake_client;
extern pool *fake_client_pool;
/* The result of ftpd_wait() while nothing is ready: tests never sleep. */
extern unsigned int fake_waits;
/* How long the last two might last, and for what the last one waited. */
extern int fake_wait_ms[2];
extern short fake_wait_events;
/* Set true, without any wait, where nothing is ready; or NULL. */
extern bool *fake_idle;

#endif /* MOD_SFTP_FAKE_FTPD_SESSION_H */
