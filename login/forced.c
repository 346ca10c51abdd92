/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* forced.c -- forced commands: the options of OpenSSH's sftp-server(8). */

#include <strings.h>

#include "effects.h"
#include "forced.h"
#include "settings.h"

#define MAX_WORDS 32
#define MAX_LEN 4096

/* ---- Words, as a shell reads simple ones */

struct words {
  pool *pool;
  const char *at;               /* unread rest */
  unsigned int n;               /* read so far */
  const char *bad;              /* the error that ends reading, or NULL */
};

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Whether a backslash removes the special meaning of the character behind it.
 */
static bool is_special(char c, char quote) {
  return c == '\'' || c == '"' || c == '\\' || (quote == 0 && is_blank(c));
}

/* Removes the next word, without its quotes; NULL at the end, or with w->bad.
 */
static char *next_word(struct words *w) {
  const char *from = w->at + strspn(w->at, " \t");
  char *word, *to, quote = 0;

  if (*from == '\0' || w->bad != NULL) {
    return NULL;
  }

  if (w->n++ == MAX_WORDS) {
    w->bad = "it has too many words";
    return NULL;
  }

  word = to = palloc(w->pool, strlen(from) + 1);
  for (; *from != '\0' && (quote != 0 || !is_blank(*from)); from++) {
    if (quote != '\'' && *from == '\\' && is_special(from[1], quote)) {
      *to++ = *++from;

    } else if (quote != 0 ? *from == quote : *from == '"' || *from == '\'') {
      quote = quote != 0 ? 0 : *from;

    } else {
      *to++ = *from;
    }
  }

  *to = '\0';
  w->at = from;
  if (quote != 0) {
    w->bad = "it has a quote without an end";
    return NULL;
  }

  return word;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');

  return slash != NULL ? slash + 1 : path;
}

/* ---- internal-sftp, sftp-server */

static int read_umask(const char *text, int *mask) {
  char *end = NULL;
  long n;

  if (*text < '0' || *text > '7') {
    return SFTP_ERR_FORMAT;
  }

  n = strtol(text, &end, 8);
  if (*end != '\0' || n < 0 || n > 0777) {
    return SFTP_ERR_FORMAT;
  }

  *mask = (int) n;
  return SFTP_OK;
}

/* A list may be given only once: with two it would be unclear which one was
 * intended.
 */
static int take_list(const char **list, const char *value) {
  if (*list != NULL) {
    return SFTP_ERR_FORMAT;
  }

  *list = value;
  return SFTP_OK;
}

/* An option that takes a value. */
static int take_value(struct sftp_forced *f, char letter, const char *value) {
  switch (letter) {
    case 'd':
      f->dir = value;
      return *value != '\0' ? SFTP_OK : SFTP_ERR_FORMAT;

    case 'p':
      return take_list(&f->allowed, value);

    case 'P':
      return take_list(&f->denied, value);

    case 'u':
      return read_umask(value, &f->umask);

    default:                    /* -f, -l: log facility and level, ignored */
      return SFTP_OK;
  }
}

/* One word of options, such as -R, -Rd /dir or -d/dir. */
static int take_options(struct words *w, const char *word,
    struct sftp_forced *f) {
  const char *c;

  for (c = word + 1; *c != '\0'; c++) {
    if (*c == 'R') {
      f->read_only = true;

    } else if (strchr("dpPufl", *c) != NULL) {
      const char *value = c[1] != '\0' ? c + 1 : next_word(w);

      return value != NULL ? take_value(f, *c, value) : SFTP_ERR_FORMAT;

    } else if (*c != 'e') {     /* -e: logs elsewhere */
      return SFTP_ERR_UNSUPPORTED;
    }
  }

  return SFTP_OK;
}

static int read_sftp(struct words *w, struct sftp_forced *f,
    const char **why) {
  char *word;
  int res = SFTP_OK;

  f->service = SFTP_SERVICE_FL_SFTP;
  while (res == SFTP_OK && (word = next_word(w)) != NULL) {
    if (word[0] != '-' || word[1] == '\0') {
      *why = "it has words that are no options";
      return SFTP_ERR_FORMAT;
    }

    res = take_options(w, word, f);
  }

  if (w->bad != NULL) {
    *why = w->bad;
    return SFTP_ERR_FORMAT;
  }

  if (res != SFTP_OK) {
    *why = "it has an option that is not known here, is given twice or lacks "
      "a value (accepted: -R, -d directory, -u umask, -p requests, "
      "-P requests; -e, -f and -l without effect)";
  }

  return res;
}

/* ---- scp: its own words are read when it begins */

static int read_scp(struct words *w, struct sftp_forced *f,
    const char **why) {
  const char *all = w->at + strspn(w->at, " \t");
  bool options = true, directed = false, named = false;
  char *word;

  f->service = SFTP_SERVICE_FL_SCP;
  while ((word = next_word(w)) != NULL) {
    if (options && strcmp(word, "--") == 0) {
      options = false;

    } else if (options && word[0] == '-' && word[1] != '\0') {
      directed |= strpbrk(word, "tf") != NULL;

    } else {
      options = false;
      named = true;
    }
  }

  if (w->bad != NULL || (*all != '\0' && (!directed || !named))) {
    *why = w->bad != NULL ? w->bad : "scp needs -t or -f, and a path";
    return SFTP_ERR_FORMAT;
  }

  f->scp_args = *all != '\0' ? pstrcat(w->pool, " ", all, NULL) : NULL;
  return SFTP_OK;
}

int sftp_forced_parse(pool *p, const char *command, struct sftp_forced *f,
    const char **why) {
  struct words w = { p, command, 0, NULL };
  const char *name;

  memset(f, 0, sizeof(*f));
  f->umask = -1;
  f->text = pstrdup(p, command);
  if (strlen(command) > MAX_LEN) {
    *why = "it is too long";
    return SFTP_ERR_LIMIT;
  }

  name = next_word(&w);
  if (w.bad != NULL) {
    *why = w.bad;
    return SFTP_ERR_FORMAT;
  }

  name = name != NULL ? base_name(name) : "";
  if (strcmp(name, "internal-sftp") == 0 || strcmp(name, "sftp-server") == 0) {
    return read_sftp(&w, f, why);
  }

  if (strcmp(name, "scp") == 0) {
    return read_scp(&w, f, why);
  }

  *why = "it is neither internal-sftp nor sftp-server nor scp, and no others "
    "are run";
  return SFTP_ERR_UNSUPPORTED;
}

/* ---- -p and -P */

static bool has_name(const char *list, const char *name, size_t len) {
  struct sftp_str left = sftp_str_of(list);

  while (left.len > 0) {
    const unsigned char *comma = memchr(left.ptr, ',', left.len);
    size_t n = comma != NULL ? (size_t) (comma - left.ptr) : left.len;

    if (n == len && strncasecmp((const char *) left.ptr, name, len) == 0) {
      return true;
    }

    n += comma != NULL;
    left.ptr += n;
    left.len -= n;
  }

  return false;
}

/* The end of a word: one of the letters, or the end of the text. */
static size_t word_len(const char *text, const char *ends) {
  return strcspn(text, ends);
}

/* Whether the list has one of the words, which are separated as in effects.h.
 */
static bool has_any(const char *list, const char *words) {
  while (words != NULL && *words != '\0') {
    size_t len = word_len(words, ",+");

    if (has_name(list, words, len)) {
      return true;
    }

    words += len + (words[len] != '\0');
  }

  return false;
}

/* Whether the list has all words of one of the alternatives. */
static bool has_alternative(const char *list, const char *words) {
  bool all = true;

  while (*words != '\0') {
    size_t len = word_len(words, ",+");

    all = all && has_name(list, words, len);
    words += len;
    if (*words != '+' && all) {
      return true;
    }

    all = *words == ',' || all;
    words += *words != '\0';
  }

  return false;
}

bool sftp_forced_allows(const struct sftp_forced *f, const char *name,
    const char *how) {
  const struct sftp_request *r;
  size_t len;

  if (f == NULL) {
    return true;
  }

  r = sftp_request_find(name, how);
  len = word_len(name, "@");
  if (f->denied != NULL && (has_name(f->denied, name, len) || (r != NULL &&
      (has_any(f->denied, r->names) || has_any(f->denied, r->does))))) {
    return false;
  }

  return f->allowed == NULL || (r == NULL || r->names == NULL ?
    has_name(f->allowed, name, len) : has_alternative(f->allowed, r->names));
}
