/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-methods.c -- SFTPAuthMethods: chains of methods, as the record that
 * other modules read and as the settings of the core.
 */

#include "directives-int.h"
#include "directives-set.h"
#include "directives.h"
#include "ftpd-methods.h"
#include "ftpd-rules.h"

#include "userauth.h"

/* Maximum number of default chains: one for each method. */
#define MAX_DEFAULTS 4

#define KBDINT_PREFIX "keyboard-interactive:"

static const char *method_error(cmd_rec *cmd, const char *name,
    const char *why) {
  return pstrcat(cmd->tmp_pool, "unsupported authentication method '", name,
    "': ", why, NULL);
}

/* Fills in one method by its name; NULL, or the error message. */
static const char *parse_method(cmd_rec *cmd, pool *p, const char *name,
    struct sftp_auth_method *m) {
  const char *driver = NULL;

  if (strncmp(name, KBDINT_PREFIX, sizeof(KBDINT_PREFIX) - 1) == 0) {
    driver = name + sizeof(KBDINT_PREFIX) - 1;
    if (sftp_kbdint_get_driver(driver) == NULL) {
      return method_error(cmd, name, "no driver of that name is loaded");
    }
  }

  m->method_id = driver != NULL ? AUTH_KBDINT : sftp_auth_method_bit(name);
  if (m->method_id == 0) {
    return method_error(cmd, name, pstrcat(cmd->tmp_pool, "accepted are ",
      sftp_auth_method_names(cmd->tmp_pool), ", and " KBDINT_PREFIX "driver",
      NULL));
  }

  if (m->method_id == AUTH_KBDINT && sftp_kbdint_have_drivers() == 0) {
    return method_error(cmd, name, "No drivers loaded (LoadModule "
      "mod_sftp_pam.c or mod_auth_otp.c before this directive)");
  }

  m->method_name = sftp_auth_method_name(m->method_id);
  m->submethod_name = driver != NULL ? pstrdup(p, driver) : NULL;
  return NULL;
}

/* Whether m may follow the methods of the chain: a chain with the same driver
 * twice, or with a method that cannot give another proof, never completes.
 */
static bool may_follow(const struct sftp_auth_chain *chain,
    const struct sftp_auth_method *m) {
  struct sftp_auth_method **list = chain->methods->elts;
  unsigned int i;

  for (i = 0; i < chain->methods->nelts; i++) {
    if (list[i]->method_id != m->method_id) {
      continue;
    }

    if ((m->method_id & (AUTH_PASSWORD|AUTH_HOSTBASED)) != 0) {
      return false;
    }

    if (m->submethod_name != NULL && list[i]->submethod_name != NULL &&
        strcmp(m->submethod_name, list[i]->submethod_name) == 0) {
      return false;
    }
  }

  return true;
}

static const char *parse_chain(cmd_rec *cmd, pool *p, const char *text,
    struct sftp_auth_chain **res) {
  struct sftp_auth_chain *chain;
  const char *at = text;

  chain = pcalloc(p, sizeof(struct sftp_auth_chain));
  chain->pool = make_sub_pool(p);
  pr_pool_tag(chain->pool, "SFTPAuthMethods chain");
  chain->methods = make_array(chain->pool, 1,
    sizeof(struct sftp_auth_method *));

  for (;;) {
    size_t len = strcspn(at, "+");
    struct sftp_auth_method *m;
    const char *err;

    if (len == 0) {
      return pstrcat(cmd->tmp_pool, "invalid authentication parameter: '",
        text, "' (methods are joined by one +)", NULL);
    }

    m = pcalloc(chain->pool, sizeof(struct sftp_auth_method));
    err = parse_method(cmd, chain->pool, pstrndup(cmd->tmp_pool, at, len), m);
    if (err != NULL) {
      return err;
    }

    if (!may_follow(chain, m)) {
      return pstrcat(cmd->tmp_pool,
        "unsupportable chain of authentication methods '", text, "': ",
        m->method_name, " cannot be asked for twice", NULL);
    }

    *((struct sftp_auth_method **) push_array(chain->methods)) = m;

    at += len;
    if (*at == '\0') {
      *res = chain;
      return NULL;
    }

    at++;
  }
}

/* usage: SFTPAuthMethods [user|group|class names] method[+method ...] ... */
modret_t *ftpd_set_authmethods(cmd_rec *cmd) {
  const char *err;
  bool is_rule = ftpd_rule_is(cmd, &err);
  unsigned int first = is_rule ? 3 : 1, i;
  array_header *chains;
  config_rec *c;

  if (cmd->argc < first + 1) {
    CONF_ERROR(cmd, !is_rule ? "wrong number of parameters: expected at least "
      "one" : "wrong number of parameters: expected user, group or class, "
      "names joined by commas, and at least one chain of methods");
  }

  CHECK_CONF(cmd, CTXT_SERVER);
  if (err != NULL) {
    CONF_ERROR(cmd, err);
  }

  ftpd_rule_warn(cmd, is_rule,
    "SFTPAuthMethods user|group|class NAME chain ...");

  /* Other modules look for the chains for all users under the directive's name.
   */
  c = add_config_param(is_rule ? FTPD_METHODS_RULE : cmd->argv[0],
    FTPD_RULE_ARGS, NULL, NULL, NULL);
  c->argc = is_rule ? FTPD_RULE_ARGS : 1;
  chains = make_array(c->pool, cmd->argc - first,
    sizeof(struct sftp_auth_chain *));
  if (is_rule) {
    ftpd_rule_set(cmd, c);
  }

  for (i = first; i < cmd->argc; i++) {
    struct sftp_auth_chain *chain = NULL;

    err = parse_chain(cmd, c->pool, cmd->argv[i], &chain);
    if (err != NULL) {
      CONF_ERROR(cmd, err);
    }

    *((struct sftp_auth_chain **) push_array(chains)) = chain;
  }

  c->argv[0] = chains;
  return PR_HANDLED(cmd);
}

static void copy_chain(pool *p, const struct sftp_auth_chain *from,
    struct sftp_chain *to) {
  struct sftp_auth_method **list = from->methods->elts;
  struct sftp_chain_step *steps;
  unsigned int i;

  steps = pcalloc(p, sizeof(struct sftp_chain_step) *
    (size_t) from->methods->nelts);
  for (i = 0; i < from->methods->nelts; i++) {
    steps[i].method = list[i]->method_id;
    steps[i].driver = list[i]->submethod_name;
  }

  to->steps = steps;
  to->nsteps = (unsigned int) from->methods->nelts;
}

static struct sftp_chain *copy_chains(pool *p, const array_header *from) {
  struct sftp_auth_chain **list = from->elts;
  struct sftp_chain *chains = pcalloc(p,
    sizeof(struct sftp_chain) * (size_t) from->nelts);
  unsigned int i;

  for (i = 0; i < from->nelts; i++) {
    copy_chain(p, list[i], &chains[i]);
  }

  return chains;
}

/* Without the directive: every method that could work is a chain of its own. */
static void default_chains(pool *p, server_rec *s,
    struct sftp_settings *set) {
  struct sftp_chain *chains = pcalloc(p,
    MAX_DEFAULTS * sizeof(struct sftp_chain));
  struct sftp_chain_step *steps = pcalloc(p,
    MAX_DEFAULTS * sizeof(struct sftp_chain_step));
  unsigned int n = 0, i;

  if (ftpd_rule_has_keys(s) || find_config(s->conf, CONF_PARAM,
      "SFTPTrustedUserCAKeys", FALSE) != NULL) {
    steps[n++].method = AUTH_PUBLICKEY;
  }

  if (find_config(s->conf, CONF_PARAM, "SFTPAuthorizedHostKeys",
      FALSE) != NULL) {
    steps[n++].method = AUTH_HOSTBASED;
  }

  if (sftp_kbdint_have_drivers() > 0) {
    steps[n++].method = AUTH_KBDINT;
  }

  steps[n++].method = AUTH_PASSWORD;

  for (i = 0; i < n; i++) {
    chains[i].steps = &steps[i];
    chains[i].nsteps = 1;
  }

  set->chains = chains;
  set->nchains = n;
}

void ftpd_methods_chains(pool *p, server_rec *s, struct sftp_settings *set) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPAuthMethods", FALSE);

  if (c == NULL) {
    default_chains(p, s, set);
    return;
  }

  ftpd_methods_of_rule(p, c, set);
}

void ftpd_methods_of_rule(pool *p, const config_rec *c,
    struct sftp_settings *set) {
  const array_header *a = c->argv[0];

  set->chains = copy_chains(p, a);
  set->nchains = (unsigned int) a->nelts;
}

static bool chains_use(const struct sftp_chain *chains, unsigned int n,
    unsigned int method) {
  unsigned int i, j;

  for (i = 0; i < n; i++) {
    for (j = 0; j < chains[i].nsteps; j++) {
      if (chains[i].steps[j].method == method) {
        return true;
      }
    }
  }

  return false;
}

bool ftpd_methods_use(pool *p, server_rec *s, const struct sftp_settings *set,
    unsigned int method) {
  bool use = chains_use(set->chains, set->nchains, method);
  struct sftp_settings other;
  struct ftpd_rule rule;
  config_rec *at = NULL;

  while (!use && ftpd_rule_next(s, FTPD_METHODS_RULE, &at, &rule)) {
    ftpd_methods_of_rule(p, at, &other);
    use = chains_use(other.chains, other.nchains, method);
  }

  return use;
}
