/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* times.h -- what a connection waits for, as long as files are open: the table
 * of causes that can limit a transfer.
 *
 * The loop reads the clock before and after each sleep (conn-wait.c), and knows
 * why it sleeps; the daemon's side adds what it spends in the file system and
 * in pauses.  What remains of the time is the process's own work.  A connection
 * has one account: two transfers at once share it, and each sees what was added
 * from its beginning to its end.
 *
 * Times are microseconds of sftp_now_us().
 */

#ifndef MOD_SFTP_TIMES_H
#define MOD_SFTP_TIMES_H

#include "base.h"

#include <stdatomic.h>

struct ssh_conn;

enum sftp_cause {
  CAUSE_CPU,                    /* computes: ciphers, digests; what remains */
  CAUSE_DISK,                   /* reads and writes of files */
  CAUSE_RATE,                   /* pauses for a rule */
  CAUSE_WINDOW,                 /* the client's window is closed */
  CAUSE_REQUESTS,               /* all requests are answered, and the next one
                                 * is on its way */
  CAUSE_CLIENT,                 /* it neither reads nor sends: its disk, its
                                 * CPU */
  CAUSE_NETWORK,
  NCAUSES
};

/* Why the loop sleeps. */
enum sftp_sleep {
  SLEEP_OUTPUT,                 /* the socket accepts no more ... */
  SLEEP_READER,                 /* ... and the client read slowly before */
  SLEEP_WINDOW,                 /* output waits for a WINDOW_ADJUST */
  SLEEP_PACKET,                 /* a packet has arrived in part */
  SLEEP_REST,                   /* more packets of a request will come */
  SLEEP_REQUEST                 /* all that was asked is answered */
};

/* The account.  The process that writes it may have put it where another one
 * reads it.
 */
struct sftp_times_shown {
  _Atomic uint64_t us[NCAUSES]; /* CAUSE_CPU: unused */
  _Atomic uint64_t asleep_us;   /* since when; 0: it is awake */
  _Atomic uint32_t sleep;       /* enum sftp_sleep, if it sleeps ... */
  _Atomic uint32_t trip_us;     /* ... and the round trip */
};

/* What the kernel knows about the way to the client (tcp-info.c). */
struct sftp_tcp {
  uint32_t rtt_us, min_rtt_us;  /* 0: unknown */
  uint32_t unsent;              /* bytes that wait in the socket ... */
  bool busy;                    /* ... while as much as the network takes is on
                                 * its way */
  uint64_t full_us;             /* time for which the client's receive buffer
                                 * was full */
};

struct sftp_times {
  struct sftp_times_shown own, *shown;
  bool on;                      /* somebody has asked */
  size_t out_before;            /* bytes sent until the last sleep */
  struct sftp_tcp tcp;
  uint64_t looked_us;           /* when it was asked for */
  uint64_t output_us;           /* slept for output since then */
  bool reads_slowly;            /* the client, in most of what was settled
                                 * last */
};

/* "cpu", "disk" ... */
const char *sftp_cause_name(enum sftp_cause cause);

struct sftp_times *sftp_times_new(pool *p);
/* From now on the account is there; *to is zeroed. */
void sftp_times_show(struct sftp_times *t, struct sftp_times_shown *to);

/* ---- The loop: nothing before the first sftp_times_read() */

/* out: bytes sent so far. */
void sftp_times_sleep(struct ssh_conn *c, enum sftp_sleep why, size_t out);
void sftp_times_wake(struct ssh_conn *c);

/* ---- The daemon's side */

/* The account until now. */
void sftp_times_read(struct ssh_conn *c, uint64_t us[NCAUSES]);
void sftp_times_add(struct ssh_conn *c, enum sftp_cause cause, uint64_t us);
/* In any process: with the sleep that has not ended. */
void sftp_times_look(const struct sftp_times_shown *s, uint64_t now_us,
  uint64_t us[NCAUSES]);
/* Turns two readings into what was added between them, in that time; CAUSE_CPU
 * gets the rest.
 */
void sftp_times_between(const uint64_t before[NCAUSES], uint64_t us[NCAUSES],
  uint64_t took_us);
/* The largest part first: "network 83%, cpu 17%". */
void sftp_times_text(const uint64_t us[NCAUSES], char *out, size_t size);
enum sftp_cause sftp_times_most(const uint64_t us[NCAUSES]);

/* ---- Exposed for tests */

/* Whether answers still wait in the socket.  The kernel holds the last bytes
 * back for a moment: out, those sent since the sleep before, say little alone.
 */
bool sftp_times_backlog(const struct sftp_tcp *tcp, size_t out);

/* Adds a sleep of that length to the parts that it consists of. */
void sftp_times_split(enum sftp_sleep why, uint64_t slept_us, uint64_t trip_us,
  uint64_t us[NCAUSES]);
/* Puts down the sleeps for output since the last look, in which the client had
 * no room for full_us.
 */
void sftp_times_settle(struct sftp_times *t, uint64_t full_us);

/* ---- tcp-info.c */

/* All 0 if the socket cannot tell. */
void sftp_tcp_look(int fd, struct sftp_tcp *tcp);

#endif /* MOD_SFTP_TIMES_H */
