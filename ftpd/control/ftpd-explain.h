/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain.h -- ftpdctl sftp explain: what a user's request would meet.
 *
 * A child of the daemon goes through the login and the gate as a session would,
 * with struct ftpd's `explains': no handler is called, nothing is logged,
 * counted or made.  Each rule that decides leaves a line.
 */

#ifndef MOD_SFTP_FTPD_EXPLAIN_H
#define MOD_SFTP_FTPD_EXPLAIN_H

#include "ftpd-session.h"

#include "ftpd-gate.h"

/* Tells one rule that was looked at, in such a child; a line that was told
 * before is left out.
 */
void ftpd_explain(const char *fmt, ...) SFTP_PRINTF(1, 2);
/* In such a child: tells nothing from now on. */
void ftpd_explain_quiet(void);

struct explain_request {
  server_rec *server;
  const char *user;
  bool scp;
  enum ftpd_request req;
  unsigned int effects;         /* SFTP_EFF_* of one attribute, or 0 */
  const char *path, *path2;     /* path2: NULL if there is one path */
  const pr_netaddr_t *from;     /* the client's address */
};

/* The request of a word ("open-read", "mkdir") with that protocol; words for
 * what is done with an open file mean opening it.  Words for one attribute
 * ("chmod") are FTPD_SETSTAT with that effect.  FTPD_NREQUESTS: there is none.
 */
enum ftpd_request ftpd_explain_find(const char *word, bool scp,
  unsigned int *effects);
bool ftpd_explain_two(enum ftpd_request req);
/* The words of that protocol, with ", " between them. */
const char *ftpd_explain_words(pool *p, bool scp);

/* In a child of the daemon (struct ftpd_run): becomes a session without a
 * client that only asks.  NULL: a line has said why not.
 */
struct ftpd *ftpd_explain_begin(const struct explain_request *q);

/* Runs in the child (struct ftpd_run), and prints to its stdout; data: a
 * struct explain_request.
 */
void ftpd_explain_child(void *data);

#endif /* MOD_SFTP_FTPD_EXPLAIN_H */
