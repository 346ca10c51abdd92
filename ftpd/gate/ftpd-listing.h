/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-listing.h -- directories during a listing (ftpd-dir.c). */

#ifndef MOD_SFTP_FTPD_LISTING_H
#define MOD_SFTP_FTPD_LISTING_H

#include "ftpd-fake.h"

struct ftpd_dir {
  struct ftpd *h;
  pool *pool, *scratch;
  void *dirh;                   /* DIR *, or the host's handle; NULL: it is
                                 * being closed */
  int fd;                       /* direct: of the directory */
  bool direct, quiet, denied;
  bool links;                   /* are visible */
  unsigned int count;
  const char *path;
  cmd_rec *cmd;                 /* MLSD */
  struct fake fake;
  uint64_t begun_us;
};

/* Whether listings would show a client the names of an absolute path after
 * path[known], which is a slash: a pattern's matches reveal them to clients.
 */
bool ftpd_is_listed(struct ftpd *h, pool *p, const char *path, size_t known);

#endif /* MOD_SFTP_FTPD_LISTING_H */
