/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-max-transfers.c -- MaxTransfersPerHost and MaxTransfersPerUser.
 *
 * mod_xfer counts sessions by the commands of the scoreboard.  A session has
 * one command there and may have many open files, so these are counted here.
 */

#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-openfile.h"
#include "ftpd-place.h"
#include "ftpd-request.h"
#include "ftpd-transfer-rules.h"

static bool is_listed(const config_rec *c, const char *name) {
  char **list = c->argv[0];

  for (; list != NULL && *list != NULL; list++) {
    if (strcasecmp(*list, name) == 0) {
      return true;
    }
  }

  return false;
}

static unsigned int count_own(struct ftpd *h, const char *name) {
  const struct ftpd_file *f;
  unsigned int n = 0;

  for (f = ftpd_files_of(h)->open; f != NULL; f = f->next) {
    n += f->cmd != NULL && strcmp(f->cmd->argv[0], name) == 0;
  }

  return n;
}

static unsigned int count_others(const char *name, bool by_user) {
  const char *client = pr_netaddr_get_ipstr(session.c->remote_addr);
  pr_scoreboard_entry_t *one;
  char server[128];
  unsigned int n = 0;

  snprintf(server, sizeof(server), "%s:%d",
    pr_netaddr_get_ipstr(session.c->local_addr), main_server->ServerPort);
  if (pr_rewind_scoreboard() < 0) {
    return 0;
  }

  while ((one = pr_scoreboard_entry_read()) != NULL) {
    n += one->sce_pid != session.pid &&
      strcmp(one->sce_server_addr, server) == 0 &&
      strcmp(one->sce_cmd, name) == 0 && (by_user ?
        strcmp(one->sce_user, session.user) == 0 :
        strcmp(one->sce_client_addr, client) == 0);
  }

  (void) pr_restore_scoreboard();
  return n;
}

static int check(struct ftpd_op *op, const char *name, const char *path,
    const char *directive, bool by_user, unsigned int more) {
  config_rec *c = find_config(CURRENT_CONF, CONF_PARAM, directive, FALSE);

  for (; c != NULL; c = find_config_next(c, c->next, CONF_PARAM, directive,
      FALSE)) {
    unsigned int max;

    if (c->argc < 2 || !is_listed(c, name)) {
      continue;
    }

    max = *((unsigned int *) c->argv[1]);
    if (count_own(op->ftpd, name) + count_others(name, by_user) + more >= max) {
      sftp_log("%s of '%s' refused: %s is %u%s", name, path, directive, max,
        ftpd_place_of(op->pool, c));
      ftpd_refuse(op, "%s is %u", directive, max);
      ftpd_op_state(op)->code = R_451;
      errno = EACCES;
      return -1;
    }
  }

  return 0;
}

/* mod_xfer also counts the transfer that it is asked for, and of a user all
 * sessions.
 */
int ftpd_max_transfers(struct ftpd_op *op, const char *name,
    const char *path, bool refused) {
  return check(op, name, path, "MaxTransfersPerHost", false, refused ? 1 : 0) <
    0 ? -1 : check(op, name, path, "MaxTransfersPerUser", true,
    refused ? INT_MAX : 0);
}
