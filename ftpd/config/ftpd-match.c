/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-match.c -- SFTPClientMatch: other settings for some client programs,
 * chosen by the software name in their version line, or ("does:" before the
 * expression) by their actions.
 */

#include "alg-profile.h"
#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-conf.h"
#include "ftpd-match.h"
#include "traits.h"

/* Before an expression for actions of clients (clients.h). */
#define DOES "does:"

static size_t count_traits(void) {
  size_t n = 0;

  while (sftp_traits[n].word != NULL) {
    n++;
  }

  return n;
}

static const char *key_names(pool *p) {
  const struct sftp_trait *t;
  const char *names = sftp_traits[0].word;

  for (t = sftp_traits + 1; t->word != NULL; t++) {
    names = pstrcat(p, names, ", ", t->word, NULL);
  }

  return names;
}

/* The names of a list, checked and in p, in *value; NULL, or the error message.
 */
static const char *check_list(cmd_rec *cmd, pool *p, const struct sftp_trait *t,
    const char **value) {
  const char *list = NULL;
  const char *err = ftpd_alg_words(cmd, p, t->family, *value, &list);

  if (err == NULL) {
    *value = ftpd_alg_done(cmd, t->family, list, &err);
  }

  return err;
}

/* Whether the trait has such a value; NULL, or the error message. */
static const char *check_value(cmd_rec *cmd, const struct sftp_trait *t,
    const char *value) {
  struct sftp_settings scratch;

  memset(&scratch, 0, sizeof(scratch));
  return sftp_trait_set(t, cmd->tmp_pool, value, &scratch) ? NULL :
    pstrcat(cmd->tmp_pool, "badly formatted value '", value, "' (expected ",
      t->expected, ")", NULL);
}

/* One pair of key and value; NULL, or the error message. */
static const char *set_pair(cmd_rec *cmd, pool *p, struct client_match *m,
    const char *key, const char *value) {
  const struct sftp_trait *t = sftp_trait_find(key, strlen(key));
  const char *err, **at;

  if (t == NULL) {
    return pstrcat(cmd->tmp_pool, "unknown SFTPClientMatch key: '", key,
      "' (accepted: ", key_names(cmd->tmp_pool), ")", NULL);
  }

  at = &m->values[t - sftp_traits];
  if (*at != NULL) {
    return pstrcat(cmd->tmp_pool, "error storing '", key,
      "' value: the key stands here twice", NULL);
  }

  err = sftp_trait_is_list(t) ? check_list(cmd, p, t, &value) :
    check_value(cmd, t, value);
  if (err != NULL) {
    return pstrcat(cmd->tmp_pool, key, ": ", err, NULL);
  }

  *at = pstrdup(p, value);
  return NULL;
}

/* The expression compiled, or NULL and *err. */
static pr_regex_t *compile(pool *p, const char *pattern, const char **err) {
  pr_regex_t *re = pr_regexp_alloc(&sftp_module);
  char text[256] = "";
  int res;

  res = pr_regexp_compile_posix(re, pattern, REG_EXTENDED|REG_NOSUB);
  if (res != 0) {
    pr_regexp_error(res, re, text, sizeof(text));
    pr_regexp_free(&sftp_module, re);
    *err = pstrcat(p, "'", pattern, "' failed regex compilation: ", text,
      NULL);
    return NULL;
  }

  return re;
}

static bool names_algorithms(const struct client_match *m) {
  const struct sftp_trait *t;

  for (t = sftp_traits; t->word != NULL; t++) {
    if (m->values[t - sftp_traits] != NULL && sftp_trait_is_offer(t)) {
      return true;
    }
  }

  return false;
}

/* usage: SFTPClientMatch regex key value [key value ...] */
modret_t *ftpd_set_clientmatch(cmd_rec *cmd) {
  struct client_match *m;
  const char *err = NULL;
  const char *pattern = cmd->argc > 1 ? cmd->argv[1] : "";
  unsigned int i;
  pr_regex_t *re;
  bool does;
  config_rec *c;

  if (cmd->argc < 4 || cmd->argc % 2 != 0) {
    CONF_ERROR(cmd, "Wrong number of parameters: expected a regular "
      "expression and pairs of key and value");
  }

  CHECK_CONF(cmd, CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL);

  /* Compiled in the parent, for all sessions. */
  does = strncmp(pattern, DOES, strlen(DOES)) == 0;
  re = compile(cmd->tmp_pool, pattern + (does ? strlen(DOES) : 0), &err);
  if (re == NULL) {
    CONF_ERROR(cmd, err);
  }

  c = add_config_param(cmd->argv[0], 1, NULL);
  m = pcalloc(c->pool, sizeof(struct client_match));
  m->pattern = pstrdup(c->pool, pattern);
  m->does = does;
  m->regex = re;
  m->values = pcalloc(c->pool, count_traits() * sizeof(char *));

  for (i = 2; i < cmd->argc; i += 2) {
    err = set_pair(cmd, c->pool, m, cmd->argv[i], cmd->argv[i + 1]);
    if (err != NULL) {
      CONF_ERROR(cmd, err);
    }
  }

  if (m->does && names_algorithms(m)) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", pattern, "' cannot choose "
      "algorithms: they are offered before the client does anything", NULL));
  }

  c->argv[0] = m;
  c->flags |= ftpd_multi_flag();
  return PR_HANDLED(cmd);
}

/* ---- Use */

static struct client_match *next_match(server_rec *s, config_rec **c) {
  *c = *c == NULL ?
    find_config(s->conf, CONF_PARAM, "SFTPClientMatch", FALSE) :
    find_config_next(*c, (*c)->next, CONF_PARAM, "SFTPClientMatch", FALSE);

  return *c != NULL ? (*c)->argv[0] : NULL;
}

bool ftpd_match_early(server_rec *s) {
  struct client_match *m;
  config_rec *c = NULL;

  while ((m = next_match(s, &c)) != NULL) {
    if (names_algorithms(m)) {
      return true;
    }
  }

  return false;
}

static void apply_rule(pool *p, const struct client_match *m,
    struct sftp_settings *set) {
  const struct sftp_trait *t;

  for (t = sftp_traits; t->word != NULL; t++) {
    const char *value = m->values[t - sftp_traits];

    if (value == NULL) {
      continue;
    }

    (void) sftp_trait_set(t, p, value, set);
    if (sftp_trait_is_offer(t)) {
      set->named |= sftp_trait_is_list(t) ? 1U << t->family : ~0U;
    }
  }
}

static bool pattern_fits(const struct client_match *m, const char *text) {
  return pr_regexp_exec(m->regex, text, 0, NULL, 0, 0, 0) == 0;
}

bool ftpd_match_note(server_rec *s, const char *software, const char *does) {
  struct client_match *m;
  config_rec *c = NULL;
  bool any = false;

  while ((m = next_match(s, &c)) != NULL) {
    if (does == NULL) {
      any = any || (!m->does && pattern_fits(m, software));

    } else if (m->does && !m->done && pattern_fits(m, does)) {
      m->done = any = true;
    }
  }

  return any;
}

void ftpd_match_apply(pool *p, server_rec *s, const char *software,
    struct sftp_settings *set) {
  struct client_match *m;
  config_rec *c = NULL;

  while ((m = next_match(s, &c)) != NULL) {
    if (m->does ? m->done : pattern_fits(m, software)) {
      SFTP_TRACE(TRACE_SSH2, 9, "client matches SFTPClientMatch '%s'",
        m->pattern);
      apply_rule(p, m, set);
    }
  }
}
