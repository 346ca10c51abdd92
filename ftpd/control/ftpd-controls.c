/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-controls.c -- ftpdctl sftp: the table of commands, who may use them, and
 * how they are called.
 */

#include "ftpd-board.h"
#include "ftpd-controls-int.h"
#include "ftpd-controls.h"
#include "ftpd-tally.h"

#ifdef PR_USE_CTRLS

# define ACTION "sftp"

/* In the daemon's own form, which its functions for access lists expect. */
static ctrls_acttab_t commands[] = {
  { "config", "config [server]", NULL, ftpd_control_config },
  { "counters", "counters [name]", NULL, ftpd_control_counters },
  { "end", "end id [reason]", NULL, ftpd_control_end },
  { "explain", "explain user sftp|scp operation path [path2] [from address] "
    "[server server]", NULL, ftpd_control_explain },
  { "keys", "keys [days]", NULL, ftpd_control_keys },
  { "sessions", "sessions", NULL, ftpd_control_sessions },
  { "whatif", "whatif -algorithm ...", NULL, ftpd_control_whatif },
  { NULL, NULL, NULL, NULL }
};

static pool *acl_pool;

/* Nobody may use anything. */
static void reset_acls(void) {
  unsigned int i;

  if (acl_pool != NULL) {
    destroy_pool(acl_pool);
  }

  acl_pool = make_sub_pool(permanent_pool);
  pr_pool_tag(acl_pool, "SFTP controls");
  for (i = 0; commands[i].act_action != NULL; i++) {
    commands[i].act_acl = pcalloc(acl_pool, sizeof(ctrls_acl_t));
    (void) pr_ctrls_init_acl(commands[i].act_acl);
  }
}

const char *ftpd_controls_names(pool *p) {
  const char *names = commands[0].act_action;
  unsigned int i;

  for (i = 1; commands[i].act_action != NULL; i++) {
    names = pstrcat(p, names, ", ", commands[i].act_action, NULL);
  }

  return names;
}

int ftpd_controls_allow(const struct controls_acl *acl, const char **bad) {
  char **names = pr_ctrls_parse_acl(acl->pool, acl->commands);

  return pr_ctrls_set_module_acls2(commands, acl_pool, names, acl->may,
    acl->who, acl->names, bad);
}

/* ---- Requests */

static void tell_usage(pr_ctrls_t *ctrl, const ctrls_acttab_t *one) {
  unsigned int i;

  for (i = 0; commands[i].act_action != NULL; i++) {
    if (one == NULL || one == &commands[i]) {
      (void) pr_ctrls_add_response(ctrl, "usage: ftpdctl " ACTION " %s",
        commands[i].act_desc);
    }
  }
}

static const ctrls_acttab_t *find_command(const char *name) {
  unsigned int i;

  for (i = 0; commands[i].act_action != NULL; i++) {
    if (strcmp(commands[i].act_action, name) == 0) {
      return &commands[i];
    }
  }

  return NULL;
}

static int on_request(pr_ctrls_t *ctrl, int argc, char **argv) {
  const ctrls_acttab_t *c = argc > 0 && argv != NULL && argv[0] != NULL ?
    find_command(argv[0]) : NULL;
  int res;

  if (c == NULL) {
    tell_usage(ctrl, NULL);
    return -1;
  }

  if (pr_ctrls_check_acl(ctrl, commands, c->act_action) != TRUE) {
    pr_ctrls_log(MOD_SFTP_VERSION, "%s %s refused: user '%s' is not allowed "
      "to use it (SFTPControlsACLs)", ACTION, c->act_action,
      ctrl->ctrls_cl != NULL && ctrl->ctrls_cl->cl_user != NULL ?
      ctrl->ctrls_cl->cl_user : "unknown");
    (void) pr_ctrls_add_response(ctrl, "access denied (SFTPControlsACLs)");
    return -1;
  }

  res = c->act_cb(ctrl, argc - 1, argv + 1);
  if (res == CONTROL_USAGE) {
    tell_usage(ctrl, c);
  }

  return res == 0 ? 0 : -1;
}

static void on_restart(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  reset_acls();
}

void ftpd_controls_init(void) {
  reset_acls();
  (void) pr_event_register(&sftp_module, "core.restart", on_restart, NULL);
  if (pr_ctrls_register(&sftp_module, ACTION,
      "sessions and counters of mod_sftp", on_request) < 0) {
    pr_log_pri(PR_LOG_WARNING, MOD_SFTP_VERSION
      ": ftpdctl " ACTION " is not available: %s", strerror(errno));
  }
}

void ftpd_controls_end(void) {
  (void) pr_ctrls_unregister(&sftp_module, ACTION);
}

#else

const char *ftpd_controls_names(pool *p) {
  return pstrdup(p, "none: this daemon is built without --enable-ctrls");
}

int ftpd_controls_allow(const struct controls_acl *acl, const char **bad) {
  *bad = acl->commands;
  errno = ENOSYS;
  return -1;
}

void ftpd_controls_init(void) {
}

void ftpd_controls_end(void) {
}

#endif /* PR_USE_CTRLS */

void ftpd_controls_start(void) {
  uint64_t layout = ftpd_tally_init();

  if (ServerType != SERVER_INETD) {
    ftpd_board_open(layout);
  }
}
