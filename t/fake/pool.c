/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* pool.c -- the host's pools for tests: the part of its API that the core uses,
 * over malloc.  Every allocation is a separate block of exactly the requested
 * size, so that sanitizers and valgrind see each overread.
 *
 * As in the host, palloc(p, 0) and palloc(NULL, n) are NULL, clean-ups run
 * before sub-pools are destroyed and in reverse order of registration.
 */

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-pool.h"
#include "str.h"

struct fake_cleanup {
  struct fake_cleanup *next;
  void *data;
  void (*run)(void *);
};

struct pool_rec {
  struct pool_rec *parent, *first_child, *prev, *next;
  struct fake_cleanup *cleanups;
  void **blocks;
  size_t nblocks, size;
  size_t bytes;                 /* asked for */
  const char *tag;
};

pool *permanent_pool = NULL;

static void *must_alloc(void *p, size_t n) {
  p = p != NULL ? realloc(p, n) : malloc(n);
  if (p == NULL) {
    fprintf(stderr, "fake pool: out of memory (%zu bytes)\n", n);
    abort();
  }

  return p;
}

__attribute__((constructor)) static void at_start(void) {
  /* Fresh memory is never zero by luck; sanitizers do the same on their own. */
  mallopt(M_PERTURB, 0xa5);
  init_pools();
}

__attribute__((destructor)) static void at_end(void) {
  free_pools();
}

/* ---- Pools */

void init_pools(void) {
  if (permanent_pool == NULL) {
    permanent_pool = make_sub_pool(NULL);
    pr_pool_tag(permanent_pool, "permanent_pool");
  }
}

void free_pools(void) {
  destroy_pool(permanent_pool);
  permanent_pool = NULL;
}

pool *make_sub_pool(pool *parent) {
  pool *p = must_alloc(NULL, sizeof(*p));

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

pool *pr_pool_create_sz(pool *parent, size_t sz) {
  (void) sz;
  return make_sub_pool(parent);
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

void destroy_pool(pool *p) {
  size_t i;

  if (p == NULL) {
    return;
  }

  unlink_pool(p);
  while (p->cleanups != NULL) {
    struct fake_cleanup *c = p->cleanups;

    p->cleanups = c->next;
    c->run(c->data);
    free(c);
  }

  while (p->first_child != NULL) {
    destroy_pool(p->first_child);
  }

  for (i = 0; i < p->nblocks; i++) {
    free(p->blocks[i]);
  }

  free(p->blocks);
  free(p);
}

void pr_pool_tag(pool *p, const char *tag) {
  if (p != NULL && tag != NULL) {
    p->tag = tag;
  }
}

const char *pr_pool_get_tag(pool *p) {
  return p != NULL ? p->tag : NULL;
}

size_t fake_pool_bytes(const pool *p) {
  const struct fake_cleanup *c;
  size_t n = sizeof(*p) + p->bytes;
  const pool *child;

  for (c = p->cleanups; c != NULL; c = c->next) {
    n += sizeof(*c);
  }

  for (child = p->first_child; child != NULL; child = child->next) {
    n += fake_pool_bytes(child);
  }

  return n;
}

/* ---- Memory */

void *palloc(pool *p, size_t n) {
  void *block;

  if (p == NULL || n == 0) {
    errno = EINVAL;
    return NULL;
  }

  if (p->nblocks == p->size) {
    p->size = p->size > 0 ? p->size * 2 : 8;
    p->blocks = must_alloc(p->blocks, p->size * sizeof(p->blocks[0]));
  }

  block = must_alloc(NULL, n);
  p->blocks[p->nblocks++] = block;
  p->bytes += n;
  return block;
}

void *pallocsz(pool *p, size_t n) {
  return palloc(p, n);
}

void *pcalloc(pool *p, size_t n) {
  void *block = palloc(p, n);

  if (block != NULL) {
    memset(block, 0, n);
  }

  return block;
}

void *pcallocsz(pool *p, size_t n) {
  return pcalloc(p, n);
}

/* ---- Clean-ups */

void register_cleanup2(pool *p, void *data, void (*run)(void *)) {
  struct fake_cleanup *c;

  if (p == NULL) {
    errno = EINVAL;
    return;
  }

  c = must_alloc(NULL, sizeof(*c));
  c->data = data;
  c->run = run;
  c->next = p->cleanups;
  p->cleanups = c;
}

void register_cleanup(pool *p, void *data, void (*run)(void *),
    void (*child)(void *)) {
  (void) child;
  register_cleanup2(p, data, run);
}

void unregister_cleanup(pool *p, void *data, void (*run)(void *)) {
  struct fake_cleanup **c;

  if (p == NULL) {
    return;
  }

  for (c = &p->cleanups; *c != NULL; c = &(*c)->next) {
    if ((*c)->data == data && (run == NULL || (*c)->run == run)) {
      struct fake_cleanup *gone = *c;

      *c = gone->next;
      free(gone);
      return;
    }
  }
}

void pr_alarms_block(void) {
}

void pr_alarms_unblock(void) {
}

/* ---- Arrays */

array_header *make_array(pool *p, unsigned int nalloc, size_t elt_size) {
  array_header *a;

  if (p == NULL || elt_size == 0) {
    errno = EINVAL;
    return NULL;
  }

  a = pcalloc(p, sizeof(*a));
  a->pool = p;
  a->elt_size = elt_size;
  a->nalloc = nalloc > 0 ? nalloc : 1;
  a->elts = pcalloc(p, a->nalloc * elt_size);
  return a;
}

void clear_array(array_header *a) {
  if (a != NULL) {
    a->elts = pcalloc(a->pool, a->nalloc * a->elt_size);
    a->nelts = 0;
  }
}

void *push_array(array_header *a) {
  if (a == NULL) {
    errno = EINVAL;
    return NULL;
  }

  if (a->nelts == a->nalloc) {
    void *bigger = pcalloc(a->pool, 2 * a->nalloc * a->elt_size);

    memcpy(bigger, a->elts, a->nelts * a->elt_size);
    a->elts = bigger;
    a->nalloc *= 2;
  }

  return (char *) a->elts + a->nelts++ * a->elt_size;
}

int array_cat2(array_header *dst, const array_header *src) {
  unsigned int i;

  if (dst == NULL || src == NULL || dst->elt_size != src->elt_size) {
    errno = EINVAL;
    return -1;
  }

  for (i = 0; i < src->nelts; i++) {
    memcpy(push_array(dst), (const char *) src->elts + i * src->elt_size,
      src->elt_size);
  }

  return 0;
}

void array_cat(array_header *dst, const array_header *src) {
  (void) array_cat2(dst, src);
}

array_header *copy_array(pool *p, const array_header *a) {
  array_header *copy;

  if (p == NULL || a == NULL) {
    errno = EINVAL;
    return NULL;
  }

  copy = make_array(p, a->nalloc, a->elt_size);
  array_cat(copy, a);
  return copy;
}

/* ---- Text */

char *pstrndup(pool *p, const char *s, size_t n) {
  char *copy;

  if (p == NULL || s == NULL) {
    errno = EINVAL;
    return NULL;
  }

  n = strnlen(s, n);
  copy = palloc(p, n + 1);
  memcpy(copy, s, n);
  copy[n] = '\0';
  return copy;
}

char *pstrdup(pool *p, const char *s) {
  return pstrndup(p, s, SIZE_MAX);
}

/* All arguments up to NULL in one new string, sep between them. */
static char *concat(pool *p, const char *sep, va_list ap) {
  va_list again;
  const char *s;
  char *text;
  size_t len = 0;

  va_copy(again, ap);
  while ((s = va_arg(again, const char *)) != NULL) {
    len += strlen(s) + strlen(sep);
  }

  va_end(again);
  text = palloc(p, len + 1);
  if (text == NULL) {
    return NULL;
  }

  text[0] = '\0';
  while ((s = va_arg(ap, const char *)) != NULL) {
    size_t have = strlen(text);

    if (have > 0 && sep[0] != '\0' && text[have - 1] != sep[0]) {
      strcat(text, sep);
    }

    strcat(text, have > 0 && sep[0] != '\0' && s[0] == sep[0] ? s + 1 : s);
  }

  return text;
}

char *pstrcat(pool *p, ...) {
  va_list ap;
  char *text;

  va_start(ap, p);
  text = concat(p, "", ap);
  va_end(ap);
  return text;
}

char *pdircat(pool *p, ...) {
  va_list ap;
  char *text;

  va_start(ap, p);
  text = concat(p, "/", ap);
  va_end(ap);
  return text;
}
