/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limit.h -- the results of <Limit>, HideFiles and similar directives for
 * a path (ftpd-limit.c), with every .ftpaccess above it (ftpd-ftpaccess.c).
 */

#ifndef MOD_SFTP_FTPD_LIMIT_H
#define MOD_SFTP_FTPD_LIMIT_H

#include "effects.h"
#include "ftpd-request.h"

#include "ftpd-gate.h"

/* Reads every .ftpaccess above the path that is new or has changed, and drops
 * those that have disappeared; once per operation.
 */
void ftpd_ftpaccess_read(struct ftpd *h, pool *p, const char *path);

/* The result of <Limit> for a path. */
struct limit_answer {
  bool hidden;                  /* by HideFiles and similar directives */
  bool ignored;                 /* ... and by IgnoreHidden: it does not exist */
  bool by_name;                 /* a command's own name denied it */
  unsigned int effects;         /* SFTP_EFF_*: the denied ones */
  const char *denied;           /* the name that denied it, without '!' */
  const char *allowed;          /* a command's own name that allowed it */
};

/* <Limit> for one path: all of the effects (SFTP_EFF_*) must be permitted. 0,
 * or -1 with errno (ENOENT: hidden) and op->refused.
 */
int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
  unsigned int effects, const char *path);
/* The same as a query: nothing is logged. */
int ftpd_limit_ask(struct ftpd *h, pool *p, const struct sftp_rule *rule,
  unsigned int effects, const char *path, struct limit_answer *answer);
/* The effects that are denied in the directory last checked, which contains
 * path.  Does not change umask and owner of new files.
 */
unsigned int ftpd_limit_denies(struct ftpd *h, const struct sftp_rule *rule,
  unsigned int effects, bool hidden, const char *path,
  struct limit_answer *answer);
/* For logs: the section that has a <Limit> of that name, the first of the chain
 * and then of the server: " in <Directory ...>"; "" if there is none.
 */
const char *ftpd_limit_section(pool *p, const config_rec *chain,
  const char *name);
/* Only where ftpdctl sftp explain asks: the <Limit> of that name that decides
 * about the command, and the directives in it; "" if it is not found.
 */
const char *ftpd_limit_decided(pool *p, cmd_rec *cmd, const config_rec *chain,
  const char *name, bool hidden);
/* Whether IgnoreHidden is anywhere in the configuration. */
bool ftpd_limit_ignores(struct ftpd *h);
/* True if no rule can apply to lookups of that kind at path. */
bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
  const char *path);
/* The same for entries of dir that are not directories. */
bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
  const char *dir);
/* After a lookup was permitted at path: remembers its directory if it has no
 * rule; fd: the directory, -1: the one that was entered for the check.
 */
void ftpd_limit_learn(struct ftpd *h, const char *path, int fd);

#endif /* MOD_SFTP_FTPD_LIMIT_H */
