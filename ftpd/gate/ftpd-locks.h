/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-locks.h -- locks on ranges (ftpd-lock.c) and at OPEN
 * (ftpd-open-lock.c).
 */

#ifndef MOD_SFTP_FTPD_LOCKS_H
#define MOD_SFTP_FTPD_LOCKS_H

#include "ftpd-session.h"

struct ftpd_op;

/* Maximum size of a file, for locks. */
#define FTPD_LOCK_SPACE ((off_t) 1 << 62)

/* Whether locks are cheap: on a network file system each check goes to its
 * server, which may be slow or unreachable.
 */
bool ftpd_lock_is_local(int fd);
/* Whether FTP or SCP transfers the file. */
bool ftpd_lock_transfers(int fd, bool reads, bool writes);
/* Records what op opened the file for, and what it denies to others.  EAGAIN:
 * others use it in that way, or forbid this use; ENOTSUP: the file cannot be
 * locked against others.
 */
int ftpd_open_lock(const struct ftpd_op *op, pr_fh_t *fh, const struct stat *st,
  int flags);
/* Whether the user has the rights that op->deny takes from others: users who
 * may open it for reading and writing have them. 0, or -1 with EACCES and
 * op->refused.
 */
int ftpd_may_keep(struct ftpd_op *op, const char *path, bool reads,
  bool writes);
/* Whether an SFTP session has the file open in any way. */
bool ftpd_open_lock_used(int fd);
/* Whether another session forbids one of the uses. */
bool ftpd_open_lock_kept(int fd, unsigned int uses);
/* The same for a file that is changed by name: -1 with EAGAIN if writing is
 * forbidden.
 */
int ftpd_open_lock_changed(const char *path);

/* PRE_CMD of transfers, in sessions of FTP, too. */

modret_t *ftpd_lock_pre_read(cmd_rec *cmd);
modret_t *ftpd_lock_pre_write(cmd_rec *cmd);

#endif /* MOD_SFTP_FTPD_LOCKS_H */
