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

#include "userauth.h"

/* Maximum number of default chains: one for each method. */
#define MAX_DEFAULTS 4

#define FTPD_METHODS_RULE "SFTPAuthMethods for"

static const enum ftpd_methods_kind method_rule_kinds[] = {
  FTPD_METHODS_USER, FTPD_METHODS_GROUP, FTPD_METHODS_CLASS
};

/* Index of the word; -1: none. */
static int method_rule_kind(const char *word) {
  static const char *const words[] = { "user", "group", "class" };
  int i;

  for (i = 0; i < (int) SFTP_NELEMS(words); i++) {
    if (strcasecmp(words[i], word) == 0) {
      return i;
    }
  }

  return -1;
}

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

/* mod_ifsession applies its sections after the login, but <IfClass> when the
 * session begins: the login sees the rules there, but not the line for all
 * users, which may have been read before.
 */
static void warn_of_section(const cmd_rec *cmd, bool is_rule) {
  const config_rec *c = cmd->config;

  if (c != NULL && c->name != NULL && strncasecmp(c->name, "<If", 3) == 0 &&
      !(is_rule && strcasecmp(c->name, "<IfClass>") == 0)) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": SFTPAuthMethods in %s has "
      "no effect: such sections are read after the login. Outside of it, "
      "use SFTPAuthMethods user|group|class NAME chain ...",
      c->name);
  }
}

/* A pattern would be a rule that matches nobody, without notice; NULL, or the
 * error message.
 */
static const char *names_error(cmd_rec *cmd, const char *names) {
  size_t len = strlen(names);

  if (len == 0 || *names == ',' || names[len - 1] == ',' ||
      strstr(names, ",,") != NULL) {
    return pstrcat(cmd->tmp_pool, "empty name in '", names, "'", NULL);
  }

  if (*names == '!' || strstr(names, ",!") != NULL ||
      strpbrk(names, "*?") != NULL) {
    return pstrcat(cmd->tmp_pool, "'", names, "' is no name: patterns and ! "
      "are not possible here; SFTPAuthMethods without user, group or class is "
      "for all others", NULL);
  }

  return NULL;
}

/* usage: SFTPAuthMethods [user|group|class names] method[+method ...] ... */
modret_t *ftpd_set_authmethods(cmd_rec *cmd) {
  int kind = cmd->argc > 1 ? method_rule_kind(cmd->argv[1]) : -1;
  unsigned int first = kind < 0 ? 1 : 3, i;
  array_header *chains;
  const char *err;
  config_rec *c;

  if (cmd->argc < first + 1) {
    CONF_ERROR(cmd, kind < 0 ? "wrong number of parameters: expected at least "
      "one" : "wrong number of parameters: expected user, group or class, "
      "names joined by commas, and at least one chain of methods");
  }

  CHECK_CONF(cmd, CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL);
  err = kind < 0 ? NULL : names_error(cmd, cmd->argv[2]);
  if (err != NULL) {
    CONF_ERROR(cmd, err);
  }

  warn_of_section(cmd, kind >= 0);

  /* Other modules look for the chains for all users under the directive's name.
   */
  c = add_config_param(kind < 0 ? cmd->argv[0] : FTPD_METHODS_RULE, 3, NULL,
    NULL, NULL);
  c->argc = kind < 0 ? 1 : 3;
  chains = make_array(c->pool, cmd->argc - first,
    sizeof(struct sftp_auth_chain *));
  if (kind >= 0) {
    c->argv[1] = (void *) &method_rule_kinds[kind];
    c->argv[2] = pstrdup(c->pool, cmd->argv[2]);
    c->flags |= ftpd_multi_flag();
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

  if (find_config(s->conf, CONF_PARAM, "SFTPAuthorizedUserKeys",
      FALSE) != NULL || find_config(s->conf, CONF_PARAM,
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
  const array_header *a;

  if (c == NULL) {
    default_chains(p, s, set);
    return;
  }

  a = c->argv[0];
  set->chains = copy_chains(p, a);
  set->nchains = (unsigned int) a->nelts;
}

bool ftpd_methods_next_rule(pool *p, server_rec *s, config_rec **at,
    struct ftpd_methods_rule *rule) {
  const array_header *a;

  *at = *at == NULL ?
    find_config(s->conf, CONF_PARAM, FTPD_METHODS_RULE, FALSE) :
    find_config_next(*at, (*at)->next, CONF_PARAM, FTPD_METHODS_RULE, FALSE);
  if (*at == NULL) {
    return false;
  }

  a = (*at)->argv[0];
  rule->kind = *((const enum ftpd_methods_kind *) (*at)->argv[1]);
  rule->names = (*at)->argv[2];
  rule->chains = copy_chains(p, a);
  rule->nchains = (unsigned int) a->nelts;
  return true;
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
  struct ftpd_methods_rule rule;
  config_rec *at = NULL;

  while (!use && ftpd_methods_next_rule(p, s, &at, &rule)) {
    use = chains_use(rule.chains, rule.nchains, method);
  }

  return use;
}
