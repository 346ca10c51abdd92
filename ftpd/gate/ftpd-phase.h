/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-phase.h -- command phases: listeners, PRE_CMD and the rewritten path,
 * and the end (ftpd-phase.c, ftpd-equivalent.c).
 */

#ifndef MOD_SFTP_FTPD_PHASE_H
#define MOD_SFTP_FTPD_PHASE_H

#include "ftpd-cmd.h"

#include "ftpd-gate.h"

/* ---- ftpd-phase.c */

enum phase_set { PHASE_PRE, PHASE_OK, PHASE_ERR, NPHASES };

/* True if any module that is not idle handles that phase of the request. */
bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
  enum phase_set set);
/* Dispatches PRE_CMD; -1 with errno if refused. */
int ftpd_phase_pre(cmd_rec *cmd);
/* The text of the handler that refused the last PRE_CMD, or NULL. */
const char *ftpd_phase_answer(pool *p);
/* And its code; NULL: none. */
const char *ftpd_phase_code(pool *p);
/* The end, with that response: those parts (PART_* of ftpd-cmd.h) ... */
void ftpd_phase_part(cmd_rec *cmd, unsigned int parts, bool ok,
  const char *code, const char *text);
/* ... or both. */
void ftpd_phase_end(cmd_rec *cmd, bool ok, const char *code,
  const char *text);

/* ---- ftpd-equivalent.c: PRE_CMD; 0, or -1 with errno and op->refused */

/* Of the own name; *path, and *second (which may be NULL if there is only one)
 * are replaced if a handler rewrote them.
 */
int ftpd_own_pre(struct ftpd_op *op, const char **path, const char **second);
/* Paths as the client sent them: for commands, logs and handlers that rewrite;
 * second is NULL if there is only one.
 */
struct sent {
  const char *first, *second;
};

/* Of the equivalent, and of both for a rename; path and second are the
 * locations, and are replaced if a handler rewrote them.
 */
int ftpd_equivalents_pre(struct ftpd_op *op, const struct sent *sent,
  const char **path, const char **second);
/* Of SYMLINK with "text<TAB>link", for handlers that rewrite it. */
int ftpd_symlink_pre(struct ftpd_op *op, const char *sent, const char **text,
  const char **link);

#endif /* MOD_SFTP_FTPD_PHASE_H */
