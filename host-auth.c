/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-auth.c -- authentication as other modules see it: the phases of USER,
 * PASS and USERAUTH_REQUEST around the host's own verification.
 */

#include "host-login.h"

#include <shadow.h>
#include <time.h>

/* How many entries are looked at for a hash to compare with. */
#define MAX_ENTRIES 32

static struct host_login *login_of(struct host *h) {
  if (h->login == NULL) {
    h->login = pcalloc(h->pool, sizeof(*h->login));
  }

  return h->login;
}

/* The host keeps its last response in this pool; it must forget it before the
 * pool goes.
 */
static void leave_pool(void *data) {
  struct host_login *l = data;

  if (l->pool != NULL && pr_response_get_pool() == l->pool) {
    pr_response_set_pool(NULL);
  }

  l->pool = NULL;
  l->user_cmd = l->auth_cmd = l->pass_cmd = NULL;
}

static void enter_pool(struct host_login *l, pool *p) {
  l->pool = p;
  l->user_cmd = l->auth_cmd = l->pass_cmd = NULL;
  l->pass_ended = false;
  pr_response_set_pool(p);
  register_cleanup2(p, l, leave_pool);
}

static void set_note(const char *name, const char *value) {
  (void) pr_table_remove(session.notes, name, NULL);
  if (pr_table_add_dup(session.notes, name, value, 0) < 0) {
    pr_trace_msg("ssh2", 3, "unable to set note '%s': %s", name,
      strerror(errno));
  }
}

/* ---- USER */

/* Text of the client in the host's character set. */
static const char *local_text(pool *p, const char *text) {
#ifdef PR_USE_NLS
  const char *charset = pr_encode_get_charset();
  size_t len = 0;
  char *res;

  if (charset != NULL && pr_encode_is_utf8(charset) != TRUE) {
    res = pr_decode_str(p, text, strlen(text), &len);
    return res != NULL ? pstrndup(p, res, len) : text;
  }
#endif /* PR_USE_NLS */

  (void) p;
  return text;
}

int host_auth_user(struct host *h, pool *p, const char **user) {
  struct host_login *l = login_of(h);
  cmd_rec *cmd;

  enter_pool(l, p);
  if (h->orig_user == NULL) {
    h->orig_user = pstrdup(h->pool, *user);
  }

  cmd = host_cmd(p, C_USER, local_text(p, *user), CL_AUTH|CL_SSH, true);
  l->user_cmd = cmd;
  if (pr_cmd_dispatch_phase(cmd, PRE_CMD, 0) < 0) {
    sftp_log("user '%s' refused by a handler of USER", *user);
    host_auth_user_end(h, false);
    errno = EPERM;
    return -1;
  }

  /* mod_rewrite and its like may have changed it. */
  *user = pstrdup(p, cmd->arg != NULL ? cmd->arg : "");
  if (h->user == NULL || strcmp(h->user, *user) != 0) {
    h->user = pstrdup(h->pool, *user);
  }

  return 0;
}

void host_auth_user_end(struct host *h, bool ok) {
  struct host_login *l = h->login;

  if (ok) {
    pr_response_add(R_331, _("Password required for %s"), h->user);

  } else {
    pr_response_add_err(R_530, "%s", _("Login incorrect."));
  }

  host_cmd_end(l->user_cmd, ok);
  l->user_cmd = NULL;
  if (ok) {
    /* Many modules look here for who it is that logs in. */
    set_note("mod_auth.orig-user", h->user);
  }
}

/* ---- USERAUTH_REQUEST and PASS */

void host_auth_begin(struct host *h, pool *p, const char *user,
    const char *method, bool known) {
  struct host_login *l = login_of(h);
  cmd_rec *cmd = pr_cmd_alloc(p, 3, pstrdup(p, "USERAUTH_REQUEST"),
    pstrdup(p, user), pstrdup(p, method));

  cmd->arg = pstrcat(p, user, " ", method, NULL);
  cmd->cmd_class = CL_AUTH|CL_SSH;
  cmd->cmd_id = HOST_CMD_ID;
  l->auth_cmd = cmd;
  l->method = method;
  if (known) {
    host_note(h, "SFTP_USER_AUTH_METHOD", method);
  }
}

static void end_pass(struct host *h, bool nonfatal) {
  struct host_login *l = h->login;

  if (l->pass_cmd == NULL || l->pass_ended) {
    return;
  }

  l->pass_ended = true;
  pr_response_add_err(R_530, "%s", _("Login incorrect."));
  if (nonfatal) {
    (void) pr_table_add_dup(l->pass_cmd->notes, "mod_sftp.nonfatal-attempt",
      l->method, 0);
  }

  host_cmd_end(l->pass_cmd, false);
}

/* The password, or NULL, is what handlers see during PRE_CMD only. */
static enum host_verdict begin_pass(struct host *h, char *password,
    const char **rewritten) {
  struct host_login *l = h->login;
  cmd_rec *cmd = host_cmd(l->pool, C_PASS, "(hidden)", CL_AUTH|CL_SSH, true);
  char *hidden = cmd->arg;
  void *hidden_arg = cmd->argc > 1 ? cmd->argv[1] : NULL;
  int res;

  l->pass_cmd = cmd;
  l->pass_ended = false;
  if (password != NULL) {
    cmd->arg = password;
    if (cmd->argc > 1) {
      cmd->argv[1] = password;
    }
  }

  res = pr_cmd_dispatch_phase(cmd, PRE_CMD, 0);
  if (password != NULL) {
    *rewritten = cmd->arg;
    cmd->arg = hidden;
    if (cmd->argc > 1) {
      cmd->argv[1] = hidden_arg;
    }
  }

  if (res == 0 || res == 1) {
    return HOST_AUTH_OK;
  }

  sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): blocked by '%s' "
    "handler", h->user, (const char *) cmd->argv[0]);
  end_pass(h, false);
  return HOST_AUTH_BLOCKED;
}

enum host_verdict host_auth_pass(struct host *h) {
  return begin_pass(h, NULL, NULL);
}

/* ---- Who is it? */

struct passwd *host_auth_entry(struct host *h, pool *p) {
  return pr_auth_getpwnam(p, h->user);
}

void host_auth_no_user(struct host *h) {
  int code = PR_AUTH_NOPWD;

  sftp_auth_log(PR_LOG_NOTICE, "USER %s: no such user found from %s [%s] to "
    "%s:%d", h->user, session.c->remote_name,
    pr_netaddr_get_ipstr(session.c->remote_addr),
    pr_netaddr_get_ipstr(session.c->local_addr), session.c->local_port);
  pr_event_generate("mod_auth.authentication-code", &code);
}

/* A hash of any user, for work equal to that of checking a real one; names
 * that live in a database are not listed for that.
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

/* What is done for users that do not exist: the same look-ups and a hash, and
 * whatever comes of them is no.
 */
static void check_nobody(struct host *h, pool *p, const char *password) {
  const char *hash;

  (void) pr_auth_authenticate(p, h->user, password);
  hash = some_hash(p);
  (void) pr_auth_check(p, hash, h->user, password);
  sftp_wipe((char *) hash, strlen(hash));
}

/* ---- password */

static const struct {
  int code;
  enum host_verdict verdict;
  const char *text;
} codes[] = {
  { PR_AUTH_NOPWD, HOST_AUTH_NO_USER, "No such user found" },
  { PR_AUTH_BADPWD, HOST_AUTH_BAD, "Incorrect password" },
  { PR_AUTH_AGEPWD, HOST_AUTH_EXPIRED, "Password expired" },
  { PR_AUTH_DISABLEDPWD, HOST_AUTH_DISABLED, "Account disabled" },
  { PR_AUTH_CRED_INSUFFICIENT, HOST_AUTH_ERROR, "Insufficient credentials" },
  { PR_AUTH_CRED_UNAVAIL, HOST_AUTH_ERROR, "Unavailable credentials" },
  { PR_AUTH_CRED_ERROR, HOST_AUTH_ERROR, "Failure setting credentials" },
  { PR_AUTH_INFO_UNAVAIL, HOST_AUTH_ERROR,
    "Unavailable authentication service" },
  { PR_AUTH_MAX_ATTEMPTS_EXCEEDED, HOST_AUTH_ERROR,
    "Max authentication service attempts reached" },
  { PR_AUTH_INIT_ERROR, HOST_AUTH_ERROR,
    "Failed initializing authentication service" },
  { PR_AUTH_NEW_TOKEN_REQUIRED, HOST_AUTH_ERROR,
    "New authentication token required" }
};

static enum host_verdict verdict_of(struct host *h, int code) {
  size_t i;

  if (code >= PR_AUTH_OK) {
    return HOST_AUTH_OK;
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
  return HOST_AUTH_ERROR;
}

static bool empty_is_refused(struct host *h) {
  config_rec *c = find_config(h->server->conf, CONF_PARAM,
    "AllowEmptyPasswords", FALSE);

  return c != NULL && *((int *) c->argv[0]) == FALSE;
}

static enum host_verdict check_password(struct host *h, const char *password) {
  pool *p = h->login->pool;

  if (host_auth_entry(h, p) == NULL) {
    check_nobody(h, p, password);
    host_auth_no_user(h);
    return HOST_AUTH_NO_USER;
  }

  if (*password == '\0' && empty_is_refused(h)) {
    sftp_auth_log(PR_LOG_NOTICE, "Refusing empty password from user '%s'",
      h->user);
    pr_event_generate("mod_auth.empty-password", h->user);
    pr_response_add_err(R_501, "%s", _("Login incorrect."));
    return HOST_AUTH_EMPTY;
  }

  return verdict_of(h, pr_auth_authenticate(p, h->user, password));
}

enum host_verdict host_auth_password(struct host *h, const char *password) {
  pool *p = h->login->pool;
  const char *text = local_text(p, password), *rewritten = NULL;
  size_t len = strlen(text);
  char *copy = pstrdup(p, text);
  enum host_verdict v = begin_pass(h, copy, &rewritten);

  if (v == HOST_AUTH_OK) {
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

/* ---- publickey, and what else proves who it is */

enum host_verdict host_auth_user_key(struct host *h, pool *p,
    struct sftp_str blob, bool probe, const char **id) {
  bool exists = host_auth_entry(h, p) != NULL, found;

  /* The stores are asked for unknown users too, and not believed. */
  found = host_keystore_user_key(h, p, blob, id) == 0;
  if (exists) {
    return found ? HOST_AUTH_OK : HOST_AUTH_BAD;
  }

  if (!probe || !h->login->told_no_user) {
    h->login->told_no_user = true;
    host_auth_no_user(h);
  }

  return HOST_AUTH_NO_USER;
}

enum host_verdict host_auth_authorize(struct host *h) {
  return verdict_of(h, pr_auth_authorize(h->login->pool, h->user));
}

/* ---- keyboard-interactive */

const char *host_kbdint_driver(struct host *h SFTP_UNUSED, unsigned int i) {
  sftp_kbdint_driver_t *d = sftp_kbdint_first_driver();

  while (d != NULL && i > 0) {
    d = sftp_kbdint_next_driver();
    i--;
  }

  return d != NULL ? d->driver_name : NULL;
}

enum host_verdict host_auth_kbdint(struct host *h, const char *name) {
  sftp_kbdint_driver_t *d = sftp_kbdint_get_driver(name);
  bool exists = host_auth_entry(h, h->login->pool) != NULL;
  int res, xerrno;

  if (d == NULL) {
    return HOST_AUTH_ERROR;
  }

  res = d->open(d, h->user);
  if (res < 0) {
    sftp_log("keyboard-interactive driver '%s' cannot be used: %s", name,
      strerror(errno));
    return HOST_AUTH_ERROR;
  }

  res = d->authenticate(d, h->user);
  xerrno = errno;
  (void) d->close(d);
  if (!exists) {
    host_auth_no_user(h);
    return HOST_AUTH_NO_USER;
  }

  if (res < 0) {
    sftp_log("keyboard-interactive driver '%s' refused user '%s': %s", name,
      h->user, strerror(xerrno));
    return HOST_AUTH_BAD;
  }

  return HOST_AUTH_OK;
}

uint64_t host_login_due_ms(struct host *h) {
  const int *secs = get_param_ptr(h->server->conf, "TimeoutLogin", FALSE);
  uint64_t limit = (uint64_t) (secs != NULL ? *secs :
    PR_TUNABLE_TIMEOUTLOGIN) * 1000, now = 0;

  if (limit == 0) {
    return UINT64_MAX;
  }

  /* A second more than the host's own timer, which goes first if it can. */
  limit += session.connect_time_ms + 1000;
  pr_gettimeofday_millis(&now);
  return now < limit ? limit - now : 0;
}

/* ---- The end of a request */

void host_auth_end(struct host *h, enum host_auth_result res) {
  struct host_login *l = h->login;

  switch (res) {
    case HOST_REQ_PROBE:
      end_pass(h, true);
      break;

    case HOST_REQ_FAILED:
    case HOST_REQ_BROKEN:
      end_pass(h, false);
      break;

    default:
      break;
  }

  host_cmd_end(l->auth_cmd, res != HOST_REQ_UNKNOWN && res != HOST_REQ_BROKEN);
  l->auth_cmd = NULL;
}

void host_auth_pause(struct host *h, unsigned int ms) {
  uint64_t now = host_now_ms(), until = now + ms;

  /* Signals may end each of the waits early. */
  while (now < until) {
    (void) host_wait(h, -1, 0, (int) (until - now));
    now = host_now_ms();
  }
}

void host_auth_max(struct host *h, unsigned int max) {
  struct host_login *l = h->login;

  sftp_auth_log(PR_LOG_NOTICE, "Maximum login attempts (%u) exceeded, "
    "connection refused", max);
  if (l->pass_cmd == NULL) {
    l->pass_cmd = host_cmd(l->pool, C_PASS, "(hidden)", CL_AUTH|CL_SSH, true);
    end_pass(h, false);
  }

  /* The handlers of a failed PASS remove the note that rules of mod_ban for
   * this event need.
   */
  set_note("mod_auth.orig-user", h->user);
  pr_event_generate("mod_auth.max-login-attempts", session.c);
}
