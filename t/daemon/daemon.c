/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* daemon.c -- functions of the daemon that pure parts of ftpd/ call: addresses,
 * patterns, its log.
 */

#include "daemon.h"

#include <arpa/inet.h>
#include <fnmatch.h>

session_t session;
server_rec *main_server;
bool daemon_has_ipv6 = true;

static conn_t connection;
static char client_ip[64], client_name[64];

void daemon_client(const char *ip, const char *name) {
  snprintf(client_ip, sizeof(client_ip), "%s", ip);
  snprintf(client_name, sizeof(client_name), "%s", name);
  connection.remote_addr = (const pr_netaddr_t *) &connection;
  connection.local_addr = (const pr_netaddr_t *) client_ip;
  connection.remote_name = client_name;
  session.c = &connection;
}

/* There is only one address: the client's. */
const char *pr_netaddr_get_ipstr(const pr_netaddr_t *addr) {
  return addr == connection.remote_addr ? client_ip :
    addr == connection.local_addr ? DAEMON_IP : NULL;
}

unsigned char pr_netaddr_use_ipv6(void) {
  return daemon_has_ipv6 ? TRUE : FALSE;
}

/* An address, or a network with its number of bits after a slash. */
struct pr_netacl_t {
  int family;
  unsigned char net[16];
  unsigned int bits;
};

pr_netacl_t *pr_netacl_create(pool *p, char *text) {
  pr_netacl_t *acl = pcalloc(p, sizeof(*acl));
  char *addr = pstrdup(p, text), *slash = strchr(addr, '/'), *end = "";
  unsigned int max;

  acl->family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
  if (acl->family == AF_INET6 && !daemon_has_ipv6) {
    return NULL;
  }

  max = acl->bits = acl->family == AF_INET ? 32 : 128;
  if (slash != NULL) {
    *slash = '\0';
    acl->bits = (unsigned int) strtoul(slash + 1, &end, 10);
  }

  return inet_pton(acl->family, addr, acl->net) == 1 && *end == '\0' &&
    acl->bits <= max ? acl : NULL;
}

int pr_netacl_match(const pr_netacl_t *acl, const pr_netaddr_t *addr) {
  unsigned char is[16];
  unsigned int i;

  if (inet_pton(acl->family, pr_netaddr_get_ipstr(addr), is) != 1) {
    return 0;
  }

  for (i = 0; i < acl->bits; i++) {
    if (((is[i / 8] ^ acl->net[i / 8]) >> (7 - i % 8) & 1) != 0) {
      return 0;
    }
  }

  return 1;
}

int pr_fnmatch(const char *pattern, const char *text, int flags) {
  return fnmatch(pattern, text, (flags & PR_FNM_CASEFOLD) != 0 ? FNM_CASEFOLD :
    0);
}

unsigned int daemon_messages;
char daemon_message[512];
int daemon_priority;

void pr_log_pri(int prio, const char *fmt, ...) {
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(daemon_message, sizeof(daemon_message), fmt, ap);
  va_end(ap);
  daemon_priority = prio;
  daemon_messages++;
}

int pr_snprintf(char *to, size_t n, const char *fmt, ...) {
  va_list ap;
  int res;

  va_start(ap, fmt);
  res = vsnprintf(to, n, fmt, ap);
  va_end(ap);
  return res;
}

int sstrncpy(char *to, const char *from, size_t n) {
  return snprintf(to, n, "%s", from);
}
