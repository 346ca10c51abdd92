/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostload.h -- the keys of a virtual host and their certificates while
 * they are loaded: ftpd-hostkeys.c, ftpd-hostkey-file.c and ftpd-hostcert.c.
 */

#ifndef MOD_SFTP_FTPD_HOSTLOAD_H
#define MOD_SFTP_FTPD_HOSTLOAD_H

#include "ftpd-session.h"

/* Maximum size of key and certificate files. */
#define FTPD_HOSTFILE_MAX 65536

struct ftpd_hostload {
  pool *pool;
  server_rec *server;
  struct sftp_settings *set;
  bool starting;                /* in the parent */
  int faults;                   /* that prevent the start */
};

/* Logs that the file or agent in the directive is unusable. */
void ftpd_hostload_fault(const struct ftpd_hostload *l, const char *directive,
  const char *path, const char *why);
/* ftpd-hostkey-file.c: the key of that file, from the cache or read; NULL: it
 * is unusable, which is logged and counted.
 */
struct sftp_key *ftpd_hostkey_of_file(struct ftpd_hostload *l,
  const char *path);
/* ftpd-hostcert.c: fills in set->host_certs. */
void ftpd_hostcerts_load(struct ftpd_hostload *l);

#endif /* MOD_SFTP_FTPD_HOSTLOAD_H */
