/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-owners.h -- contract with the daemon: names and ids of users and groups.
 *
 * Names live in p.  Ids: 0, or -1 with errno.
 */

#ifndef MOD_SFTP_FTPD_OWNERS_H
#define MOD_SFTP_FTPD_OWNERS_H

#include "base.h"

struct ftpd;

/* Names for ids and the reverse; the name lives in p, never NULL for an id. */
const char *ftpd_uid_name(struct ftpd *h, pool *p, uid_t uid);
const char *ftpd_gid_name(struct ftpd *h, pool *p, gid_t gid);
int ftpd_name_uid(struct ftpd *h, const char *name, uid_t *uid);
int ftpd_name_gid(struct ftpd *h, const char *name, gid_t *gid);

#endif /* MOD_SFTP_FTPD_OWNERS_H */
