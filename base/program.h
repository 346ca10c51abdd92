/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* program.h -- may a program be run with more rights than those who could have
 * changed it?
 */

#ifndef MOD_SFTP_PROGRAM_H
#define MOD_SFTP_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* Whether only root can change the program and the directories above it, also
 * those that its links lead to.  Otherwise `why' has the reason.
 */
bool sftp_program_is_safe(const char *path, char *why, size_t size);

#endif /* MOD_SFTP_PROGRAM_H */
