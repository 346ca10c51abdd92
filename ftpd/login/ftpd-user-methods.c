/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-user-methods.c -- the login methods and key stores of a user: the rules
 * of SFTPAuthMethods and SFTPAuthorizedUserKeys, chosen before the first reply
 * names any method.
 *
 * The reply must not reveal which users exist.  A name without an account also
 * gets the methods of one of the rules, and always of the same one: a keyed
 * hash of the name decides, and the key is the daemon's secret.
 *
 * Databases may find one account by many spellings of its name.  A rule applies
 * to all of them.  To reveal nothing by these either, names are used in a plain
 * form: without capitals and blanks.  A name without an account has the methods
 * of the account that its plain form names; otherwise the hash is of this form.
 */

#include "ftpd-login.h"

#include "ftpd-methods.h"
#include "ftpd-rules.h"
#include "ftpd-secret.h"

#include <ctype.h>

/* A choice takes a multiple of this. */
#define FLOOR_MS 50

/* The properties of a user that rules check. */
struct candidate {
  const char *given, *user;     /* user: the account's name */
  bool exists;
  gid_t gid;
  const array_header *groups;   /* names; NULL: not yet looked up */
  unsigned int pick;            /* the rule for this name if it has no
                                 * account */
};

/* ---- Rules */

static const char *plain(pool *p, const char *name) {
  char *copy = palloc(p, strlen(name) + 1), *to = copy;

  for (; *name != '\0'; name++) {
    if (*name != ' ') {
      *to++ = (char) tolower((unsigned char) *name);
    }
  }

  *to = '\0';
  return copy;
}

static bool names_fit(pool *p, const char *names, const char *name) {
  char *list = pstrdup(p, names), *word;

  while ((word = pr_str_get_token(&list, ",")) != NULL) {
    if (strcmp(word, name) == 0) {
      return true;
    }
  }

  return false;
}

/* Databases get the same queries for names without an account. */
static const array_header *groups_of(pool *p, const struct candidate *c) {
  array_header *gids = NULL, *names = NULL;
  const char *own;

  if (pr_auth_getgroups(p, c->user, &gids, &names) < 0 || names == NULL) {
    names = make_array(p, 1, sizeof(char *));
  }

  own = pr_auth_gid2name(p, c->gid);
  if (c->exists && own != NULL) {
    *((const char **) push_array(names)) = own;
  }

  return names;
}

static bool group_fits(pool *p, const char *names, struct candidate *c) {
  unsigned int i;

  if (c->groups == NULL) {
    c->groups = groups_of(p, c);
  }

  for (i = 0; i < c->groups->nelts; i++) {
    if (names_fit(p, names, ((char *const *) c->groups->elts)[i])) {
      return true;
    }
  }

  return false;
}

static bool class_fits(pool *p, const char *names) {
  return names_fit(p, names, session.conn_class != NULL ?
    session.conn_class->cls_name : "");
}

/* nth: the index of the rule among those about users and groups.  Names without
 * an account cause the same work.
 */
static bool rule_fits(pool *p, const struct ftpd_rule *rule, unsigned int nth,
    struct candidate *c) {
  bool fits;

  if (rule->kind == FTPD_RULE_CLASS) {
    return class_fits(p, rule->names);
  }

  fits = rule->kind == FTPD_RULE_USER ?
    names_fit(p, rule->names, c->user) || names_fit(p, rule->names, c->given) :
    group_fits(p, rule->names, c);
  return c->exists ? fits : c->pick == nth;
}

static unsigned int count_rules(struct ftpd *h, const char *record) {
  struct ftpd_rule rule;
  config_rec *at = NULL;
  unsigned int n = 0;

  while (ftpd_rule_next(h->server, record, &at, &rule)) {
    n += rule.kind != FTPD_RULE_CLASS;
  }

  return n;
}

/* The first record that fits, or NULL. */
static config_rec *choose(struct ftpd *h, const char *record,
    unsigned int nrules, struct candidate *c) {
  unsigned int nth = 0;
  struct ftpd_rule rule;
  config_rec *at = NULL;

  c->pick = nrules > 0 ? ftpd_secret_pick(plain(h->pool, h->user),
    nrules + 1) : 0;
  while (ftpd_rule_next(h->server, record, &at, &rule)) {
    if (rule_fits(h->pool, &rule, nth, c)) {
      return at;
    }

    nth += rule.kind != FTPD_RULE_CLASS;
  }

  return NULL;
}

/* ---- Who it is */

static void find_account(pool *p, const char *name, struct candidate *c) {
  const struct passwd *pw = pr_auth_getpwnam(p, name);

  if (pw != NULL) {
    c->user = pstrdup(p, pw->pw_name);
    c->gid = pw->pw_gid;
    c->exists = true;
  }
}

static void identify(struct ftpd *h, struct candidate *c) {
  const char *name = plain(h->pool, h->user);

  c->exists = false;
  c->gid = getgid();
  find_account(h->pool, h->user, c);
  if (!c->exists && strcmp(name, h->user) != 0) {
    find_account(h->pool, name, c);
  }

  c->exists |= h->login->anon != NULL;
}

/* The duration does not reveal who is in a group. */
void ftpd_auth_methods(struct ftpd *h) {
  uint64_t begin_us = sftp_now_us();
  unsigned int nmethods = count_rules(h, FTPD_METHODS_RULE);
  unsigned int nkeys = count_rules(h, FTPD_KEYS_RULE);
  struct candidate c = { h->user, h->user, true, 0, NULL, 0 };
  config_rec *methods;

  if (nmethods + nkeys > 0) {
    identify(h, &c);
  }

  methods = choose(h, FTPD_METHODS_RULE, nmethods, &c);
  if (methods != NULL) {
    ftpd_methods_of_rule(h->pool, methods, h->set);
  }

  h->login->stores = choose(h, FTPD_KEYS_RULE, nkeys, &c);
  if (nmethods + nkeys > 0) {
    ftpd_auth_pause(h, begin_us, FLOOR_MS);
  }
}
