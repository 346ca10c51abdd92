/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pool.c -- the host's pools in a cell, where there is no host: the part of
 * their API that the transport uses, over malloc.
 *
 * As in the host, clean-ups run before sub-pools are destroyed and in reverse
 * order of registration.
 */

#include "base.h"

#include <unistd.h>

/* One allocation; its bytes follow. */
struct block {
  struct block *next;
  _Alignas(16) unsigned char bytes[];
};

struct cleanup {
  struct cleanup *next;
  void *data;
  void (*run)(void *);
};

struct pool_rec {
  struct pool_rec *parent, *first_child, *prev, *next;
  struct cleanup *cleanups;
  struct block *blocks;
};

static void *must_alloc(size_t n) {
  void *p = n < SIZE_MAX / 2 ? malloc(n) : NULL;

  if (p == NULL) {
    _exit(1);
  }

  return p;
}

pool *make_sub_pool(pool *parent) {
  pool *p = must_alloc(sizeof(*p));

  memset(p, 0, sizeof(*p));
  p->parent = parent;
  if (parent != NULL) {
    p->next = parent->first_child;
    if (p->next != NULL) {
      p->next->prev = p;
    }

    parent->first_child = p;
  }

  return p;
}

static void unlink_pool(pool *p) {
  if (p->parent != NULL && p->parent->first_child == p) {
    p->parent->first_child = p->next;
  }

  if (p->prev != NULL) {
    p->prev->next = p->next;
  }

  if (p->next != NULL) {
    p->next->prev = p->prev;
  }
}

/* Depth is bounded: pools are made by code, not by what arrives. */
void destroy_pool(pool *p) {
  struct cleanup *c;
  struct block *b;

  if (p == NULL) {
    return;
  }

  unlink_pool(p);
  while ((c = p->cleanups) != NULL) {
    p->cleanups = c->next;
    c->run(c->data);
    free(c);
  }

  while (p->first_child != NULL) {
    destroy_pool(p->first_child);
  }

  while ((b = p->blocks) != NULL) {
    p->blocks = b->next;
    free(b);
  }

  free(p);
}

void pr_pool_tag(pool *p SFTP_UNUSED, const char *tag SFTP_UNUSED) {
}

void register_cleanup2(pool *p, void *data, void (*run)(void *)) {
  struct cleanup *c = must_alloc(sizeof(*c));

  c->data = data;
  c->run = run;
  c->next = p->cleanups;
  p->cleanups = c;
}

void *palloc(pool *p, size_t n) {
  struct block *b = must_alloc(n < SIZE_MAX / 2 ? sizeof(*b) + n : n);

  b->next = p->blocks;
  p->blocks = b;
  return b->bytes;
}

void *pcalloc(pool *p, size_t n) {
  return memset(palloc(p, n), 0, n);
}

char *pstrndup(pool *p, const char *s, size_t n) {
  char *copy;

  n = strnlen(s, n);
  copy = palloc(p, n + 1);
  memcpy(copy, s, n);
  copy[n] = '\0';
  return copy;
}

char *pstrdup(pool *p, const char *s) {
  return pstrndup(p, s, strlen(s));
}

char *pstrcat(pool *p, ...) {
  size_t len = 0;
  const char *s;
  char *text, *at;
  va_list ap;

  va_start(ap, p);
  while ((s = va_arg(ap, const char *)) != NULL) {
    len += strlen(s);
  }

  va_end(ap);
  at = text = palloc(p, len + 1);
  va_start(ap, p);
  while ((s = va_arg(ap, const char *)) != NULL) {
    at = stpcpy(at, s);
  }

  va_end(ap);
  *at = '\0';
  return text;
}
