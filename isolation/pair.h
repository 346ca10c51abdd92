/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pair.h -- the pair of stream sockets between a cell and its monitor.
 *
 * The cell is the isolated process that speaks with a stranger until they are
 * logged in; the monitor is the session's process, which knows secrets and
 * decides.  A message is uint32 length of what follows, byte type, and fields
 * as in wire.h.  Both sides are of the same version.
 */

#ifndef MOD_SFTP_PAIR_H
#define MOD_SFTP_PAIR_H

#include "handover.h"

/* What both sides, and the nursery, must agree on. */
#define SFTP_CELL_VERSION "sftp-cell " SFTP_VERSION " 1"

/* The daemon calls its nursery, which answers. */
#define SFTP_NURSERY_CALL "call"
#define SFTP_NURSERY_HERE "here"

enum sftp_pair_type {
  /* From the cell.  Those with an answer wait for it. */
  PAIR_HELLO = 1,       /* string: what the system refuses a cell that no
                         * nursery made */
  PAIR_CLIENT,          /* string identification -> SETTINGS */
  PAIR_OBSERVED,        /* strings: what the client does -> SETTINGS */
  PAIR_TRANSCRIPT,      /* kex-elsewhere.h -> SIGNATURE */
  PAIR_GROUPS,          /* -> GROUPS_ARE */
  PAIR_AGREED,          /* kex-elsewhere.h: keys are in force */
  PAIR_REQUEST,         /* uint32 number, payload: a message that the monitor
                         * serves; the cell reads no other before GO */
  PAIR_OFFER,           /* the same, of another message -> VERDICT */
  PAIR_COMMAND,         /* string name, string argument, byte class, boolean
                         * ok: a line of command logs */
  PAIR_EVENT,           /* string name */
  PAIR_INVALID,         /* as REQUEST: an event about a message */
  PAIR_BYTES,           /* uint64 in, uint64 out: on the wire since the last */
  PAIR_LINE,            /* byte sink, uint32 level or channel, uint32 kind,
                         * string text */
  PAIR_FAILED,          /* uint32 error as a positive number, string why: the
                         * connection has ended, and the client knows why */
  PAIR_STATE,           /* handover.h */
  PAIR_LAST_OF_CELL = PAIR_STATE,

  /* From the monitor. */
  PAIR_SETTINGS = 64,   /* boolean: they have changed; then brief.h */
  PAIR_SIGNATURE,       /* string H, string signature; empty: refused */
  PAIR_GROUPS_ARE,      /* string text */
  PAIR_VERDICT,         /* uint32: 0 nobody handled it, 1 it was handled,
                         * 2 refused */
  PAIR_SEND,            /* payload: a message for the client */
  PAIR_GO,              /* the request is served */
  PAIR_RELEASE          /* the client is logged in -> STATE */
};

enum sftp_pair_sink { SINK_LOG, SINK_WHY, SINK_AUTH, SINK_TRACE };

/* Bytes of a message, without its length field. */
#define SFTP_PAIR_MAX (SFTP_HANDOVER_MAX + 64)

struct sftp_pair {
  pool *pool;
  int fd;
  unsigned char *in;
  size_t in_size, in_start, in_end;
  unsigned char *out;           /* not sent yet */
  size_t out_size, out_len;
  size_t used;                  /* bytes of the message handed out last */
};

void sftp_pair_init(struct sftp_pair *pr, pool *p, int fd);
/* Wipes and frees what is buffered; closes the socket. */
void sftp_pair_close(struct sftp_pair *pr);

/* Appends a message to the output. */
int sftp_pair_put(struct sftp_pair *pr, enum sftp_pair_type type,
  struct sftp_str fields) SFTP_MUST_CHECK;
/* Sends all output; while the peer does not read, it reads what the peer sends,
 * so that the two never wait for each other.  SFTP_ERR_TIMEOUT after 10
 * seconds.
 */
int sftp_pair_flush(struct sftp_pair *pr) SFTP_MUST_CHECK;
int sftp_pair_send(struct sftp_pair *pr, enum sftp_pair_type type,
  struct sftp_str fields) SFTP_MUST_CHECK;
/* Reads what has arrived, without waiting.  1: something has, 0: nothing, else
 * SFTP_ERR_EOF, SFTP_ERR_IO or SFTP_ERR_LIMIT.
 */
int sftp_pair_fill(struct sftp_pair *pr) SFTP_MUST_CHECK;
/* The next message, valid until the next call of any of these functions, which
 * wipes it.  1: there is one, 0: not all of it has arrived, SFTP_ERR_LIMIT: it
 * is longer than max says for its type.
 */
int sftp_pair_next(struct sftp_pair *pr, size_t (*max)(uint8_t type),
  uint8_t *type, struct sftp_rd *r) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_PAIR_H */
