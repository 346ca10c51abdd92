/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-proxy-conf.c -- the configuration of SFTPProxyProtocol. */

#include "directives-int.h"
#include "directives-set.h"
#include "ftpd-conf.h"

/* Whether the text is an address, or an address and a number of bits that names
 * some machines, not all.  The daemon's own parser also takes names, patterns
 * and "all", which anybody may be.
 */
static bool is_network(pool *p, const char *text) {
  char *addr = pstrdup(p, text), *slash = strchr(addr, '/');
  unsigned char raw[16];
  uint64_t bits;
  int family;

  if (slash != NULL) {
    *slash++ = '\0';
  }

  family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
  return pr_inet_pton(family, addr, raw) == 1 && (slash == NULL ||
    sftp_number(slash, 1, family == AF_INET6 ? 128 : 32, &bits));
}

static const char *add_network(cmd_rec *cmd, config_rec *c, const char *text) {
  pr_netacl_t *acl;

  if (!is_network(cmd->tmp_pool, text)) {
    return pstrcat(cmd->tmp_pool, "'", text, "': expected an address, or a "
      "network like 10.0.0.0/8 or 2001:db8::/32, of at least one bit", NULL);
  }

  acl = pr_netacl_create(c->pool, pstrdup(cmd->tmp_pool, text));
  if (acl == NULL) {
    return pstrcat(cmd->tmp_pool, "'", text, "' cannot be used: ",
      strchr(text, ':') != NULL && !pr_netaddr_use_ipv6() ? "UseIPv6 is off" :
      strerror(errno), NULL);
  }

  c->argv[c->argc++] = acl;
  return NULL;
}

/* usage: SFTPProxyProtocol off|on from network ... */
modret_t *ftpd_set_proxyprotocol(cmd_rec *cmd) {
  const char *err = NULL;
  config_rec *c;
  unsigned int i;
  int on;

  CHECK_CONF(cmd, CTXT_SERVER);
  on = cmd->argc > 1 ? get_boolean(cmd, 1) : -1;
  if (on == -1 || (on == FALSE && cmd->argc > 2)) {
    CONF_ERROR(cmd, "expected off, or: on from network ...");
  }

  if (on == TRUE && (cmd->argc < 4 || strcasecmp(cmd->argv[2], "from") != 0)) {
    CONF_ERROR(cmd, "'on' needs the networks of the proxies that are trusted: "
      "on from network ...");
  }

  c = add_config_param(cmd->argv[0], 0);
  c->argv = pcalloc(c->pool, cmd->argc * sizeof(void *));
  for (i = 3; i < cmd->argc && err == NULL; i++) {
    err = add_network(cmd, c, cmd->argv[i]);
  }

  if (err != NULL) {
    CONF_ERROR(cmd, err);
  }

  return PR_HANDLED(cmd);
}

config_rec *ftpd_conf_proxies(server_rec *s) {
  config_rec *c = find_config(s->conf, CONF_PARAM, "SFTPProxyProtocol", FALSE);

  return c != NULL && c->argc > 0 && ftpd_conf_engine(s) ? c : NULL;
}
