/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-kept.c -- data that the daemon keeps over reloads: the last valid files
 * of host keys and certificates, and passphrases.
 *
 * At a reload the host loads its modules again, with new variables.  The memory
 * remains in place; the environment says where it is.
 */

#include "ftpd-kept.h"

#include <sys/mman.h>
#include <stdlib.h>

#define KEPT_ENV "MOD_SFTP_KEPT"

/* Another build of this module may find the memory: the layout has a number. */
#define LAYOUT 1U

struct chunk {
  unsigned int layout;
  size_t size;                  /* of the mapping that begins here */
  struct chunk *next;
  bool used;                    /* since it was opened */
  struct ftpd_kept kept;        /* points to what follows */
  char bytes[];
};

static struct chunk *first;

/* The environment from an earlier start of this process; NULL if there was
 * none.
 */
static bool read_place(struct chunk **at) {
  const char *text = getenv(KEPT_ENV);
  unsigned int layout = 0;
  void *place = NULL;
  long pid = 0;

  if (text == NULL || sscanf(text, "%ld:%u:%p", &pid, &layout, &place) != 3 ||
      pid != (long) getpid()) {
    return false;
  }

  *at = layout == LAYOUT ? place : NULL;
  return true;
}

static void write_place(void) {
  char text[96];

  snprintf(text, sizeof(text), "%ld:%u:%p", (long) getpid(), LAYOUT,
    (void *) first);
  (void) setenv(KEPT_ENV, text, 1);
}

bool ftpd_kept_reloading(void) {
  struct chunk *at;

  return read_place(&at);
}

/* ---- Memory */

static void permit(void) {
  struct chunk **at = &first;

  while (*at != NULL) {
    /* Its size is in its first page. */
    if (mprotect(*at, sizeof(struct chunk), PROT_READ|PROT_WRITE) < 0 ||
        mprotect(*at, (*at)->size, PROT_READ|PROT_WRITE) < 0) {
      *at = NULL;
      return;
    }

    at = &(*at)->next;
  }
}

static void forbid(void) {
  struct chunk *c, *next;

  for (c = first; c != NULL; c = next) {
    next = c->next;
    (void) mprotect(c, c->size, PROT_NONE);
  }
}

static void drop_chunk(struct chunk **at) {
  struct chunk *c = *at;
  size_t size = c->size;

  *at = c->next;
  sftp_wipe(c, size);
  (void) munmap(c, size);
}

/* A daemon that this process has just started still forks into the background;
 * after that, its children, the sessions, do not inherit the memory.
 */
static void confine(struct chunk *c) {
  (void) mlock(c, c->size);
  (void) madvise(c, c->size, MADV_DONTFORK);
}

static char *append(char **at, const void *bytes, size_t len) {
  char *begin = *at;

  memcpy(begin, bytes, len);
  begin[len] = '\0';
  *at += len + 1;
  return begin;
}

static struct chunk *make_chunk(const struct ftpd_kept *good) {
  size_t path = strlen(good->path), phrase = good->phrase != NULL ?
    strlen(good->phrase) : 0;
  size_t size = sizeof(struct chunk) + path + good->text.len + phrase + 3;
  struct chunk *c = mmap(NULL, size, PROT_READ|PROT_WRITE,
    MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
  char *at;

  if (c == MAP_FAILED) {
    return NULL;
  }

  (void) madvise(c, size, MADV_DONTDUMP);
  c->layout = LAYOUT;
  c->size = size;
  at = c->bytes;
  c->kept.path = append(&at, good->path, path);
  c->kept.text.ptr = (unsigned char *) append(&at, good->text.ptr,
    good->text.len);
  c->kept.text.len = good->text.len;
  c->kept.phrase = good->phrase != NULL ? append(&at, good->phrase, phrase) :
    NULL;
  return c;
}

/* ---- What others see */

void ftpd_kept_open(void) {
  struct chunk *c;

  if (first == NULL && !read_place(&first)) {
    first = NULL;
  }

  permit();
  for (c = first; c != NULL; c = c->next) {
    c->used = false;
  }
}

static struct chunk **chunk_at(const char *path) {
  struct chunk **at = &first;

  while (*at != NULL && strcmp((*at)->kept.path, path) != 0) {
    at = &(*at)->next;
  }

  return at;
}

const struct ftpd_kept *ftpd_kept_find(const char *path) {
  struct chunk *c = *chunk_at(path);

  if (c == NULL) {
    return NULL;
  }

  c->used = true;
  return &c->kept;
}

void ftpd_kept_put(const struct ftpd_kept *good) {
  struct chunk **at = chunk_at(good->path), *c = make_chunk(good);

  if (*at != NULL) {
    drop_chunk(at);
  }

  if (c == NULL) {
    return;
  }

  if (ftpd_kept_reloading()) {
    confine(c);
  }

  c->used = true;
  c->next = first;
  first = c;
}

void ftpd_kept_close(void) {
  struct chunk **at = &first;

  while (*at != NULL) {
    if ((*at)->used) {
      at = &(*at)->next;

    } else {
      drop_chunk(at);
    }
  }

  if (ftpd_kept_reloading()) {
    write_place();
  }

  forbid();
}

void ftpd_kept_settle(void) {
  struct chunk *c;

  permit();
  for (c = first; c != NULL; c = c->next) {
    confine(c);
  }

  write_place();
  forbid();
}

void ftpd_kept_free(void) {
  if (!ftpd_kept_reloading()) {
    return;                     /* it belongs to another process */
  }

  ftpd_kept_open();
  while (first != NULL) {
    drop_chunk(&first);
  }

  (void) unsetenv(KEPT_ENV);
}
