/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* conn-int.h -- the loop of a connection: shared by conn.c (messages and
 * turns), conn-wait.c (sleep), conn-alive.c (silent clients) and conn-say.c.
 *
 * conn.c passes on what channels and logins know about waiting.
 */

#ifndef MOD_SFTP_CONN_INT_H
#define MOD_SFTP_CONN_INT_H

#include "conn-loop.h"

/* Maximum output waiting for a slow reader; beyond that, its messages are not
 * read: a client that floods the server with requests must wait for the
 * replies.
 */
#define PENDING_MAX (4 * 1024 * 1024)

/* When the kernel wakes the process, and how soon it acknowledges. */
struct conn_wait {
  int lowat;                    /* SO_RCVLOWAT in force */
  unsigned int lowat_penalty;   /* turns without a limit */
  unsigned int hurry;           /* further waits with prompt acknowledgements */
  size_t hurry_in, hurry_out;   /* raw bytes at the wait before */
};

struct conn_alive {
  uint64_t heard_ms;            /* when something was received last */
  unsigned int nasked;          /* keepalives without a reply */
  uint64_t asked_ms;            /* when the last one was sent */
};

struct sftp_loop {
  struct conn_wait wait;
  struct conn_alive alive;
  const bool *stop;             /* of the current run_until() */
  unsigned int nunimplemented;
  size_t told_in, told_out;     /* raw bytes that were reported to the daemon */
  char say[2048];               /* conn-say.c: pending text for the user */
};

/* ---- conn-wait.c */

void sftp_conn_wait_init(struct conn_wait *w);
/* Sleeps until there are bytes, room for output or a deadline, and reads what
 * has arrived. 1: something has, 0: nothing has, otherwise the socket's error.
 */
int sftp_conn_wait(struct ssh_conn *c, const struct conn_ahead *ahead)
  SFTP_MUST_CHECK;

/* Another process has served the socket: makes no use of what it has set. */
void sftp_conn_wait_afresh(struct ssh_conn *c);

/* ---- conn-alive.c: SFTPClientAlive */

/* Whether the client has been silent for so long that it must be asked for a
 * reply.
 */
bool sftp_conn_alive_due(const struct ssh_conn *c);
/* Asks it for a reply; channel: the client's number of an open one, or NULL. */
int sftp_conn_alive_ask(struct ssh_conn *c, const uint32_t *channel)
  SFTP_MUST_CHECK;
/* Maximum duration of a sleep; UINT64_MAX: any. */
uint64_t sftp_conn_alive_max_ms(const struct ssh_conn *c);

/* ---- conn-say.c */

/* Sends pending text for the user, if a message may be sent now. */
int sftp_conn_say_check(struct ssh_conn *c) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_CONN_INT_H */
