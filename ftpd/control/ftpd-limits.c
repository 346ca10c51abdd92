/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limits.c -- limits of the daemon that each virtual host has: the table,
 * and what the scoreboard says.
 */

#include "ftpd-conf.h"
#include "ftpd-limits.h"

#include <fcntl.h>

/* The host's list of virtual hosts (none of its headers declares it). */
extern xaset_t *server_list;

#define SESSIONS_MAX 10000

/* One session of a virtual host. */
struct score {
  const char *user, *client, *class, *cmd;      /* user NULL: not logged in */
};

/* The words of a limit, and what it counts: sessions that have the same key,
 * which is NULL for those that do not count; or different ones of them.
 */
struct kind {
  const char *directive;
  unsigned int value;           /* the argument with the maximum */
  const char *(*key)(pool *p, const struct score *s, const config_rec *c);
  bool distinct;                /* a key is "owner\nthing": different things of
                                 * one owner count */
  const char *(*what)(pool *p, const config_rec *c);    /* or NULL */
};

static bool is_listed(const config_rec *c, const char *name) {
  char **list = c->argv[0];

  while (list != NULL && *list != NULL && strcasecmp(*list, name) != 0) {
    list++;
  }

  return list != NULL && *list != NULL;
}

static const char *any_session(pool *p SFTP_UNUSED,
    const struct score *s SFTP_UNUSED, const config_rec *c SFTP_UNUSED) {
  return "";
}

static const char *same_class(pool *p SFTP_UNUSED, const struct score *s,
    const config_rec *c) {
  return strcmp(s->class, c->argv[0]) == 0 ? "" : NULL;
}

static const char *same_client(pool *p SFTP_UNUSED, const struct score *s,
    const config_rec *c SFTP_UNUSED) {
  return s->client;
}

static const char *same_user(pool *p SFTP_UNUSED, const struct score *s,
    const config_rec *c SFTP_UNUSED) {
  return s->user;
}

static const char *hosts_of_user(pool *p, const struct score *s,
    const config_rec *c SFTP_UNUSED) {
  return s->user != NULL ? pstrcat(p, s->user, "\n", s->client, NULL) : NULL;
}

static const char *transfer_of_client(pool *p SFTP_UNUSED,
    const struct score *s, const config_rec *c) {
  return is_listed(c, s->cmd) ? s->client : NULL;
}

static const char *transfer_of_user(pool *p SFTP_UNUSED, const struct score *s,
    const config_rec *c) {
  return is_listed(c, s->cmd) ? s->user : NULL;
}

static const char *class_of(pool *p SFTP_UNUSED, const config_rec *c) {
  return c->argv[0];
}

static const char *commands_of(pool *p, const config_rec *c) {
  char **list = c->argv[0];
  const char *res = "";

  for (; list != NULL && *list != NULL; list++) {
    res = pstrcat(p, res, *res != '\0' ? "," : "", *list, NULL);
  }

  return res;
}

static const struct kind kinds[] = {
  { "MaxClients", 0, any_session, false, NULL },
  { "MaxClientsPerClass", 1, same_class, false, class_of },
  { "MaxClientsPerHost", 0, same_client, false, NULL },
  { "MaxClientsPerUser", 0, same_user, false, NULL },
  { "MaxConnectionsPerHost", 0, same_client, false, NULL },
  { "MaxHostsPerUser", 0, hosts_of_user, true, NULL },
  { "MaxTransfersPerHost", 1, transfer_of_client, false, commands_of },
  { "MaxTransfersPerUser", 1, transfer_of_user, false, commands_of }
};

/* ---- Counting */

static int compare(const void *a, const void *b) {
  return strcmp(*((const char *const *) a), *((const char *const *) b));
}

/* Whether two keys have the same owner. */
static bool same_owner(const char *a, const char *b) {
  size_t len = strcspn(a, "\n");

  return strcspn(b, "\n") == len && strncmp(a, b, len) == 0;
}

/* The largest number of equal keys, or of different ones of one owner; keys are
 * sorted.
 */
static unsigned int count_most(const char *const *keys, unsigned int n,
    bool distinct) {
  unsigned int i, most = 0, count = 0;

  for (i = 0; i < n; i++) {
    bool again = i > 0 && strcmp(keys[i], keys[i - 1]) == 0;
    bool goes_on = i > 0 && same_owner(keys[i], keys[i - 1]);

    count = goes_on ? count + (distinct && again ? 0 : 1) : 1;
    most = count > most ? count : most;
  }

  return most;
}

static unsigned int count(pool *p, const array_header *scores,
    const struct kind *k, const config_rec *c) {
  const char **keys = pcalloc(p, (scores->nelts + 1) * sizeof(keys[0]));
  unsigned int i, n = 0;

  for (i = 0; i < scores->nelts; i++) {
    const char *key = k->key(p, &((const struct score *) scores->elts)[i], c);

    if (key != NULL) {
      keys[n++] = key;
    }
  }

  qsort(keys, n, sizeof(keys[0]), compare);
  return count_most(keys, n, k->distinct);
}

/* The daemon itself has closed it. */
static int open_scoreboard(void) {
  int res;

  PRIVS_ROOT
  res = pr_open_scoreboard(O_RDWR);
  PRIVS_RELINQUISH
  if (res < 0) {
    return -1;
  }

  res = pr_rewind_scoreboard();
  if (res < 0) {
    (void) pr_close_scoreboard(FALSE);
  }

  return res;
}

/* NULL: the scoreboard cannot be read. */
static array_header *read_scores(pool *p, const char *server) {
  array_header *scores = make_array(p, 64, sizeof(struct score));
  pr_scoreboard_entry_t *one;

  if (open_scoreboard() < 0) {
    return NULL;
  }

  while (scores->nelts < SESSIONS_MAX &&
      (one = pr_scoreboard_entry_read()) != NULL) {
    struct score *s;

    if (strcmp(one->sce_server_addr, server) != 0) {
      continue;
    }

    s = push_array(scores);
    s->user = *one->sce_user != '\0' && strcmp(one->sce_user, "(none)") != 0 ?
      pstrdup(p, one->sce_user) : NULL;
    s->client = pstrdup(p, one->sce_client_addr);
    s->class = pstrdup(p, one->sce_class);
    s->cmd = pstrdup(p, one->sce_cmd);
  }

  (void) pr_restore_scoreboard();
  (void) pr_close_scoreboard(FALSE);
  return scores;
}

/* ---- All of them */

static bool is_told(const array_header *uses, const char *limit,
    const char *server) {
  const struct limit_use *u = uses->elts;
  unsigned int i;

  for (i = 0; i < uses->nelts; i++) {
    if (strcmp(u[i].limit, limit) == 0 && strcmp(u[i].server, server) == 0) {
      return true;
    }
  }

  return false;
}

static void add_kind(pool *p, array_header *uses, server_rec *s,
    const struct kind *k, const char *server, const array_header *scores) {
  config_rec *c = find_config(s->conf, CONF_PARAM, k->directive, FALSE);

  for (; c != NULL; c = find_config_next(c, c->next, CONF_PARAM, k->directive,
      FALSE)) {
    const unsigned int *max = c->argc > k->value ? c->argv[k->value] : NULL;
    const char *limit = k->what != NULL && max != NULL ?
      pstrcat(p, k->directive, " ", k->what(p, c), NULL) : k->directive;
    struct limit_use *u;

    if (max == NULL || *max == 0 || *max == UINT_MAX ||
        is_told(uses, limit, server)) {
      continue;
    }

    u = push_array(uses);
    u->limit = limit;
    u->server = server;
    u->max = *max;
    u->now = count(p, scores, k, c);
  }
}

static bool has_limits(server_rec *s) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(kinds); i++) {
    if (find_config(s->conf, CONF_PARAM, kinds[i].directive, FALSE) != NULL) {
      return true;
    }
  }

  return false;
}

array_header *ftpd_limits(pool *p) {
  array_header *uses = make_array(p, 8, sizeof(struct limit_use));
  server_rec *s;
  size_t i;

  for (s = (server_rec *) server_list->xas_list; s != NULL; s = s->next) {
    array_header *scores;
    char server[128];

    if (!ftpd_conf_engine(s) || s->addr == NULL || !has_limits(s)) {
      continue;
    }

    snprintf(server, sizeof(server), "%s:%u", pr_netaddr_get_ipstr(s->addr),
      s->ServerPort);
    scores = read_scores(p, server);
    for (i = 0; scores != NULL && i < SFTP_NELEMS(kinds); i++) {
      add_kind(p, uses, s, &kinds[i], pstrdup(p, server), scores);
    }
  }

  return uses;
}
