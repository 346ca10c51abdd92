/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ftpaccess.c -- reads the .ftpaccess of every directory from the root
 * down before a rule is checked.
 *
 * The daemon's own checks read only that of the file's directory: FTP clients
 * change from one directory into the next, so all others have been read on the
 * way.  SFTP names paths in any order.
 *
 * And the daemon reads a file again only if its time, in seconds, is later.  An
 * older file that replaces it, or comes with a renamed directory, does not have
 * a later time.  So the daemon is told times that increase with every change.
 */

#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-path.h"

#include <limits.h>

#define NAME "/.ftpaccess"

/* ---- The times that the daemon is told */

struct version {
  dev_t dev;                    /* the file that existed; 0: none */
  ino_t ino;
  off_t size;
  struct timespec changed, modified;
  time_t told;
};

/* By path. */
static pr_table_t *versions;

/* The daemon has seen one in this session. */
static bool found;

bool ftpd_ftpaccess_is(const char *path) {
  size_t n = strlen(path), len = sizeof(NAME) - 1;

  return n >= len && strcmp(path + n - len, NAME) == 0;
}

static struct version *version_of(const char *path) {
  const struct version *v;
  unsigned int all = UINT_MAX;
  struct version *made;

  if (versions == NULL) {
    versions = pr_table_alloc(session.pool, 0);
    (void) pr_table_ctl(versions, PR_TABLE_CTL_SET_MAX_ENTS, &all);
  }

  v = pr_table_get(versions, path, NULL);
  if (v != NULL) {
    return (struct version *) v;
  }

  made = pcalloc(session.pool, sizeof(*made));
  made->told = time(NULL);
  (void) pr_table_add(versions, pstrdup(session.pool, path), made,
    sizeof(*made));
  return made;
}

static bool is_same(const struct version *v, const struct stat *st) {
  return v->dev == st->st_dev && v->ino == st->st_ino &&
    v->size == st->st_size && v->changed.tv_sec == st->st_ctim.tv_sec &&
    v->changed.tv_nsec == st->st_ctim.tv_nsec &&
    v->modified.tv_sec == st->st_mtim.tv_sec &&
    v->modified.tv_nsec == st->st_mtim.tv_nsec;
}

/* st: NULL if there is none. */
static void note_version(const char *path, struct stat *st) {
  struct version *v;

  if (st == NULL && (versions == NULL ||
      pr_table_exists(versions, path) <= 0)) {
    return;
  }

  found = true;
  v = version_of(path);
  if (st == NULL) {
    v->dev = 0;
    v->ino = 0;
    return;
  }

  if (!is_same(v, st)) {
    v->dev = st->st_dev;
    v->ino = st->st_ino;
    v->size = st->st_size;
    v->changed = st->st_ctim;
    v->modified = st->st_mtim;
    v->told = st->st_mtime > v->told ? st->st_mtime : v->told + 1;
  }

  st->st_mtime = v->told;
}

void ftpd_ftpaccess_seen(const char *path, int res, struct stat *st) {
  int xerrno = errno;

  if (ftpd_ftpaccess_is(path)) {
    st = res == 0 ? st : NULL;
    ftpd_pin_rules(path, st);
    note_version(path, st);
    errno = xerrno;
  }
}

/* ---- Reading them */

struct ftpaccess_cache {
  unsigned long op;             /* the operation that has read them ... */
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* ... down to this directory */
};

static bool is_read(struct ftpd_files *s, const char *dir) {
  struct ftpaccess_cache *c = s->ftpaccess;

  if (c == NULL) {
    c = s->ftpaccess = pcalloc(s->pool, sizeof(*c));
  }

  if (c->op == s->nops && strcmp(c->dir, dir) == 0) {
    return true;
  }

  c->op = s->nops;
  sstrncpy(c->dir, dir, sizeof(c->dir));
  return false;
}

/* Whether neither the directory of the process nor one above it has one: most
 * sites have none, and reading takes longer than this check.
 */
static bool is_none_here(const char *dir) {
  char name[PATH_MAX];
  size_t n = 0;

  for (dir += strspn(dir, "/"); n + sizeof(NAME) < sizeof(name); n += 3) {
    struct stat st;

    memcpy(name + n, &NAME[1], sizeof(NAME) - 1);
    if (lstat(name, &st) == 0 || errno != ENOENT) {
      return false;
    }

    if (*dir == '\0') {
      return true;
    }

    memcpy(name + n, "../", 3);
    dir += strcspn(dir, "/");
    dir += strspn(dir, "/");
  }

  return false;
}

void ftpd_ftpaccess_read(struct ftpd *h, pool *p, const char *path) {
  const char *slash = strrchr(path, '/'), *dir;
  struct stat st;

  if (slash == NULL) {
    return;
  }

  dir = slash == path ? "/" : pstrndup(p, path, (size_t) (slash - path));
  if (is_read(ftpd_files_of(h), dir)) {
    return;
  }

  ftpd_bottom_init();
  if (ftpd_pin(dir) && !found && !ftpd_vroot_has_alias(dir) &&
      is_none_here(dir)) {
    ftpd_pin_rules(pstrcat(p, strcmp(dir, "/") == 0 ? "" : dir, NAME, NULL),
      NULL);
    return;
  }

  /* FSIO's cached results may be half a minute old. */
  pr_fs_clear_cache2(NULL);
  memset(&st, 0, sizeof(st));
  st.st_mode = S_IFDIR;         /* everything that the check uses */
  build_dyn_config(p, dir, &st, TRUE);
}
