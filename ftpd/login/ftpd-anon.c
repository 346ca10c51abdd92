/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-anon.c -- aliases (UserAlias, AuthAliasOnly) and <Anonymous>, with the
 * meaning that they have for FTP.
 */

#include "ftpd-anon.h"
#include "ftpd-home.h"
#include "ftpd-login.h"
#include "ftpd-session.h"

#include "ftpd-user.h"

const char *ftpd_anon_resolve(struct ftpd *h, pool *p, const char *given) {
  struct ftpd_login *l = h->login;
  const char *user = given;
  char *anon_user = NULL;

  l->anon = pr_auth_get_anon_config(p, &user, &anon_user, NULL);
  l->anon_user = l->anon != NULL ? anon_user : NULL;
  l->anon_password = NULL;
  l->not_alias = user == NULL;
  return pstrdup(p, user != NULL ? user : given);
}

bool ftpd_anon_wants_password(const struct ftpd *h) {
  const unsigned char *wants = get_param_ptr(h->login->anon->subset,
    "AnonRequirePassword", FALSE);

  return wants != NULL && *wants == TRUE;
}

bool ftpd_anon_rejects(const struct ftpd *h, const char *password) {
#ifdef PR_USE_REGEX
  config_rec *c = find_config(h->login->anon->subset, CONF_PARAM,
    "AnonRejectPasswords", FALSE);
  bool matches, negated;

  if (c == NULL || c->argv[0] == NULL) {
    return false;
  }

  matches = pr_regexp_exec(c->argv[0], password, 0, NULL, 0, 0, 0) == 0;
  negated = *((int *) c->argv[1]) == TRUE;
  return matches != negated;
#else
  (void) h;
  (void) password;
  return false;
#endif /* PR_USE_REGEX */
}

xaset_t *ftpd_anon_conf(const struct ftpd *h) {
  return h->login->anon != NULL ? h->login->anon->subset : main_server->conf;
}

void ftpd_anon_group(struct ftpd *h, pool *p, struct passwd *pw) {
  const char *name;
  struct group *gr;

  if (h->login->anon == NULL) {
    return;
  }

  name = get_param_ptr(h->login->anon->subset, "GroupName", FALSE);
  if (name == NULL) {
    name = get_param_ptr(main_server->conf, "GroupName", FALSE);
  }

  gr = name != NULL ? pr_auth_getgrnam(p, name) : NULL;
  if (gr != NULL) {
    pw->pw_gid = gr->gr_gid;
    session.group = pstrdup(p, gr->gr_name);
  }
}

int ftpd_anon_root(struct ftpd *h, pool *p, const char **root) {
  const config_rec *c = h->login->anon;
  const unsigned char *by_name = get_param_ptr(c->subset, "UserDirRoot",
    FALSE);
  const char *dir = c->name;

  *root = NULL;
  if (by_name != NULL && *by_name == TRUE &&
      strcmp(h->login->given, h->user) != 0) {
    if (strchr(h->login->given, '/') != NULL ||
        strcmp(h->login->given, "..") == 0) {
      errno = EPERM;
      return -1;
    }

    dir = pdircat(p, dir, h->login->given, NULL);
  }

  return ftpd_home_resolve(p, dir, root);
}

/* The password is logged. */
void ftpd_anon_announce(struct ftpd *h) {
  const struct ftpd_login *l = h->login;
  const char *said = sftp_printable(session.pool, l->anon_password != NULL ?
    l->anon_password : l->given);

  session.sf_flags = SF_ANON;
  session.anon_user = pstrdup(session.pool, said);
  session.proc_prefix = pstrcat(session.pool, session.c->remote_name,
    ": anonymous", NULL);

  (void) pr_table_remove(session.notes, "mod_auth.anon-passwd", NULL);
  if (l->anon_password != NULL) {
    session.hide_password = FALSE;
    (void) pr_table_add_dup(session.notes, "mod_auth.anon-passwd", said, 0);
  }
}
