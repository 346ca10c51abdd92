/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* monitor-int.h -- private to monitor.c (the loop) and monitor-questions.c (the
 * table of what a cell may send).
 */

#ifndef MOD_SFTP_MONITOR_INT_H
#define MOD_SFTP_MONITOR_INT_H

#include "conn.h"
#include "pair.h"

/* How far the client has come; a question is allowed in some of these. */
enum monitor_stage {
  STAGE_BEGUN = 1,              /* its identification is unknown */
  STAGE_KNOWN = 2,              /* no exchange hash was signed */
  STAGE_SIGNED = 4,             /* no keys are in force */
  STAGE_KEYED = 8,
  STAGE_RELEASED = 16,          /* it is logged in: STATE is awaited */
  STAGE_OVER = 32               /* the cell has nothing more to say */
};

#define STAGE_EXCHANGES (STAGE_KNOWN|STAGE_SIGNED|STAGE_KEYED)
#define STAGE_ALIVE (STAGE_BEGUN|STAGE_EXCHANGES)
#define STAGE_ANY (STAGE_ALIVE|STAGE_RELEASED)

/* The settings that an offer can have been made with: initially, when the
 * client was known, and when it was observed.
 */
enum { OFFERED_FIRST, OFFERED_KNOWN, OFFERED_LAST, NOFFERED };

struct sftp_monitor {
  struct ssh_conn *c;
  struct sftp_pair pair;
  bool offers;
  struct sftp_str told;         /* the settings that the cell has */
  enum monitor_stage stage;
  bool owed;                    /* the cell waits for GO */
  unsigned int count[PAIR_LAST_OF_CELL + 1];    /* of each question */
  unsigned int nlines;          /* that are not traces */
  bool explained;               /* a line has come since the last step that
                                 * the client took */
  struct sftp_settings offered[NOFFERED];
  int (*loop)(struct ssh_conn *c, const bool *stop);    /* after the login */
};

/* ---- monitor.c */

/* The cell broke its rules: ends the connection. */
int sftp_monitor_attacked(struct sftp_monitor *m, const char *fmt, ...)
  SFTP_PRINTF(2, 3);
int sftp_monitor_answer(struct sftp_monitor *m, enum sftp_pair_type type,
  const struct sftp_wr *w) SFTP_MUST_CHECK;
/* SETTINGS, as they are now; the writer lives in p. */
int sftp_monitor_brief(struct sftp_monitor *m, pool *p, bool changed)
  SFTP_MUST_CHECK;

/* ---- monitor-questions.c */

/* Maximum length of the fields of a message; 0: no such message. */
size_t sftp_monitor_max(uint8_t type);
/* Handles one message of the cell. */
int sftp_monitor_serve(struct sftp_monitor *m, uint8_t type,
  struct sftp_rd *r) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_MONITOR_INT_H */
