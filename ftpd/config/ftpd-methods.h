/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-methods.h -- the chains of SFTPAuthMethods.
 */

#ifndef MOD_SFTP_FTPD_METHODS_H
#define MOD_SFTP_FTPD_METHODS_H

#include "directives.h"

/* Fills in the chains of SFTPAuthMethods, or the default. */
void ftpd_methods_chains(pool *p, server_rec *s, struct sftp_settings *set);
/* Whether any chain, of any user, has that method. */
bool ftpd_methods_use(pool *p, server_rec *s, const struct sftp_settings *set,
  unsigned int method);

/* SFTPAuthMethods user, group, class: chains for some users. */
enum ftpd_methods_kind { FTPD_METHODS_USER, FTPD_METHODS_GROUP,
  FTPD_METHODS_CLASS };

struct ftpd_methods_rule {
  enum ftpd_methods_kind kind;
  const char *names;            /* joined by commas */
  const struct sftp_chain *chains;      /* in the caller's pool */
  unsigned int nchains;
};

/* The next rule after *at, NULL before the first; false: there is none. */
bool ftpd_methods_next_rule(pool *p, server_rec *s, config_rec **at,
  struct ftpd_methods_rule *rule);

#endif /* MOD_SFTP_FTPD_METHODS_H */
