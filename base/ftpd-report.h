/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-report.h -- contract with the daemon: what it is told of a connection.
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
/* Session note and environment variable of that name; replaces. */
void ftpd_note(struct ftpd *h, const char *name, const char *value);
/* Environment variable alone (`env' requests). */
void ftpd_env(struct ftpd *h, const char *name, const char *value);
/* Sends an event that other modules may listen to. */
void ftpd_event(struct ftpd *h, const char *name, const void *data);
/* Offers a message to other modules.  1: one took it, 0: none did; else an
 * error that ends the connection.
 */
int ftpd_message(struct ftpd *h, const struct sftp_pkt *pkt);

/* LOG_CMD (or LOG_CMD_ERR) of a message of the SSH protocol. */
enum ftpd_ssh_class { FTPD_SSH_AUTH, FTPD_SSH_INFO, FTPD_SSH_MISC };
void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
  enum ftpd_ssh_class cls, bool ok);
/* LOG_CMD of a CHANNEL_WINDOW_ADJUST.  A download has many: it costs nothing
 * where nobody listens.
 */
void ftpd_ssh_adjust(struct ftpd *h, uint32_t channel, uint32_t bytes);
/* "ssh2", "sftp", "scp": what the scoreboard and the log variables say. */
void ftpd_set_protocol(struct ftpd *h, const char *protocol);
/* What comes now is done for that service ("sftp", "scp"; others: as it was):
 * one connection may have several.  Kept by reference; costs nothing.
 */
void ftpd_serving(struct ftpd *h, const char *service);
/* Scoreboard: what the session does now (ftpwho). */
void ftpd_doing(struct ftpd *h, const char *cmd, const char *arg);
/* Tells which software the client is or, unless does is NULL, what it does now,
 * in the words of clients.h.  Returns the settings that hold from now on, or
 * NULL if they stay as they are.
 */
const struct sftp_settings *ftpd_client(struct ftpd *h, const char *software,
  const char *does);
/* The connection's exchange is complete (the host may send DISCONNECTs of its
 * own through sftp_disconnect() from now on).
 */
void ftpd_keyed(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_REPORT_H */
