/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-login.h -- what host-auth.c, host-login.c and host-keystore.c share:
 * the request that is under way.
 */

#ifndef MOD_SFTP_HOST_LOGIN_H
#define MOD_SFTP_HOST_LOGIN_H

#include "host-int.h"

/* Made by the first request, as long as the session. */
struct host_login {
  pool *pool;                   /* of the request under way; NULL: none */
  const char *method;
  cmd_rec *user_cmd;            /* USER */
  cmd_rec *auth_cmd;            /* USERAUTH_REQUEST */
  cmd_rec *pass_cmd;            /* PASS, once a method has begun it */
  bool pass_ended;              /* a handler refused it */
  bool told_no_user;            /* the log has it already */
};

/* ---- host-auth.c */

/* Text of the client in the host's character set. */
const char *host_auth_local_text(pool *p, const char *text);
/* PRE_CMD of PASS.  The password, or NULL, is what handlers see during that
 * phase only; *rewritten is what they made of it.
 */
enum host_verdict host_auth_begin_pass(struct host *h, char *password,
  const char **rewritten);

/* ---- host-verify.c */

/* The user's entry, NULL when there is none. */
struct passwd *host_auth_entry(struct host *h, pool *p);
/* Tells the log, and other modules, of an unknown user. */
void host_auth_no_user(struct host *h);

/* ---- host-keystore.c */

/* Whether a store that SFTPAuthorizedUserKeys names has this key.  0 with *id
 * for the log, -1 when not.
 */
int host_keystore_user_key(struct host *h, pool *p, struct sftp_str blob,
  const char **id);

/* The text of a file of keys, as the store "file" finds and judges it; -1 when
 * it cannot be used (the log says why).
 */
int host_keyfile_read(struct host *h, pool *p, const char *info,
  const char **path, struct sftp_str *text);
/* Whether two blobs are one key: by their numbers, not by their spelling. */
bool host_key_is_same(pool *p, struct sftp_str a, struct sftp_str b);

/* ---- host-known.c */

/* Whether a store that SFTPAuthorizedHostKeys names has this key for a host of
 * that name.  0 with *id for the log, -1 when not.
 */
int host_known_key(struct host *h, pool *p, struct sftp_str blob,
  const char *host, const char *client_user, const char **id);

/* ---- host-keyopts.c */

/* Whether the options of a key (NULL: none) let it count for this client;
 * *refused is the one that does not.
 */
bool host_keyopts_allow(pool *p, const char *options, const char **refused);

/* ---- host-home.c: session.cwd, step by step */

/* Substitutes %u (and %u[n]) as if the user were logged in already; NULL when
 * the name would lead elsewhere ("..").
 */
const char *host_subst_user(struct host *h, pool *p, const char *path);
/* The home itself, with links resolved. */
void host_home_enter(struct host *h, pool *p, const struct passwd *pw);
/* CreateHome; -1 with errno. */
int host_home_create(struct host *h, pool *p, const struct passwd *pw);
/* DefaultChdir; true when one applies. */
bool host_home_chdir(pool *p);
/* DefaultRoot: the directory, NULL for none; -1 with errno. */
int host_home_root(pool *p, const char **root);
/* The process is in that root now. */
void host_home_below(const char *root);

#endif /* MOD_SFTP_HOST_LOGIN_H */
