/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-gauges.h -- what is in use now, and how much of it there may be. */

#ifndef MOD_SFTP_FTPD_GAUGES_H
#define MOD_SFTP_FTPD_GAUGES_H

#include "ftpd-session.h"

struct gauge {
  const char *name, *help;
  /* In the master.  False: there is no such thing now.  *max stays 0 if there
   * is no limit. running: sessions on the board.
   */
  bool (*read)(unsigned int running, uint64_t *now, uint64_t *max);
};

/* The last has no name. */
extern const struct gauge ftpd_gauges[];

#endif /* MOD_SFTP_FTPD_GAUGES_H */
