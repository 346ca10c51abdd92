/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* forced.h -- the only command that a key or a certificate allows.
 *
 * This server never runs commands, so it accepts only commands that name its
 * own services: internal-sftp and sftp-server with their options, and scp.
 */

#ifndef MOD_SFTP_FORCED_H
#define MOD_SFTP_FORCED_H

#include "base.h"
#include "wire.h"

struct sftp_forced {
  const char *text;             /* as it was written */
  unsigned int service;         /* SFTP_SERVICE_FL_*: one of them */
  const char *scp_args;         /* replaces the client's arguments; NULL: they
                                 * stay */
  bool read_only;               /* -R */
  const char *allowed, *denied; /* -p, -P: requests, comma-separated; or NULL */
  const char *dir;              /* -d: the start directory, or NULL */
  int umask;                    /* -u, or -1 */
};

/* Reads a command.  On errors *why gets a text for the administrator. */
int sftp_forced_parse(pool *p, const char *command, struct sftp_forced *f,
  const char **why) SFTP_MUST_CHECK;
/* Whether an SFTP request or extension, or a kind of it (how, NULL: any; see
 * effects.h), may be used. f NULL: nothing is forced.
 */
bool sftp_forced_allows(const struct sftp_forced *f, const char *name,
  const char *how);

#endif /* MOD_SFTP_FORCED_H */
