/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg-profile.h -- whole offers by name (SFTPAlgorithmProfile), and offers
 * changed by signs.
 */

#ifndef MOD_SFTP_ALG_PROFILE_H
#define MOD_SFTP_ALG_PROFILE_H

#include "alg-table.h"

enum sftp_alg_profile { PROFILE_DEFAULT, PROFILE_MODERN, PROFILE_LEGACY };

/* The profile of that name, in any case; -1 when there is none. */
int sftp_alg_profile_find(const char *name);
/* What the profile offers of a family: usable names, comma-separated. */
const char *sftp_alg_profile(pool *p, enum sftp_alg_family f,
  enum sftp_alg_profile profile);
/* Applies a list of the administrator to base.  Plain names replace it, in
 * their order.  Names with a sign change it one after the other: +name appends,
 * ^name prepends, -name removes (with * and ?).  Names that cannot be used here
 * are left out.  The result may be empty.
 */
const char *sftp_alg_change(pool *p, enum sftp_alg_family f, const char *base,
  const char *list);

#endif /* MOD_SFTP_ALG_PROFILE_H */
