/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quotatab.h -- mod_quotatab's data for the session's user
 * (ftpd-quotatab.c): a limit, and a tally that other sessions change, too.
 */

#ifndef MOD_SFTP_FTPD_QUOTATAB_H
#define MOD_SFTP_FTPD_QUOTATAB_H

#include "ftpd-session.h"

/* A limit of 0 means that there is none. */
struct quota_amounts {
  double bytes, moved;          /* of stored files; of transfers */
  unsigned int files, transfers;
};

struct quota_limit {
  const char *owner;            /* "user alice" */
  bool hard;                    /* bytes: never, instead of not the next */
  bool per_session;             /* no table stores the tally */
  bool directories;             /* QuotaDirectoryTally */
  struct quota_amounts max;
};

/* Changes of the tally: files grow or shrink; one is created (or overwritten);
 * one is removed.
 */
enum quota_event { QUOTA_SIZE, QUOTA_NEW, QUOTA_AGAIN, QUOTA_GONE };

/* Takes over the counting from mod_quotatab's handlers.  False if the user has
 * no limit.
 */
bool ftpd_quotatab_begin(struct ftpd *h, struct quota_limit *limit);
/* The current usage. */
int ftpd_quotatab_read(struct quota_amounts *used);
/* Changes the tally, at once for all sessions.  Only QUOTA_SIZE may be
 * negative, and QUOTA_GONE subtracts bytes.
 */
void ftpd_quotatab_count(enum quota_event event, double bytes, double moved);
/* The same for a removed file of another user: 0 if it was counted for them, -1
 * if they have no limit.
 */
int ftpd_quotatab_gone_of(pool *p, uid_t uid, double bytes);
/* Whether QuotaExcludeFilter matches the path. */
bool ftpd_quotatab_excludes(const char *path);
/* mod_quotatab's decision about a command: 0, or -1 with errno and a response.
 */
int ftpd_quotatab_pre(cmd_rec *cmd);
/* It must not count the transfer that it assumes to be in progress. */
void ftpd_quotatab_forget(void);

#endif /* MOD_SFTP_FTPD_QUOTATAB_H */
