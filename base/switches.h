/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* switches.h -- words that an administrator turns on and off, with one bit
 * each, for SFTPExtensions and SFTPExecCommands.  The table that implements a
 * word also contains it; a function returns the words row by row.
 */

#ifndef MOD_SFTP_SWITCHES_H
#define MOD_SFTP_SWITCHES_H

#include "base.h"

struct sftp_switch {
  const char *word;
  unsigned long bit;
  bool off;                     /* unless it is turned on */
};

/* The i-th word of a table; false after the last. */
typedef bool (*sftp_switches)(size_t i, struct sftp_switch *s);

/* The bit of a word, in any case; 0 if the table does not have it. */
unsigned long sftp_switch_find(sftp_switches table, const char *word);
/* The bits of all words that are on by default. */
unsigned long sftp_switch_defaults(sftp_switches table);
/* All words, joined by ", ", in p. */
const char *sftp_switch_words(pool *p, sftp_switches table);

#endif /* MOD_SFTP_SWITCHES_H */
