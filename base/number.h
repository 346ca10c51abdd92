/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* number.h -- numbers and switches in the words of an administrator. */

#ifndef MOD_SFTP_NUMBER_H
#define MOD_SFTP_NUMBER_H

#include "base.h"

/* Decimal number from min to max, nothing else; false if text is not one. */
bool sftp_number(const char *text, uint64_t min, uint64_t max, uint64_t *n);
/* Bytes from 1 to max: a number with B, KB, MB or GB in either case; a bare one
 * is shifted by `bare' bits.
 */
bool sftp_bytes(pool *p, const char *text, unsigned int bare, uint64_t max,
  uint64_t *n);
/* The words that ProFTPD accepts for a Boolean: 1, 0, or -1 for another word.
 */
int sftp_boolean(const char *text);

#endif /* MOD_SFTP_NUMBER_H */
