/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-login.h -- the current authentication request (ftpd-login.c,
 * ftpd-auth.c, ftpd-verify.c, ftpd-display.c).
 */

#ifndef MOD_SFTP_FTPD_LOGIN_H
#define MOD_SFTP_FTPD_LOGIN_H

#include "ftpd-session.h"

#include "ftpd-userauth.h"

/* Created by the first request, for the whole session. */
struct ftpd_login {
  pool *pool;                   /* of the current request; NULL: none */
  const char *method;
  cmd_rec *user_cmd;            /* USER */
  cmd_rec *auth_cmd;            /* USERAUTH_REQUEST */
  cmd_rec *pass_cmd;            /* PASS, once a method has begun it */
  bool pass_ended;              /* a handler refused it */
  struct passwd *entry;         /* of the user: see ftpd_auth_entry() */
  const char *entry_of;         /* name of that user; NULL: not known */
  const char *name;             /* see ftpd_auth_name() */
  const char *given;            /* before UserAlias; h->user: after it */
  config_rec *anon;             /* the <Anonymous> it leads to, or NULL */
  const char *anon_user;        /* its User, if the name itself has no entry */
  const char *anon_password;    /* the given password, if none is required */
  bool not_alias;               /* AuthAliasOnly: the name is not an alias */
  bool told_no_user;            /* already logged */
  config_rec *stores;           /* FTPD_KEYS_RULE for the user; NULL: none */
};

/* ---- ftpd-auth.c */

/* Text of the client in the host's character set. */
const char *ftpd_auth_local_text(pool *p, const char *text);
/* PRE_CMD of PASS.  Handlers see the password, or NULL, only during that phase;
 * *rewritten is their replacement for it.
 */
enum ftpd_verdict ftpd_auth_begin_pass(struct ftpd *h, char *password,
  const char **rewritten);

/* ftpdctl sftp explain: that user asks for a login, which no handler sees; p
 * lives until it is over.
 */
void ftpd_auth_pretend(struct ftpd *h, pool *p, const char *user);

/* ---- ftpd-verify.c */

/* The user's entry, or NULL.  It is looked up once for all the keys of a
 * connection, until it is dropped.
 */
struct passwd *ftpd_auth_entry(struct ftpd *h);
void ftpd_auth_forget_entry(struct ftpd *h);
/* The account's name as its database spells it, the given one where there is no
 * account.  A database may find one account by many spellings (ALICE, " alice"
 * and alice); whatever decides by a user's name compares this.  h->user is for
 * asking the database, and for logs.
 */
const char *ftpd_auth_name(struct ftpd *h);
/* Reports an unknown user to the log and to other modules. */
void ftpd_auth_no_user(struct ftpd *h);

/* ---- ftpd-shadow.c */

/* PR_AUTH_OK, or the code for an account of the system that has expired, or
 * whose password has been for too long.
 */
int ftpd_shadow_code(const struct passwd *pw);

#endif /* MOD_SFTP_FTPD_LOGIN_H */
