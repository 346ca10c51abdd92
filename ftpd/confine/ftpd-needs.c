/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-needs.c -- what other modules need of a session after the login, found
 * out from what is loaded and configured.
 */

#include "ftpd-needs.h"
#include "ftpd-system-needs.h"

/* The daemon's list of loaded modules (none of its headers declares it). */
extern module *loaded_modules;

#define EVERYTHING (NEED_PROGRAMS|NEED_SOCKETS|NEED_SIGNALS)

struct need {
  const char *module;           /* without "mod_" */
  const char *directive;        /* only if this one is set; or NULL */
  unsigned int bits;
};

static const struct need table[] = {
  { "clamav", "ClamServer", NEED_SOCKETS },
  { "exec", "ExecEngine", NEED_PROGRAMS },
  { "kafka", "KafkaEngine", NEED_SOCKETS },
  { "ldap", NULL, NEED_SOCKETS },
  { "memcache", "MemcacheEngine", NEED_SOCKETS },
  { "proxy", "ProxyEngine", NEED_SOCKETS },
  { "radius", "RadiusEngine", NEED_SOCKETS },
  { "redis", "RedisEngine", NEED_SOCKETS },
  { "shaper", "ShaperEngine", NEED_SIGNALS },
  { "sql_mysql", "SQLConnectInfo", NEED_SOCKETS },
  { "sql_mysql", "SQLNamedConnectInfo", NEED_SOCKETS },
  { "sql_odbc", "SQLConnectInfo", NEED_SOCKETS },
  { "sql_odbc", "SQLNamedConnectInfo", NEED_SOCKETS },
  { "sql_postgres", "SQLConnectInfo", NEED_SOCKETS },
  { "sql_postgres", "SQLNamedConnectInfo", NEED_SOCKETS },
  { "statsd", "StatsdEngine", NEED_SOCKETS }
};

/* Modules that need nothing after the login: files, the daemon's own memory,
 * sockets of this machine.
 */
static const char *const modest[] = {
  "auth", "auth_file", "auth_otp", "auth_pam", "auth_unix", "autohost", "ban",
  "cap", "case", "copy", "core", "counter", "ctrls", "ctrls_admin", "deflate",
  "delay", "digest", "dnsbl", "dso", "dynmasq", "facl", "facts", "fsync",
  "geoip", "geoip2", "ident", "ifsession", "ifversion", "lang", "load", "log",
  "log_forensic", "ls", "msg", "qos", "quotatab", "quotatab_file",
  "quotatab_ldap", "quotatab_radius", "quotatab_sql", "ratio", "readme",
  "rewrite", "rlimit", "sftp", "sftp_ldap", "sftp_pam", "sftp_sql", "site",
  "site_misc", "snmp", "sql", "sql_passwd", "sql_sqlite", "statcache", "tar",
  "tls", "tls_fscache", "tls_memcache", "tls_redis", "tls_shmcache",
  "unique_id", "vroot", "wrap", "wrap2", "wrap2_file", "wrap2_redis",
  "wrap2_sql", "xfer"
};

static bool is_modest(const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(modest); i++) {
    if (strcmp(modest[i], name) == 0) {
      return true;
    }
  }

  return false;
}

/* Whether a directive is set; one that turns an engine on also has to. */
static bool is_set(server_rec *s, const char *directive) {
  config_rec *c = find_config(s->conf, CONF_PARAM, directive, TRUE);
  size_t len = strlen(directive);

  if (c == NULL || len < 6 || strcmp(directive + len - 6, "Engine") != 0 ||
      c->argc < 1 || c->argv[0] == NULL) {
    return c != NULL;
  }

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  /* An int or a char, module by module. */
  return *((const unsigned char *) c->argv[0]) != 0;
#else
  return true;
#endif
}

static const char *add_name(pool *p, const char *list, const char *name) {
  return list == NULL ? pstrdup(p, name) : pstrcat(p, list, ", ", name, NULL);
}

static void add_need(pool *p, struct ftpd_needs *needs, const char *name,
    unsigned int bits) {
  needs->bits |= bits;
  if ((bits & NEED_PROGRAMS) != 0) {
    needs->programs = add_name(p, needs->programs, name);
  }

  if ((bits & NEED_SOCKETS) != 0) {
    needs->sockets = add_name(p, needs->sockets, name);
  }

  if ((bits & NEED_SIGNALS) != 0) {
    needs->signals = add_name(p, needs->signals, name);
  }
}

/* ---- The system */

static bool service_runs(server_rec *s, const char *directive,
    const char *usual) {
  const char *name = get_param_ptr(s->conf, directive, FALSE);

  return ftpd_pam_runs_programs("/etc/pam.d", name != NULL ? name : usual);
}

static void add_system(pool *p, server_rec *s, struct ftpd_needs *needs) {
  if ((pr_module_exists("mod_auth_pam.c") &&
        service_runs(s, "AuthPAMConfig", "proftpd")) ||
      (pr_module_exists("mod_sftp_pam.c") &&
        service_runs(s, "SFTPPAMServiceName", "sshd"))) {
    add_need(p, needs, "PAM", NEED_PROGRAMS);
  }

  if (ftpd_nss_connects("/etc/nsswitch.conf")) {
    add_need(p, needs, "nsswitch.conf", NEED_SOCKETS);
  }
}

void ftpd_needs_find(pool *p, server_rec *s, struct ftpd_needs *needs) {
  const module *m;

  memset(needs, 0, sizeof(*needs));
  for (m = loaded_modules; m != NULL; m = m->next) {
    const char *name = pstrcat(p, "mod_", m->name, NULL);
    bool known = is_modest(m->name);
    unsigned int bits = 0;
    size_t i;

    for (i = 0; i < SFTP_NELEMS(table); i++) {
      if (strcmp(table[i].module, m->name) == 0) {
        known = true;
        bits |= table[i].directive == NULL || is_set(s, table[i].directive) ?
          table[i].bits : 0;
      }
    }

    if (!known) {
      bits = EVERYTHING;
      needs->unknown = add_name(p, needs->unknown, name);
    }

    add_need(p, needs, name, bits);
  }

  add_system(p, s, needs);
}
