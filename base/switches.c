/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* switches.c -- words that an administrator turns on and off. */

#include "switches.h"

#include <strings.h>

unsigned long sftp_switch_find(sftp_switches table, const char *word) {
  struct sftp_switch s;
  size_t i;

  for (i = 0; table(i, &s); i++) {
    if (strcasecmp(s.word, word) == 0) {
      return s.bit;
    }
  }

  return 0;
}

unsigned long sftp_switch_defaults(sftp_switches table) {
  struct sftp_switch s;
  unsigned long bits = 0;
  size_t i;

  for (i = 0; table(i, &s); i++) {
    bits |= s.off ? 0 : s.bit;
  }

  return bits;
}

const char *sftp_switch_words(pool *p, sftp_switches table) {
  struct sftp_switch s;
  const char *words = "";
  size_t i;

  for (i = 0; table(i, &s); i++) {
    words = pstrcat(p, words, *words != '\0' ? ", " : "", s.word,
      (char *) NULL);
  }

  return words;
}
