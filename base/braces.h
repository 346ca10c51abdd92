/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* braces.h -- alternatives in braces, as in a shell: "a{b,c}d" is "abd" and
 * "acd".
 */

#ifndef MOD_SFTP_BRACES_H
#define MOD_SFTP_BRACES_H

#include "base.h"

/* Limits: the number of patterns, and the bytes read and written for them. */
#define SFTP_BRACES_MAX 1024
#define SFTP_BRACES_WORK (4U * 1024 * 1024)

/* All patterns that the given one expands to, NULL-terminated in p; backslashes
 * stay.  "{}" and an unclosed brace are literal.  NULL: too many.
 */
const char **sftp_braces(pool *p, const char *pattern);

#endif /* MOD_SFTP_BRACES_H */
