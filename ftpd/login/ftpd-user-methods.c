/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-user-methods.c -- which methods this user may log in with: the rules of
 * SFTPAuthMethods, chosen before the first answer names any.
 *
 * The answer must not tell who exists.  A name without an account gets the
 * methods of one of the rules as well, always of the same one: which one, a
 * keyed hash of the name decides, and the key is a secret of the host's.
 */

#include "ftpd-login.h"

#include <openssl/evp.h>

#include "alg-table.h"
#include "ftpd-methods.h"
#include "wire.h"

/* Which user it is, as far as rules ask. */
struct candidate {
  const char *user;
  bool exists;
  const array_header *groups;   /* names; NULL: not yet looked up */
  unsigned int pick;            /* the rule that fits a name of nobody's */
};

/* ---- Names of nobody's */

/* A signature that is always the same for the same text. */
static int sign_text(pool *p, const struct sftp_settings *set,
    struct sftp_str text, struct sftp_wr *w) {
  static const char *const algs[] = { "ssh-ed25519", "ssh-ed448",
    "rsa-sha2-256" };
  unsigned int i;
  size_t a;

  for (a = 0; a < SFTP_NELEMS(algs); a++) {
    const struct sftp_sig_alg *alg = sftp_sig_alg_find(sftp_str_of(algs[a]));

    for (i = 0; alg != NULL && i < set->nhost_keys; i++) {
      if (strcmp(set->host_keys[i]->type->name, alg->key_type) == 0) {
        sftp_wr_init(w, p, 512, 8192);
        return sftp_key_sign(set->host_keys[i], alg, text, w);
      }
    }
  }

  return SFTP_ERR_UNSUPPORTED;
}

/* Without such a key, what the daemon drew at its start will do. */
static void draw_secret(unsigned char *secret, size_t n) {
  static unsigned char drawn[32];
  static bool done = false;

  if (!done) {
    sftp_random(drawn, sizeof(drawn));
    done = true;
  }

  memcpy(secret, drawn, n < sizeof(drawn) ? n : sizeof(drawn));
}

static unsigned int pick(struct ftpd *h, pool *p, const char *user,
    unsigned int n) {
  static const char label[] = "methods of a name that has no account: ";
  unsigned char md[EVP_MAX_MD_SIZE];
  unsigned int len = sizeof(md);
  struct sftp_wr w;
  struct sftp_str text = sftp_str_of(pstrcat(p, label, user, NULL));

  if (sign_text(p, h->set, text, &w) != SFTP_OK ||
      sftp_wr_end(&w) != SFTP_OK) {
    unsigned char secret[32];

    draw_secret(secret, sizeof(secret));
    sftp_wr_init(&w, p, 512, 8192);
    sftp_wr_bytes(&w, secret, sizeof(secret));
    sftp_wr_bytes(&w, text.ptr, text.len);
    sftp_wipe(secret, sizeof(secret));
  }

  if (EVP_Digest(w.ptr, w.len, md, &len, EVP_sha256(), NULL) != 1) {
    return 0;
  }

  return (md[0] | (unsigned int) md[1] << 8 | (unsigned int) md[2] << 16) % n;
}

/* ---- Rules */

static bool names_fit(pool *p, const char *names, const char *name) {
  char *list = pstrdup(p, names), *word;

  while ((word = pr_str_get_token(&list, ",")) != NULL) {
    if (strcmp(word, name) == 0) {
      return true;
    }
  }

  return false;
}

static const array_header *groups_of(pool *p, const char *user) {
  const struct passwd *pw = pr_auth_getpwnam(p, user);
  array_header *gids = NULL, *names = NULL;
  const char *own;

  if (pw == NULL || pr_auth_getgroups(p, user, &gids, &names) < 0 ||
      names == NULL) {
    names = make_array(p, 1, sizeof(char *));
  }

  own = pw != NULL ? pr_auth_gid2name(p, pw->pw_gid) : NULL;
  if (own != NULL) {
    *((const char **) push_array(names)) = own;
  }

  return names;
}

static bool group_fits(pool *p, const char *names, struct candidate *c) {
  unsigned int i;

  if (c->groups == NULL) {
    c->groups = groups_of(p, c->user);
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

/* nth: which of the rules about users and groups it is.  Names of nobody's take
 * the same work.
 */
static bool rule_fits(pool *p, const struct ftpd_methods_rule *rule,
    unsigned int nth, struct candidate *c) {
  bool fits;

  if (rule->kind == FTPD_METHODS_CLASS) {
    return class_fits(p, rule->names);
  }

  fits = rule->kind == FTPD_METHODS_USER ?
    names_fit(p, rule->names, c->user) : group_fits(p, rule->names, c);
  return c->exists ? fits : c->pick == nth;
}

static unsigned int count_rules(struct ftpd *h) {
  struct ftpd_methods_rule rule;
  config_rec *at = NULL;
  unsigned int n = 0;

  while (ftpd_methods_next_rule(h->pool, h->server, &at, &rule)) {
    n += rule.kind != FTPD_METHODS_CLASS;
  }

  return n;
}

void ftpd_auth_methods(struct ftpd *h) {
  unsigned int n = count_rules(h), nth = 0;
  struct candidate c = { h->user, true, NULL, 0 };
  struct ftpd_methods_rule rule;
  config_rec *at = NULL;

  if (n > 0) {
    c.pick = pick(h, h->pool, c.user, n + 1);
    c.exists = h->login->anon != NULL ||
      pr_auth_getpwnam(h->pool, c.user) != NULL;
  }

  while (ftpd_methods_next_rule(h->pool, h->server, &at, &rule)) {
    if (rule_fits(h->pool, &rule, nth, &c)) {
      h->set->chains = rule.chains;
      h->set->nchains = rule.nchains;
      return;
    }

    nth += rule.kind != FTPD_METHODS_CLASS;
  }
}
