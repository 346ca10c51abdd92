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
 * Nobody else may be able to write to such a file, or to put another in its
 * place: the file, and every directory from the user's home down to it (from
 * the root, if the file is elsewhere), must not be writable for group or
 * others, and must have the right owner.  Links are resolved first.
 * SFTPOptions InsecureUserKeyPerms lifts this.
 */

#ifndef MOD_SFTP_FTPD_KEYFILE_H
#define MOD_SFTP_FTPD_KEYFILE_H

#include "ftpd-session.h"

/* The largest file of keys that is read. */
#define FTPD_KEYFILE_MAX (4 * 1024 * 1024)

struct ftpd_keyfile_rule {
  const struct passwd *user;    /* besides root, who may own it; NULL: nobody */
  bool insecure;                /* InsecureUserKeyPerms */
  off_t max;                    /* bytes */
};

/* Opens a file as root and checks it; what was checked is what the descriptor
 * reads. -1: with *why (in p) what is wrong with it, or *why NULL and errno.
 */
int ftpd_keyfile_open(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, struct stat *st, const char **why);
/* Reads all n bytes from offset on; -1 with errno, EINVAL where the file ends.
 */
int ftpd_keyfile_at(int fd, void *buf, size_t n, off_t offset);
/* Reads all of a file of that size into p, with a NUL behind it that is not
 * counted, and closes it; 0, or -1 with errno.
 */
int ftpd_keyfile_whole(pool *p, int fd, off_t size, struct sftp_str *text);
/* Opens a file and reads all of it into p; 0, or -1 as above. */
int ftpd_keyfile_text(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, struct sftp_str *text,
  const char **why);

#endif /* MOD_SFTP_FTPD_KEYFILE_H */
