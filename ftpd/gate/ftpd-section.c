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
  return limit == NULL ? "" : pstrcat(p, " in the server '",
    main_server->ServerName, "'", ftpd_place_line(p, limit), NULL);
}
