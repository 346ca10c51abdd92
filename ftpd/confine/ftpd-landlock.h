/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-landlock.h -- Landlock: the kernel confines a process to a part of the
 * file system, and to no network.
 */

#ifndef MOD_SFTP_FTPD_LANDLOCK_H
#define MOD_SFTP_FTPD_LANDLOCK_H

#include "ftpd-session.h"

#define LANDLOCK_FILES 1U       /* only what is below "/" */
#define LANDLOCK_TCP 2U         /* no TCP connection, no TCP port */
#define LANDLOCK_SIGNALS 4U     /* no signals to processes outside */
#define LANDLOCK_ABSTRACT 8U    /* no sockets without a file from outside */

/* Applies what the kernel has of the wanted LANDLOCK_*, for good.  Returns
 * what is in force, or 0 with errno.
 */
unsigned int ftpd_landlock(unsigned int wanted);

#endif /* MOD_SFTP_FTPD_LANDLOCK_H */
