/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-glob.c -- the matches of a client's shell pattern: in pieces, one per
 * turn of the loop, and with limits.
 */

#include "ftpd-listing.h"
#include "ftpd-path.h"

#include "braces.h"
#include "ftpd-attrs.h"
#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "path.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>

/* Limits of one pattern: entries read, names found and their memory,
 * milliseconds of work.
 */
#define ENTRIES_MAX 2000000
#define FOUND_MAX 65536
#define FOUND_BYTES_MAX (16 * 1024 * 1024)
#define WORK_MS_MAX 10000

/* Limits of one turn: milliseconds, and entries between two checks of the
 * clock.
 */
#define TURN_MS 10
#define PIECE 64

/* A name of the pattern with wildcards, in a directory that the preceding names
 * matched.
 */
struct level {
  struct level *up;
  pool *pool;
  const char *dir;              /* without a slash at its end: "" is the root */
  size_t known;                 /* of dir, from ftpd_is_listed() */
  const char *mask;
  const char *rest;             /* of the pattern, from a slash on, or "" */
  void *dirh;                   /* while it is being read */
  array_header *names;
  unsigned int next;
};

struct ftpd_glob {
  struct ftpd *h;
  pool *pool;
  const char **patterns;        /* those not begun; NULL-terminated */
  size_t known;                 /* of each: the part that the client knows
                                 * already */
  struct level *top;
  array_header *found;
  size_t bytes, entries;
  uint64_t work_ms;
};

static void drop_level(struct ftpd_glob *g) {
  struct level *l = g->top;

  g->top = l->up;
  if (l->dirh != NULL) {
    (void) pr_fsio_closedir(l->dirh);
  }

  destroy_pool(l->pool);
}

static void glob_free(void *data) {
  struct ftpd_glob *g = data;

  while (g->top != NULL) {
    drop_level(g);
  }
}

/* The offset of the last slash before the first wildcard: the client already
 * knows the name up to there.
 */
static size_t known_of(const char *pattern) {
  size_t known = 0, len = 0;

  for (; *pattern != '\0' && strchr("*?[{", *pattern) == NULL; pattern++) {
    if (*pattern == '\\' && pattern[1] != '\0') {
      pattern++;
    }

    if (*pattern == '/') {
      known = len;
    }

    len++;
  }

  return known;
}

struct ftpd_glob *ftpd_glob_begin(struct ftpd *h, pool *parent,
    const char *pattern) {
  unsigned char *use = get_param_ptr(CURRENT_CONF, "UseGlobbing", FALSE);
  pool *p = make_sub_pool(parent);
  struct ftpd_glob *g = pcalloc(p, sizeof(*g));
  const char *full = *pattern == '/' ? pattern :
    sftp_path_join(p, ftpd_cwd(h), pattern);

  pr_pool_tag(p, "SSH pattern");
  g->h = h;
  g->pool = p;
  g->found = make_array(p, 16, sizeof(char *));
  g->known = known_of(full);
  g->patterns = strlen(pattern) <= PATH_MAX ? sftp_braces(p, full) : NULL;
  if (g->patterns == NULL) {
    destroy_pool(p);
    errno = E2BIG;
    return NULL;
  }

  if (use != NULL && *use == FALSE) {
    while (*g->patterns != NULL) {
      g->patterns++;
    }

    *((const char **) push_array(g->found)) = full;
  }

  register_cleanup2(p, g, glob_free);
  return g;
}

/* ---- One name of the pattern after the other */

static bool is_wild(const char *name) {
  for (; *name != '\0'; name++) {
    if (*name == '\\' && name[1] != '\0') {
      name++;

    } else if (strchr("*?[", *name) != NULL) {
      return true;
    }
  }

  return false;
}

static const char *unescaped(pool *p, const char *name) {
  char *out = pstrdup(p, name), *to = out;

  for (; *name != '\0'; name++) {
    if (*name == '\\' && name[1] != '\0') {
      name++;
    }

    *to++ = *name;
  }

  *to = '\0';
  return out;
}

/* A name followed by a slash, "." or ".." is a directory: ftpd_is_listed()
 * checks other names.
 */
static bool is_there(struct ftpd_glob *g, pool *p, const char *path) {
  const char *name = strrchr(path, '/') + 1;
  struct stat st;

  if (*name != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
    return true;
  }

  return ftpd_stat(g->h, ftpd_resolve(g->h, p, path, true), &st) == 0 &&
    S_ISDIR(st.st_mode);
}

static int found(struct ftpd_glob *g, pool *p, const char *path,
    size_t known) {
  if (*path == '\0') {
    path = "/";
  }

  g->entries += PIECE;
  if (!ftpd_is_listed(g->h, p, path, known) || !is_there(g, p, path)) {
    return 0;
  }

  g->bytes += strlen(path) + 1;
  if (g->bytes > FOUND_BYTES_MAX || g->found->nelts >= FOUND_MAX) {
    errno = E2BIG;
    return -1;
  }

  *((const char **) push_array(g->found)) = pstrdup(g->pool, path);
  return 0;
}

static void begin_level(struct ftpd_glob *g, const char *dir, size_t known,
    const char *mask, const char *rest) {
  pool *p = make_sub_pool(g->pool);
  void *dirh = pr_fsio_opendir(ftpd_resolve(g->h, p, *dir != '\0' ? dir : "/",
    true));
  struct level *l;

  g->entries += PIECE;
  if (dirh == NULL) {
    destroy_pool(p);
    return;                     /* nothing in it matches */
  }

  l = pcalloc(p, sizeof(*l));
  l->pool = p;
  l->dir = pstrdup(p, dir);
  l->known = known;
  l->mask = pstrdup(p, mask);
  l->rest = rest;
  l->dirh = dirh;
  l->names = make_array(p, 8, sizeof(char *));
  l->up = g->top;
  g->top = l;
}

/* Follows the pattern from dir on, up to a name with wildcards or its end. */
static int descend(struct ftpd_glob *g, pool *p, const char *dir, size_t known,
    const char *rest) {
  while (*rest == '/') {
    size_t len = strcspn(rest + 1, "/");
    const char *name = pstrndup(p, rest + 1, len);

    rest += 1 + len;
    if (is_wild(name)) {
      begin_level(g, dir, known, name, rest);
      return 0;
    }

    if (len > 0 || *rest == '\0') {
      dir = pstrcat(p, dir, "/", unescaped(p, name), NULL);
    }

    if (strlen(dir) >= PATH_MAX) {
      return 0;
    }
  }

  return found(g, p, dir, known);
}

static int begin_pattern(struct ftpd_glob *g) {
  pool *p = make_sub_pool(g->pool);
  int res = descend(g, p, "", g->known, *g->patterns++);

  destroy_pool(p);
  return res;
}

/* ---- Directories */

static int by_name(const void *a, const void *b) {
  return strcoll(*(const char *const *) a, *(const char *const *) b);
}

static int keep_name(struct ftpd_glob *g, struct level *l, const char *name) {
  g->bytes += strlen(name) + 1;
  if (g->bytes > FOUND_BYTES_MAX) {
    errno = E2BIG;
    return -1;
  }

  *((const char **) push_array(l->names)) = pstrdup(l->pool, name);
  return 0;
}

static int read_entries(struct ftpd_glob *g, struct level *l) {
  struct dirent *dent;
  void *dirh;
  int n;

  for (n = 0; n < PIECE; n++) {
    dent = pr_fsio_readdir(l->dirh);
    if (dent == NULL) {
      dirh = l->dirh;
      l->dirh = NULL;           /* what comes meanwhile does not find it */
      (void) pr_fsio_closedir(dirh);
      qsort(l->names->elts, l->names->nelts, sizeof(char *), by_name);
      return 0;
    }

    g->entries++;
    if ((*l->rest == '\0' || dent->d_type != DT_REG) &&
        fnmatch(l->mask, dent->d_name, FNM_PERIOD) == 0 &&
        keep_name(g, l, dent->d_name) < 0) {
      return -1;
    }
  }

  return 0;
}

/* Continues with a name that matched, if the client may know it. */
static int take_name(struct ftpd_glob *g, struct level *l) {
  const char *name = ((const char **) l->names->elts)[l->next++];
  pool *p = make_sub_pool(g->pool);
  const char *path = pstrcat(p, l->dir, "/", name, NULL);
  int res = 0;

  g->entries += PIECE;
  g->bytes -= strlen(name) + 1;
  if (strlen(path) < PATH_MAX) {
    if (*l->rest == '\0') {
      res = found(g, p, path, l->known);

    } else if (ftpd_is_listed(g->h, p, path, l->known)) {
      res = descend(g, p, path, strlen(path), l->rest);
    }
  }

  destroy_pool(p);
  return res;
}

/* 1: complete, 0: there is more, -1: errno. */
static int one_piece(struct ftpd_glob *g) {
  struct level *l = g->top;

  if (l == NULL) {
    return *g->patterns != NULL ? begin_pattern(g) : 1;
  }

  if (l->dirh != NULL) {
    return read_entries(g, l);
  }

  if (l->next < (unsigned int) l->names->nelts) {
    return take_name(g, l);
  }

  drop_level(g);
  return 0;
}

int ftpd_glob_step(struct ftpd_glob *g, const char ***paths) {
  uint64_t begin = sftp_now_ms(), took = 0;
  int res = 0;

  /* The phase in which other modules map paths. */
  session.curr_phase = PRE_CMD;
  while (res == 0 && took < TURN_MS) {
    res = one_piece(g);
    took = sftp_now_ms() - begin;
    if (res == 0 && (g->entries > ENTRIES_MAX ||
        g->work_ms + took > WORK_MS_MAX)) {
      errno = E2BIG;
      res = -1;
    }
  }

  g->work_ms += took;
  if (res == 1) {
    *((const char **) push_array(g->found)) = NULL;
    *paths = g->found->elts;
  }

  return res;
}

void ftpd_glob_end(struct ftpd_glob *g) {
  int xerrno = errno;

  destroy_pool(g->pool);
  errno = xerrno;
}
