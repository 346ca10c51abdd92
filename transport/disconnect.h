/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* disconnect.h -- SSH_MSG_DISCONNECT in both directions. */

#ifndef MOD_SFTP_DISCONNECT_H
#define MOD_SFTP_DISCONNECT_H

struct ssh_conn;
struct sftp_rd;

/* The reason code of DISCONNECT (RFC 4253, section 11.1) for an error. */
unsigned int sftp_disconnect_reason(int err);
/* Sends DISCONNECT with that text, once, and tries to flush it. */
void sftp_disconnect(struct ssh_conn *c, unsigned int reason,
  const char *text);
/* Drops what comes until the peer closes the socket, for a second at most. */
void sftp_socket_drain(int fd);
/* Before the process ends, which closes the socket: tells the client that no
 * more will come, and drops what they still send.  A socket closed with unread
 * input resets the connection, and the client may lose the reason in
 * DISCONNECT.  Waits for nobody who has left.
 */
void sftp_disconnect_linger(const struct ssh_conn *c);
int sftp_on_disconnect(struct ssh_conn *c, struct sftp_rd *r);

#endif /* MOD_SFTP_DISCONNECT_H */
