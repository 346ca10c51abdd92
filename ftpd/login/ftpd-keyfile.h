/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyfile.h -- files whose content decides a login: keys, authorities,
 * principals, hosts, lists of revoked keys.
 *
 * Others than those who may decide it must not be able to write to the file, or
 * to put another in its place: no write right for group or others, and no
 * foreign owner, on the file and on every directory from the user's home (or,
 * for a file that is not below it, from the root) down to it.  Links are
 * resolved first.  SFTPOptions InsecureUserKeyPerms lifts this.
 */

#ifndef MOD_SFTP_FTPD_KEYFILE_H
#define MOD_SFTP_FTPD_KEYFILE_H

#include "ftpd-session.h"

/* No file of keys is larger; nothing of one that is gets read. */
#define FTPD_KEYFILE_MAX (4 * 1024 * 1024)

struct ftpd_keyfile_rule {
  const struct passwd *user;    /* may own it beside root; NULL: nobody */
  bool insecure;                /* InsecureUserKeyPerms */
  off_t max;                    /* bytes */
};

/* Opens a file as root and judges it, so that what was judged is what the
 * descriptor reads.  -1: with *why (in p) what is wrong with it, or *why NULL
 * and errno.
 */
int ftpd_keyfile_open(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, size_t *size, const char **why);
/* All n bytes from offset on; -1 with errno, EINVAL where the file ends. */
int ftpd_keyfile_at(int fd, void *buf, size_t n, off_t offset);
/* Opens a file and reads all of it into p; 0, or -1 as above. */
int ftpd_keyfile_text(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, struct sftp_str *text,
  const char **why);

#endif /* MOD_SFTP_FTPD_KEYFILE_H */
