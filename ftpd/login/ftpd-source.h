/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-source.h -- the sources of texts that decide a login: files
 * (ftpd-keystore.c), commands (ftpd-keyexec.c), LDAP (ftpd-keyldap.c), queries
 * (ftpd-keysql.c).
 *
 * Files are read each time.  Other sources get each question once per
 * connection, and not too often: ftpd-lookup.c.
 */

#ifndef MOD_SFTP_FTPD_SOURCE_H
#define MOD_SFTP_FTPD_SOURCE_H

#include "ftpd-session.h"
#include "ftpd-words.h"

/* Maximum size of a text. */
#define FTPD_SOURCE_MAX (4 * 1024 * 1024)

struct ftpd_answer {
  const char *where;            /* for the log */
  struct sftp_str text;
  const char *why;              /* why there is none; the caller logs it by
                                 * ftpd_source_tell().  NULL: it has been
                                 * logged */
  const char *noun;             /* "command", "query" */
};

/* Asks "file:/path", "/path", "exec:/path words", "ldap:" or "sql:/query words"
 * for the text that `ask' describes; 0 with the answer, -1 without.
 */
int ftpd_source_read(const struct ftpd_ask *ask, const char *form,
  struct ftpd_answer *a);
/* Logs why there is no answer, unless that has been logged. */
void ftpd_source_tell(const struct ftpd_ask *ask, const struct ftpd_answer *a);
/* The part after "name:" in form; NULL: it does not begin with that. */
const char *ftpd_source_info(const char *form, const char *name);

/* ---- The sources themselves; words are as ftpd_words() makes them */

/* Whether the source may get these words; the log says why not. */
bool ftpd_keyexec_may(const struct ftpd_ask *ask, const char *info,
  char **words);
int ftpd_keyexec_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);
int ftpd_keyldap_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);
int ftpd_keysql_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);

/* The fault of the text after "exec:" or "sql:", or NULL. */
const char *ftpd_keyexec_check(pool *p, const char *info, const char *tokens);
const char *ftpd_keysql_check(pool *p, const char *info, const char *tokens);
/* The same, once the whole configuration is known. */
const char *ftpd_keysql_check_query(pool *p, server_rec *s, const char *info);

#endif /* MOD_SFTP_FTPD_SOURCE_H */
