/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-login.h -- what ftpd-auth.c, ftpd-login.c and ftpd-keystore.c share:
 * the request that is under way.
 */

#ifndef MOD_SFTP_FTPD_LOGIN_H
#define MOD_SFTP_FTPD_LOGIN_H

#include "ftpd-int.h"

/* Made by the first request, as long as the session. */
struct ftpd_login {
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

/* ---- ftpd-auth.c */

/* Text of the client in the host's character set. */
const char *ftpd_auth_local_text(pool *p, const char *text);
/* PRE_CMD of PASS.  The password, or NULL, is what handlers see during that
 * phase only; *rewritten is what they made of it.
 */
enum ftpd_verdict ftpd_auth_begin_pass(struct ftpd *h, char *password,
  const char **rewritten);

/* ---- ftpd-anon.c: UserAlias, AuthAliasOnly and <Anonymous> */

/* Whom the name stands for: sets what of h->login belongs to it, and gives the
 * account's name, in p.
 */
const char *ftpd_anon_resolve(struct ftpd *h, pool *p, const char *given);
/* Whether the password is looked at (AnonRequirePassword). */
bool ftpd_anon_wants_password(const struct ftpd *h);
/* AnonRejectPasswords. */
bool ftpd_anon_rejects(const struct ftpd *h, const char *password);
/* The configuration that counts for the login: of <Anonymous>, or of all. */
xaset_t *ftpd_anon_conf(const struct ftpd *h);
/* The group of <Anonymous>, which replaces that of the user. */
void ftpd_anon_group(struct ftpd *h, pool *p, struct passwd *pw);
/* Its directory, resolved as the user; -1 with errno. */
int ftpd_anon_root(struct ftpd *h, pool *p, const char **root);
/* What the session, its logs and its process show of it. */
void ftpd_anon_announce(struct ftpd *h);

/* ---- ftpd-verify.c */

/* The user's entry, NULL when there is none. */
struct passwd *ftpd_auth_entry(struct ftpd *h, pool *p);
/* Tells the log, and other modules, of an unknown user. */
void ftpd_auth_no_user(struct ftpd *h);

/* ---- ftpd-keystore.c */

/* Whether a store that SFTPAuthorizedUserKeys names has this key, or (cert not
 * NULL) its authority's as a cert-authority whose certificates this user may
 * log in with.  0 with what comes with it, -1 when not.
 */
int ftpd_keystore_user_key(struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, struct ftpd_key_grant *grant);
/* The same in the text of one file of keys; what names it in the log. */
int ftpd_keystore_search(struct ftpd *h, pool *p, const char *what,
  struct sftp_str text, struct sftp_str blob, const struct sftp_cert *cert,
  struct ftpd_key_grant *grant);

/* Opens a file of keys as root, without waiting at a FIFO; -1 with errno. */
int ftpd_keyfile_open(const char *path);
/* The text of a file of keys, as the store "file" finds and judges it; -1 when
 * it cannot be used (the log says why).
 */
int ftpd_keyfile_read(struct ftpd *h, pool *p, const char *info,
  const char **path, struct sftp_str *text);
/* Whether two blobs are one key: by their numbers, not by their spelling. */
bool ftpd_same_key(pool *p, struct sftp_str a, struct sftp_str b);

/* ---- ftpd-known.c */

/* Whether a store that SFTPAuthorizedHostKeys names has this key for a host of
 * that name.  0 with *id for the log, -1 when not.
 */
int ftpd_known_key(struct ftpd *h, pool *p, struct sftp_str blob,
  const char *host, const char *client_user, const char **id);

/* ---- ftpd-usercert.c */

/* Whether the authority of the certificate is trusted to name this user, by
 * SFTPTrustedUserCAKeys or by a key store.  0 with what comes with it, -1 when
 * not; the log has the reason.
 */
int ftpd_usercert_allows(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  struct ftpd_key_grant *grant);
/* Its principals, against those of a list joined by commas (NULL: the user's
 * name).
 */
bool ftpd_usercert_is_for(struct ftpd *h, pool *p, const struct sftp_cert *cert,
  const char *principals);

/* ---- ftpd-revoked.c */

/* Whether SFTPRevokedKeys or SFTPKeyBlacklist rule out this key, or this
 * certificate; says so in the log.  what it is, for the log; probe: nothing is
 * to be proven yet.
 */
bool ftpd_userkey_revoked(struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, const char *what, bool probe);

/* ---- ftpd-keyexec.c, ftpd-keyldap.c: as ftpd_keyfile_read(), for the stores
 * "exec" and "ldap".  blob is the key that is looked for.
 */

int ftpd_keyexec_read(struct ftpd *h, pool *p, const char *info,
  struct sftp_str blob, const char **where, struct sftp_str *text);
int ftpd_keyldap_read(struct ftpd *h, pool *p, const char *info,
  struct sftp_str blob, const char **where, struct sftp_str *text);

/* ---- ftpd-keyopts.c */

struct ftpd_keyopts {
  bool authority;               /* cert-authority */
  bool no_touch, verify;
  const char *principals;       /* or NULL */
  const char *command;          /* or NULL */
  const char *const *env;       /* "NAME=value" ..., NULL ends */
};

/* Reads the options of a key (NULL: none); false if they do not let it count
 * for this client, with a text that says which and why.
 */
bool ftpd_keyopts_read(pool *p, const char *options, struct ftpd_keyopts *o,
  const char **why);
/* Adds what the options say to what is granted so far. */
void ftpd_keyopts_grant(const struct ftpd_keyopts *o,
  struct ftpd_key_grant *grant);
/* Whether the client's address is in a list like 192.0.2.0/24,2001:db8::1
 * (source-address of a certificate): no names, no patterns.
 */
bool ftpd_source_allows(pool *p, const char *list);

/* ---- ftpd-home.c: session.cwd, step by step */

/* Substitutes %u (and %u[n]) as if the user were logged in already; NULL when
 * the name would lead elsewhere ("..").
 */
const char *ftpd_subst_user(struct ftpd *h, pool *p, const char *path);
/* The home itself, with links resolved. */
void ftpd_home_enter(struct ftpd *h, pool *p, const struct passwd *pw);
/* CreateHome; -1 with errno. */
int ftpd_home_create(struct ftpd *h, pool *p, const struct passwd *pw);
/* DefaultChdir of that configuration; true when one applies. */
bool ftpd_home_chdir(pool *p, xaset_t *conf);
/* DefaultRoot: the directory, NULL for none; -1 with errno. */
int ftpd_home_root(pool *p, const char **root);
/* That directory with its links resolved; -1 with errno, which was logged: not
 * there, or AllowChrootSymlinks does not allow it.
 */
int ftpd_home_resolve(pool *p, const char *dir, const char **real);
/* The process is in that root now. */
void ftpd_home_below(const char *root);

#endif /* MOD_SFTP_FTPD_LOGIN_H */
