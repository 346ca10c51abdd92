/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-loop.h -- the loop of a connection and its table of messages
 * (conn.c).
 */

#ifndef MOD_SFTP_CONN_LOOP_H
#define MOD_SFTP_CONN_LOOP_H

#include "conn.h"

/* A connection over an accepted socket; nothing has been sent yet. */
struct ssh_conn *sftp_conn_new(pool *p, int fd,
  const struct sftp_settings *set, struct ftpd *ftpd);
/* Serves it until its end; returns the error that ended it (SFTP_ERR_EOF and
 * SFTP_ERR_CLOSED are ordinary ends).  All channels are closed by then.
 */
int sftp_conn_run(struct ssh_conn *c);
/* One turn without waiting: for tests and for run().  1: something was done. */
int sftp_conn_turn(struct ssh_conn *c) SFTP_MUST_CHECK;

/* A message, its handler, and the phases in which it is allowed. */
struct sftp_msg {
  const char *name;
  unsigned int phases;          /* in which it may come */
  unsigned int strict;          /* the same before the first keys under strict
                                 * KEX */
  int (*run)(struct ssh_conn *c, struct sftp_rd *r);
};

extern const struct sftp_msg sftp_msgs[256];

#endif /* MOD_SFTP_CONN_LOOP_H */
