/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-files.h -- what the gate keeps for a session.
 *
 * Each part has a struct of its own that only its source knows.
 */

#ifndef MOD_SFTP_FTPD_FILES_H
#define MOD_SFTP_FTPD_FILES_H

#include "ftpd-session.h"

struct phase_cache;             /* ftpd-phase.c: who listens to what */
struct rules_cache;             /* ftpd-limit.c: where no rule matters */
struct score_state;             /* ftpd-scoreboard.c: what ftpwho shows */
struct stall_state;             /* ftpd-stalled.c: timers of transfers */
struct device_cache;            /* ftpd-open-lock.c: is it a local disk? */
struct fake_cache;              /* ftpd-fake.c: DirFake* of a directory */
struct ftpaccess_cache;         /* ftpd-ftpaccess.c: what was read */
struct owner_cache;             /* ftpd-owners.c: names looked up last */
struct quota_state;             /* ftpd-quota.c: what is paid for */
struct upload_cache;            /* ftpd-uploads.c: what the session made */
struct look_cache;              /* ftpd-look.c: what was looked at last */
struct ftpd_file;
struct ftpd_op;

struct ftpd_files {
  pool *pool;
  struct ftpd_file *open;       /* all open files */
  unsigned int nopen, max_open; /* 0: not yet known */
  struct ftpd_op *op;           /* whose PRE_CMD is under way, or NULL */
  struct ftpd_file *rate_of;    /* whose TransferRate is loaded */

  unsigned long nops;           /* another value in each operation */
  bool links_known, shows_links;        /* ShowSymlinks */

  struct phase_cache *phases;   /* each is NULL until it is needed */
  struct rules_cache *rules;
  struct score_state *score;
  struct stall_state *stall;
  struct device_cache *device;
  struct fake_cache *fakes;
  struct owner_cache *owners;
  struct ftpaccess_cache *ftpaccess;
  struct quota_state *quota;
  struct upload_cache *uploads;
  struct look_cache *look;
};

/* The state of h, made at its first use. */
struct ftpd_files *ftpd_files_of(struct ftpd *h);
/* Milliseconds of a monotonic clock, coarse and cheap. */
uint64_t ftpd_coarse_ms(void);

#endif /* MOD_SFTP_FTPD_FILES_H */
