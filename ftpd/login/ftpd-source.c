/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-source.c -- queries the sources of texts that decide a login, and each
 * but files only once for each question.
 */

#include "ftpd-keystore.h"
#include "ftpd-lookup.h"
#include "ftpd-source.h"

static const struct source {
  const char *name, *noun;
  bool (*may)(const struct ftpd_ask *ask, const char *info, char **words);
  int (*read)(const struct ftpd_ask *ask, char **words, struct ftpd_answer *a);
} sources[] = {
  { "exec", "command", ftpd_keyexec_may, ftpd_keyexec_read },
  { "ldap", "directory", NULL, ftpd_keyldap_read },
  { "sql", "query", NULL, ftpd_keysql_read }
};

const char *ftpd_source_info(const char *form, const char *name) {
  size_t len = strlen(name);

  return strncmp(form, name, len) == 0 && form[len] == ':' ? form + len + 1 :
    NULL;
}

/* The text of the question: the same text is the same question. */
static const char *question_of(pool *p, char **words) {
  const char *text = "";

  for (; *words != NULL; words++) {
    text = pstrcat(p, text, *words, "\n", NULL);
  }

  return text;
}

/* Its answer, new or from an earlier question. */
static int ask_once(const struct source *s, const struct ftpd_ask *ask,
    const char *form, char **words, struct ftpd_answer *a) {
  const char *store = pstrcat(ask->pool, ask->what, " ", form, NULL);
  struct ftpd_ask own = *ask;
  struct ftpd_lookup *l;
  bool fresh;

  l = ftpd_lookup(ask->ftpd, store, question_of(ask->pool, words), &fresh);
  if (l == NULL) {
    return -1;
  }

  if (fresh) {
    own.pool = l->pool;
    l->answer.where = pstrdup(l->pool, words[0]);
    l->answer.noun = s->noun;
    l->res = s->read(&own, words, &l->answer);

  } else if (l->res < 0 && l->answer.why == NULL) {
    sftp_log_why(WHY_MISSING, "no %s of user '%s' by '%s:', as already "
      "answered in this connection", ask->what, ask->ftpd->user, s->name);
  }

  *a = l->answer;
  return l->res;
}

void ftpd_source_tell(const struct ftpd_ask *ask,
    const struct ftpd_answer *a) {
  if (a->why != NULL) {
    sftp_log_why(WHY_OBJECTION, "%s '%s' for %s of user '%s' failed: %s",
      a->noun, a->where, ask->what, ask->ftpd->user, a->why);
  }
}

int ftpd_source_read(const struct ftpd_ask *ask, const char *form,
    struct ftpd_answer *a) {
  const char *info;
  char **words;
  size_t i;

  memset(a, 0, sizeof(*a));
  for (i = 0; i < SFTP_NELEMS(sources); i++) {
    info = ftpd_source_info(form, sources[i].name);
    if (info == NULL) {
      continue;
    }

    words = ftpd_words(ask, *info != '\0' ? info : form);
    if (words == NULL || (sources[i].may != NULL &&
          !sources[i].may(ask, info, words))) {
      return -1;
    }

    return ask_once(&sources[i], ask, form, words, a);
  }

  info = ftpd_source_info(form, "file");
  return ftpd_keyfile_read(ask->ftpd, ask->pool, info != NULL ? info : form,
    &a->where, &a->text);
}
