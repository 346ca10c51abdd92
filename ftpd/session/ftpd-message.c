/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-message.c -- mod_msg: what the administrator tells the user.
 *
 * A signal tells the module of a message, which it adds to the answer of the
 * next FTP command.  It is asked for that right after the signal.
 */

#include "ftpd-cmd.h"
#include "ftpd-message.h"

#include "conn.h"
#include "ftpd-report.h"

static bool waiting;            /* there may be a message */

static void on_signal(const void *data, void *user_data) {
  (void) data;
  (void) user_data;
  waiting = true;
}

void ftpd_message_init(void) {
  if (pr_module_exists("mod_msg.c")) {
    (void) pr_event_register(&sftp_module, "core.signal.USR2", on_signal,
      NULL);
  }
}

static void pass_on(struct ftpd *h, pool *p) {
  cmd_rec *cmd = ftpd_cmd(p, C_NOOP, NULL, CL_MISC, true);
  pr_response_t *at;

  (void) ftpd_cmd_call("msg", C_ANY, POST_CMD, cmd);
  for (at = resp_list; at != NULL; at = at->next) {
    sftp_log("message for user '%s': %s", session.user, at->msg);
    sftp_conn_say(h->conn, sftp_printable(p, at->msg));
  }
}

void ftpd_message_check(struct ftpd *h) {
  pr_response_t *pending = resp_list;
  pool *old = pr_response_get_pool(), *p;

  if (!waiting || !h->logged_in || h->conn == NULL) {
    return;
  }

  waiting = false;
  p = make_sub_pool(h->pool);
  pr_pool_tag(p, "SFTP messages");
  pr_response_set_pool(p);
  resp_list = NULL;
  pass_on(h, p);
  resp_list = pending;
  pr_response_set_pool(old);
  destroy_pool(p);
}
