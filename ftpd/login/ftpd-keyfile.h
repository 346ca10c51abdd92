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
 * Nobody else may be able to write to such a file, or to replace it: the file,
 * and every directory from the user's home directory down to it (from the root,
 * if the file is elsewhere), must not be writable for group or others, and must
 * have the right owner.  Links are resolved first.  SFTPOptions
 * InsecureUserKeyPerms turns this off.
 */

#ifndef MOD_SFTP_FTPD_KEYFILE_H
#define MOD_SFTP_FTPD_KEYFILE_H

#include "ftpd-session.h"

/* Maximum size of a key file. */
#define FTPD_KEYFILE_MAX (4 * 1024 * 1024)

struct ftpd_keyfile_rule {
  const struct passwd *user;    /* permitted owner besides root; NULL: nobody */
  bool insecure;                /* InsecureUserKeyPerms */
  off_t max;                    /* bytes */
};

/* Opens a file as root and checks it; the descriptor reads the file that was
 * checked. -1: with the fault in *why (in p), or *why NULL and errno.
 */
int ftpd_keyfile_open(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, struct stat *st, const char **why);
/* Reads all n bytes from offset on; -1 with errno, EINVAL if the file ends
 * before.
 */
int ftpd_keyfile_at(int fd, void *buf, size_t n, off_t offset);
/* Reads a file of that size into p, followed by a NUL that is not counted, and
 * closes it; 0, or -1 with errno.
 */
int ftpd_keyfile_whole(pool *p, int fd, off_t size, struct sftp_str *text);
/* Opens a file and reads all of it into p; 0, or -1 as above. */
int ftpd_keyfile_text(pool *p, const char *path,
  const struct ftpd_keyfile_rule *rule, struct sftp_str *text,
  const char **why);

#endif /* MOD_SFTP_FTPD_KEYFILE_H */
