/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limit.h -- what <Limit>, HideFiles and their kin say of a path
 * (ftpd-limit.c), with every .ftpaccess above it (ftpd-ftpaccess.c).
 */

#ifndef MOD_SFTP_FTPD_LIMIT_H
#define MOD_SFTP_FTPD_LIMIT_H

#include "effects.h"
#include "ftpd-request.h"

#include "ftpd-gate.h"

/* Reads the .ftpaccess of every directory above the path that is new or was
 * changed, and forgets those that are gone; once per operation.
 */
void ftpd_ftpaccess_read(struct ftpd *h, pool *p, const char *path);

/* What <Limit> said of a path. */
struct limit_answer {
  bool hidden;                  /* by HideFiles and its kin */
  bool ignored;                 /* ... and so by IgnoreHidden: not there */
  bool by_name;                 /* a command's own name denied it */
  unsigned int effects;         /* SFTP_EFF_*: those that are denied */
  const char *denied;           /* the name that did, without '!' */
  const char *allowed;          /* a command's own name that permitted */
};

/* <Limit> for one path: all of the effects (SFTP_EFF_*) have to be permitted.
 * 0, or -1 with errno (ENOENT: hidden) and op->refused.
 */
int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
  unsigned int effects, const char *path);
/* The same as a question: nothing is logged. */
int ftpd_limit_ask(struct ftpd *h, pool *p, const struct sftp_rule *rule,
  unsigned int effects, const char *path, struct limit_answer *answer);
/* The effects that are denied in the directory last checked, to which path
 * belongs.  Leaves umask and owner of new files as they are.
 */
unsigned int ftpd_limit_denies(struct ftpd *h, const struct sftp_rule *rule,
  unsigned int effects, bool hidden, const char *path,
  struct limit_answer *answer);
/* Whether IgnoreHidden stands anywhere in the configuration. */
bool ftpd_limit_ignores(struct ftpd *h);
/* True when no rule can matter for looks of that kind at path. */
bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
  const char *path);
/* The same for entries of dir that are not directories. */
bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
  const char *dir);
/* After a look was allowed at path: remembers its directory if no rule is
 * there; fd: the directory, -1: the one that was entered to ask.
 */
void ftpd_limit_learn(struct ftpd *h, const char *path, int fd);

#endif /* MOD_SFTP_FTPD_LIMIT_H */
