/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-verify.c -- verifies that users are who they claim to be: by password,
 * by key, by answers to a driver.
 */

#include "ftpd-anon.h"
#include "ftpd-keystore.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-seen.h"
#include "ftpd-session.h"
#include "ftpd-usercert.h"

#include "ftpd-user.h"
#include "ftpd-userkey.h"

#include <shadow.h>

/* The number of entries that are searched for a hash to compare with. */
#define MAX_ENTRIES 32

/* ---- Who is it? */

static struct passwd *copy_entry(pool *p, const struct passwd *pw) {
  struct passwd *copy = pcalloc(p, sizeof(*copy));

  copy->pw_name = pstrdup(p, pw->pw_name);
  copy->pw_uid = pw->pw_uid;
  copy->pw_gid = pw->pw_gid;
  copy->pw_dir = pstrdup(p, pw->pw_dir);
  copy->pw_shell = pstrdup(p, pw->pw_shell);
  return copy;
}

void ftpd_auth_forget_entry(struct ftpd *h) {
  h->login->entry_of = NULL;
}

struct passwd *ftpd_auth_entry(struct ftpd *h) {
  struct ftpd_login *l = h->login;
  struct passwd *pw;

  if (l->entry_of == NULL || strcmp(l->entry_of, h->user) != 0) {
    /* Not the pool of the request: mod_ldap looks for keys in what its previous
     * lookup left there.
     */
    pw = pr_auth_getpwnam(h->pool, h->user);
    l->name = pw != NULL ? pstrdup(h->pool, pw->pw_name) : h->user;
    if (pw == NULL && l->anon != NULL && l->anon_user != NULL) {
      pw = pr_auth_getpwnam(h->pool, l->anon_user);
    }

    l->entry_of = h->user;
    l->entry = pw != NULL ? copy_entry(h->pool, pw) : NULL;
  }

  return l->not_alias ? NULL : l->entry;
}

const char *ftpd_auth_name(struct ftpd *h) {
  if (session.user != NULL) {
    return session.user;        /* logged in */
  }

  (void) ftpd_auth_entry(h);
  return h->login->name;
}

static const char *no_user(struct ftpd *h) {
  return h->login->not_alias ? "user is not a UserAlias" :
    "no such user found";
}

void ftpd_auth_no_user(struct ftpd *h) {
  const char *why = no_user(h);
  int code = PR_AUTH_NOPWD;

  ftpd_log_because(why);
  sftp_auth_log(PR_LOG_NOTICE, "USER %s: %s from %s [%s] to %s:%d", h->user,
    why, session.c->remote_name, pr_netaddr_get_ipstr(session.c->remote_addr),
    pr_netaddr_get_ipstr(session.c->local_addr), session.c->local_port);
  pr_event_generate("mod_auth.authentication-code", &code);
}

/* The hash of any user, for the same work as checking a real one; entries of
 * databases are not listed for that.
 */
static const char *some_hash(pool *p) {
  const char *hash = NULL;
  struct passwd *pw;
  struct spwd *sp;
  unsigned int i;

  if (!pr_module_exists("mod_sql.c") && !pr_module_exists("mod_ldap.c")) {
    pr_auth_setpwent(p);
    for (i = 0; i < MAX_ENTRIES && hash == NULL; i++) {
      pw = pr_auth_getpwent(p);
      if (pw == NULL) {
        break;
      }

      if (pw->pw_passwd != NULL && pw->pw_passwd[0] == '$') {
        hash = pstrdup(p, pw->pw_passwd);
      }
    }

    pr_auth_endpwent(p);
  }

  if (hash == NULL) {
    PRIVS_ROOT
    setspent();
    for (i = 0; i < MAX_ENTRIES && hash == NULL; i++) {
      sp = getspent();
      if (sp == NULL) {
        break;
      }

      if (sp->sp_pwdp != NULL && sp->sp_pwdp[0] == '$') {
        hash = pstrdup(p, sp->sp_pwdp);
      }
    }

    endspent();
    PRIVS_RELINQUISH
  }

  return hash != NULL ? hash : pstrdup(p, "$6$uP8BSbZCqnHrYsdE$"
    "wYB6xRW3qzqEU5XtUo0yGSNHk4BAOxFq5dQzBjlvqlnJEJU9e5r8mWzP3VJzzzz2"
    "cS2o0cTnG2v0sS3W4O3xF/");
}

/* The work for unknown users: the same lookups and a hash, with a refusal as
 * the result.
 */
static void check_nobody(struct ftpd *h, pool *p, const char *password) {
  const char *hash;

  (void) pr_auth_authenticate(p, h->user, password);
  hash = some_hash(p);
  (void) pr_auth_check(p, hash, h->user, password);
  sftp_wipe((char *) hash, strlen(hash));
}

/* ---- password */

static const struct {
  int code;
  enum ftpd_verdict verdict;
  const char *text;
} codes[] = {
  { PR_AUTH_NOPWD, FTPD_AUTH_NO_USER, "No such user found" },
  { PR_AUTH_BADPWD, FTPD_AUTH_BAD, "Incorrect password" },
  { PR_AUTH_AGEPWD, FTPD_AUTH_EXPIRED, "Password expired" },
  { PR_AUTH_DISABLEDPWD, FTPD_AUTH_DISABLED, "Account disabled" },
  { PR_AUTH_CRED_INSUFFICIENT, FTPD_AUTH_ERROR, "Insufficient credentials" },
  { PR_AUTH_CRED_UNAVAIL, FTPD_AUTH_ERROR, "Unavailable credentials" },
  { PR_AUTH_CRED_ERROR, FTPD_AUTH_ERROR, "Failure setting credentials" },
  { PR_AUTH_INFO_UNAVAIL, FTPD_AUTH_ERROR,
    "Unavailable authentication service" },
  { PR_AUTH_MAX_ATTEMPTS_EXCEEDED, FTPD_AUTH_ERROR,
    "Max authentication service attempts reached" },
  { PR_AUTH_INIT_ERROR, FTPD_AUTH_ERROR,
    "Failed initializing authentication service" },
  { PR_AUTH_NEW_TOKEN_REQUIRED, FTPD_AUTH_ERROR,
    "New authentication token required" }
};

static enum ftpd_verdict verdict_of(struct ftpd *h, int code) {
  size_t i;

  if (code >= PR_AUTH_OK) {
    return FTPD_AUTH_OK;
  }

  for (i = 0; i < SFTP_NELEMS(codes); i++) {
    if (codes[i].code == code) {
      sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): %s", h->user,
        codes[i].text);
      return codes[i].verdict;
    }
  }

  sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): Incorrect password",
    h->user);
  return FTPD_AUTH_ERROR;
}

static bool empty_is_refused(struct ftpd *h) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM,
    "AllowEmptyPasswords", FALSE);

  if (c == NULL && h->login->anon != NULL) {
    c = find_config(h->login->anon->subset, CONF_PARAM, "AllowEmptyPasswords",
      FALSE);
  }

  return c != NULL && *((int *) c->argv[0]) == FALSE;
}

/* UserPassword: a hash in the configuration instead of the user's own, by the
 * name of the user or, unless that is an alias with a password of its own, by
 * that of the account.
 */
static const char *configured_hash(struct ftpd *h, const char *user) {
  const char *account = user == h->user ? ftpd_auth_name(h) : user;
  config_rec *c = find_config(ftpd_anon_conf(h), CONF_PARAM, "UserPassword",
    FALSE);

  while (c != NULL && strcmp(c->argv[0], user) != 0 &&
      strcmp(c->argv[0], account) != 0) {
    c = find_config_next(c, c->next, CONF_PARAM, "UserPassword", FALSE);
  }

  return c != NULL ? c->argv[1] : NULL;
}

/* Under AuthUsingAlias the password is that of the alias. */
static const char *whose_password(struct ftpd *h) {
  const unsigned char *own = h->login->anon != NULL ?
    get_param_ptr(h->login->anon->subset, "AuthUsingAlias", FALSE) : NULL;

  return own != NULL && *own == TRUE ? h->login->given : h->user;
}

static int verify_password(struct ftpd *h, pool *p, const char *password) {
  const char *user = whose_password(h), *hash = configured_hash(h, user);

  if (hash == NULL) {
    return pr_auth_authenticate(p, user, password);
  }

  return pr_auth_getpwnam(p, user) != NULL ?
    pr_auth_check(p, hash, user, password) : PR_AUTH_NOPWD;
}

static enum ftpd_verdict check_password(struct ftpd *h, const char *password) {
  struct ftpd_login *l = h->login;

  /* Before the user is looked up, as for FTP. */
  if (*password == '\0' && empty_is_refused(h)) {
    sftp_auth_log(PR_LOG_NOTICE, "Refusing empty password from user '%s'",
      h->user);
    pr_event_generate("mod_auth.empty-password", h->user);
    pr_response_add_err(R_501, "%s", _("Login incorrect."));
    return FTPD_AUTH_EMPTY;
  }

  if (ftpd_auth_entry(h) == NULL) {
    check_nobody(h, l->pool, password);
    ftpd_auth_no_user(h);
    return FTPD_AUTH_NO_USER;
  }

  if (l->anon != NULL && ftpd_anon_rejects(h, password)) {
    sftp_auth_log(PR_LOG_NOTICE, "ANON %s: AnonRejectPasswords denies login",
      l->given);
    pr_event_generate("mod_auth.anon-reject-passwords", session.c);
    return FTPD_AUTH_BAD;
  }

  if (l->anon != NULL && !ftpd_anon_wants_password(h)) {
    l->anon_password = pstrdup(h->pool, password);
    return FTPD_AUTH_OK;
  }

  return verdict_of(h, verify_password(h, l->pool, password));
}

enum ftpd_verdict ftpd_auth_password(struct ftpd *h, const char *password) {
  pool *p = h->login->pool;
  const char *text = ftpd_auth_local_text(p, password), *rewritten = NULL;
  size_t len = strlen(text);
  char *copy = pstrdup(p, text);
  enum ftpd_verdict v = ftpd_auth_begin_pass(h, copy, &rewritten);

  if (v == FTPD_AUTH_OK) {
    v = check_password(h, rewritten);
  }

  if (rewritten != NULL && rewritten != copy) {
    sftp_wipe((char *) rewritten, strlen(rewritten));
  }

  if (text != password) {
    sftp_wipe((char *) text, len);
  }

  sftp_wipe(copy, len);
  return v;
}

/* ---- publickey and hostbased */

enum ftpd_verdict ftpd_auth_user_key(struct ftpd *h, pool *p,
    struct sftp_str blob, const struct sftp_cert *cert, bool probe,
    struct ftpd_key_grant *grant) {
  bool exists = ftpd_auth_entry(h) != NULL, found;

  /* The stores are queried for unknown users, too, and the answer is ignored.
   */
  found = (cert != NULL ? ftpd_usercert_allows(h, p, cert, grant) :
    ftpd_keystore_user_key(h, p, blob, NULL, grant)) == 0;
  found = found && !ftpd_userkey_revoked(h, p, blob, cert, "public key", probe);
  if (exists && found) {
    ftpd_log_forget();          /* faults of other keys */
    if (!probe) {
      ftpd_seen_key(h, p, blob, cert, false);
    }
  }

  if (exists) {
    return found ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
  }

  ftpd_log_because(no_user(h));
  if (!probe || !h->login->told_no_user) {
    h->login->told_no_user = true;
    ftpd_auth_no_user(h);
  }

  return FTPD_AUTH_NO_USER;
}

/* With UseReverseDNS on, the name that the client gives for its host must be
 * the name of its address.  A name may end with the dot of the root.
 */
static bool host_name_fits(const char *name) {
  size_t len = strlen(name);
  const char *real = session.c->remote_name;

  if (!ServerUseReverseDNS) {
    return true;
  }

  len -= len > 0 && name[len - 1] == '.';
  if (strlen(real) == len && strncasecmp(real, name, len) == 0) {
    return true;
  }

  sftp_log_why(WHY_OBJECTION, "client calls its host '%s', its address "
    "belongs to '%s'", name, real);
  return false;
}

/* A host vouches for its user's identity, not for other names that they may
 * use; an alias is one of the account's names.
 */
static bool user_fits(struct ftpd *h, const char *client_user) {
  bool by_alias = strcmp(h->orig_user, h->user) != 0;

  if ((h->set->opts & SFTP_OPT_HOSTBASED_ANY_USER) != 0 ||
      (by_alias && strcmp(client_user, h->orig_user) == 0) ||
      strcmp(client_user, ftpd_auth_name(h)) == 0) {
    return true;
  }

  sftp_log_why(WHY_OBJECTION, "user '%s' of the client's host may not log in "
    "as '%s' (SFTPOptions HostbasedAnyUser would let them)", client_user,
    h->user);
  return false;
}

enum ftpd_verdict ftpd_auth_host_key(struct ftpd *h, pool *p,
    struct sftp_str blob, const char *host, const char *client_user,
    const char **id) {
  bool exists = ftpd_auth_entry(h) != NULL, found, fits;

  found = ftpd_known_key(h, p, blob, host, client_user, id) == 0;
  found = found && !ftpd_userkey_revoked(h, p, blob, NULL, "host key", false);
  fits = host_name_fits(host);
  fits = user_fits(h, client_user) && fits;
  if (!exists) {
    ftpd_auth_no_user(h);
    return FTPD_AUTH_NO_USER;
  }

  if (found && fits) {
    ftpd_log_forget();
    ftpd_seen_key(h, p, blob, NULL, true);
  }

  return found && fits ? FTPD_AUTH_OK : FTPD_AUTH_BAD;
}

void ftpd_auth_limit(struct ftpd *h, bool read_only, const char *dir,
    int mask) {
  h->read_only = read_only;
  h->start_dir = dir;
  h->forced_umask = mask;
}

enum ftpd_verdict ftpd_auth_authorize(struct ftpd *h) {
  pool *p = h->login->pool;
  int code = pr_auth_authorize(p, h->user);

  if (code >= PR_AUTH_OK) {
    code = ftpd_shadow_code(ftpd_auth_entry(h));
  }

  return verdict_of(h, code);
}

/* ---- keyboard-interactive */

const char *ftpd_kbdint_driver(struct ftpd *h SFTP_UNUSED, unsigned int i) {
  sftp_kbdint_driver_t *d = sftp_kbdint_first_driver();

  while (d != NULL && i > 0) {
    d = sftp_kbdint_next_driver();
    i--;
  }

  return d != NULL ? d->driver_name : NULL;
}

enum ftpd_verdict ftpd_auth_kbdint(struct ftpd *h, const char *name) {
  sftp_kbdint_driver_t *d = sftp_kbdint_get_driver(name);
  bool exists = ftpd_auth_entry(h) != NULL;
  int res, xerrno = 0;

  if (d == NULL) {
    return FTPD_AUTH_ERROR;
  }

  errno = EPERM;                /* for drivers that give no reason */
  res = d->open(d, ftpd_auth_name(h));
  if (res < 0 && exists) {
    sftp_log_why(WHY_MISSING, "keyboard-interactive driver '%s' cannot be "
      "used: %s", name, strerror(errno));
    return FTPD_AUTH_ERROR;
  }

  if (res == 0) {
    errno = EPERM;
    res = d->authenticate(d, ftpd_auth_name(h));
    xerrno = errno;
    (void) d->close(d);
  }

  if (!exists) {
    ftpd_auth_no_user(h);
    return FTPD_AUTH_NO_USER;
  }

  if (res < 0) {
    sftp_log_why(WHY_MISSING, "keyboard-interactive driver '%s' refused user "
      "'%s': %s", name, h->user, strerror(xerrno));
    return FTPD_AUTH_BAD;
  }

  ftpd_log_forget();
  return FTPD_AUTH_OK;
}
