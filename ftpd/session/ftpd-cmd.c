/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-cmd.c -- commands whose single phases are dispatched. */

#include "ftpd-cmd.h"
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

  /* The dispatcher writes the name in capitals, in place. */
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

void ftpd_cmd_end(cmd_rec *cmd, bool ok) {
  int xerrno = errno;

  (void) pr_cmd_dispatch_phase(cmd, ok ? POST_CMD : POST_CMD_ERR, 0);
  (void) pr_cmd_dispatch_phase(cmd, ok ? LOG_CMD : LOG_CMD_ERR, 0);
  pr_response_clear(&resp_list);
  pr_response_clear(&resp_err_list);
  ftpd_cmd_forget();
  errno = xerrno;
}

void ftpd_ssh_cmd(struct ftpd *h, const char *name, const char *arg,
    enum ftpd_ssh_class cls, bool ok) {
  pool *p = make_sub_pool(h->pool);
  cmd_rec *cmd;

  pr_pool_tag(p, "SSH message command");
  cmd = ftpd_cmd(p, name, arg,
    CL_SSH | (cls == FTPD_SSH_AUTH ? CL_AUTH : CL_MISC), false);
  (void) pr_cmd_dispatch_phase(cmd, ok ? LOG_CMD : LOG_CMD_ERR, 0);
  ftpd_cmd_forget();
  destroy_pool(p);
}
