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
  const char *given;            /* before UserAlias; h->user: behind */
  config_rec *anon;             /* the <Anonymous> it leads to, or NULL */
  const char *anon_user;        /* its User, if the name itself has no entry */
  const char *anon_password;    /* where none is asked for: what came */
  bool not_alias;               /* AuthAliasOnly: the name is none */
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

/* ---- host-anon.c: UserAlias, AuthAliasOnly and <Anonymous> */

/* Whom the name stands for: sets what of h->login belongs to it, and gives the
 * account's name, in p.
 */
const char *host_anon_resolve(struct host *h, pool *p, const char *given);
/* Whether his password is looked at (AnonRequirePassword). */
bool host_anon_wants_password(const struct host *h);
/* AnonRejectPasswords. */
bool host_anon_rejects(const struct host *h, const char *password);
/* The configuration that counts for the login: of <Anonymous>, or of all. */
xaset_t *host_anon_conf(const struct host *h);
/* The group of <Anonymous>, which replaces that of the user. */
void host_anon_group(struct host *h, pool *p, struct passwd *pw);
/* Its directory, resolved as the user; -1 with errno. */
int host_anon_root(struct host *h, pool *p, const char **root);
/* What the session, its logs and its process show of it. */
void host_anon_announce(struct host *h);

/* ---- host-verify.c */

/* The user's entry, NULL when there is none. */
struct passwd *host_auth_entry(struct host *h, pool *p);
/* Tells the log, and other modules, of an unknown user. */
void host_auth_no_user(struct host *h);

/* ---- host-keystore.c */

/* Whether a store that SFTPAuthorizedUserKeys names has this key, or (cert not
 * NULL) its authority's as a cert-authority whose certificates this user may
 * log in with.  0 with what comes with it, -1 when not.
 */
int host_keystore_user_key(struct host *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, struct host_key_grant *grant);
/* The same in the text of one file of keys; what names it in the log. */
int host_keystore_search(struct host *h, pool *p, const char *what,
  struct sftp_str text, struct sftp_str blob, const struct sftp_cert *cert,
  struct host_key_grant *grant);

/* Opens a file of keys as root, without waiting at a FIFO; -1 with errno. */
int host_keyfile_open(const char *path);
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

/* ---- host-cert.c */

/* Whether the authority of the certificate is trusted to name this user, by
 * SFTPTrustedUserCAKeys or by a key store.  0 with what comes with it, -1 when
 * not; the log has the reason.
 */
int host_cert_user(struct host *h, pool *p, const struct sftp_cert *cert,
  struct host_key_grant *grant);
/* Its principals, against those of a list joined by commas (NULL: the user's
 * name).
 */
bool host_cert_is_for(struct host *h, pool *p, const struct sftp_cert *cert,
  const char *principals);

/* ---- host-revoked.c */

/* Whether SFTPRevokedKeys or SFTPKeyBlacklist rule out this key, or this
 * certificate; says so in the log.  what it is, for the log; probe: nothing is
 * to be proven yet.
 */
bool host_key_revoked(struct host *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, const char *what, bool probe);

/* ---- host-keyexec.c, host-keyldap.c: as host_keyfile_read(), for the stores
 * "exec" and "ldap".  blob is the key that is looked for.
 */

int host_keyexec_read(struct host *h, pool *p, const char *info,
  struct sftp_str blob, const char **where, struct sftp_str *text);
int host_keyldap_read(struct host *h, pool *p, const char *info,
  struct sftp_str blob, const char **where, struct sftp_str *text);

/* ---- host-keyopts.c */

struct host_keyopts {
  bool authority;               /* cert-authority */
  bool no_touch, verify;
  const char *principals;       /* or NULL */
  const char *command;          /* or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL ends */
};

/* Reads the options of a key (NULL: none); false if they do not let it count
 * for this client, with a text that says which and why.
 */
bool host_keyopts_read(pool *p, const char *options, struct host_keyopts *o,
  const char **why);
/* Adds what the options say to what is granted so far. */
void host_keyopts_grant(const struct host_keyopts *o,
  struct host_key_grant *grant);
/* Whether the client's address is in a list like 192.0.2.0/24,2001:db8::1
 * (source-address of a certificate): no names, no patterns.
 */
bool host_source_allows(pool *p, const char *list);

/* ---- host-home.c: session.cwd, step by step */

/* Substitutes %u (and %u[n]) as if the user were logged in already; NULL when
 * the name would lead elsewhere ("..").
 */
const char *host_subst_user(struct host *h, pool *p, const char *path);
/* The home itself, with links resolved. */
void host_home_enter(struct host *h, pool *p, const struct passwd *pw);
/* CreateHome; -1 with errno. */
int host_home_create(struct host *h, pool *p, const struct passwd *pw);
/* DefaultChdir of that configuration; true when one applies. */
bool host_home_chdir(pool *p, xaset_t *conf);
/* DefaultRoot: the directory, NULL for none; -1 with errno. */
int host_home_root(pool *p, const char **root);
/* That directory with its links resolved; -1 with errno, which was logged: not
 * there, or AllowChrootSymlinks does not allow it.
 */
int host_home_resolve(pool *p, const char *dir, const char **real);
/* The process is in that root now. */
void host_home_below(const char *root);

#endif /* MOD_SFTP_HOST_LOGIN_H */
