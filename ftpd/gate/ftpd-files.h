/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-files.h -- the gate's state for a session.
 *
 * Each part has a separate struct that only its source knows.
 */

#ifndef MOD_SFTP_FTPD_FILES_H
#define MOD_SFTP_FTPD_FILES_H

#include "ftpd-session.h"

struct phase_cache;             /* ftpd-phase.c: listeners */
struct rules_cache;             /* ftpd-limit.c: where no rule applies */
struct score_state;             /* ftpd-scoreboard.c: contents for ftpwho */
struct stall_state;             /* ftpd-stalled.c: timers of transfers */
struct device_cache;            /* ftpd-open-lock.c: whether the disk is
                                 * local */
struct fake_cache;              /* ftpd-fake.c: DirFake* of a directory */
struct ftpaccess_cache;         /* ftpd-ftpaccess.c: files read */
struct owner_cache;             /* ftpd-owners.c: last names */
struct quota_state;             /* ftpd-quota.c: amounts accounted for */
struct upload_cache;            /* ftpd-uploads.c: files of this session */
struct look_cache;              /* ftpd-look.c: the last lookup */
struct ftpd_file;
struct ftpd_op;

struct ftpd_files {
  pool *pool;
  struct ftpd_file *open;       /* all open files */
  struct opening *opening;      /* ftpd-open.c: not yet open */
  unsigned int nopen, max_open; /* 0: not yet known */
  struct ftpd_op *op;           /* operation whose PRE_CMD is running, or
                                 * NULL */
  struct ftpd_file *rate_of;    /* file whose TransferRate is loaded */

  unsigned long nops;           /* a different value in each operation */
  bool links_known, shows_links;        /* ShowSymlinks */
  bool counts_known, counts;    /* mod_counter */
  cmd_rec *counted;             /* what it counts, or NULL */

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
