/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-count.c -- mod_counter: how many sessions may use a file at a time.
 *
 * Its handlers are those of the phase CMD, which is never dispatched: the
 * daemon's own would begin a transfer.  So they are called by themselves.
 *
 * The module knows of one file in a process, which LOG_CMD of any transfer lets
 * go.  Here that is the first file of the session, until its end.  For others
 * the module is asked whether they are free, but they are not kept from other
 * sessions.
 */

#include "ftpd-cmd.h"
#include "ftpd-count.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-phase.h"

static bool is_reader(const cmd_rec *cmd) {
  return strcmp(cmd->argv[0], C_RETR) == 0;
}

static bool has_counter(struct ftpd_files *s) {
  const unsigned int *on;

  if (!s->counts_known) {
    on = get_param_ptr(main_server->conf, "CounterEngine", FALSE);
    s->counts = on != NULL && *on == TRUE &&
      pr_module_exists("mod_counter.c");
    s->counts_known = true;
  }

  return s->counts;
}

/* ---- The module's handlers */

static bool take(cmd_rec *cmd) {
  pool *old = pr_response_get_pool();
  modret_t *res;

  pr_response_set_pool(cmd->pool);
  pr_response_clear(&resp_err_list);
  ftpd_stand_for(cmd);
  res = ftpd_cmd_call("counter", cmd->argv[0], CMD, cmd);
  pr_response_set_pool(old);
  return res == NULL || !MODRET_ISERROR(res);
}

/* What the module let go on the way. */
static void take_again(cmd_rec *cmd) {
  (void) take(cmd);
  pr_response_clear(&resp_err_list);
}

static void let_go(cmd_rec *cmd) {
  (void) ftpd_cmd_call("counter", is_reader(cmd) ? C_RETR : C_STOR, LOG_CMD,
    cmd);
}

static int refuse(struct ftpd_op *op, const cmd_rec *cmd) {
  const char *text = ftpd_phase_answer(op->pool);

  pr_response_clear(&resp_err_list);
  sftp_log("%s of '%s' refused by mod_counter", (const char *) cmd->argv[0],
    cmd->arg);
  ftpd_refuse(op, "%s", text != NULL ? text : "File busy");
  errno = EAGAIN;
  return -1;
}

/* ---- Commands */

int ftpd_count_change(struct ftpd_op *op, cmd_rec *cmd) {
  struct ftpd_files *s = ftpd_files_of(op->ftpd);
  int res = 0;

  if (!has_counter(s)) {
    return 0;
  }

  if (s->counted != NULL) {
    let_go(s->counted);
  }

  if (take(cmd)) {
    let_go(cmd);

  } else {
    res = refuse(op, cmd);
  }

  if (s->counted != NULL) {
    take_again(s->counted);
  }

  errno = res < 0 ? EAGAIN : 0;
  return res;
}

int ftpd_count_open(struct ftpd_op *op, cmd_rec *cmd) {
  struct ftpd_files *s = ftpd_files_of(op->ftpd);

  if (!has_counter(s) || s->counted != NULL) {
    return ftpd_count_change(op, cmd);
  }

  if (!take(cmd)) {
    return refuse(op, cmd);
  }

  s->counted = cmd;
  return 0;
}

void ftpd_count_logged(struct ftpd *h, const cmd_rec *cmd) {
  struct ftpd_files *s = h->files;

  if (s == NULL || s->counted == NULL) {
    return;
  }

  if (s->counted == cmd) {
    s->counted = NULL;

  } else if (is_reader(cmd) == is_reader(s->counted)) {
    take_again(s->counted);
  }
}

void ftpd_count_end(struct ftpd *h, const cmd_rec *cmd) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->counted != NULL && s->counted == cmd) {
    let_go(s->counted);
    s->counted = NULL;
  }
}
