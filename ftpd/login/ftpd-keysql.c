/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keysql.c -- "sql": a query of the host's mod_sql (SQLNamedQuery) returns
 * authorities, principals or revoked keys, one per value.  A value has the form
 * of a line in a file.  For a key, the base64 body is sufficient, and a
 * revocation list in base64 becomes one line.
 */

#include "ftpd-source.h"

#include "base64.h"

#define QUERY_PARAM "SQLNamedQuery_"

/* ---- Directives */

const char *ftpd_keysql_check(pool *p, const char *info, const char *tokens) {
  const char *first, *why = ftpd_words_check(p, info, tokens, &first);

  if (why == NULL && (first[0] != '/' || first[1] == '\0')) {
    why = "expected sql:/query with words behind it";
  }

  return why == NULL && !pr_module_exists("mod_sql.c") ?
    "it needs LoadModule mod_sql.c before" : why;
}

const char *ftpd_keysql_check_query(pool *p, server_rec *s, const char *info) {
  const char *first, *why = ftpd_words_check(p, info, FTPD_TOKENS_CERT, &first);

  if (why != NULL || find_config(s->conf, CONF_PARAM, pstrcat(p, QUERY_PARAM,
      first + 1, NULL), FALSE) != NULL) {
    return why;
  }

  return pstrcat(p, "there is no SQLNamedQuery ", first + 1, NULL);
}

/* ---- mod_sql */

/* args end with NULL, and the first is there. */
static modret_t *call_sql(pool *p, const char *hook, char **args) {
  cmdtable *c = pr_stash_get_symbol2(PR_SYM_HOOK, hook, NULL, NULL, NULL);
  unsigned int n = 0;
  cmd_rec *cmd;

  if (c == NULL) {
    return NULL;
  }

  while (args[n] != NULL) {
    n++;
  }

  cmd = pr_cmd_alloc(p, 1, args[0]);
  cmd->argc = (int) n;
  cmd->argv = (void **) args;
  cmd->tmp_pool = p;
  return pr_module_call(c->m, c->handler, cmd);
}

/* Letters, digits and other characters that no database treats specially. */
static bool is_harmless(const char *text) {
  for (; *text != '\0'; text++) {
    if (!PR_ISALNUM((int) *text) && strchr(" +-./:=@_", *text) == NULL) {
      return false;
    }
  }

  return true;
}

/* Whether the text is literal between quotes. mod_sql escapes the text that it
 * puts into a query, but not in all cases, and expects its callers to do it as
 * well: then a text with quotes is escaped twice, and would match another one.
 * So the database is asked, and text that it would escape is never used in a
 * query.
 */
static bool means_itself(pool *p, char *text) {
  char *args[] = { text, NULL };
  modret_t *mr;

  if (is_harmless(text)) {
    return true;
  }

  mr = ftpd_words_typed(text) ? call_sql(p, "sql_escapestr", args) : NULL;
  return MODRET_HASDATA(mr) && !MODRET_ISERROR(mr) &&
    strcmp(mr->data, text) == 0;
}

static const array_header *run_query(pool *p, char **words) {
  char *args[FTPD_WORDS_MAX + 2] = { pstrdup(p, "sql_lookup"), words[0] + 1 };
  modret_t *mr;
  size_t i;

  for (i = 1; words[i] != NULL; i++) {
    args[i + 1] = words[i];
  }

  mr = call_sql(p, args[0], args);
  return MODRET_HASDATA(mr) && !MODRET_ISERROR(mr) ? mr->data : NULL;
}

/* All values of all rows; NULL if the query fails.  By default, mod_sql would
 * then end the session.
 */
static const array_header *look_up(const struct ftpd_ask *ask, char **words,
    const char **why) {
  struct ftpd *h = ask->ftpd;
  const array_header *values;
  size_t i;

  h->asking = pstrcat(ask->pool, "query '", words[0], "' for ", ask->what,
    " of user '", h->user, "'", NULL);
  *why = NULL;
  for (i = 1; words[i] != NULL && *why == NULL; i++) {
    if (!means_itself(ask->pool, words[i])) {
      *why = pstrcat(ask->pool, "it is not made for the word '", words[i],
        "', which the database would change", NULL);
    }
  }

  values = *why == NULL ? run_query(ask->pool, words) : NULL;
  if (values == NULL && *why == NULL) {
    *why = "mod_sql has no answer (SQLLogFile tells more)";
  }

  h->asking = NULL;
  return values;
}

/* ---- Values */

static char *without_blanks(pool *p, const char *text) {
  char *res = palloc(p, strlen(text) + 1), *to = res;

  for (; *text != '\0'; text++) {
    if (strchr(" \t\r\n", *text) == NULL) {
      *to++ = *text;
    }
  }

  *to = '\0';
  return res;
}

/* The type of a key by its blob; false: it is not a key. */
static bool key_type(struct sftp_str blob, struct sftp_str *type) {
  struct sftp_rd r;
  size_t i;

  sftp_rd_init_str(&r, blob);
  *type = sftp_rd_string(&r);
  for (i = 0; i < type->len; i++) {
    if (type->ptr[i] <= ' ' || type->ptr[i] > '~') {
      return false;
    }
  }

  return sftp_rd_ok(&r) == SFTP_OK && type->len > 0;
}

/* Adds a value as a line, or as the lines that it contains. */
static void add_value(pool *p, struct sftp_wr *w, const char *value) {
  const char *body = without_blanks(p, value);
  struct sftp_str bytes, type;

  if (sftp_base64_decode(p, sftp_str_of(body), &bytes) != SFTP_OK) {
    body = value;

  } else if (key_type(bytes, &type)) {
    sftp_wr_bytes(w, type.ptr, type.len);
    sftp_wr_u8(w, ' ');
  }

  sftp_wr_bytes(w, body, strlen(body));
  sftp_wr_u8(w, '\n');
}

int ftpd_keysql_read(const struct ftpd_ask *ask, char **words,
    struct ftpd_answer *a) {
  const array_header *values = look_up(ask, words, &a->why);
  struct sftp_wr w;
  unsigned int n = values != NULL ? (unsigned int) values->nelts : 0, i;
  size_t total = 0;

  if (values == NULL) {
    return -1;
  }

  /* Its size, before anything is built from it. */
  for (i = 0; i < n && total <= FTPD_SOURCE_MAX; i++) {
    const char *value = ((char **) values->elts)[i];

    total += value != NULL ? strlen(value) + 1 : 0;
  }

  if (total > FTPD_SOURCE_MAX) {
    a->why = "its answer is too large";
    return -1;
  }

  sftp_wr_init(&w, ask->pool, total + 64, 2 * FTPD_SOURCE_MAX);
  for (i = 0; i < n; i++) {
    const char *value = ((char **) values->elts)[i];

    if (value != NULL && *value != '\0') {
      add_value(ask->pool, &w, value);
    }
  }

  if (sftp_wr_end(&w) != SFTP_OK) {
    a->why = "its answer is too large";
    return -1;
  }

  a->text = sftp_wr_get(&w);
  return 0;
}
