/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path.c -- names of paths: as text, and with their links resolved. */

#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-log.h"
#include "ftpd-path.h"

#include "ftpd-tree.h"
#include "ftpd-user.h"
#include "path.h"

#include <limits.h>

#define MAX_LINKS 40            /* as the kernel has it */

/* ---- Paths as text */

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return session.vwd[0] != '\0' ? session.vwd :
    session.cwd[0] != '\0' ? session.cwd : "/";
}

/* Drops the last name of out[0..n). */
static size_t drop_name(const char *out, size_t n) {
  while (n > 0 && out[n - 1] != '/') {
    n--;
  }

  return n > 0 ? n - 1 : 0;
}

/* Appends the names of path to out, "." and ".." taken out. */
static size_t append_names(char *out, size_t n, const char *path) {
  while (*path != '\0') {
    size_t len = strcspn(path, "/");

    if (len == 2 && path[0] == '.' && path[1] == '.') {
      n = drop_name(out, n);

    } else if (len > 0 && !(len == 1 && path[0] == '.')) {
      out[n++] = '/';
      memcpy(out + n, path, len);
      n += len;
    }

    path += len;
    path += strspn(path, "/");
  }

  return n;
}

const char *ftpd_canon(struct ftpd *h, pool *p, const char *path) {
  const char *cwd = ftpd_cwd(h);
  size_t n = 0;
  char *out;

  out = palloc(p, strlen(cwd) + strlen(path) + 4);
  if (*path != '/') {
    n = append_names(out, n, cwd);
  }

  n = append_names(out, n, path);
  if (n == 0) {
    out[n++] = '/';
  }

  out[n] = '\0';
  return out;
}

const char *ftpd_outside(pool *p, const char *path) {
  const char *res = dir_abs_path(p, path, FALSE);

  return res != NULL ? res : path;
}

/* ---- Links */

/* Resolves what exists of a canonical path, keeps the rest as it is. */
static const char *resolve_existing(pool *p, const char *path) {
  char real[PATH_MAX], *head;
  size_t n = strlen(path);

  if (n >= PATH_MAX) {
    return path;
  }

  head = pstrdup(p, path);
  while (n > 1) {
    if (realpath(head, real) != NULL) {
      return path[n] == '\0' ? pstrdup(p, real) :
        sftp_path_join(p, real, path + n + 1);
    }

    n = drop_name(head, n);
    head[n] = '\0';
  }

  return path;
}

/* Where a last name leads that is a dangling link. */
static const char *resolve_dangling(struct ftpd *h, pool *p,
    const char *path) {
  char text[PATH_MAX];
  struct stat st;
  int i;

  for (i = 0; i < MAX_LINKS; i++) {
    ssize_t len;

    if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode)) {
      return path;
    }

    len = readlink(path, text, sizeof(text) - 1);
    if (len <= 0) {
      return path;
    }

    text[len] = '\0';
    if (text[0] != '/') {
      char *dir = pstrdup(p, path);

      dir[drop_name(dir, strlen(dir))] = '\0';
      path = pstrcat(p, dir, "/", text, NULL);

    } else {
      path = pstrdup(p, text);
    }

    path = resolve_existing(p, ftpd_canon(h, p, path));
  }

  return path;
}

/* Most last names are not links: one lstat tells, and only the directory is
 * resolved.  NULL for links, and if the directory does not exist.
 */
static const char *resolve_plain(pool *p, const char *path) {
  const char *name = strrchr(path, '/'), *dir;
  struct stat st;

  if (name == NULL || name[1] == '\0') {
    return NULL;
  }

  dir = ftpd_stand(name == path ? "/" : pstrndup(p, path,
    (size_t) (name - path)));
  return dir == NULL || (lstat(name + 1, &st) == 0 && S_ISLNK(st.st_mode)) ?
    NULL : sftp_path_join(p, dir, name + 1);
}

/* Resolves through FSIO, name by name: the system may follow the links in a
 * module's file system to other places than the module does.  Every link is
 * replaced by its text, seen from the root that the module shows; what does not
 * exist is kept.
 */
static const char *resolve_by_fsio(pool *p, const char *path) {
  char *done = pstrdup(p, ""), text[PATH_MAX];
  const char *rest = path;
  unsigned int nlinks = 0;

  while (*(rest += strspn(rest, "/")) != '\0') {
    size_t len = strcspn(rest, "/");
    const char *name = pstrndup(p, rest, len);
    char *next = pstrcat(p, done, "/", name, NULL);
    struct stat st;
    int n;

    rest += len;
    if (strcmp(name, ".") == 0) {
      continue;
    }

    if (strcmp(name, "..") == 0) {
      done[drop_name(done, strlen(done))] = '\0';
      continue;
    }

    pr_fs_clear_cache2(next);
    if (pr_fsio_lstat(next, &st) < 0 || !S_ISLNK(st.st_mode) ||
        (n = pr_fsio_readlink(next, text, sizeof(text) - 1)) <= 0) {
      done = next;
      continue;
    }

    if (++nlinks > MAX_LINKS || strlen(rest) > PATH_MAX) {
      return path;
    }

    text[n] = '\0';
    done = text[0] == '/' ? pstrdup(p, "") : done;
    rest = pstrcat(p, text, "/", rest, NULL);
  }

  return *done != '\0' ? done : "/";
}

const char *ftpd_resolve(struct ftpd *h, pool *p, const char *path,
    bool follow) {
  pr_fs_t *fs = ftpd_fs_of(path);
  const char *name = strrchr(path, '/');
  const char *real;

  if (!follow && name != NULL && name[1] != '\0') {
    return sftp_path_join(p, ftpd_resolve(h, p, name == path ? "/" :
      pstrndup(p, path, (size_t) (name - path)), true), name + 1);
  }

  if (FTPD_FS_PLAIN(fs, lstat) && FTPD_FS_PLAIN(fs, readlink)) {
    real = resolve_plain(p, path);
    real = real != NULL ? real :
      resolve_dangling(h, p, resolve_existing(p, path));

  } else {
    real = resolve_by_fsio(p, path);
  }

  ftpd_lines_suspect(h, real);
  return real;
}

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
  size_t root = 0;
  int len;

  if (!ftpd_shows_links(h)) {
    errno = EINVAL;             /* as for something that is not a link */
    return -1;
  }

  len = FTPD_HELD(path, pr_fsio_readlink(path, text, sizeof(text) - 1));
  if (len < 0) {
    return -1;
  }

  text[len] = '\0';

  /* A link made outside the chroot names its target as seen from there: targets
   * inside are translated, others are left as they are.
   */
  if (text[0] == '/' && session.chroot_path != NULL) {
    root = strlen(session.chroot_path);
    while (root > 0 && session.chroot_path[root - 1] == '/') {
      root--;
    }

    if (strncmp(text, session.chroot_path, root) != 0 ||
        (text[root] != '/' && text[root] != '\0')) {
      root = 0;
    }
  }

  *target = text[root] != '\0' ? pstrdup(p, text + root) :
    root > 0 ? "/" : "";
  return 0;
}
