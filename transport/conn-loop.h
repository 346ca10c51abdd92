/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-loop.h -- the loop of a connection (conn.c), and what it runs of the
 * layers above: the handlers of messages, and the work of each turn.
 */

#ifndef MOD_SFTP_CONN_LOOP_H
#define MOD_SFTP_CONN_LOOP_H

#include "conn.h"

/* A message, its handler, and the phases in which it is allowed. */
struct sftp_msg {
  const char *name;
  unsigned int phases;          /* in which it may come */
  unsigned int strict;          /* the same before the first keys under strict
                                 * KEX */
  int (*run)(struct ssh_conn *c, struct sftp_rd *r);
};

/* What channels and login know about the time until the next event. */
struct conn_ahead {
  bool working;                 /* there is other work: no sleep */
  bool blocked;                 /* output waits for the client's window */
  size_t missing;               /* bytes certainly still to come */
  uint64_t due_ms;              /* from now on; UINT64_MAX: no deadline */
};

/* The layers above the transport. */
struct sftp_upper {
  const struct sftp_msg *msgs;  /* 256 rows */
  /* Before the receive buffer moves: uses what refers to it. */
  int (*flush)(struct ssh_conn *c);
  /* In each turn: moves output. */
  int (*pump)(struct ssh_conn *c);
  /* At the end of each turn: deadlines. */
  int (*check)(struct ssh_conn *c);
  /* Whether pump() could move something now. */
  bool (*runnable)(const struct ssh_conn *c);
  void (*look_ahead)(struct ssh_conn *c, struct conn_ahead *ahead);
  /* The client's number of the channel opened last; false: there is none. */
  bool (*last_channel)(const struct ssh_conn *c, uint32_t *id);
  /* The connection has ended: services abort what is open. */
  void (*end)(struct ssh_conn *c);
};

/* A connection over an accepted socket; nothing has been sent yet. */
struct ssh_conn *sftp_conn_begin(pool *p, int fd,
  const struct sftp_settings *set, struct ftpd *ftpd,
  const struct sftp_upper *upper);
/* Serves it until its end; returns the error that ended it (SFTP_ERR_EOF and
 * SFTP_ERR_CLOSED are ordinary ends).  All channels are closed by then.
 */
int sftp_conn_run(struct ssh_conn *c);
/* Its parts, for a connection that two processes serve one after the other:
 * sends the identification and, if it may, the first KEXINIT ...
 */
int sftp_conn_start(struct ssh_conn *c) SFTP_MUST_CHECK;
/* ... and ends: log line, DISCONNECT, end of the services.  err counts unless
 * the connection has failed; returns what ended it.
 */
int sftp_conn_finish(struct ssh_conn *c, int err);
/* Handles one message of the client: budgets, modules, phase, handler. */
int sftp_conn_dispatch(struct ssh_conn *c, struct sftp_pkt *pkt)
  SFTP_MUST_CHECK;
/* One turn without waiting: for tests and for run().  1: something was done. */
int sftp_conn_turn(struct ssh_conn *c) SFTP_MUST_CHECK;

/* ---- Handlers of messages that ask for nothing */

int sftp_on_ignore(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_debug(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_unimplemented(struct ssh_conn *c, struct sftp_rd *r);

/* The client has replied to a keepalive (conn-alive.c). */
void sftp_conn_alive_answered(struct ssh_conn *c);

#endif /* MOD_SFTP_CONN_LOOP_H */
