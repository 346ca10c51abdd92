/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-home.c -- the directory after the login: home directory, CreateHome,
 * DefaultChdir, DefaultRoot.
 */

#include "ftpd-explain.h"
#include "ftpd-home.h"
#include "ftpd-login.h"
#include "ftpd-place.h"
#include "ftpd-session.h"

#include "mkhome.h"

/* A user name may become one or more directories in the path, but must never
 * lead upwards.
 */
static bool climbs(const char *name) {
  while (name != NULL) {
    size_t n = strcspn(name, "/");

    if (n == 2 && name[0] == '.' && name[1] == '.') {
      return true;
    }

    name = name[n] == '/' ? name + n + 1 : NULL;
  }

  return false;
}

const char *ftpd_subst_user(struct ftpd *h, pool *p, const char *path) {
  const char *user = session.user, *name = ftpd_auth_name(h), *res;

  if (strstr(path, "%u") != NULL && climbs(name)) {
    errno = EPERM;
    return NULL;
  }

  session.user = name;
  res = path_subst_uservar(p, &path);
  session.user = user;
  return res;
}

void ftpd_home_enter(struct ftpd *h, pool *p, const struct passwd *pw) {
  char *real;

  (void) h;
  PRIVS_USER
  real = dir_realpath(p, pw->pw_dir);
  PRIVS_RELINQUISH

  sstrncpy(session.cwd, real != NULL ? real : pw->pw_dir, sizeof(session.cwd));
}

int ftpd_home_create(struct ftpd *h, pool *p, const struct passwd *pw) {
  int xerrno;

  if (create_home(p, session.cwd, h->user, pw->pw_uid, pw->pw_gid) < 0) {
    xerrno = errno;
    sftp_log("unable to create home '%s' of user '%s': %s", session.cwd,
      h->user, strerror(xerrno));
    errno = xerrno;
    return -1;
  }

  return 0;
}

static void tell_dir(const config_rec *c) {
  pool *p = make_sub_pool(session.pool);

  ftpd_explain("%s '%s'%s", c->name, (const char *) c->argv[0],
    ftpd_place_of(p, c));
  destroy_pool(p);
}

/* The first record of that name whose group expression matches. */
static const char *by_group(xaset_t *conf, const char *name) {
  config_rec *c = find_config(conf, CONF_PARAM, name, FALSE);

  while (c != NULL) {
    pr_signals_handle();
    if (c->argc < 2 || pr_expr_eval_group_and(((char **) c->argv) + 1)) {
      if (ftpd_current()->explains) {
        tell_dir(c);
      }

      return c->argv[0];
    }

    c = find_config_next(c, c->next, CONF_PARAM, name, FALSE);
  }

  return NULL;
}

bool ftpd_home_chdir(pool *p, xaset_t *conf) {
  const char *dir = by_group(conf, "DefaultChdir");

  if (dir == NULL) {
    return false;
  }

  if (*dir != '/' && *dir != '~') {
    dir = pdircat(p, session.cwd, dir, NULL);
  }

  dir = path_subst_uservar(p, &dir);
  sstrncpy(session.cwd, dir, sizeof(session.cwd));
  return true;
}

/* ---- DefaultRoot */

/* AllowChrootSymlinks off: no part of the path may be a link. */
static int has_link(pool *p, const char *path) {
  size_t len = strlen(path);
  struct stat st;

  while (len > 1 && path[len - 1] == '/') {
    len--;
  }

  while (len > 1) {
    const char *part = pstrndup(p, path, len);

    pr_fs_clear_cache2(part);
    if (pr_fsio_lstat(part, &st) < 0) {
      return -1;
    }

    if (S_ISLNK(st.st_mode)) {
      errno = EPERM;
      return -1;
    }

    while (len > 0 && path[len - 1] != '/') {
      len--;
    }

    while (len > 1 && path[len - 1] == '/') {
      len--;
    }
  }

  return 0;
}

static int refuse_links(pool *p, const char *dir) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM,
    "AllowChrootSymlinks", FALSE);
  char *path = palloc(p, PR_TUNABLE_PATH_MAX + 1);
  int res, xerrno;

  if (c == NULL || *((int *) c->argv[0]) != FALSE) {
    return 0;
  }

  if (pr_fs_interpolate(dir, path, PR_TUNABLE_PATH_MAX) < 0) {
    return -1;
  }

  PRIVS_USER
  res = has_link(p, path);
  xerrno = errno;
  PRIVS_RELINQUISH

  if (res < 0) {
    pr_log_pri(PR_LOG_WARNING, "error: root directory %s: %s", path,
      xerrno == EPERM ? "has a symlink in it (denied by AllowChrootSymlinks)" :
      strerror(xerrno));
  }

  errno = xerrno;
  return res;
}

int ftpd_home_resolve(pool *p, const char *dir, const char **real) {
  int xerrno;

  if (refuse_links(p, dir) < 0) {
    return -1;
  }

  /* As the user: the daemon's own identity may have no access to a home
   * directory.
   */
  pr_fs_clear_cache2(dir);
  PRIVS_USER
  *real = dir_realpath(p, dir);
  xerrno = errno;
  PRIVS_RELINQUISH

  if (*real == NULL) {
    pr_log_pri(PR_LOG_NOTICE, "notice: unable to use root directory '%s': %s",
      dir, strerror(xerrno));
    errno = xerrno;
    return -1;
  }

  return 0;
}

/* As it is configured; NULL for none. */
static const char *configured_root(pool *p) {
  const char *dir = by_group(main_server->conf, "DefaultRoot");

  dir = dir != NULL ? path_subst_uservar(p, &dir) : NULL;
  return dir != NULL && strcmp(dir, "/") != 0 ? dir : NULL;
}

/* As root: the user's groups are not set yet. */
static bool is_missing(pool *p, const char *dir) {
  const char *real;
  int xerrno;

  pr_fs_clear_cache2(dir);
  PRIVS_ROOT
  real = dir_realpath(p, dir);
  xerrno = errno;
  PRIVS_RELINQUISH

  return real == NULL && xerrno == ENOENT;
}

bool ftpd_home_missing(pool *p, const char *home) {
  const char *root = configured_root(p);

  return root != NULL ? is_missing(p, root) :
    is_missing(p, session.cwd) && is_missing(p, home);
}

int ftpd_home_root(pool *p, const char **root) {
  const char *dir = configured_root(p), *real;

  *root = NULL;
  if (dir == NULL) {
    return 0;
  }

  if (ftpd_home_resolve(p, dir, &real) < 0) {
    return -1;
  }

  *root = strcmp(real, "/") != 0 ? real : NULL;
  return 0;
}

void ftpd_home_below(const char *root) {
  size_t len = strlen(root);

  if (strncmp(session.cwd, root, len) != 0 ||
      (session.cwd[len] != '/' && session.cwd[len] != '\0')) {
    return;                     /* not inside: chdir() will fail */
  }

  memmove(session.cwd, session.cwd + len, strlen(session.cwd + len) + 1);
  if (session.cwd[0] == '\0') {
    sstrncpy(session.cwd, "/", sizeof(session.cwd));
  }
}
