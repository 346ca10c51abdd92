/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* handover.h -- a connection goes on in another process: one writes the state
 * of its transport, the other reads it, over the same socket.
 *
 * The state has the keys, the IVs as of now, numbers and counters of both
 * directions, input that was not decoded and output that was not sent, session
 * id, first host key and the algorithms agreed on.  It is for the same build of
 * the module on the same system.  The reader does not trust the writer.
 *
 * A connection can be handed over if state.keep_keys was true before its first
 * keys were made, between two exchanges, and before it compresses.
 */

#ifndef MOD_SFTP_HANDOVER_H
#define MOD_SFTP_HANDOVER_H

#include "conn.h"

/* Bytes: of input, as much as is read ahead; of output; of a whole state. */
#define SFTP_HANDOVER_INPUT_MAX (512 * 1024)
#define SFTP_HANDOVER_OUTPUT_MAX (1024 * 1024)
#define SFTP_HANDOVER_MAX (SFTP_HANDOVER_INPUT_MAX + \
  SFTP_HANDOVER_OUTPUT_MAX + SFTP_PACKET_MAX)

/* A writer for a state, which is wiped with p; w must live as long. */
void sftp_handover_begin(struct sftp_wr *w, pool *p);
/* Writes the state of the connection, which must not be used any more.
 * SFTP_ERR_ORDER: not now (an exchange is running, messages are held, one is
 * open, it compresses, keys were not kept); SFTP_ERR_LIMIT: too much input or
 * output.  On failure, w is empty and the connection is as before.
 */
int sftp_handover_write(const struct ssh_conn *c, struct sftp_wr *w)
  SFTP_MUST_CHECK;
/* Reads a state into a connection whose packets have not been used yet; the
 * caller wipes its bytes.  Only what `offered' offers can be in it: the
 * settings of the last exchange.  What c knows already (identification, session
 * id, first host key, agreed names) must be the same in it.  On failure c is as
 * before.
 */
int sftp_handover_read(struct ssh_conn *c,
  const struct sftp_settings *offered, struct sftp_rd *r) SFTP_MUST_CHECK;
/* The client is logged in: sets the phase, and delayed compression begins.
 * This may be called again.
 */
void sftp_handover_open(struct ssh_conn *c);

#endif /* MOD_SFTP_HANDOVER_H */
