/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-limits.c -- restrictions from the options of a key: presence at a
 * security key, a forced command, the environment.
 */

#include <syslog.h>

#include "accept-env.h"
#include "auth-key.h"
#include "auth-method.h"
#include "forced.h"
#include "ftpd-report.h"
#include "ftpd-userkey.h"

bool sftp_auth_touch(struct ssh_conn *c, const struct sftp_auth_req *req,
    const struct sftp_key *key, const struct ftpd_key_grant *grant,
    const struct sftp_sig_info *info) {
  bool may_be_absent = grant->no_touch &&
    (c->set->opts & SFTP_OPT_FIDO_TOUCH_REQUIRED) == 0;
  bool must_be_known = grant->verify ||
    (c->set->opts & SFTP_OPT_FIDO_VERIFY_REQUIRED) != 0;
  const char *why = NULL;

  if (!sftp_key_is_sk(key)) {
    return true;
  }

  if (!info->touched && !may_be_absent) {
    why = "nobody touched the security key";

  } else if (!info->verified && must_be_known) {
    why = "the security key did not verify its user (PIN, fingerprint)";
  }

  if (why == NULL) {
    return true;
  }

  sftp_log_why(WHY_OBJECTION, "signature of user '%s' refused: %s", req->user,
    why);
  sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): %s", req->user, why);
  return false;
}

/* Two commands must be equal: otherwise it is unclear which one was intended.
 */
static bool commands_agree(const char *a, const char *b, const char **command) {
  *command = a != NULL ? a : b;
  return a == NULL || b == NULL || strcmp(a, b) == 0;
}

static bool force(struct ssh_conn *c, const struct sftp_auth_req *req,
    const char *command) {
  struct sftp_forced *f = pcalloc(c->pool, sizeof(*f));
  const char *why = NULL;

  if (c->services.forced != NULL) {
    if (strcmp(c->services.forced->text, command) == 0) {
      return true;
    }

    sftp_log_why(WHY_OBJECTION, "key of user '%s' refused: its command '%s' "
      "is not '%s', which an earlier key forces", req->user, command,
      c->services.forced->text);
    return false;
  }

  if (sftp_forced_parse(c->pool, command, f, &why) != SFTP_OK) {
    sftp_log_why(WHY_OBJECTION, "key of user '%s' refused: command '%s': %s",
      req->user, command, why);
    return false;
  }

  sftp_log("the only command of user '%s' is '%s'", req->user, command);
  c->services.forced = f;
  ftpd_auth_limit(c->ftpd, f->read_only, f->dir, f->umask);
  return true;
}

static void set_env(struct ssh_conn *c, const struct sftp_auth_req *req,
    const char *const *env) {
  for (; env != NULL && *env != NULL; env++) {
    const char *equals = strchr(*env, '=');
    const char *name = equals == NULL ? "" :
      pstrndup(req->pool, *env, (size_t) (equals - *env));

    if (*name != '\0' && sftp_env_accepted(c->set, name)) {
      ftpd_env(c->ftpd, name, equals + 1);

    } else {
      sftp_log("environment variable '%s' of the key of user '%s' is "
        "prohibited by policy (SFTPAcceptEnv)", name, req->user);
    }
  }
}

bool sftp_auth_limit(struct ssh_conn *c, const struct sftp_auth_req *req,
    const struct ftpd_key_grant *grant) {
  const struct sftp_cert *cert = req->u.key.cert;
  const char *command;

  if (!commands_agree(cert != NULL ? cert->force_command : NULL, grant->command,
      &command)) {
    sftp_log_why(WHY_OBJECTION, "certificate '%s' of user '%s' refused: its "
      "force-command is not the command of the authority's key", cert->key_id,
      req->user);
    return false;
  }

  if (command != NULL && !force(c, req, command)) {
    return false;
  }

  set_env(c, req, grant->env);
  return true;
}
