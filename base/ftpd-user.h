/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-user.h -- contract with the daemon: the login itself, and the user. */

#ifndef MOD_SFTP_FTPD_USER_H
#define MOD_SFTP_FTPD_USER_H

#include "base.h"

struct ftpd;
struct sftp_settings;

enum ftpd_login_result {
  FTPD_LOGIN_OK,
  FTPD_LOGIN_DENIED,            /* as if the method had failed */
  FTPD_LOGIN_BROKEN             /* failed half-way: the connection must end */
};

/* The whole login: identity, limits, home directory, chroot, privileges, log.
 */
enum ftpd_login_result ftpd_login(struct ftpd *h, pool *p);
/* After USERAUTH_SUCCESS has been sent: ends the request (PASS POST_CMD and
 * LOG_CMD) and reads the settings for this user.  Returns the settings that now
 * apply.
 */
const struct sftp_settings *ftpd_logged_in(struct ftpd *h);

/* The isolated process of the login has handed the connection over. */
void ftpd_cell_over(struct ftpd *h);

/* Text of SFTPDisplayBanner with its variables expanded, or NULL. */
const char *ftpd_banner(struct ftpd *h, pool *p);
/* Text of DisplayLogin, for stderr of the first SFTP channel, or NULL. */
const char *ftpd_login_message(struct ftpd *h, pool *p);

const char *ftpd_remote_ip(struct ftpd *h);
const char *ftpd_user(struct ftpd *h);

struct ftpd_id {
  unsigned long number;
  const char *name;             /* or NULL */
};

/* The user of the session, as the host knows it. */
struct ftpd_ids {
  struct ftpd_id user, group;
  const struct ftpd_id *groups;
  size_t ngroups;
};

void ftpd_ids(struct ftpd *h, pool *p, struct ftpd_ids *ids);

const char *ftpd_cwd(struct ftpd *h);           /* the directory after the
                                                 * login */
/* Home directory of a user ("": of the session's user); NULL with errno. */
const char *ftpd_home(struct ftpd *h, pool *p, const char *user);

#endif /* MOD_SFTP_FTPD_USER_H */
