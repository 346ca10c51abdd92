/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-links.c -- symbolic links: the meaning of their texts, and where paths
 * lead.
 *
 * A link that was created outside of DefaultRoot has a target with the path
 * used there.  The system follows such a link from the root that it knows, and
 * finds nothing, or something else.  So the system follows no absolute link: in
 * a path with links, the names are walked one by one, and the texts are
 * interpreted.  The resulting path has no links; the rules are checked for it,
 * and it is used (ftpd-held.c).
 */

#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-log.h"
#include "ftpd-path.h"

#include "ftpd-tree.h"
#include "path.h"

#include <limits.h>

#define MAX_LINKS 40            /* as the kernel has it */
#define MAX_NAMES 1024          /* on the way to the end of all links */

/* ---- Texts */

/* The root's path outside. */
static const char *root_path(void) {
  const char *root = ftpd_vroot_root();

  return root != NULL ? root : session.chroot_path;
}

/* The length of the root's path outside; 0: it is the system's root. */
static size_t root_length(void) {
  const char *root = root_path();
  size_t n = root != NULL ? strlen(root) : 0;

  while (n > 0 && root[n - 1] == '/') {
    n--;
  }

  return n;
}

/* The part of an outside path after the root; NULL: it is not below the root.
 */
static const char *below_root(const char *path) {
  size_t n = root_length();

  return n > 0 && strncmp(path, root_path(), n) == 0 &&
    (path[n] == '/' || path[n] == '\0') ? path + n : NULL;
}

/* Whether the names lead above their starting point. */
static bool climbs(const char *names) {
  size_t depth = 0, len;

  for (names += strspn(names, "/"); *names != '\0';
      names += strspn(names, "/")) {
    len = strcspn(names, "/");
    if (len == 2 && names[0] == '.' && names[1] == '.') {
      if (depth-- == 0) {
        return true;
      }

    } else if (len != 1 || names[0] != '.') {
      depth++;
    }

    names += len;
  }

  return false;
}

const char *ftpd_link_means(struct ftpd *h, pool *p, const char *text) {
  const char *rest;

  if (text[0] != '/' || root_length() == 0) {
    return text;
  }

  rest = below_root(text);
  if (rest == NULL || climbs(rest)) {
    rest = below_root(ftpd_canon(h, p, text));
  }

  return rest == NULL ? text : *rest != '\0' ? ftpd_vroot_inside(rest) : "/";
}

int ftpd_link_says(char *text, int len) {
  const char *means;
  pool *p;

  if (len <= 0 || *text != '/') {
    return len;
  }

  p = make_sub_pool(session.pool);
  means = ftpd_link_means(ftpd_current(), p, pstrndup(p, text, (size_t) len));
  len = (int) strlen(means);
  memcpy(text, means, (size_t) len);
  destroy_pool(p);
  return len;
}

int ftpd_link_text(const char *path, char *text, size_t size) {
  int len = FTPD_HELD(path, pr_fsio_readlink(path, text, size - 1));

  if (len < 0) {
    return -1;
  }

  text[len] = '\0';
  return 0;
}

/* ---- Where paths lead */

/* Most last names are not links: one lstat shows that, and only the directory
 * is resolved.  NULL for links, and if the directory does not exist, or has
 * links whose meaning may differ from the system's.
 */
static const char *resolve_plain(pool *p, const char *path) {
  const char *name = strrchr(path, '/'), *dir, *where, *at;
  char buf[PATH_MAX];
  struct stat st;

  if (name == NULL || name[1] == '\0') {
    return NULL;
  }

  dir = name == path ? "/" : pstrndup(p, path, (size_t) (name - path));
  where = ftpd_where_dir(dir, buf, sizeof(buf));
  at = where != NULL ? ftpd_stand(where) : NULL;
  return at == NULL || (root_length() > 0 && strcmp(at, where) != 0) ||
    (lstat(name + 1, &st) == 0 && S_ISLNK(st.st_mode)) ?
    NULL : where != dir ? path : sftp_path_join(p, at, name + 1);
}

static bool is_plain(const char *path) {
  return FTPD_HOLDABLE(path, lstat) && FTPD_HOLDABLE(path, readlink);
}

/* A path that is walked name by name. */
struct walk {
  char done[PATH_MAX];          /* without links, as far as it exists */
  size_t n;
  bool plain;                   /* the system serves it */
  bool missing;                 /* nothing exists from some name on */
};

/* Moves on to the name.  Returns whether it is a link; then its text is set,
 * and the position does not change.
 */
static bool finds_link(struct walk *w, const char *name, size_t len,
    char *text, size_t size) {
  size_t n = ftpd_path_append(w->done, w->n, name, len);
  char buf[PATH_MAX];
  const char *at;
  struct stat st;
  ssize_t got;

  w->done[n] = '\0';
  if (n <= w->n || w->missing) {
    w->missing = w->missing && n > w->n;
    w->n = n;
    return false;
  }

  if (w->plain) {
    at = ftpd_where(w->done, buf, sizeof(buf));
    got = at != NULL ? readlink(at, text, size - 1) : -1;
    w->missing = got < 0 && errno != EINVAL;

  } else {
    pr_fs_clear_cache2(w->done);
    got = pr_fsio_lstat(w->done, &st) == 0 && S_ISLNK(st.st_mode) ?
      pr_fsio_readlink(w->done, text, size - 1) : 0;
  }

  if (got <= 0) {
    w->n = n;
    return false;
  }

  text[got] = '\0';
  return true;
}

/* Replaces every link by its target; the file system of a module shows links
 * relative to its own root.  The part that does not exist is kept.  NULL after
 * too many links or names.
 */
static const char *resolve_by_names(struct ftpd *h, pool *p,
    const char *path) {
  struct walk w = { .plain = is_plain(path) };
  unsigned int nlinks = 0, nnames = 0;
  const char *rest = path;
  char text[PATH_MAX];
  size_t len;

  while (*(rest += strspn(rest, "/")) != '\0') {
    len = strcspn(rest, "/");
    if (w.n + len + 2 > sizeof(w.done) || ++nnames > MAX_NAMES) {
      return NULL;
    }

    if (!finds_link(&w, rest, len, text, sizeof(text))) {
      rest += len;
      continue;
    }

    rest += len;
    if (++nlinks > MAX_LINKS || strlen(rest) >= PATH_MAX) {
      return NULL;
    }

    w.n = text[0] == '/' ? 0 : w.n;
    rest = pstrcat(p, w.plain ? ftpd_link_means(h, p, text) : text, rest,
      NULL);
  }

  w.done[w.n] = '\0';
  return w.n > 0 ? pstrdup(p, ftpd_vroot_inside(w.done)) : "/";
}

static int resolve_error;

int ftpd_resolve_error(void) {
  return resolve_error;
}

const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
    bool follow) {
  const char *name = strrchr(path, '/'), *real;

  if (!follow && name != NULL && name[1] != '\0') {
    return sftp_path_join(p, ftpd_resolve(h, p, name == path ? "/" :
      pstrndup(p, path, (size_t) (name - path)), true), name + 1);
  }

  real = !is_plain(path) ? NULL : ftpd_vroot_is_alias(path) ? path :
    resolve_plain(p, path);
  real = real != NULL ? real : resolve_by_names(h, p, path);
  resolve_error = 0;
  if (real == NULL || ftpd_depth(real) > FTPD_MAX_DEPTH) {
    resolve_error = ELOOP;
    real = path;
  }

  ftpd_lines_suspect(h, real);
  return real;
}

/* ---- What is shown of them */

bool ftpd_shows_links(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (!s->links_known) {
    const unsigned char *show = get_param_ptr(TOPLEVEL_CONF, "ShowSymlinks",
      FALSE);

    s->shows_links = show == NULL || *show == TRUE;
    s->links_known = true;
  }

  return s->shows_links;
}

const char *ftpd_realpath(struct ftpd *h, pool *p, const char *path) {
  path = ftpd_canon(h, p, path);
  return ftpd_shows_links(h) ? ftpd_resolve(h, p, path, true) : path;
}

int ftpd_readlink(struct ftpd *h, pool *p, const char *path,
    const char **target) {
  char text[PATH_MAX + 1];

  if (!ftpd_shows_links(h)) {
    errno = EINVAL;             /* as for something that is not a link */
    return -1;
  }

  if (ftpd_link_text(path, text, sizeof(text)) < 0) {
    return -1;
  }

  *target = pstrdup(p, ftpd_link_means(h, p, text));
  return 0;
}
