/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rules.h -- what the rules of the configuration say: <Limit> and hidden
 * files (ftpd-limit.c, ftpd-ask.c, ftpd-effect.c), filters (ftpd-filter.c),
 * sizes and rates of transfers (ftpd-transfer-rules.c).
 */

#ifndef MOD_SFTP_FTPD_RULES_H
#define MOD_SFTP_FTPD_RULES_H

#include "effects.h"
#include "ftpd-request.h"

#include "ftpd-gate.h"

/* ---- ftpd-ftpaccess.c */

/* Reads the .ftpaccess of every directory above the path that is new or was
 * changed, and forgets those that are gone; once per operation.
 */
void ftpd_ftpaccess_read(struct ftpd *h, pool *p, const char *path);

/* ---- ftpd-limit.c */

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

/* ---- ftpd-filter.c */

/* AllowFilter and DenyFilter, for requests without PRE_CMD; 0 or -1. */
int ftpd_word_filter(struct ftpd_op *op, const char *name, const char *arg);
/* AllowOverwrite of the directory last checked; 0, or -1 with errno and
 * op->refused.
 */
int ftpd_may_overwrite(struct ftpd_op *op, const char *path);
/* PathAllowFilter and PathDenyFilter of the directory last checked. */
int ftpd_filter(struct ftpd_op *op, const char *path);
/* Sets op->refused for a PRE_CMD refusal. */
void ftpd_limit_explain(struct ftpd_op *op, cmd_rec *cmd, const char *path,
  int xerrno);
void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...)
  SFTP_PRINTF(2, 3);

/* ---- ftpd-transfer-rules.c */

/* EFBIG when MaxStoreFileSize of the directory last checked is below size. */
int ftpd_max_store(off_t size);
/* MaxStoreFileSize of the directory last checked; 0: none. */
off_t ftpd_max_store_size(void);
/* EFBIG when MaxRetrieveFileSize of the directory last checked is below size.
 */
int ftpd_max_retrieve(struct ftpd_op *op, off_t size);
/* What AllowRetrieveRestart and AllowStoreRestart say to a file that was opened
 * in the directory last checked.
 */
void ftpd_restart_rules(struct ftpd_file *f);
/* Whether it may be read or written there; 0, or -1 with EACCES. */
int ftpd_restart_check(struct ftpd_file *f, off_t offset, bool writes);
/* Notes that it was, up to there. */
void ftpd_restart_note(struct ftpd_file *f, off_t end, bool writes);
/* EFBIG when max, unless it is 0, is below size. */
int ftpd_within(off_t max, off_t size);
/* Waits as TransferRate demands; end: the transfer is over. */
void ftpd_rate_pause(struct ftpd_file *f, bool end);

/* ---- ftpd-permit.c */

/* -1 with errno for paths that cost too much to ask about. */
int ftpd_check_depth(struct ftpd_op *op, const char *path);

/* ---- ftpd-ask.c */

/* Whether op may do to path what its rule says; 0, or -1 with errno and
 * op->refused.  real is where its links lead: what has to be looked at is
 * looked at there.
 */
int ftpd_ask(struct ftpd_op *op, const struct sftp_rule *rule,
  const char *path, const char *real);
/* FTPD_REALPATH: the path to answer with, or NULL; text is what was sent. */
const char *ftpd_permit_go(struct ftpd_op *op, const char *path,
  const char *text);

/* ---- ftpd-effect.c */

/* A rule without names: for further effects of a request. */
extern const struct sftp_rule ftpd_no_names;
/* Whether an existing file may be replaced: <Limit> and AllowOverwrite; 0, or
 * -1 with errno and op->refused.
 */
int ftpd_may_replace(struct ftpd_op *op, const char *path);
/* The mode for a new file or directory at the path last checked: `plain' where
 * the user may not choose one.
 */
mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode,
  mode_t plain);

/* The effects that are denied for a file at the path last checked: a second
 * name must not permit them.
 */
struct second_name {
  unsigned int denied;          /* SFTP_EFF_* */
  bool keeps;                   /* AllowOverwrite is off */
};
struct second_name ftpd_second_name(struct ftpd_op *op, const char *path);
int ftpd_check_link(struct ftpd_op *op, const char *from,
  const struct second_name *old, const char *to);

/* ---- ftpd-uploads.c */

/* Remembers what the session has made, and tells whether a file is among that.
 */
void ftpd_upload_note(struct ftpd *h, const struct stat *st);
bool ftpd_upload_is(struct ftpd *h, const struct stat *st);

#endif /* MOD_SFTP_FTPD_RULES_H */
