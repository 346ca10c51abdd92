/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mod_refuse.c -- a module that is asked before hard links are made, and
 * refuses those with "refused" in a name, for t/integration/pitfalls.t.
 */

#include "mod_sftp.h"

module refuse_module;

static modret_t *before_link(cmd_rec *cmd) {
  (void) pr_log_writefile(sftp_logfd, "mod_refuse/0", "%s '%s'",
    (char *) cmd->argv[0], cmd->arg);
  return strstr(cmd->arg, "refused") != NULL ? PR_ERROR(cmd) :
    PR_DECLINED(cmd);
}

static cmdtable refuse_commands[] = {
  { PRE_CMD, "HARDLINK", G_NONE, before_link, FALSE, FALSE, 0, NULL },
  { PRE_CMD, "LINK", G_NONE, before_link, FALSE, FALSE, 0, NULL },
  { 0, NULL, NULL, NULL, FALSE, FALSE, 0, NULL }
};

module refuse_module = {
  NULL, NULL, 0x20, "refuse", NULL, refuse_commands, NULL, NULL, NULL,
  "mod_refuse/0", NULL, 0
};
