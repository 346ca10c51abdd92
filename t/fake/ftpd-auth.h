/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-auth.h -- the fake host's users, and the questions about them. */

#ifndef MOD_SFTP_FAKE_FTPD_AUTH_H
#define MOD_SFTP_FAKE_FTPD_AUTH_H

#include "ftpd-user.h"
#include "ftpd-userkey.h"

struct ssh_conn;

#define FAKE_MAX_KEYS 4

struct fake_user {
  const char *name, *password;
  struct sftp_str keys[FAKE_MAX_KEYS];
  bool expired;                 /* not authorized, whatever is proven */
};

struct fake_driver {
  const char *name;
  /* Asks and decides. */
  enum ftpd_verdict (*run)(struct ssh_conn *c);
};

struct fake_auth {
  const struct fake_user *users;        /* NULL-terminated by name */
  const struct fake_driver *drivers;    /* NULL-terminated by name */
  struct ssh_conn *conn;                /* over which drivers exchange
                                         * messages */
  const struct sftp_settings *late;     /* settings after login */
  enum ftpd_login_result login;
  const char *banner;
  const char *host_name;        /* of a trusted host, and its key */
  struct sftp_str host_key;
  const char *rewrite;          /* replacement by USER for every name, or
                                 * NULL */
  struct ftpd_key_grant grant;  /* data of every key */
  bool read_only;               /* arguments of the last ftpd_auth_limit() */
  const char *dir;
  int mask;
  bool refuse_user, block_pass;
  bool login_time_over;
  unsigned int paused_ms, max;
  char calls[8192];             /* one word per call, separated by blanks */
  char password[64];            /* seen last */
};

extern struct fake_auth fake_auth;
/* Resets everything: no users, no drivers, logins succeed. */
void fake_auth_reset(void);

#endif /* MOD_SFTP_FAKE_FTPD_AUTH_H */
