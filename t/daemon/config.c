/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* config.c -- the daemon's configuration: one directive at a time. */

#include "daemon.h"

#define PARAMS_MAX 8

config_rec *daemon_record;

static struct {
  const char *name;
  void *value;
} params[PARAMS_MAX];
static unsigned int nparams;

static pool *config_pool(void) {
  static pool *p;

  if (p == NULL) {
    p = make_sub_pool(permanent_pool);
  }

  return p;
}

cmd_rec *daemon_directive(pool *p, const char *line) {
  cmd_rec *cmd = pcalloc(p, sizeof(*cmd));
  char *text = pstrdup(p, line), *word, *save = NULL;
  array_header *words = make_array(p, 4, sizeof(char *));

  for (word = strtok_r(text, " ", &save); word != NULL;
      word = strtok_r(NULL, " ", &save)) {
    *((char **) push_array(words)) = word;
  }

  cmd->pool = cmd->tmp_pool = p;
  cmd->argc = (unsigned int) words->nelts;
  *((char **) push_array(words)) = NULL;
  cmd->argv = words->elts;
  daemon_record = NULL;
  return cmd;
}

const char *daemon_refusal(const modret_t *res) {
  return res->mr_error != 0 ? res->mr_message : NULL;
}

modret_t *mod_create_ret(cmd_rec *cmd, unsigned char error,
    const char *number, const char *text) {
  modret_t *res = pcalloc(cmd->tmp_pool, sizeof(*res));

  res->mr_error = error;
  res->mr_numeric = number;
  res->mr_message = text;
  return res;
}

/* Directives may stand wherever they do. */
unsigned char check_context(cmd_rec *cmd, int allowed) {
  (void) cmd;
  (void) allowed;
  return TRUE;
}

char *get_context_name(cmd_rec *cmd) {
  (void) cmd;
  return "server config";
}

int get_boolean(cmd_rec *cmd, int i) {
  const char *word = cmd->argv[i];

  return strcasecmp(word, "on") == 0 ? TRUE : strcasecmp(word, "off") == 0 ?
    FALSE : -1;
}

/* What is added has no values yet: handlers set them. */
config_rec *add_config_param(const char *name, unsigned int n, ...) {
  pool *p = make_sub_pool(config_pool());
  config_rec *c = pcalloc(p, sizeof(*c));

  c->pool = p;
  c->name = pstrdup(p, name);
  c->argc = n;
  c->argv = pcalloc(p, (n + 1) * sizeof(void *));
  daemon_record = c;
  return c;
}

void daemon_set_param(const char *name, void *value) {
  params[nparams].name = name;
  params[nparams++].value = value;
}

void *get_param_ptr(xaset_t *set, const char *name, int recurse) {
  unsigned int i;

  (void) set;
  (void) recurse;
  for (i = nparams; i > 0; i--) {
    if (strcmp(params[i - 1].name, name) == 0) {
      return params[i - 1].value;
    }
  }

  return NULL;
}

config_rec *find_config(xaset_t *set, int type, const char *name,
    int recurse) {
  (void) type;
  return get_param_ptr(set, name, recurse) != NULL ? daemon_record : NULL;
}

/* One record of a name at most. */
config_rec *find_config_next(config_rec *prev, config_rec *c, int type,
    const char *name, int recurse) {
  (void) prev;
  (void) c;
  (void) type;
  (void) name;
  (void) recurse;
  return NULL;
}
