/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-section.c -- where a <Limit> stands in the configuration, for logs. */

#include "ftpd-files.h"
#include "ftpd-limit.h"
#include "ftpd-place.h"

static bool has_name(const config_rec *limit, const char *name) {
  unsigned int i;

  for (i = 0; i < limit->argc; i++) {
    if (limit->argv[i] != NULL && strcasecmp(limit->argv[i], name) == 0) {
      return true;
    }
  }

  return false;
}

static const config_rec *find_limit(const xaset_t *set, const char *name) {
  const config_rec *c;

  for (c = set != NULL ? (const config_rec *) set->xas_list : NULL; c != NULL;
      c = c->next) {
    if (c->config_type == CONF_LIMIT && has_name(c, name)) {
      return c;
    }
  }

  return NULL;
}

static const char *describe_server(pool *p, const config_rec *limit) {
  return pstrcat(p, " in the server '", main_server->ServerName, "'",
    ftpd_place_line(p, limit), NULL);
}

static const char *describe(pool *p, const config_rec *section,
    const config_rec *limit) {
  const char *name = section->name != NULL ? section->name : "";

  if ((limit->flags & CF_DYNAMIC) != 0) {
    return pstrcat(p, " in '", name, "/.ftpaccess'",
      ftpd_place_line(p, limit), NULL);
  }

  return pstrcat(p, section->config_type == CONF_ANON ? " in <Anonymous " :
    " in <Directory ", name, ">", ftpd_place_line(p, limit), NULL);
}

const char *ftpd_limit_section(pool *p, const config_rec *chain,
    const char *name) {
  const config_rec *limit;

  for (; chain != NULL; chain = chain->parent) {
    limit = find_limit(chain->subset, name);
    if (limit != NULL && (chain->config_type == CONF_DIR ||
        chain->config_type == CONF_ANON)) {
      return describe(p, chain, limit);
    }
  }

  limit = find_limit(main_server->conf, name);
  return limit == NULL ? "" : describe_server(p, limit);
}

/* ---- Which one decided
 *
 * Each <Limit> is asked alone: a copy without neighbours, in a section without
 * parents, while the server has no configuration.
 */

static bool decides(cmd_rec *cmd, const config_rec *limit, const char *name,
    bool hidden) {
  xaset_t *conf = main_server->conf;
  config_rec alone = *limit, section;
  xaset_t set;
  int res;

  memset(&section, 0, sizeof(section));
  memset(&set, 0, sizeof(set));
  alone.next = alone.prev = NULL;
  set.pool = session.pool;
  set.xas_list = (xasetmember_t *) &alone;
  section.subset = &set;
  main_server->conf = NULL;
  res = dir_check_limits(cmd, &section, name, hidden);
  main_server->conf = conf;
  return res != 1;
}

/* " (AllowUser, DenyAll)" */
static const char *content(pool *p, const config_rec *limit) {
  const config_rec *c = limit->subset != NULL ?
    (const config_rec *) limit->subset->xas_list : NULL;
  const char *names = "";

  for (; c != NULL; c = c->next) {
    if (c->name != NULL) {
      names = pstrcat(p, names, *names != '\0' ? ", " : "", c->name, NULL);
    }
  }

  return *names != '\0' ? pstrcat(p, " (", names, ")", NULL) : "";
}

static const config_rec *find_decided(const xaset_t *set, cmd_rec *cmd,
    const char *name, bool hidden) {
  const config_rec *c;

  for (c = set != NULL ? (const config_rec *) set->xas_list : NULL; c != NULL;
      c = c->next) {
    if (c->config_type == CONF_LIMIT && has_name(c, name) &&
        decides(cmd, c, name, hidden)) {
      return c;
    }
  }

  return NULL;
}

const char *ftpd_limit_decided(pool *p, cmd_rec *cmd, const config_rec *chain,
    const char *name, bool hidden) {
  const config_rec *limit;

  for (; chain != NULL; chain = chain->parent) {
    limit = find_decided(chain->subset, cmd, name, hidden);
    if (limit != NULL) {
      return pstrcat(p, describe(p, chain, limit), content(p, limit), NULL);
    }
  }

  limit = find_decided(main_server->conf, cmd, name, hidden);
  return limit == NULL ? "" : pstrcat(p, describe_server(p, limit),
    content(p, limit), NULL);
}
