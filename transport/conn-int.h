/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-int.h -- the loop of a connection: what conn.c (messages and turns),
 * conn-wait.c (sleep) and conn-alive.c (silent clients) share.
 *
 * What channels and logins have to say about waiting is handed down by conn.c.
 */

#ifndef MOD_SFTP_CONN_INT_H
#define MOD_SFTP_CONN_INT_H

#include "conn.h"

/* Output that may wait for a slow reader before its messages are no longer
 * taken: a client that floods us with requests must wait for the answers.
 */
#define PENDING_MAX (4 * 1024 * 1024)

/* When the kernel wakes us, and how soon it acknowledges. */
struct conn_wait {
  int lowat;                    /* SO_RCVLOWAT in force */
  unsigned int lowat_penalty;   /* turns without it */
  unsigned int hurry;           /* further waits with prompt acknowledgements */
  size_t hurry_in, hurry_out;   /* raw bytes at the wait before */
};

struct conn_alive {
  uint64_t heard_ms;            /* when something was received last */
  unsigned int nasked;          /* keepalives without an answer */
  uint64_t asked_ms;            /* when the last one was sent */
};

struct sftp_loop {
  struct conn_wait wait;
  struct conn_alive alive;
  const bool *stop;             /* of the run_until() that is under way */
  unsigned int nunimplemented;
  size_t told_in, told_out;     /* raw bytes that were reported to the daemon */
};

/* ---- conn-wait.c */

/* What channels and login know of the time ahead. */
struct conn_ahead {
  bool working;                 /* there is other work: no sleep */
  size_t missing;               /* bytes certainly still to come */
  uint64_t due_ms;              /* from now on; UINT64_MAX: no deadline */
};

void sftp_conn_wait_init(struct conn_wait *w);
/* Sleeps until there are bytes, room for output or a deadline, and reads what
 * has come.  1: something has, 0: nothing has, else the socket's error.
 */
int sftp_conn_wait(struct ssh_conn *c, const struct conn_ahead *ahead)
  SFTP_MUST_CHECK;

/* ---- conn-alive.c: SFTPClientAlive */

/* Whether the client has been silent for so long that it is asked. */
bool sftp_conn_alive_due(const struct ssh_conn *c);
/* Asks it for a sign of life; channel: its end of one that is open, or NULL. */
int sftp_conn_alive_ask(struct ssh_conn *c, const uint32_t *channel)
  SFTP_MUST_CHECK;
/* It has answered. */
void sftp_conn_alive_answered(struct ssh_conn *c);
/* No sleep may be longer; UINT64_MAX: any. */
uint64_t sftp_conn_alive_max_ms(const struct ssh_conn *c);

#endif /* MOD_SFTP_CONN_INT_H */
