/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell.h -- the isolated process that speaks with one stranger until they are
 * logged in (doc/architecture.md).
 */

#ifndef MOD_SFTP_CELL_H
#define MOD_SFTP_CELL_H

#include <sys/types.h>

#include "brief.h"
#include "conn-loop.h"
#include "pair.h"

/* The descriptors of a cell, which has no others. */
#define CELL_CLIENT 3
#define CELL_PAIR 4
/* A cell that no nursery makes begins with what its supervisor has. */
#define CELL_LIFE 5

/* The contract's struct ftpd is the cell. */
struct ftpd {
  pool *pool;
  struct ssh_conn *conn;
  struct sftp_pair pair;
  struct sftp_brief *brief;     /* what applies now */
  bool asked;                   /* the monitor serves a request: nothing of the
                                 * client is read */
  uint64_t in, out;             /* bytes on the wire that the monitor has not
                                 * heard of */
};

/* ---- cell.c */

/* Serves the client; does not return.  missing: what the system refuses, where
 * the daemon has not heard of it.
 */
void cell_run(const char *missing) __attribute__((noreturn));
/* Sends the output that the client accepts, and ends the process. */
void cell_end(struct ftpd *h) __attribute__((noreturn));
/* A report to the monitor, or a question that needs no answer. */
void cell_tell(struct ftpd *h, enum sftp_pair_type type,
  const struct sftp_wr *w);
/* Whether there are reports that were not sent, and sends them. */
bool cell_has_reports(const struct ftpd *h);
void cell_send_reports(struct ftpd *h);
/* A question: waits for the answer of that type, whose fields *r reads until
 * the next message.
 */
void cell_ask(struct ftpd *h, enum sftp_pair_type type,
  const struct sftp_wr *w, enum sftp_pair_type answer, struct sftp_rd *r);
/* Serves what the monitor has sent. */
void cell_serve_monitor(struct ftpd *h);
/* Reads settings that have changed. */
void cell_take_brief(struct ftpd *h, struct sftp_rd *r);

/* ---- cell-contract.c */

/* Where log lines go from now on. */
void cell_set_current(struct ftpd *h);
/* What the client does: struct sftp_elsewhere has it. */
void cell_observed(struct ssh_conn *c, const char *const *does, size_t n);

/* ---- cell-messages.c */

extern const struct sftp_upper cell_upper;
/* The message with its number, as REQUEST, OFFER and INVALID have it. */
void cell_write_message(struct sftp_wr *w, uint32_t seqno, uint8_t type,
  struct sftp_str fields);

/* ---- cell-confine.c: what the process gives up; false with errno. */

/* Files, capabilities, ids, groups.  Only ids must go; what else this system
 * refuses is told in missing.
 */
bool cell_give_up(uid_t uid, gid_t gid, char *missing, size_t size);
/* The kernel's filter for a nursery, or for a cell. */
bool cell_filter(bool nursery);
/* Only the two descriptors of a cell are left, in their places. */
bool cell_keep_descriptors(int client, int pair);

/* ---- nursery.c */

/* How this process is confined, and its cells will be. */
struct cell_way {
  bool filtered;                /* this system permits filters of calls */
  char missing[512];            /* what it refuses */
};

/* Makes a cell of each set of descriptors that arrives, until nobody can send
 * any more, or a cell has crashed: the next one would have the same layout.
 */
int cell_nursery(int control, const struct cell_way *way);
/* Makes one cell, of the descriptors CELL_CLIENT to CELL_LIFE. */
int cell_single(const struct cell_way *way);

#endif /* MOD_SFTP_CELL_H */
