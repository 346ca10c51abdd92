/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-needs.h -- what other modules need of a session after the login. */

#ifndef MOD_SFTP_FTPD_NEEDS_H
#define MOD_SFTP_FTPD_NEEDS_H

#include "ftpd-session.h"

#define NEED_PROGRAMS 1U        /* runs programs, set-id ones among them */
#define NEED_SOCKETS 2U         /* connects to other machines */
#define NEED_SIGNALS 4U         /* sends signals to other processes */
#define NEED_ROOT 8U            /* other modules keep root's ids */
/* No matter of system calls: */
#define NEED_ROOT_FILES 16U     /* root has logged in */
#define NEED_CHOWN 32U          /* UserOwner, GroupOwner */
#define NEEDS_OF_CALLS (NEED_PROGRAMS|NEED_SOCKETS|NEED_SIGNALS|NEED_ROOT)

struct ftpd_needs {
  unsigned int bits;
  /* Whose needs they are: names joined by commas, or NULL. */
  const char *programs;
  const char *sockets;
  const char *signals;
  const char *unknown;          /* modules that are in no table */
};

/* What the loaded modules need with the configuration of s; texts in p. */
void ftpd_needs_find(pool *p, server_rec *s, struct ftpd_needs *needs);

#endif /* MOD_SFTP_FTPD_NEEDS_H */
