/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* braces.h -- the alternatives of a shell's braces: "a{b,c}d" is "abd" and
 * "acd".
 */

#ifndef MOD_SFTP_BRACES_H
#define MOD_SFTP_BRACES_H

#include "base.h"

/* What a pattern may come to, and how many bytes may be looked at for that. */
#define SFTP_BRACES_MAX 1024
#define SFTP_BRACES_WORK (4U * 1024 * 1024)

/* All patterns that the one stands for, NULL-terminated in p; backslashes stay.
 * "{}" and a brace that is not closed mean themselves.  NULL: too many.
 */
const char **sftp_braces(pool *p, const char *pattern);

#endif /* MOD_SFTP_BRACES_H */
