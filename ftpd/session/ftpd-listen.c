/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-listen.c -- which modules react to a command.
 *
 * In doubt they do.  Only these do not count: modules whose directive is known
 * and is not used anywhere in the configuration, and mod_log if no ExtendedLog
 * includes the command's class.
 */

#include "ftpd-cmd.h"
#include "ftpd-listen.h"

#include <jot.h>

/* Modules that handle every command (C_ANY), and the directives without which
 * their handlers do nothing.
 */
static const struct {
  const char *module;
  const char *directives[3];
} switches[] = {
  { "ban", { "BanEngine" } },
  { "core", { "MaxCommandRate" } },     /* and filters, which are checked each
                                         * time */
  { "deflate", { "DeflateEngine" } },
  { "exec", { "ExecEngine" } },
  { "kafka", { "KafkaEngine" } },
  { "msg", { "MessageEngine" } },
  { "proxy", { "ProxyEngine" } },
  { "quotatab", { "QuotaEngine" } },
  { "radius", { "RadiusEngine" } },
  { "ratio", { "Ratios" } },
  { "redis", { "RedisEngine", "RedisLogOnCommand", "RedisLogOnEvent" } },
  { "rewrite", { "RewriteEngine" } },
  { "shaper", { "ShaperEngine" } },
  { "snmp", { "SNMPEngine" } },
  { "statcache", { "StatCacheEngine" } },
  { "statsd", { "StatsdEngine" } },
  { "tls", { "TLSEngine" } },
  { "wrap2", { "WrapEngine" } },
};

/* Maximum number of classes of one command. */
#define NCLASSES 4

struct ftpd_listeners {
  signed char idle[SFTP_NELEMS(switches)];      /* -1: not known yet */
  struct {
    int cls;
    bool wanted;
  } logged[NCLASSES];
  unsigned int nlogged;
};

static struct ftpd_listeners *cache_of(struct ftpd *h) {
  if (h->listeners == NULL) {
    h->listeners = pcalloc(h->pool, sizeof(*h->listeners));
    memset(h->listeners->idle, -1, sizeof(h->listeners->idle));
  }

  return h->listeners;
}

static bool is_configured(const char *directive) {
  return find_config(main_server->conf, CONF_PARAM, directive, TRUE) != NULL;
}

/* ---- mod_log */

static int resolve_nothing(pool *p, pr_jot_ctx_t *ctx, unsigned char id,
    const char *hint, const void *value) {
  (void) p;
  (void) ctx;
  (void) id;
  (void) hint;
  (void) value;
  return 0;
}

/* Lets the daemon itself evaluate the classes of a log: for other classes, an
 * empty format resolves to nothing.
 */
static bool compute_logged(struct ftpd *h, const char *name, int cls) {
  pool *p = make_sub_pool(h->pool);
  cmd_rec *cmd = ftpd_cmd(p, name, NULL, cls, false);
  config_rec *c = find_config(main_server->conf, CONF_PARAM, "ExtendedLog",
    TRUE);
  unsigned char format[] = "";
  pr_jot_ctx_t ctx = { NULL, NULL };
  bool wanted = false;

  pr_pool_tag(p, "SFTP log classes");
  while (c != NULL && !wanted) {
    wanted = pr_jot_resolve_logfmt(p, cmd, c->argv[1], format, &ctx,
      resolve_nothing, NULL, NULL) == 0 || errno != EPERM;
    c = find_config_next(c, c->next, CONF_PARAM, "ExtendedLog", TRUE);
  }

  destroy_pool(p);
  return wanted;
}

static bool is_logged(struct ftpd *h, const char *name, int cls) {
  struct ftpd_listeners *s = cache_of(h);
  unsigned int i;

  for (i = 0; i < s->nlogged; i++) {
    if (s->logged[i].cls == cls) {
      return s->logged[i].wanted;
    }
  }

  i = s->nlogged < NCLASSES ? s->nlogged++ : 0;
  s->logged[i].cls = cls;
  s->logged[i].wanted = compute_logged(h, name, cls);
  return s->logged[i].wanted;
}

/* ---- All modules */

static bool is_switched_off(struct ftpd_listeners *s, unsigned int i) {
  unsigned int j;

  if (s->idle[i] < 0) {
    s->idle[i] = 1;
    for (j = 0; j < SFTP_NELEMS(switches[i].directives) &&
         switches[i].directives[j] != NULL; j++) {
      if (is_configured(switches[i].directives[j])) {
        s->idle[i] = 0;
      }
    }
  }

  return s->idle[i] == 1;
}

/* Whether the module's handlers of all commands have nothing to do. */
static bool is_idle(struct ftpd *h, const module *m, const char *name,
    int cls) {
  unsigned int i;

  if (strcmp(m->name, "log") == 0) {
    return !is_logged(h, name, cls);
  }

  for (i = 0; i < SFTP_NELEMS(switches); i++) {
    if (strcmp(m->name, switches[i].module) == 0) {
      return is_switched_off(cache_of(h), i);
    }
  }

  return false;
}

/* What is listened to. */
struct listening {
  const char *name;
  int cls, phase;
};

/* The module of handler number *nth of those that react, or NULL. */
static const module *find_listener(struct ftpd *h, const struct listening *l,
    unsigned int *nth) {
  const char *const symbols[] = { l->name, C_ANY };
  unsigned int i, n = 0;

  for (i = 0; i < SFTP_NELEMS(symbols); i++) {
    int idx = -1;
    unsigned int hash = 0;
    cmdtable *c = pr_stash_get_symbol2(PR_SYM_CMD, symbols[i], NULL, &idx,
      &hash);

    while (c != NULL) {
      if (c->cmd_type == l->phase && (i == 0 || !is_idle(h, c->m, l->name,
          l->cls)) && n++ == *nth) {
        (*nth)++;
        return c->m;
      }

      c = pr_stash_get_symbol2(PR_SYM_CMD, symbols[i], c, &idx, &hash);
    }
  }

  return NULL;
}

bool ftpd_listens(struct ftpd *h, const char *name, int cls, int phase) {
  const struct listening l = { name, cls, phase };
  unsigned int nth = 0;

  return find_listener(h, &l, &nth) != NULL;
}

/* Whether the word is among them, before ", " or the end. */
static bool is_listed(const char *list, const char *word) {
  size_t len = strlen(word);
  const char *at = list;

  while ((at = strstr(at, word)) != NULL) {
    if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ',')) {
      return true;
    }

    at += len;
  }

  return false;
}

const char *ftpd_listeners(struct ftpd *h, pool *p, const char *name, int cls,
    int phase, const char *list) {
  const struct listening l = { name, cls, phase };
  const module *m;
  unsigned int nth = 0;

  while ((m = find_listener(h, &l, &nth)) != NULL) {
    const char *word = pstrcat(p, "mod_", m->name, NULL);

    if (!is_listed(list, word)) {
      list = pstrcat(p, list, *list != '\0' ? ", " : "", word, NULL);
    }
  }

  return list;
}
