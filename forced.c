/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* forced.c -- forced commands: the options of OpenSSH's sftp-server(8). */

#include <strings.h>

#include "forced.h"
#include "settings.h"

#define MAX_WORDS 32
#define MAX_LEN 4096

/* ---- Words, as a shell would see simple ones */

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* Takes the next word off *at, without its quotes; NULL at the end, or where a
 * quote has no end.
 */
static char *next_word(pool *p, const char **at, bool *bad) {
  const char *from = *at;
  char *word, *to, quote = 0;

  while (is_blank(*from)) {
    from++;
  }

  if (*from == '\0') {
    return NULL;
  }

  word = to = palloc(p, strlen(from) + 1);
  for (; *from != '\0' && (quote != 0 || !is_blank(*from)); from++) {
    if (quote != 0 ? *from == quote : *from == '"' || *from == '\'') {
      quote = quote != 0 ? 0 : *from;

    } else {
      *to++ = *from;
    }
  }

  *to = '\0';
  *at = from;
  *bad |= quote != 0;
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

/* An option that takes a value. */
static int take_value(struct sftp_forced *f, char letter, const char *value) {
  switch (letter) {
    case 'd':
      f->dir = value;
      return *value != '\0' ? SFTP_OK : SFTP_ERR_FORMAT;

    case 'p':
      f->allowed = value;
      return SFTP_OK;

    case 'P':
      f->denied = value;
      return SFTP_OK;

    case 'u':
      return read_umask(value, &f->umask);

    default:                    /* -f, -l: where it would log, and how much */
      return SFTP_OK;
  }
}

/* One word of options, like -R, -Rd /dir or -d/dir. */
static int take_options(pool *p, const char *word, const char **at,
    bool *bad, struct sftp_forced *f) {
  const char *c;

  for (c = word + 1; *c != '\0'; c++) {
    if (*c == 'R') {
      f->read_only = true;

    } else if (strchr("dpPufl", *c) != NULL) {
      const char *value = c[1] != '\0' ? c + 1 : next_word(p, at, bad);

      return value != NULL ? take_value(f, *c, value) : SFTP_ERR_FORMAT;

    } else if (*c != 'e') {     /* -e: logs elsewhere */
      return SFTP_ERR_UNSUPPORTED;
    }
  }

  return SFTP_OK;
}

static int read_sftp(pool *p, const char *at, struct sftp_forced *f,
    const char **why) {
  unsigned int nwords = 0;
  bool bad = false;
  char *word;
  int res;

  f->service = SFTP_SERVICE_FL_SFTP;
  while ((word = next_word(p, &at, &bad)) != NULL) {
    if (++nwords > MAX_WORDS || word[0] != '-' || word[1] == '\0') {
      *why = "it has words that are no options";
      return SFTP_ERR_FORMAT;
    }

    res = take_options(p, word, &at, &bad, f);
    if (res != SFTP_OK) {
      *why = "it has an option that is not known here, or lacks a value "
        "(accepted: -R, -d directory, -u umask, -p requests, -P requests; "
        "-e, -f and -l without effect)";
      return res;
    }
  }

  if (bad) {
    *why = "it has a quote without an end";
    return SFTP_ERR_FORMAT;
  }

  return SFTP_OK;
}

/* ---- scp: its own words are read when it begins */

static int read_scp(pool *p, const char *at, struct sftp_forced *f,
    const char **why) {
  const char *all;
  bool bad = false, directed = false;
  char *word;

  f->service = SFTP_SERVICE_FL_SCP;
  while (is_blank(*at)) {
    at++;
  }

  all = at;
  while ((word = next_word(p, &at, &bad)) != NULL && word[0] == '-' &&
      strcmp(word, "--") != 0) {
    directed |= strpbrk(word, "tf") != NULL;
  }

  if (*all != '\0' && (!directed || word == NULL)) {
    *why = "scp needs -t or -f, and a path";
    return SFTP_ERR_FORMAT;
  }

  f->scp_args = *all != '\0' ? pstrcat(p, " ", all, NULL) : NULL;
  return SFTP_OK;
}

int sftp_forced_parse(pool *p, const char *command, struct sftp_forced *f,
    const char **why) {
  const char *at = command, *name;
  bool bad = false;

  memset(f, 0, sizeof(*f));
  f->umask = -1;
  f->text = pstrdup(p, command);
  name = strlen(command) <= MAX_LEN ? next_word(p, &at, &bad) : NULL;
  name = name != NULL ? base_name(name) : "";
  if (strcmp(name, "internal-sftp") == 0 || strcmp(name, "sftp-server") == 0) {
    return read_sftp(p, at, f, why);
  }

  if (strcmp(name, "scp") == 0) {
    return read_scp(p, at, f, why);
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

bool sftp_forced_allows(const struct sftp_forced *f, const char *request) {
  size_t len = strcspn(request, "@");

  return f == NULL ||
    ((f->denied == NULL || !has_name(f->denied, request, len)) &&
    (f->allowed == NULL || has_name(f->allowed, request, len)));
}
