/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-report.h -- contract with the daemon: reports on a connection.
 *
 * Counters, notes, events, commands that are only logged.
 */

#ifndef MOD_SFTP_FTPD_REPORT_H
#define MOD_SFTP_FTPD_REPORT_H

#include "base.h"

struct ftpd;
struct sftp_pkt;
struct sftp_settings;

/* Bytes on the wire since the last call. */
void ftpd_count_raw(struct ftpd *h, size_t in, size_t out);
/* Sets or replaces the session note and environment variable of that name. */
void ftpd_note(struct ftpd *h, const char *name, const char *value);
/* Environment variable alone (`env' requests). */
void ftpd_env(struct ftpd *h, const char *name, const char *value);
/* Sends an event to other modules. */
void ftpd_event(struct ftpd *h, const char *name, const void *data);
/* Offers a message to other modules. 1: one handled it, 0: none did; otherwise
 * an error that ends the connection.
 */
int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt);

/* LOG_CMD (or LOG_CMD_ERR) of a message of the SSH protocol. */
enum ftpd_ssh_class { FTPD_SSH_AUTH, FTPD_SSH_INFO, FTPD_SSH_MISC };
void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
  enum ftpd_ssh_class cls, bool ok);
/* LOG_CMD of a CHANNEL_WINDOW_ADJUST.  A download has many: this costs nothing
 * if no module listens.
 */
void ftpd_ssh_adjust(struct ftpd *h, uint32_t channel, uint32_t bytes);
/* "ssh2", "sftp", "scp": the protocol in the scoreboard and the log variables.
 */
void ftpd_set_protocol(struct ftpd *h, const char *protocol);
/* What follows belongs to that service ("sftp", "scp"; others do not change
 * it): one connection may have several.  Kept by reference; costs nothing.
 */
void ftpd_serving(struct ftpd *h, const char *service);
/* The version of SFTP that client and server have agreed on. */
void ftpd_sftp_version(struct ftpd *h, unsigned int version);
/* Scoreboard: the current activity of the session (ftpwho). */
void ftpd_doing(struct ftpd *h, const char *cmd, const char *arg);
/* Reports the client's software or, unless does is NULL, what it does now, in
 * the words of clients.h.  Returns the settings from now on, or NULL if they do
 * not change.
 */
const struct sftp_settings *ftpd_client(struct ftpd *h, const char *software,
  const char *does);
/* A key exchange is complete (from the first on, the host may send its own
 * DISCONNECTs by sftp_disconnect()).
 */
void ftpd_keyed(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_REPORT_H */
