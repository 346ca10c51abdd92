/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rules.h -- what the rules of the configuration say: <Limit>, path
 * filters, hidden files (ftpd-limit.c), sizes and rates of transfers
 * (ftpd-transfer-rules.c), modes of new files (ftpd-permit.c).
 */

#ifndef MOD_SFTP_FTPD_RULES_H
#define MOD_SFTP_FTPD_RULES_H

#include "ftpd-request.h"

/* ---- ftpd-limit.c */

/* <Limit> for one path; 0, or -1 with errno and op->refused (op may be NULL).
 * hidden may be NULL.
 */
int ftpd_limit(struct ftpd *h, struct ftpd_op *op, pool *p,
  const struct limit_rule *rule, const char *path, bool *hidden);
/* True when no rule can matter for looks of that kind at path. */
bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
  const char *path);
/* The same for entries of dir that are no directorys. */
bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
  const char *dir);
/* After a look was allowed at path: remembers its directory if no rule is
 * there.
 */
void ftpd_limit_learn(struct ftpd *h, const char *path);
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
/* EFBIG when max, unless it is 0, is below size. */
int ftpd_within(off_t max, off_t size);
/* Waits as long as TransferRate wants it; end: the transfer is over. */
void ftpd_rate_pause(struct ftpd_file *f, bool end);

/* ---- ftpd-permit.c */

/* The mode for a new file: without what the user may not SITE_CHMOD. */
mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode);

#endif /* MOD_SFTP_FTPD_RULES_H */
