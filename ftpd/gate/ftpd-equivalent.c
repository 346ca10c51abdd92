/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-equivalent.c -- PRE_CMD: calls the handlers for a request under its own
 * name and under that of its equivalent FTP command.  Paths that they rewrite
 * are used.
 */

#include "ftpd-cmd.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-transfer-rules.h"
#include "ftpd-transfer.h"

#include "ftpd-attrs.h"

/* The rules of the path's own directory, not those of the previous request. */
static void enter_path(struct ftpd_op *op, const char *path) {
  session.dir_config = dir_match_path(op->pool, (char *) ftpd_outside(
    op->pool, ftpd_canon(op->ftpd, op->pool, path)));
}

/* Calls the handlers; a refusal names arg.  This module's own handlers find the
 * operation of the command in s->op, which is only valid meanwhile.
 */
static int ask_handlers(struct ftpd_op *op, cmd_rec *cmd, const char *arg) {
  struct ftpd_files *s = ftpd_files_of(op->ftpd);
  int res, xerrno;

  if (op->ftpd->explains) {
    return ftpd_host_rules(op, cmd, arg);
  }

  ftpd_stand_for(cmd);
  s->op = op;
  res = ftpd_phase_pre(cmd);
  s->op = NULL;
  ftpd_op_state(op)->code = NULL;
  if (res < 0) {
    xerrno = errno;
    ftpd_op_state(op)->code = ftpd_phase_code(op->pool);
    ftpd_limit_explain(op, cmd, arg, xerrno);
    errno = xerrno;
  }

  return res;
}

/* Handlers that rewrite words know no quotes. */
static int refuse_blanks(struct ftpd_op *op, const char *made) {
  sftp_log("'%s' refused: of names with blanks, a handler made '%s'", op->arg,
    made);
  ftpd_refuse(op, "denied: the names were rewritten, and contain blanks");
  errno = EACCES;
  return -1;
}

/* "path second", rewritten: with other blanks, nobody knows where one ends. */
static int two_rewritten(struct ftpd_op *op, const char *made,
    const char **path, const char **second) {
  const char *blank = strchr(made, ' ');

  if (blank == NULL || strchr(blank + 1, ' ') != NULL) {
    return refuse_blanks(op, made);
  }

  *path = pstrndup(op->pool, made, (size_t) (blank - made));
  *second = pstrdup(op->pool, blank + 1);
  return 0;
}

int ftpd_own_pre(struct ftpd_op *op, const char **path, const char **second) {
  const char *arg = op->arg != NULL ? op->arg : *path;
  cmd_rec *cmd;

  enter_path(op, *path);
  if (!ftpd_phase_needed(op->ftpd, op->req, PHASE_PRE)) {
    return 0;
  }

  if ((ftpd_requests[op->req].flags & ROW_TWO) == 0) {
    arg = *path;
  }

  cmd = ftpd_own_cmd(op, arg);
  if (ask_handlers(op, cmd, arg) < 0) {
    return -1;
  }

  if (strcmp(cmd->arg, arg) == 0) {
    return 0;
  }

  if (second != NULL) {
    return two_rewritten(op, cmd->arg, path, second);
  }

  if (arg == *path) {
    *path = pstrdup(op->pool, cmd->arg);
  }

  return 0;
}

/* Handlers and logs get what the client sent, as in FTP.  Names that the host
 * would take for a home directory, or for no name, are passed in resolved form;
 * so are those that begin with the real root of mod_vroot, which have no rules.
 */
static const char *as_sent(struct ftpd_op *op, const char *sent,
    const char *path) {
  return *sent == '\0' || *sent == '~' ||
    ftpd_names_root(op->ftpd, op->pool, sent) ? path : sent;
}

/* The command contains what the client sent; path is the location of that, or
 * of the rewritten name.
 */
static int equivalent_pre(struct ftpd_op *op, cmd_rec *cmd, const char **path) {
  const char *sent = pstrdup(op->pool, cmd->arg);

  enter_path(op, *path);
  if (ask_handlers(op, cmd, *path) < 0) {
    return -1;
  }

  if (strcmp(cmd->arg, sent) != 0) {
    *path = ftpd_canon(op->ftpd, op->pool, cmd->arg);
  }

  return 0;
}

/* mod_xfer looks for the file of a RETR, which may be an upload of this session
 * that will get its name when it was checked.
 */
static int transfer_pre(struct ftpd_op *op, const char **path) {
  cmd_rec *cmd = ftpd_op_state(op)->equivalent;
  const struct ftpd_file *f = op->req == FTPD_OPEN_READ ?
    ftpd_uploading(op->ftpd, *path) : NULL;
  int res;

  if (f == NULL) {
    return equivalent_pre(op, cmd, path);
  }

  ftpd_bottom_show(f->path, f->fd);
  res = equivalent_pre(op, cmd, path);
  ftpd_bottom_show(NULL, -1);
  return res;
}

/* STOR, APPE, RETR: the command lives until the file is closed. */
static int equivalent_file(struct ftpd_op *op, const char *sent,
    const char **path) {
  struct op_state *state = ftpd_op_state(op);
  const struct req_row *row = &ftpd_requests[op->req];
  const char *real;

  state->pool = make_sub_pool(ftpd_files_of(op->ftpd)->pool);
  pr_pool_tag(state->pool, "SFTP file pool");
  state->equivalent = ftpd_cmd(state->pool, row->equivalent, as_sent(op, sent,
    *path), row->equivalent_class, TRUE);

  ftpd_xfer_begin(*path, strcmp(row->equivalent, C_RETR) == 0 ? PR_NETIO_IO_WR :
    PR_NETIO_IO_RD);
  enter_path(op, *path);
  /* mod_xfer counts this session as one. */
  if (ftpd_files_of(op->ftpd)->open != NULL &&
      ftpd_max_transfers(op, row->equivalent, *path, false) < 0) {
    return -1;
  }

  if (transfer_pre(op, path) < 0 &&
      (errno != EEXIST || ftpd_hidden_clear(op) < 0 ||
       transfer_pre(op, path) < 0)) {
    struct stat st;

    /* mod_xfer refuses a dangling link in the same way. */
    if (errno == EISDIR) {
      errno = ftpd_look(op->ftpd, *path, &st) < 0 ? ENOENT : EISDIR;
    }

    return -1;
  }

  state->xfer_type = session.xfer.xfer_type;
  real = pr_table_get(state->equivalent->notes,
    strcmp(row->equivalent, C_RETR) == 0 ?
    "mod_xfer.retr-path" : "mod_xfer.store-path", NULL);
  if (real != NULL) {
    *path = ftpd_canon(op->ftpd, op->pool, real);
  }

  return 0;
}

static int equivalent_path(struct ftpd_op *op, const char *sent,
    const char **path) {
  struct op_state *state = ftpd_op_state(op);
  const struct req_row *row = &ftpd_requests[op->req];
  int xerrno;

  state->pool = row->kind == EQUIV_LIST ?
    make_sub_pool(ftpd_files_of(op->ftpd)->pool) : op->pool;
  state->equivalent = ftpd_cmd(state->pool, row->equivalent, as_sent(op, sent,
    *path), row->equivalent_class, TRUE);
  ftpd_xfer_begin(*path, PR_NETIO_IO_WR);
  if (equivalent_pre(op, state->equivalent, path) == 0) {
    return 0;
  }

  xerrno = errno;
  errno = xerrno == ENOENT || xerrno == EPERM || xerrno == EINVAL ||
    xerrno == EDQUOT ? xerrno : EACCES;
  return -1;
}

static int equivalent_rename(struct ftpd_op *op, const struct sent *sent,
    const char **from, const char **to) {
  struct op_state *state = ftpd_op_state(op);

  state->pool = op->pool;
  state->equivalent = ftpd_cmd(op->pool, C_RNFR, as_sent(op, sent->first,
    *from), CL_MISC|CL_WRITE, TRUE);
  ftpd_xfer_begin(*from, PR_NETIO_IO_WR);
  if (equivalent_pre(op, state->equivalent, from) < 0) {
    return -1;
  }

  /* From here on the daemon refuses everything but RNTO; the LOG_CMD or
   * LOG_CMD_ERR of RNTO removes the note again (ftpd_op_end()).
   */
  state->equivalent2 = ftpd_cmd(op->pool, C_RNTO, as_sent(op, sent->second,
    *to), CL_MISC|CL_WRITE, TRUE);
  (void) pr_table_remove(session.notes, "mod_core.rnfr-path", NULL);
  (void) pr_table_add(session.notes, "mod_core.rnfr-path", *from, 0);
  if (equivalent_pre(op, state->equivalent2, to) < 0) {
    return -1;
  }

  session.xfer.path = pstrdup(session.xfer.p, *to);
  return 0;
}

/* argv of "SITE COPY source target", as for mod_copy. */
static cmd_rec *site_copy(pool *p, const char *from, const char *to) {
  cmd_rec *cmd = pr_cmd_alloc(p, 4, pstrdup(p, C_SITE), pstrdup(p, "COPY"),
    pstrdup(p, from), pstrdup(p, to));

  cmd->arg = pstrcat(p, "COPY ", from, " ", to, NULL);
  cmd->cmd_class = CL_MISC|CL_WRITE;
  cmd->cmd_id = PR_CMD_SITE_ID;
  return cmd;
}

static int copy_rewritten(struct ftpd_op *op, const cmd_rec *cmd,
    const char **from, const char **to) {
  if (cmd->argc != 4) {
    return refuse_blanks(op, cmd->arg);
  }

  *from = ftpd_canon(op->ftpd, op->pool, cmd->argv[2]);
  *to = ftpd_canon(op->ftpd, op->pool, cmd->argv[3]);
  return 0;
}

static int equivalent_site_copy(struct ftpd_op *op, const struct sent *sent,
    const char **path, const char **second) {
  struct op_state *state = ftpd_op_state(op);
  const char *from = as_sent(op, sent->first, *path),
    *to = as_sent(op, sent->second, *second);
  cmd_rec *cmd = site_copy(op->pool, from, to);

  state->pool = op->pool;
  state->equivalent = cmd;
  ftpd_xfer_begin(*second, PR_NETIO_IO_RD);
  enter_path(op, *second);
  if (ask_handlers(op, cmd, *second) < 0) {
    return -1;
  }

  return copy_rewritten(op, cmd, path, second);
}

int ftpd_symlink_pre(struct ftpd_op *op, const char *sent, const char **text,
    const char **link) {
  const char *arg = pstrcat(op->pool, *text, "\t", as_sent(op, sent, *link),
    NULL), *tab;
  cmd_rec *cmd;

  if (!ftpd_phase_needed(op->ftpd, op->req, PHASE_PRE)) {
    return 0;
  }

  cmd = ftpd_cmd(op->pool, "SYMLINK", arg, CL_SFTP, FALSE);
  enter_path(op, *link);
  if (ask_handlers(op, cmd, *link) < 0) {
    return -1;
  }

  tab = strchr(cmd->arg, '\t');
  if (tab != NULL && strcmp(cmd->arg, arg) != 0) {
    *text = pstrndup(op->pool, cmd->arg, (size_t) (tab - cmd->arg));
    *link = ftpd_canon(op->ftpd, op->pool, tab + 1);
  }

  return 0;
}

int ftpd_equivalents_pre(struct ftpd_op *op, const struct sent *sent,
    const char **path, const char **second) {
  switch (ftpd_requests[op->req].kind) {
    case EQUIV_FILE:
      return equivalent_file(op, sent->first, path);

    case EQUIV_LIST:
    case EQUIV_PATH:
      return equivalent_path(op, sent->first, path);

    case EQUIV_RENAME:
      return equivalent_rename(op, sent, path, second);

    case EQUIV_SITE_COPY:
      return equivalent_site_copy(op, sent, path, second);

    case EQUIV_SYMLINK:
    case EQUIV_NONE:
      break;
  }

  return 0;
}
