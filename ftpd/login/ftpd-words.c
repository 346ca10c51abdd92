/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-words.c -- words of directives, and their tokens.
 *
 * A text is split into words first, and then the tokens in the words are
 * replaced, so that a client's text never becomes a separate word.
 */

#include "ftpd-login.h"
#include "ftpd-words.h"

#include "base64.h"
#include "cert.h"

/* Splits at blanks, unless these are quoted by ' or ", or follow a backslash.
 * NULL if a quote is not closed, or if there are too many words.
 */
static array_header *split_words(pool *p, const char *text) {
  array_header *words = make_array(p, 8, sizeof(char *));

  for (;;) {
    char quote = '\0', *word, *to;

    text += strspn(text, " \t");
    if (*text == '\0') {
      return words;
    }

    word = to = palloc(p, strlen(text) + 1);
    for (; *text != '\0' && (quote != '\0' || strchr(" \t", *text) == NULL);
        text++) {
      if (quote == '\0' && (*text == '\'' || *text == '"')) {
        quote = *text;

      } else if (*text == quote) {
        quote = '\0';

      } else {
        text += quote != '\'' && text[0] == '\\' && text[1] != '\0';
        *to++ = *text;
      }
    }

    *to = '\0';
    if (quote != '\0' || words->nelts >= FTPD_WORDS_MAX) {
      return NULL;
    }

    *((char **) push_array(words)) = word;
  }
}

/* "%% %C %D", for an error message. */
static const char *list_tokens(pool *p, const char *tokens) {
  const char *list = "";

  for (; *tokens != '\0'; tokens++) {
    list = pstrcat(p, list, *list != '\0' ? " %" : "%", pstrndup(p, tokens, 1),
      NULL);
  }

  return list;
}

const char *ftpd_words_check(pool *p, const char *text, const char *tokens,
    const char **first) {
  array_header *words = split_words(p, text);
  unsigned int i;

  if (words == NULL || words->nelts == 0) {
    return "expected a path, words behind it, quotes in pairs";
  }

  *first = ((char **) words->elts)[0];
  if (strchr(*first, '%') != NULL) {
    return "the path cannot have tokens";
  }

  for (i = 1; i < (unsigned int) words->nelts; i++) {
    const char *at = strchr(((char **) words->elts)[i], '%');

    for (; at != NULL; at = strchr(at + 2, '%')) {
      if (at[1] == '\0' || strchr(tokens, at[1]) == NULL) {
        return pstrcat(p, "unknown token '", pstrndup(p, at, 2),
          "' (accepted: ", list_tokens(p, tokens), ")", NULL);
      }
    }
  }

  return NULL;
}

bool ftpd_words_have(pool *p, const char *text, char letter) {
  array_header *words = split_words(p, text);
  bool found = false;
  unsigned int i;

  for (i = 1; words != NULL && i < (unsigned int) words->nelts; i++) {
    const char *at = strchr(((char **) words->elts)[i], '%');

    for (; at != NULL && at[1] != '\0'; at = strchr(at + 2, '%')) {
      found |= at[1] == letter;
    }
  }

  return found;
}

bool ftpd_words_typed(const char *text) {
  for (; *text != '\0'; text++) {
    if ((unsigned char) *text < ' ' || *text == 0x7f) {
      return false;
    }
  }

  return true;
}

/* ---- Tokens */

static const char *number(pool *p, uint64_t n) {
  char text[24];

  snprintf(text, sizeof(text), "%llu", (unsigned long long) n);
  return pstrdup(p, text);
}

const char *ftpd_words_connection(pool *p) {
  const conn_t *c = session.c;

  return pstrcat(p, pr_netaddr_get_ipstr(c->remote_addr), " ",
    number(p, c->remote_port), " ", pr_netaddr_get_ipstr(c->local_addr), " ",
    number(p, c->local_port), NULL);
}

static const char *fingerprint(pool *p, struct sftp_str blob) {
  const char *print = sftp_key_fingerprint(p, blob, "SHA256", false);

  return print != NULL ? pstrcat(p, "SHA256:", print, NULL) : "";
}

static const char *type_of(pool *p, struct sftp_str blob) {
  struct sftp_rd rd;

  sftp_rd_init_str(&rd, blob);
  return sftp_str_dup(p, sftp_rd_string(&rd));
}

/* Tokens of a certificate and its authority; "" for a bare key. */
static const char *cert_token(const struct ftpd_ask *a, char letter) {
  if (a->cert == NULL) {
    return "";
  }

  switch (letter) {
    case 'F':
      return fingerprint(a->pool, a->cert->ca->blob);

    case 'K':
      return sftp_base64_encode(a->pool, a->cert->ca->blob, true);

    case 'T':
      return type_of(a->pool, a->cert->ca->blob);

    case 'i':
      return a->cert->key_id;

    case 's':
      return number(a->pool, a->cert->serial);

    default:
      return "";                /* %D: this server has no routing domains */
  }
}

static const char *token(pool *p, const void *data, char letter) {
  const struct ftpd_ask *a = data;
  const struct passwd *pw;

  /* What the client presented: the whole certificate. */
  struct sftp_str shown = a->cert != NULL ? a->cert->blob : a->blob;

  (void) p;
  switch (letter) {
    case 'C':
      return ftpd_words_connection(a->pool);

    case 'U':
      pw = ftpd_auth_entry(a->ftpd);
      return pw != NULL ? number(a->pool, pw->pw_uid) : "";

    case 'f':
      return fingerprint(a->pool, a->blob);

    case 'h':
      pw = ftpd_auth_entry(a->ftpd);
      return pw != NULL && pw->pw_dir != NULL ? pw->pw_dir : "";

    case 'k':
      return sftp_base64_encode(a->pool, shown, true);

    case 't':
      return type_of(a->pool, shown);

    case 'u':
      return ftpd_auth_name(a->ftpd);

    default:
      return cert_token(a, letter);
  }
}

static char *fill_in(pool *p, const char *word,
    const char *(*replace)(pool *, const void *, char), const void *data) {
  const char *res = "", *at;

  while ((at = strchr(word, '%')) != NULL && at[1] != '\0') {
    res = pstrcat(p, res, pstrndup(p, word, (size_t) (at - word)),
      at[1] == '%' ? "%" : replace(p, data, at[1]), NULL);
    word = at + 2;
  }

  return pstrcat(p, res, word, NULL);
}

char **ftpd_words_fill(pool *p, const char *text,
    const char *(*replace)(pool *, const void *, char), const void *data) {
  array_header *words = split_words(p, text);
  unsigned int n = words != NULL ? (unsigned int) words->nelts : 0, i;
  char **res;

  if (n == 0) {
    return NULL;
  }

  res = pcalloc(p, (n + 2) * sizeof(char *));
  res[0] = ((char **) words->elts)[0];
  for (i = 1; i < n; i++) {
    res[i] = fill_in(p, ((char **) words->elts)[i], replace, data);
  }

  return res;
}

char **ftpd_words(const struct ftpd_ask *ask, const char *text) {
  char **res = ftpd_words_fill(ask->pool, text, token, ask);

  if (res != NULL && res[1] == NULL) {
    res[1] = pstrdup(ask->pool, ftpd_auth_name(ask->ftpd));
  }

  return res;
}
