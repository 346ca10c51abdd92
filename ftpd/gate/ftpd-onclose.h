/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-onclose.h -- files that are removed when they are closed.
 */

#ifndef MOD_SFTP_FTPD_ONCLOSE_H
#define MOD_SFTP_FTPD_ONCLOSE_H

#include "ftpd-openfile.h"

struct ftpd_file;
struct ftpd_op;

/* Whether the file may be removed later; 0, or -1 with errno. */
int ftpd_onclose_check(struct ftpd_op *op, const char *path);
/* Before the file is closed: whether it must be removed, and its identity. */
bool ftpd_onclose_needed(struct ftpd_file *f, struct stat *st);
/* Removes it; outer is the operation that closes it, or NULL. */
int ftpd_onclose(struct ftpd *h, struct ftpd_op *outer, const char *path,
  const struct stat *file);

#endif /* MOD_SFTP_FTPD_ONCLOSE_H */
