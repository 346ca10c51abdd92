/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-words.h -- what directives say behind "exec:" and "sql:": a program or
 * a query, and words with tokens like %u (ftpd-words.c).
 */

#ifndef MOD_SFTP_FTPD_WORDS_H
#define MOD_SFTP_FTPD_WORDS_H

#include "ftpd-session.h"

struct sftp_cert;

/* The letters that may follow a %: where a key is looked for, and where a
 * certificate may have come.
 */
#define FTPD_TOKENS_KEY "%CDUfhktu"
#define FTPD_TOKENS_CERT "%CDFKTUfhikstu"

/* Words in a text, the first one included. */
#define FTPD_WORDS_MAX 64

/* Whose login is asked about, by which key. */
struct ftpd_ask {
  struct ftpd *ftpd;
  pool *pool;                   /* answers and words are in it */
  const char *what;             /* what is asked for: "keys" ... */
  struct sftp_str blob;         /* the key */
  const struct sftp_cert *cert; /* the certificate of that key, or NULL */
};

/* What is wrong with the text; NULL if nothing is.  *first is its first word.
 */
const char *ftpd_words_check(pool *p, const char *text, const char *tokens,
  const char **first);
/* The first word, and those behind it with their tokens filled in; NULL ends.
 * Without words behind it, the user's name is one.  NULL: the text is broken.
 */
char **ftpd_words(const struct ftpd_ask *ask, const char *text);
/* The connection's addresses and ports, as %C. */
const char *ftpd_words_connection(pool *p);
/* Whether a word of the text has that token. */
bool ftpd_words_have(pool *p, const char *text, char letter);
/* Whether there are no control characters in it. */
bool ftpd_words_typed(const char *text);

#endif /* MOD_SFTP_FTPD_WORDS_H */
