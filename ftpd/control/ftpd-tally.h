/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-tally.h -- counters: what all sessions of this daemon have done since it
 * was started.
 *
 * One table in ftpd-tally.c has a row for each: its name, its help and its
 * labels.  ftpdctl, SFTPMetricsFile and the table in the manual come from it.
 * Counting costs neither a lock nor a system call.
 */

#ifndef MOD_SFTP_FTPD_TALLY_H
#define MOD_SFTP_FTPD_TALLY_H

#include "ftpd-session.h"

enum tally {
  TALLY_SESSIONS, TALLY_LOGINS, TALLY_BYTES, TALLY_WIRE_BYTES, TALLY_TRANSFERS,
  TALLY_OPERATIONS, TALLY_REFUSALS, TALLY_KEX, TALLY_HOSTKEYS, TALLY_CIPHERS,
  TALLY_MACS, TALLY_COMPRESSIONS, TALLY_REKEYS, TALLY_PENALTIES, TALLY_BLOCKED,
  TALLY_STARTUPS, TALLY_ENDS, TALLY_UNCOUNTED,
  TALLY_NCOUNTERS
};

/* Values of labels. */
enum tally_outcome { TALLY_OK, TALLY_PARTIAL, TALLY_FAILED, TALLY_BROKEN };
enum tally_way { TALLY_IN, TALLY_OUT };
enum tally_protocol { TALLY_SFTP, TALLY_SCP };
enum tally_result { TALLY_DONE, TALLY_REFUSED, TALLY_FAULT };
enum tally_end { TALLY_WHOLE, TALLY_PART };

/* A label and its values. */
struct tally_label {
  const char *name;
  const char *(*value)(unsigned int i);         /* NULL after the last */
};

struct tally_row {
  const char *name, *help;
  const struct tally_label *labels[2];          /* or NULL */
};

extern const struct tally_row ftpd_tally_rows[TALLY_NCOUNTERS];

/* Before the memory is opened, in the master: returns a number for the layout.
 */
uint64_t ftpd_tally_init(void);

/* Adds n; i and j are values of the labels, 0 where there is none.  A value
 * that does not exist is not counted.
 */
void ftpd_tally(enum tally what, unsigned int i, unsigned int j, uint64_t n);

/* The number of values of a label of that row, 1 if it has no such label; and
 * where the value of two labels is in the sums of ftpd-board.h.
 */
unsigned int ftpd_tally_values(enum tally what, unsigned int label);
unsigned int ftpd_tally_place(enum tally what, unsigned int i, unsigned int j);

/* What happened, in the terms of the tables.  A session of this module begins:
 */
void ftpd_tally_session(void);
void ftpd_tally_login(const char *method, enum tally_outcome outcome);
/* The names that the session's notes have after a key exchange. */
void ftpd_tally_keyed(bool again);
/* refused: the text that names the rule; or NULL. */
void ftpd_tally_operation(unsigned int request, int err, const char *refused);
/* How the connection ended: an enum sftp_err. */
void ftpd_tally_end(int err);
/* The daemon ends the session, if nothing else did. */
void ftpd_tally_ended(void);
/* A session that could not say so. */
void ftpd_tally_killed(void);

#endif /* MOD_SFTP_FTPD_TALLY_H */
