/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyopts.h -- options of a user's key.
 */

#ifndef MOD_SFTP_FTPD_KEYOPTS_H
#define MOD_SFTP_FTPD_KEYOPTS_H

#include "ftpd-session.h"

struct ftpd_key_grant;

struct ftpd_keyopts {
  bool authority;               /* cert-authority */
  bool no_touch, verify;
  const char *principals;       /* or NULL */
  const char *command;          /* or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL-terminated */
};

/* Reads the options of a key (NULL: none); false if the key is not valid for
 * this client, with the reason as text.
 */
bool ftpd_keyopts_read(pool *p, const char *options, struct ftpd_keyopts *o,
  const char **why);
/* Adds the options to those collected so far. */
void ftpd_keyopts_grant(const struct ftpd_keyopts *o,
  struct ftpd_key_grant *grant);
/* Whether the client's address is in a list such as 192.0.2.0/24,2001:db8::1
 * (source-address of a certificate): no names, no patterns.
 */
bool ftpd_source_allows(pool *p, const char *list);

#endif /* MOD_SFTP_FTPD_KEYOPTS_H */
