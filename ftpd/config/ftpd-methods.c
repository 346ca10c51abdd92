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
#include "directives.h"
#include "ftpd-methods.h"

static const struct {
  const char *name;
  unsigned int method;
} methods[] = {
  { "publickey", AUTH_PUBLICKEY },
  { "hostbased", AUTH_HOSTBASED },
  { "password", AUTH_PASSWORD },
  { "keyboard-interactive", AUTH_KBDINT }
};

#define KBDINT_PREFIX "keyboard-interactive:"

static const char *method_error(cmd_rec *cmd, const char *name,
    const char *why) {
  return pstrcat(cmd->tmp_pool, "unsupported authentication method '", name,
    "': ", why, NULL);
}

/* Fills in one method by its name; NULL, or the error text. */
static const char *parse_method(cmd_rec *cmd, pool *p, const char *name,
    struct sftp_auth_method *m) {
  size_t i;

  if (strncmp(name, KBDINT_PREFIX, sizeof(KBDINT_PREFIX) - 1) == 0) {
    const char *driver = name + sizeof(KBDINT_PREFIX) - 1;

    if (sftp_kbdint_get_driver(driver) == NULL) {
      return method_error(cmd, name, "no driver of that name is loaded");
    }

    m->method_id = AUTH_KBDINT;
    m->method_name = "keyboard-interactive";
    m->submethod_name = pstrdup(p, driver);
    return NULL;
  }

  for (i = 0; i < SFTP_NELEMS(methods); i++) {
    if (strcmp(name, methods[i].name) == 0) {
      if (methods[i].method == AUTH_KBDINT && sftp_kbdint_have_drivers() == 0) {
        return method_error(cmd, name, "No drivers loaded (LoadModule "
          "mod_sftp_pam.c or mod_auth_otp.c before this directive)");
      }

      m->method_id = methods[i].method;
      m->method_name = methods[i].name;
      return NULL;
    }
  }

  return method_error(cmd, name, "accepted are publickey, hostbased, password, "
    "keyboard-interactive[:driver]");
}

/* Whether m may follow what the chain has: the same driver twice, or a method
 * that cannot give another proof, never completes.
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

/* usage: SFTPAuthMethods method[+method ...] ... */
modret_t *ftpd_set_authmethods(cmd_rec *cmd) {
  config_rec *c;
  array_header *chains;
  unsigned int i;

  if (cmd->argc < 2) {
    CONF_ERROR(cmd, "wrong number of parameters: expected at least one");
  }

  CHECK_CONF(cmd, CONF_ROOT|CONF_VIRTUAL|CONF_GLOBAL);

  c = add_config_param(cmd->argv[0], 1, NULL);
  chains = make_array(c->pool, cmd->argc - 1,
    sizeof(struct sftp_auth_chain *));

  for (i = 1; i < cmd->argc; i++) {
    struct sftp_auth_chain *chain = NULL;
    const char *err = parse_chain(cmd, c->pool, cmd->argv[i], &chain);

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

/* Without the directive: whatever could work, one method each. */
static void default_chains(pool *p, server_rec *s,
    struct sftp_settings *set) {
  struct sftp_chain *chains = pcalloc(p,
    SFTP_NELEMS(methods) * sizeof(struct sftp_chain));
  struct sftp_chain_step *steps = pcalloc(p,
    SFTP_NELEMS(methods) * sizeof(struct sftp_chain_step));
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
  struct sftp_auth_chain **list;
  struct sftp_chain *chains;
  array_header *a;
  unsigned int i;

  if (c == NULL) {
    default_chains(p, s, set);
    return;
  }

  a = c->argv[0];
  list = a->elts;
  chains = pcalloc(p, sizeof(struct sftp_chain) * (size_t) a->nelts);
  for (i = 0; i < a->nelts; i++) {
    copy_chain(p, list[i], &chains[i]);
  }

  set->chains = chains;
  set->nchains = (unsigned int) a->nelts;
}

bool ftpd_methods_use(const struct sftp_settings *set, unsigned int method) {
  unsigned int i, j;

  for (i = 0; i < set->nchains; i++) {
    for (j = 0; j < set->chains[i].nsteps; j++) {
      if (set->chains[i].steps[j].method == method) {
        return true;
      }
    }
  }

  return false;
}
