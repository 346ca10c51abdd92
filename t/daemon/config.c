/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* config.c -- the daemon's configuration: one for all servers and directories,
 * but for records that a test puts into a set.
 */

#include "daemon.h"

#include <stdarg.h>

config_rec *daemon_record;
xaset_t *daemon_set;

static config_rec *first;

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

modret_t *mod_create_data(cmd_rec *cmd, void *data) {
  modret_t *res = pcalloc(cmd->tmp_pool, sizeof(*res));

  res->data = data;
  return res;
}

/* Directives may be in any context. */
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

static config_rec *append(const char *name, unsigned int n) {
  pool *p = make_sub_pool(config_pool());
  config_rec *c = pcalloc(p, sizeof(*c)), **at = &first;

  c->pool = p;
  c->name = pstrdup(p, name);
  c->argc = n;
  c->argv = pcalloc(p, (n + 1) * sizeof(void *));
  c->set = daemon_set;
  while (*at != NULL) {
    at = &(*at)->next;
  }

  *at = c;
  return c;
}

/* New records have no values yet: handlers set them. */
config_rec *add_config_param(const char *name, unsigned int n, ...) {
  daemon_record = append(name, n);
  return daemon_record;
}

config_rec *add_config_param_str(const char *name, unsigned int n, ...) {
  config_rec *c = add_config_param(name, n);
  unsigned int i;
  va_list ap;

  va_start(ap, n);
  for (i = 0; i < n; i++) {
    const char *word = va_arg(ap, const char *);

    c->argv[i] = word != NULL ? pstrdup(c->pool, word) : NULL;
  }

  va_end(ap);
  return c;
}

void daemon_forget_config(void) {
  first = NULL;
}

void daemon_set_param(const char *name, void *value) {
  config_rec *c = find_config(NULL, CONF_PARAM, name, FALSE);

  c = c != NULL ? c : append(name, 1);
  c->argv[0] = value;
}

config_rec *daemon_add_words(const char *name, const char *const *words) {
  unsigned int i, n = 0;
  config_rec *c;

  while (words[n] != NULL) {
    n++;
  }

  c = append(name, n);
  for (i = 0; i < n; i++) {
    c->argv[i] = pstrdup(c->pool, words[i]);
  }

  return c;
}

static config_rec *find_from(config_rec *c, xaset_t *set, const char *name) {
  while (c != NULL && (strcmp(c->name, name) != 0 ||
      (c->set != NULL && c->set != set))) {
    c = c->next;
  }

  return c;
}

config_rec *find_config_next(config_rec *prev, config_rec *c, int type,
    const char *name, int recurse) {
  (void) type;
  (void) recurse;
  return find_from(c, prev != NULL ? prev->set : NULL, name);
}

config_rec *find_config(xaset_t *set, int type, const char *name,
    int recurse) {
  (void) type;
  (void) recurse;
  return find_from(first, set, name);
}

void *get_param_ptr(xaset_t *set, const char *name, int recurse) {
  config_rec *c = find_config(set, CONF_PARAM, name, recurse);

  return c != NULL ? c->argv[0] : NULL;
}
