/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* command.c -- the daemon's commands, their notes, and its responses. */

#include "daemon.h"

#include <stdarg.h>

pr_response_t *resp_list, *resp_err_list;

static pool *response_pool;

/* ---- Tables: a list will do */

struct note {
  struct note *next;
  const char *name;
  const void *value;
};

struct table_rec {
  pool *pool;
  struct note *first;
};

pr_table_t *pr_table_alloc(pool *p, int flags) {
  pr_table_t *t = pcalloc(p, sizeof(*t));

  (void) flags;
  t->pool = p;
  return t;
}

static struct note **find(pr_table_t *t, const char *name) {
  struct note **at = &t->first;

  while (*at != NULL && strcmp((*at)->name, name) != 0) {
    at = &(*at)->next;
  }

  return at;
}

int pr_table_add(pr_table_t *t, const char *name, const void *value,
    size_t len) {
  struct note **at = find(t, name), *new;

  (void) len;
  if (*at != NULL) {
    errno = EEXIST;
    return -1;
  }

  new = pcalloc(t->pool, sizeof(*new));
  new->name = name;
  new->value = value;
  *at = new;
  return 0;
}

int pr_table_add_dup(pr_table_t *t, const char *name, const void *value,
    size_t len) {
  return pr_table_add(t, pstrdup(t->pool, name), len == 0 ?
    pstrdup(t->pool, value) : memcpy(palloc(t->pool, len), value, len), len);
}

const void *pr_table_get(pr_table_t *t, const char *name, size_t *len) {
  struct note *note = *find(t, name);

  (void) len;
  return note != NULL ? note->value : NULL;
}

const void *pr_table_remove(pr_table_t *t, const char *name, size_t *len) {
  struct note **at = find(t, name), *old = *at;

  (void) len;
  if (old == NULL) {
    return NULL;
  }

  *at = old->next;
  return old->value;
}

/* ---- Commands */

cmd_rec *pr_cmd_alloc(pool *p, unsigned int argc, ...) {
  cmd_rec *cmd = pcalloc(p, sizeof(*cmd));
  unsigned int i;
  va_list ap;

  cmd->pool = cmd->tmp_pool = p;
  cmd->argc = argc;
  cmd->argv = pcalloc(p, (argc + 1) * sizeof(void *));
  cmd->notes = pr_table_alloc(p, 0);
  va_start(ap, argc);
  for (i = 0; i < argc; i++) {
    cmd->argv[i] = va_arg(ap, void *);
  }

  va_end(ap);
  return cmd;
}

/* ---- Responses */

pool *pr_response_get_pool(void) {
  return response_pool;
}

void pr_response_set_pool(pool *p) {
  response_pool = p;
}

void daemon_respond(const char *text) {
  pr_response_t *r = pcalloc(response_pool, sizeof(*r)), **at = &resp_list;

  r->msg = pstrdup(response_pool, text);
  while (*at != NULL) {
    at = &(*at)->next;
  }

  *at = r;
}
