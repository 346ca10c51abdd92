/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-words.h -- texts after "exec:" and "sql:" in directives: a program or a
 * query, and words with tokens such as %u (ftpd-words.c).
 */

#ifndef MOD_SFTP_FTPD_WORDS_H
#define MOD_SFTP_FTPD_WORDS_H

#include "ftpd-session.h"

struct sftp_cert;

/* The letters that may follow a %: in a search for a key, and in one for a
 * certificate.
 */
#define FTPD_TOKENS_KEY "%CDUfhktu"
#define FTPD_TOKENS_CERT "%CDFKTUfhikstu"

/* Maximum number of words in a text, including the first. */
#define FTPD_WORDS_MAX 64

/* The user and the key of the question. */
struct ftpd_ask {
  struct ftpd *ftpd;
  pool *pool;                   /* pool of answers and words */
  const char *what;             /* what is requested: "keys" ... */
  struct sftp_str blob;         /* the key */
  const struct sftp_cert *cert; /* the certificate of that key, or NULL */
};

/* The fault of the text, or NULL. *first is its first word. */
const char *ftpd_words_check(pool *p, const char *text, const char *tokens,
  const char **first);
/* The first word, and the others with their tokens replaced; NULL-terminated.
 * Without other words, the user's name is added.  NULL: the text is invalid.
 */
char **ftpd_words(const struct ftpd_ask *ask, const char *text);
/* The same with other tokens, and without the user's name. */
char **ftpd_words_fill(pool *p, const char *text,
  const char *(*token)(pool *p, const void *data, char letter),
  const void *data);
/* The addresses and ports of the connection, for %C. */
const char *ftpd_words_connection(pool *p);
/* Whether a word of the text has that token. */
bool ftpd_words_have(pool *p, const char *text, char letter);
/* Whether it contains no control characters. */
bool ftpd_words_typed(const char *text);

#endif /* MOD_SFTP_FTPD_WORDS_H */
