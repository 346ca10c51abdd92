/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-source.h -- where the texts come from that decide a login: files
 * (ftpd-keystore.c), commands (ftpd-keyexec.c), LDAP (ftpd-keyldap.c), queries
 * (ftpd-keysql.c).
 *
 * Files are read each time.  Others are asked each question once in a
 * connection, and not too often: ftpd-lookup.c.
 */

#ifndef MOD_SFTP_FTPD_SOURCE_H
#define MOD_SFTP_FTPD_SOURCE_H

#include "ftpd-session.h"
#include "ftpd-words.h"

/* The largest text. */
#define FTPD_SOURCE_MAX (4 * 1024 * 1024)

struct ftpd_answer {
  const char *where;            /* for the log */
  struct sftp_str text;
  const char *why;              /* there is none, and the caller logs why, by
                                 * ftpd_source_tell(); NULL: the log has it */
  const char *noun;             /* "command", "query" */
};

/* Asks "file:/path", "/path", "exec:/path words", "ldap:" or "sql:/query words"
 * for what ask says; 0 with the answer, -1 without.
 */
int ftpd_source_read(const struct ftpd_ask *ask, const char *form,
  struct ftpd_answer *a);
/* Logs why there is no answer, if the log does not have it. */
void ftpd_source_tell(const struct ftpd_ask *ask, const struct ftpd_answer *a);
/* What is behind "name:" in form; NULL: it does not begin with that. */
const char *ftpd_source_info(const char *form, const char *name);

/* ---- The sources themselves; words are as ftpd_words() makes them */

/* Whether it may be told these words; the log has why not. */
bool ftpd_keyexec_may(const struct ftpd_ask *ask, const char *info,
  char **words);
int ftpd_keyexec_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);
int ftpd_keyldap_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);
int ftpd_keysql_read(const struct ftpd_ask *ask, char **words,
  struct ftpd_answer *a);

/* What is wrong with the text behind "exec:" or "sql:"; NULL if nothing is. */
const char *ftpd_keyexec_check(pool *p, const char *info, const char *tokens);
const char *ftpd_keysql_check(pool *p, const char *info, const char *tokens);
/* The same, once the whole configuration is known. */
const char *ftpd_keysql_check_query(pool *p, server_rec *s, const char *info);

#endif /* MOD_SFTP_FTPD_SOURCE_H */
