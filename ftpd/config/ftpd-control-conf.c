/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-control-conf.c -- the configuration of ftpdctl sftp and of the file of
 * metrics.
 */

#include "directives-int.h"
#include "directives-set.h"
#include "ftpd-controls.h"

/* usage: SFTPControlsACLs command,...|all allow|deny user|group name,... */
modret_t *ftpd_set_controlsacls(cmd_rec *cmd) {
  struct controls_acl acl = { .pool = cmd->tmp_pool };
  const char *bad = NULL;

  if (cmd->argc != 5) {
    CONF_ERROR(cmd, "wrong number of parameters: expected commands or all, "
      "allow or deny, user or group, and names");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  acl.commands = cmd->argv[1];
  acl.may = cmd->argv[2];
  acl.who = cmd->argv[3];
  acl.names = cmd->argv[4];
  if (strcmp(acl.may, "allow") != 0 && strcmp(acl.may, "deny") != 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", acl.may,
      "': expected allow or deny", NULL));
  }

  if (strcmp(acl.who, "user") != 0 && strcmp(acl.who, "group") != 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", acl.who,
      "': expected user or group", NULL));
  }

  if (ftpd_controls_allow(&acl, &bad) < 0) {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "unknown command: '",
      bad != NULL ? bad : acl.commands, "' (accepted: all, ",
      ftpd_controls_names(cmd->tmp_pool), ")", NULL));
  }

  (void) ftpd_conf_add_words(cmd);      /* for ftpdctl sftp config */
  return PR_HANDLED(cmd);
}

#define METRICS_SECS 15
#define METRICS_MAX_SECS 86400

/* usage: SFTPMetricsFile path [seconds] */
modret_t *ftpd_set_metricsfile(cmd_rec *cmd) {
  struct metrics m = { NULL, METRICS_SECS };
  uint64_t secs;
  config_rec *c;

  if (cmd->argc != 2 && cmd->argc != 3) {
    CONF_ERROR(cmd, "wrong number of parameters: expected a path, and "
      "optionally seconds");
  }

  CHECK_CONF(cmd, CONF_ROOT);
  if (*((const char *) cmd->argv[1]) != '/') {
    CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "'", cmd->argv[1],
      "': expected an absolute path", NULL));
  }

  if (cmd->argc == 3) {
    if (!sftp_number(cmd->argv[2], 1, METRICS_MAX_SECS, &secs)) {
      CONF_ERROR(cmd, pstrcat(cmd->tmp_pool, "interval '", cmd->argv[2],
        "' must be a number of seconds, 1 to 86400", NULL));
    }

    m.secs = (unsigned int) secs;
  }

  c = ftpd_conf_add_value(cmd, &m, sizeof(m));
  ((struct metrics *) c->argv[0])->path = pstrdup(c->pool, cmd->argv[1]);
  return PR_HANDLED(cmd);
}
