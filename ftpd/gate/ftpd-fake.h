/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-fake.h -- the owners and modes that DirFakeUser, DirFakeGroup and
 * DirFakeMode show.
 */

#ifndef MOD_SFTP_FTPD_FAKE_H
#define MOD_SFTP_FTPD_FAKE_H

#include "ftpd-session.h"

/* The DirFake* directives of a directory. */
struct fake {
  bool has_uid, has_gid, has_mode;
  uid_t uid;
  gid_t gid;
  mode_t mode;
};

/* The ids of DirFakeUser and DirFakeGroup names without an account, for this
 * session: false, NULL for others.
 */
bool ftpd_fake_id(struct ftpd *h, const char *name, uint32_t *id);
const char *ftpd_fake_name(struct ftpd *h, uint32_t id);
/* The values for that directory. */
void ftpd_fake_of(struct ftpd *h, const char *dir, struct fake *fake);
/* Changes st accordingly. */
void ftpd_fake_apply(const struct fake *fake, struct stat *st);

#endif /* MOD_SFTP_FTPD_FAKE_H */
