/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ask.h -- whether an operation may have its effects: all of its names and
 * paths (ftpd-ask.c), and later effects (ftpd-effect.c).
 */

#ifndef MOD_SFTP_FTPD_ASK_H
#define MOD_SFTP_FTPD_ASK_H

#include "effects.h"
#include "ftpd-request.h"

/* -1 with errno for paths that are too expensive to check. */
int ftpd_check_depth(struct ftpd_op *op, const char *path);

/* Whether op may have the effects of its rule on path; 0, or -1 with errno and
 * op->refused. real is the resolved path: lookups use it.
 */
int ftpd_ask(struct ftpd_op *op, const struct sftp_rule *rule,
  const char *path, const char *real);
/* FTPD_REALPATH: the path for the reply, or NULL; text is what the client sent.
 */
const char *ftpd_permit_go(struct ftpd_op *op, const char *path,
  const char *text);

/* A rule without names: for further effects of a request. */
extern const struct sftp_rule ftpd_no_names;
/* Whether an existing file may be replaced: <Limit> and AllowOverwrite; 0, or
 * -1 with errno and op->refused.
 */
int ftpd_may_replace(struct ftpd_op *op, const char *path);
/* The same for a rename to this path.  If it names the same file, that is not
 * lost, but AllowOverwrite is about names, as in FTP.
 */
int ftpd_may_take(struct ftpd_op *op, const char *path, bool same);
/* The mode for a new file or directory at the path last checked: `plain' if the
 * user may not set one.
 */
mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode,
  mode_t plain);

/* The effects that are denied for a file at the path last checked: a second
 * name must not allow them.
 */
struct second_name {
  unsigned int denied;          /* SFTP_EFF_* */
  bool keeps;                   /* AllowOverwrite is off */
};
struct second_name ftpd_second_name(struct ftpd_op *op, const char *path);
int ftpd_check_link(struct ftpd_op *op, const char *from,
  const struct second_name *old, const char *to);

#endif /* MOD_SFTP_FTPD_ASK_H */
