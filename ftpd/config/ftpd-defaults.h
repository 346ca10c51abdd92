/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-defaults.h -- what is in force without a directive, in words. */

#ifndef MOD_SFTP_FTPD_DEFAULTS_H
#define MOD_SFTP_FTPD_DEFAULTS_H

#include "ftpd-session.h"

struct ftpd_default {
  const char *name;
  const char *words;            /* as in a configuration, or in parentheses */
  bool main_only;               /* "server config" is its only context */
  bool repeats;                 /* each of its lines counts */
};

/* A row for each directive, in their order; the last name is NULL. */
extern const struct ftpd_default ftpd_defaults[];

/* Whether each line of that directive counts, not the first alone. */
bool ftpd_default_repeats(const char *name);

#endif /* MOD_SFTP_FTPD_DEFAULTS_H */
