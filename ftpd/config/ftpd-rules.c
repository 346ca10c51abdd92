/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-rules.c -- lines of a directive for some users, by their name, their
 * groups, or the class of their address.
 */

#include "directives-int.h"
#include "ftpd-rules.h"

static const enum ftpd_rule_kind kinds[] = {
  FTPD_RULE_USER, FTPD_RULE_GROUP, FTPD_RULE_CLASS
};

/* Index of the word; -1: none. */
static int kind_of(const char *word) {
  static const char *const words[] = { "user", "group", "class" };
  int i;

  for (i = 0; i < (int) SFTP_NELEMS(words); i++) {
    if (strcasecmp(words[i], word) == 0) {
      return i;
    }
  }

  return -1;
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
      "are not possible here; ", (char *) cmd->argv[0], " without user, group "
      "or class is for all others", NULL);
  }

  return NULL;
}

bool ftpd_rule_is(cmd_rec *cmd, const char **error) {
  *error = NULL;
  if (cmd->argc < 2 || kind_of(cmd->argv[1]) < 0) {
    return false;
  }

  if (cmd->argc > 2) {
    *error = names_error(cmd, cmd->argv[2]);
  }

  return true;
}

void ftpd_rule_set(const cmd_rec *cmd, config_rec *c) {
  c->argv[1] = (void *) &kinds[kind_of(cmd->argv[1])];
  c->argv[2] = pstrdup(c->pool, cmd->argv[2]);
  c->flags |= ftpd_multi_flag();
}

void ftpd_rule_warn(const cmd_rec *cmd, bool is_rule, const char *form) {
  const config_rec *c = cmd->config;

  if (c != NULL && c->name != NULL && strncasecmp(c->name, "<If", 3) == 0 &&
      !(is_rule && strcasecmp(c->name, "<IfClass>") == 0)) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION ": %s in %s has no effect: "
      "such sections are read after the login. Outside of it, use %s",
      (char *) cmd->argv[0], c->name, form);
  }
}

bool ftpd_rule_next(server_rec *s, const char *record, config_rec **at,
    struct ftpd_rule *rule) {
  *at = *at == NULL ? find_config(s->conf, CONF_PARAM, record, FALSE) :
    find_config_next(*at, (*at)->next, CONF_PARAM, record, FALSE);
  if (*at == NULL) {
    return false;
  }

  rule->kind = *((const enum ftpd_rule_kind *) (*at)->argv[1]);
  rule->names = (*at)->argv[2];
  return true;
}

bool ftpd_rule_has_keys(server_rec *s) {
  return find_config(s->conf, CONF_PARAM, "SFTPAuthorizedUserKeys",
      FALSE) != NULL ||
    find_config(s->conf, CONF_PARAM, FTPD_KEYS_RULE, FALSE) != NULL;
}
