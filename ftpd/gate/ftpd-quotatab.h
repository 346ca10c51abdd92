/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quotatab.h -- what mod_quotatab knows of the session's user
 * (ftpd-quotatab.c): a limit, and a tally that other sessions change, too.
 */

#ifndef MOD_SFTP_FTPD_QUOTATAB_H
#define MOD_SFTP_FTPD_QUOTATAB_H

#include "ftpd-session.h"

/* Amounts of 0 in a limit mean that there is none. */
struct quota_amounts {
  double bytes, moved;          /* that files have; that transfers move */
  unsigned int files, transfers;
};

struct quota_limit {
  const char *owner;            /* "user alice" */
  bool hard;                    /* bytes: never, rather than not the next */
  bool per_session;             /* no table keeps the tally */
  bool directories;             /* QuotaDirectoryTally */
  struct quota_amounts max;
};

/* What a change of the tally is: files grow or shrink; one comes (or is
 * written again); one goes.
 */
enum quota_event { QUOTA_SIZE, QUOTA_NEW, QUOTA_AGAIN, QUOTA_GONE };

/* Takes the counting over from mod_quotatab's handlers.  False when nothing
 * limits the user.
 */
bool ftpd_quotatab_begin(struct ftpd *h, struct quota_limit *limit);
/* What is used now. */
int ftpd_quotatab_read(struct quota_amounts *used);
/* Changes the tally, at once for all sessions.  Only QUOTA_SIZE may be
 * negative, and QUOTA_GONE takes bytes away.
 */
void ftpd_quotatab_count(enum quota_event event, double bytes, double moved);
/* The same for a file that went and was another user's: 0 if it was counted
 * for them, -1 if they have no limit of their own.
 */
int ftpd_quotatab_gone_of(pool *p, uid_t uid, double bytes);
/* Whether QuotaExcludeFilter names the path. */
bool ftpd_quotatab_excludes(const char *path);
/* What mod_quotatab says to a command: 0, or -1 with errno and a response. */
int ftpd_quotatab_pre(cmd_rec *cmd);
/* It must not count what it believes is under way. */
void ftpd_quotatab_forget(void);

#endif /* MOD_SFTP_FTPD_QUOTATAB_H */
