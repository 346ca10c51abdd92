/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* channel.h -- session channels (RFC 4254), as the loop of a connection sees
 * them: messages that come, and what is done in each turn.
 */

#ifndef MOD_SFTP_CHANNEL_H
#define MOD_SFTP_CHANNEL_H

#include "wire.h"

struct ssh_conn;
struct sftp_channels;

struct sftp_channels *sftp_channels_new(struct ssh_conn *c);
/* Message handlers (RFC 4254); the fields behind the number are in r. */
int sftp_on_channel_open(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_data(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_extended_data(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_window_adjust(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_eof(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_close(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_channel_reply(struct ssh_conn *c, struct sftp_rd *r);
/* Lets services use their references into the receive buffer before the bytes
 * move.
 */
int sftp_channels_flush(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Moves queued output and offers input again; call once per turn. */
int sftp_channels_pump(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Whether pump() could move something now. */
bool sftp_channels_runnable(const struct ssh_conn *c);
/* Whether output waits for a window of the client. */
bool sftp_channels_blocked(const struct ssh_conn *c);
/* Whether a service asked to continue its work in the next turn. */
bool sftp_channels_working(const struct ssh_conn *c);
/* The number of bytes missing at least in the replies to open requests. */
size_t sftp_channels_missing(const struct ssh_conn *c);
/* The client's id of the channel opened last; false if there is none. */
bool sftp_channels_last(const struct ssh_conn *c, uint32_t *remote_id);
unsigned int sftp_channels_count(const struct ssh_conn *c);
/* Closes all channels; services abort what is open.  Idempotent. */
void sftp_channels_close_all(struct ssh_conn *c);

#endif /* MOD_SFTP_CHANNEL_H */
