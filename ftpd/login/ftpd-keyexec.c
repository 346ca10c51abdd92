/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-keyexec.c -- "exec": a command prints the keys of a user, or the
 * principals whose certificates may log in as that user.  No shell is involved.
 */

#include "ftpd-login.h"
#include "ftpd-run.h"
#include "ftpd-session.h"
#include "ftpd-source.h"

#include "cert.h"

#define EXEC_TIMEOUT_MS 10000

const char *ftpd_keyexec_check(pool *p, const char *info, const char *tokens) {
  const char *path, *why = ftpd_words_check(p, info, tokens, &path);

  return why != NULL ? why : ftpd_run_objection(p, path);
}

/* ---- What a command is not given */

/* Text that the command could not take for an option, without unusual bytes. */
static bool is_plain(const char *text) {
  return *text != '-' && ftpd_words_typed(text);
}

/* A name is not a path either. */
static bool is_plain_name(const char *name) {
  return is_plain(name) && *name != '\0' && strchr(name, '/') == NULL &&
    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

bool ftpd_keyexec_may(const struct ftpd_ask *ask, const char *info,
    char **words) {
  if (!is_plain_name(ftpd_auth_name(ask->ftpd))) {
    sftp_log_why(WHY_OBJECTION, "command '%s' is not run for a user of the "
      "name '%s'", words[0], ftpd_auth_name(ask->ftpd));
    return false;
  }

  if (ask->cert != NULL && !is_plain(ask->cert->key_id) &&
      ftpd_words_have(ask->pool, info, 'i')) {
    sftp_log_why(WHY_OBJECTION, "command '%s' is not run for a certificate of "
      "the key id '%s'", words[0], ask->cert->key_id);
    return false;
  }

  return true;
}

/* ---- A run */

static void log_complaint(const char *path, const struct ftpd_output *o) {
  char line[4 * sizeof(o->err) + 1];
  size_t len = o->errlen;

  while (len > 0 && (o->err[len - 1] == '\n' || o->err[len - 1] == '\r')) {
    len--;
  }

  if (len > 0) {
    sftp_log("command '%s' said: %s", path, sftp_escape(line, sizeof(line),
      o->err, len));
  }
}

int ftpd_keyexec_read(const struct ftpd_ask *ask, char **words,
    struct ftpd_answer *a) {
  config_rec *c = find_config(ask->ftpd->server->conf, CONF_PARAM,
    "SFTPAuthorizedKeysCommandUser", FALSE);
  const char *path = words[0];
  struct ftpd_run what;
  struct ftpd_output o;
  char *env[5];

  if (c == NULL) {
    a->why = "there is no SFTPAuthorizedKeysCommandUser";
    return -1;
  }

  /* It was checked when the server started; that may be long ago. */
  a->why = ftpd_run_objection(ask->pool, path);
  if (a->why != NULL) {
    return -1;
  }

  memset(&what, 0, sizeof(what));
  what.path = path;
  what.argv = words;
  what.envp = env;
  what.user = c->argv[0];
  what.uid = *((uid_t *) c->argv[1]);
  what.gid = *((gid_t *) c->argv[2]);
  what.timeout_ms = EXEC_TIMEOUT_MS;
  what.out_max = FTPD_SOURCE_MAX;
  env[0] = pstrdup(ask->pool,
    "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  env[1] = pstrcat(ask->pool, "USER=", what.user, NULL);
  env[2] = pstrcat(ask->pool, "LOGNAME=", what.user, NULL);
  env[3] = pstrcat(ask->pool, "SSH_CONNECTION=",
    ftpd_words_connection(ask->pool), NULL);
  env[4] = NULL;

  a->why = ftpd_run(ask->pool, &what, &o);
  log_complaint(path, &o);
  a->text.ptr = (unsigned char *) o.text;
  a->text.len = o.len;
  return a->why == NULL ? 0 : -1;
}
