/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-homedir.c -- the user of the session, their home directory, and how they
 * see times.
 */

#include "ftpd-path.h"

#include "ftpd-attrs.h"
#include "ftpd-user.h"

bool ftpd_times_gmt(struct ftpd *h) {
  unsigned char *gmt = get_param_ptr(h->server->conf, "TimesGMT", FALSE);

  return gmt == NULL || *gmt == TRUE;
}

const char *ftpd_user(struct ftpd *h) {
  return session.user != NULL ? session.user : h->user;
}

/* The home directory of the account, or NULL.  Looked up once, because the
 * daemon leaks a little memory for each lookup.
 */
static const char *home_of_account(struct ftpd *h) {
  struct passwd *pw;

  if (!h->home_known) {
    h->home_known = true;
    pw = pr_auth_getpwnam(h->pool, ftpd_user(h));
    h->home = pw != NULL && pw->pw_dir != NULL ? pstrdup(h->pool, pw->pw_dir) :
      NULL;
  }

  return h->home;
}

void ftpd_ids(struct ftpd *h, pool *p, struct ftpd_ids *ids) {
  const array_header *gids = session.gids, *names = session.groups;
  size_t n = gids != NULL ? gids->nelts : 0, i;
  struct ftpd_id *groups = pcalloc(p, (n + 1) * sizeof(*groups));

  ids->user.number = session.uid;
  ids->user.name = ftpd_user(h);
  ids->group.number = session.gid;
  ids->group.name = session.group;
  for (i = 0; i < n; i++) {
    groups[i].number = ((const gid_t *) gids->elts)[i];
    groups[i].name = names != NULL && i < (size_t) names->nelts ?
      ((char *const *) names->elts)[i] : NULL;
  }

  ids->groups = groups;
  ids->ngroups = n;
}

const char *ftpd_home(struct ftpd *h, pool *p, const char *user) {
  const char *home;
  size_t n;

  /* Users must not learn the home directories of others. */
  if (*user != '\0' && strcmp(user, ftpd_user(h)) != 0) {
    errno = EACCES;
    return NULL;
  }

  home = home_of_account(h);
  if (home == NULL) {
    return pstrdup(p, ftpd_cwd(h));
  }

  if (session.chroot_path != NULL) {
    n = strlen(session.chroot_path);
    if (strncmp(home, session.chroot_path, n) == 0 &&
        (home[n] == '/' || home[n] == '\0')) {
      home += n;

    } else if (n > 1) {
      return pstrdup(p, ftpd_cwd(h));
    }
  }

  return ftpd_canon(h, p, *home != '\0' ? home : "/");
}
