/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-vroot.c -- the root that mod_vroot shows, and its names.
 *
 * mod_vroot puts its root, or the source of a VRootAlias, before a path, and
 * calls the system with the result.  This file computes the same result, so
 * that these paths can be held like those that the system serves (ftpd-held.c).
 * The root and the aliases are compared with what the module shows; nothing is
 * held below a root that differs.
 *
 * A file has one name, the path inside, for which the rules are checked.
 */

#include "ftpd-held.h"
#include "ftpd-path.h"
#include "ftpd-vroot.h"

#include <limits.h>

static pr_fs_t *shown;          /* NULL: not there, or not known */
static const char *base;        /* its root, as the module calls it */
static const char *root;        /* the same without links; "": "/" */

static struct alias {
  const char *path;             /* inside */
  const char *place;            /* its source, without links */
  bool is_dir;
  struct alias *next;
} *aliases;

/* ---- Names */

/* What follows the names of dir in a path, which may have more slashes, and
 * dots; NULL: the path does not begin with dir.
 */
static const char *behind(const char *path, const char *dir) {
  while (*(dir += strspn(dir, "/")) != '\0') {
    size_t len = strcspn(dir, "/");

    do {
      path += strspn(path, "/");
    } while (path[0] == '.' && (path[1] == '/' || path[1] == '\0') && *++path);

    if (strncmp(path, dir, len) != 0 || (path[len] != '/' &&
        path[len] != '\0')) {
      return NULL;
    }

    path += len;
    dir += len;
  }

  return path;
}

const char *ftpd_vroot_inside(const char *path) {
  const char *rest;

  while (base != NULL && *path == '/' &&
      (rest = behind(path, base)) != NULL) {
    path = *rest != '\0' ? rest : "/";
  }

  return path;
}

const char *ftpd_vroot_outside(pool *p, const char *path) {
  return base != NULL && ftpd_vroot_inside(path) == path ? pstrcat(p, base,
    strcmp(path, "/") != 0 ? path : NULL, NULL) : path;
}

const char *ftpd_vroot_root(void) {
  return base;
}

static const struct alias *alias_of(const char *path) {
  const struct alias *a, *found = NULL;
  size_t longest = 0;

  for (a = aliases; a != NULL; a = a->next) {
    size_t n = strlen(a->path);

    if (n > longest && strncmp(path, a->path, n) == 0 &&
        (path[n] == '/' || path[n] == '\0')) {
      longest = n;
      found = a;
    }
  }

  return found;
}

bool ftpd_vroot_is_alias(const char *path) {
  const struct alias *a = alias_of(path);

  return a != NULL && strcmp(path, a->path) == 0;
}

bool ftpd_vroot_has_alias(const char *path) {
  return alias_of(path) != NULL;
}

bool ftpd_vroot_shows_alias(const char *dir) {
  size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
  const struct alias *a;

  for (a = aliases; a != NULL; a = a->next) {
    if (strncmp(a->path, dir, n) == 0 && a->path[n] == '/' &&
        strchr(a->path + n + 1, '/') == NULL) {
      return true;
    }
  }

  return false;
}

const char *ftpd_vroot_place(const char *path, char *buf, size_t size) {
  const struct alias *a = alias_of(path);
  const char *dir = a != NULL ? a->place : root;
  const char *rest = a != NULL ? path + strlen(a->path) : path;
  int n;

  if (*rest == '\0' || strcmp(rest, "/") == 0) {
    rest = a == NULL || a->is_dir ? "/." : "";
  }

  n = snprintf(buf, size, "%s%s", dir, rest);
  if (n < 0 || (size_t) n >= size) {
    errno = ENAMETOOLONG;
    return NULL;
  }

  return buf;
}

static bool goes_up(const char *text) {
  const char *up = text;

  while ((up = strstr(up, "..")) != NULL) {
    if ((up == text || up[-1] == '/') && (up[2] == '/' || up[2] == '\0')) {
      return true;
    }

    up += 2;
  }

  return false;
}

const char *ftpd_vroot_text(struct ftpd *h, pool *p, const char *text,
    const char *link) {
  if (*text != '/' && !goes_up(text)) {
    return text;
  }

  if (*text != '/') {
    text = pstrcat(p, pstrndup(p, link, (size_t) (strrchr(link, '/') -
      link)), "/", text, NULL);
  }

  text = ftpd_canon(h, p, text);
  return pstrcat(p, base, strcmp(text, "/") != 0 ? text : "", NULL);
}

/* ---- Whom it serves */

bool ftpd_vroot_serves(const char *path) {
  return shown != NULL && ftpd_fs_of(path) == shown;
}

bool ftpd_vroot_serves_dir(const char *path) {
  return shown != NULL && ftpd_fs_of_dir(path) == shown;
}

/* Whether the module shows the file of a place at a path inside. */
static bool is_shown(const char *path, const char *place) {
  struct stat there, here;

  pr_fs_clear_cache2(path);
  if (stat(place, &here) < 0) {
    return pr_fsio_stat(path, &there) < 0;
  }

  return pr_fsio_stat(path, &there) == 0 && there.st_dev == here.st_dev &&
    there.st_ino == here.st_ino;
}

/* The root as the login named it, below a real chroot. */
static const char *told_root(void) {
  const char *dir = pr_table_get(session.notes, "mod_sftp.chroot-path", NULL);
  const char *real = session.chroot_path != NULL ? session.chroot_path : "";
  size_t n = strlen(real);

  while (n > 0 && real[n - 1] == '/') {
    n--;
  }

  return dir != NULL && strncmp(dir, real, n) == 0 && dir[n] == '/' ?
    dir + n : NULL;
}

const char *ftpd_vroot_outside_ftp(pool *p, const char *path) {
  const char *dir = told_root();
  size_t n = dir != NULL ? strlen(dir) : 0;

  while (n > 0 && dir[n - 1] == '/') {
    n--;
  }

  return n == 0 || *path != '/' || (strncmp(path, dir, n) == 0 &&
    (path[n] == '/' || path[n] == '\0')) ? path : pstrcat(p, pstrndup(p, dir,
      n), strcmp(path, "/") != 0 ? path : NULL, NULL);
}

static bool find_root(pool *p) {
  const char *dir = told_root(), *at;
  size_t n = dir != NULL ? strlen(dir) : 0;

  while (n > 0 && dir[n - 1] == '/') {
    n--;
  }

  at = n > 0 ? ftpd_stand(pstrndup(p, dir, n)) : NULL;
  if (at == NULL || !is_shown("/", at)) {
    return false;
  }

  base = pstrndup(p, dir, n);
  root = strcmp(at, "/") != 0 ? pstrdup(p, at) : "";
  return true;
}

static void add_alias(pool *p, const char *source, const char *path) {
  struct alias *a = pcalloc(p, sizeof(*a));
  char real[PATH_MAX];
  struct stat st;

  source = path_subst_uservar(p, &source);
  path = path_subst_uservar(p, &path);
  path = dir_best_path(p, path);
  if (path == NULL || source == NULL) {
    return;
  }

  a->path = ftpd_canon(ftpd_current(), p, path);
  a->place = pstrdup(p, realpath(source, real) != NULL ? real : source);
  a->is_dir = stat(a->place, &st) == 0 && S_ISDIR(st.st_mode);
  if (strcmp(a->path, "/") == 0 || !is_shown(a->path, a->place)) {
    sftp_log("VRootAlias '%s' is not served as '%s'", source, a->path);
    return;
  }

  a->next = aliases;
  aliases = a;
}

static void find_aliases(pool *p) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM, "VRootAlias",
    FALSE);

  while (c != NULL) {
    add_alias(p, c->argv[0], c->argv[1]);
    c = find_config_next(c, c->next, CONF_PARAM, "VRootAlias", FALSE);
  }
}

/* For SCP the module replaces the path in a command by the path outside, before
 * mod_xfer checks the rules for it; and for both the paths in records, in some
 * cases.
 */
static void keep_names(void) {
  static const char *const names[] = { C_RETR, C_STOR, C_APPE };
  module *m = pr_module_get("mod_vroot.c");
  unsigned int i;

  for (i = 0; m != NULL && i < SFTP_NELEMS(names); i++) {
    (void) pr_stash_remove_cmd(names[i], m, PRE_CMD, NULL, -1);
    (void) pr_stash_remove_cmd(names[i], m, POST_CMD, NULL, -1);
    (void) pr_stash_remove_cmd(names[i], m, POST_CMD_ERR, NULL, -1);
  }
}

void ftpd_vroot_init(void) {
  static bool done = false;
  pr_fs_t *fs;

  if (done) {
    return;
  }

  done = true;
  fs = ftpd_fs_of("/");
  if (fs == NULL || (strcmp(fs->fs_name, "vroot") != 0 &&
      strncmp(fs->fs_name, "vroot+", 6) != 0)) {
    return;
  }

  keep_names();
  if (!find_root(session.pool)) {
    sftp_log("the root of mod_vroot is not where '%s' is", told_root());
    return;
  }

  find_aliases(session.pool);
  ftpd_bottom_init();
  ftpd_vroot_hold(fs);
  shown = fs;
}
