/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-cmd.c -- commands whose phases are dispatched one by one.
 *
 * Up to POST_CMD, handlers act on the command's arguments, so these are what
 * the client sent.  LOG_CMD is only for records: there arguments contain no
 * control characters.
 */

#include "ftpd-cmd.h"
#include "ftpd-listen.h"
#include "ftpd-session.h"

#include "ftpd-report.h"

void ftpd_cmd_forget(void) {
  session.curr_cmd_rec = NULL;
  session.curr_cmd = NULL;
  session.curr_cmd_id = 0;
}

cmd_rec *ftpd_cmd(pool *p, const char *name, const char *arg, int cls,
    bool ftp) {
  cmd_rec *cmd;

  /* The dispatcher converts the name to capitals in place. */
  if (arg != NULL) {
    cmd = pr_cmd_alloc(p, 2, pstrdup(p, name), pstrdup(p, arg));

  } else {
    cmd = pr_cmd_alloc(p, 1, pstrdup(p, name));
  }

  cmd->arg = pstrdup(cmd->pool, arg != NULL ? arg : "");
  cmd->cmd_class = cls;
  cmd->cmd_id = ftp ? pr_cmd_get_id(name) : FTPD_CMD_ID;
  return cmd;
}

modret_t *ftpd_cmd_call(const char *module, const char *name, int phase,
    cmd_rec *cmd) {
  modret_t *res = NULL;
  unsigned int hash = 0;
  int idx = -1;
  cmdtable *c;

  c = pr_stash_get_symbol2(PR_SYM_CMD, name, NULL, &idx, &hash);
  while (c != NULL && res == NULL) {
    if (c->cmd_type == phase && strcmp(c->m->name, module) == 0) {
      res = pr_module_call(c->m, c->handler, cmd);
    }

    c = pr_stash_get_symbol2(PR_SYM_CMD, name, c, &idx, &hash);
  }

  return res;
}

/* ---- LOG_CMD */

static void show_note(pool *p, pr_table_t *notes, const char *name) {
  const char *text = pr_table_get(notes, name, NULL), *shown;

  shown = text != NULL ? sftp_printable(p, text) : NULL;
  if (shown != text) {
    (void) pr_table_set(notes, name, shown, strlen(shown) + 1);
  }
}

static void show_command(cmd_rec *cmd) {
  static const char *const notes[] = { "mod_xfer.store-path",
    "mod_xfer.retr-path", "mod_xfer.store-hidden-path" };
  size_t i;

  for (i = 1; i < (size_t) cmd->argc; i++) {
    cmd->argv[i] = (void *) (uintptr_t) sftp_printable(cmd->pool,
      cmd->argv[i]);
  }

  cmd->arg = (char *) (uintptr_t) sftp_printable(cmd->pool, cmd->arg);
  for (i = 0; i < SFTP_NELEMS(notes); i++) {
    show_note(cmd->pool, cmd->notes, notes[i]);
  }

  /* The host has its own copy of the arguments. */
  (void) pr_table_remove(cmd->notes, "displayable-str", NULL);
  if (strcmp(cmd->argv[0], C_RNTO) == 0) {
    show_note(cmd->pool, session.notes, "mod_core.rnfr-path");
  }
}

static void show_transfer(void) {
  if (session.xfer.p != NULL && session.xfer.path != NULL) {
    session.xfer.path = sftp_printable(session.xfer.p, session.xfer.path);
  }
}

/* The reply, ours or that of a POST_CMD handler. */
static void show_response(cmd_rec *cmd, bool ok) {
  const char *code = NULL, *text = NULL;

  if (pr_response_get_last(cmd->pool, &code, &text) == 0 && text != NULL &&
      sftp_has_controls(text)) {
    text = sftp_printable(cmd->pool, text);
    if (ok) {
      pr_response_add(code, "%s", text);

    } else {
      pr_response_add_err(code, "%s", text);
    }
  }
}

void ftpd_cmd_log(cmd_rec *cmd, bool ok) {
  show_command(cmd);
  show_transfer();
  show_response(cmd, ok);
  (void) pr_cmd_dispatch_phase(cmd, ok ? LOG_CMD : LOG_CMD_ERR, 0);
}

int ftpd_cmd_pre(cmd_rec *cmd) {
  return pr_cmd_dispatch_phase(cmd, PRE_CMD, 0) < 0 ? -1 : 0;
}

void ftpd_cmd_end(cmd_rec *cmd, unsigned int parts, bool ok) {
  int xerrno = errno;

  if ((parts & PART_POST) != 0) {
    (void) pr_cmd_dispatch_phase(cmd, ok ? POST_CMD : POST_CMD_ERR, 0);
  }

  if ((parts & PART_LOG) != 0) {
    ftpd_cmd_log(cmd, ok);
  }

  pr_response_clear(&resp_list);
  pr_response_clear(&resp_err_list);
  ftpd_cmd_forget();
  errno = xerrno;
}

/* ---- Messages of the SSH protocol */

static const int ssh_classes[] = { [FTPD_SSH_AUTH] = CL_SSH|CL_AUTH,
  [FTPD_SSH_INFO] = CL_SSH|CL_INFO, [FTPD_SSH_MISC] = CL_SSH|CL_MISC };

void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
    enum ftpd_ssh_class cls, bool ok) {
  pool *p = make_sub_pool(h->pool);
  cmd_rec *cmd;

  pr_pool_tag(p, "SSH message command");
  cmd = ftpd_cmd(p, name, arg, ssh_classes[cls], false);
  ftpd_cmd_log(cmd, ok);
  ftpd_cmd_forget();
  destroy_pool(p);
}

void ftpd_ssh_adjust(struct ftpd *h, uint32_t channel, uint32_t bytes) {
  static const char name[] = "CHANNEL_WINDOW_ADJUST";
  char arg[32];

  if (h->wants_adjusts < 0) {
    h->wants_adjusts = ftpd_listens(h, name, ssh_classes[FTPD_SSH_MISC],
      LOG_CMD);
  }

  if (h->wants_adjusts == 1) {
    snprintf(arg, sizeof(arg), "%u %u", channel, bytes);
    ftpd_ssh_cmd(h, name, arg, FTPD_SSH_MISC, true);
  }
}
