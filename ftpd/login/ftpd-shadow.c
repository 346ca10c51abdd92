/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-shadow.c -- accounts that shadow(5) says have expired. */

#include "ftpd-login.h"

#include <shadow.h>

#define DAY_SECS 86400

static int code_of(const struct spwd *sp, time_t day) {
  /* `chage -E 0' closes an account. */
  if (sp->sp_expire >= 0 && day >= sp->sp_expire) {
    return PR_AUTH_DISABLEDPWD;
  }

  if (sp->sp_lstchg > 0 && sp->sp_max > 0 && sp->sp_inact > 0 &&
      day > sp->sp_lstchg + sp->sp_max + sp->sp_inact) {
    return PR_AUTH_AGEPWD;
  }

  return PR_AUTH_OK;
}

/* Debian 13's ProFTPD is built without checking the fields of shadow(5) for the
 * expiry of an account; without a password, PAM does not notice it either.
 */
int ftpd_shadow_code(const struct passwd *pw) {
  const struct passwd *own;
  int code = PR_AUTH_OK;
  struct spwd *sp;
  uid_t uid;

  if (pw == NULL) {
    return PR_AUTH_OK;
  }

  /* Names in other databases may coincide with those of system users. */
  uid = pw->pw_uid;
  own = getpwnam(pw->pw_name);
  if (own == NULL || own->pw_uid != uid) {
    return PR_AUTH_OK;
  }

  PRIVS_ROOT
  sp = getspnam(pw->pw_name);
  code = sp != NULL ? code_of(sp, time(NULL) / DAY_SECS) : PR_AUTH_OK;
  PRIVS_RELINQUISH
  return code;
}
