/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-twin.c -- PRE_CMD: handlers are asked about a request under its own name
 * and under that of its twin, the FTP command that means the same.  What they
 * rewrite is taken over.
 */

#include "host-files.h"

/* The rules of the path's own folder, not those of the request before. */
static void enter(struct host_op *op, const char *path) {
  session.dir_config = dir_match_path(op->pool, (char *) host_outside(
    op->pool, host_canon(op->host, op->pool, path)));
}

/* Asks the handlers; arg is what a refusal speaks of.  Those of our own ask
 * what the command is for; operations move, so that nobody may do so later.
 */
static int ask(struct host_op *op, cmd_rec *cmd, const char *arg) {
  struct host_files *s = host_files_of(op->host);
  int res, xerrno;

  s->op = op;
  res = host_phase_pre(cmd);
  s->op = NULL;
  if (res < 0) {
    xerrno = errno;
    host_limit_explain(op, cmd, arg, xerrno);
    errno = xerrno;
  }

  return res;
}

int host_own_pre(struct host_op *op, const char **path) {
  const char *arg = op->arg != NULL ? op->arg : *path;
  cmd_rec *cmd;

  enter(op, *path);
  if (!host_phase_needed(op->host, op->req, PHASE_PRE)) {
    return 0;
  }

  /* What rewriting handlers see is the path, when there is only one. */
  if (host_rows[op->req].second.name == NULL) {
    arg = *path;
  }

  cmd = host_own_cmd(op, arg);
  if (ask(op, cmd, arg) < 0) {
    return -1;
  }

  if (arg == *path && cmd->arg != NULL &&
      strcmp(cmd->arg, arg) != 0) {
    *path = pstrdup(op->pool, cmd->arg);
  }

  return 0;
}

static int twin_pre(struct host_op *op, cmd_rec *cmd, const char **path) {
  enter(op, *path);
  if (ask(op, cmd, *path) < 0) {
    return -1;
  }

  if (cmd->arg != NULL && strcmp(cmd->arg, *path) != 0) {
    *path = host_canon(op->host, op->pool, cmd->arg);
  }

  return 0;
}

/* STOR, APPE, RETR: the command lives until the file is closed. */
static int twin_file(struct host_op *op, const char **path) {
  struct op_state *state = host_op_state(op);
  const struct req_row *row = &host_rows[op->req];
  const char *real;

  state->pool = make_sub_pool(host_files_of(op->host)->pool);
  pr_pool_tag(state->pool, "SFTP file pool");
  state->twin = host_cmd(state->pool, row->twin, *path, row->twin_cls, TRUE);

  host_xfer_begin(*path, strcmp(row->twin, C_RETR) == 0 ? PR_NETIO_IO_WR :
    PR_NETIO_IO_RD);
  if (twin_pre(op, state->twin, path) < 0) {
    struct stat st;

    /* mod_xfer says so of a link to nothing, too. */
    if (errno == EISDIR && host_stat(op->host, *path, &st) < 0) {
      errno = ENOENT;
    }

    return -1;
  }

  state->xfer_type = session.xfer.xfer_type;
  real = pr_table_get(state->twin->notes, strcmp(row->twin, C_RETR) == 0 ?
    "mod_xfer.retr-path" : "mod_xfer.store-path", NULL);
  if (real != NULL) {
    *path = pstrdup(op->pool, real);
  }

  return 0;
}

static int twin_path(struct host_op *op, const char **path) {
  struct op_state *state = host_op_state(op);
  const struct req_row *row = &host_rows[op->req];
  int xerrno;

  state->pool = row->kind == TWIN_LIST ?
    make_sub_pool(host_files_of(op->host)->pool) : op->pool;
  state->twin = host_cmd(state->pool, row->twin, *path, row->twin_cls, TRUE);
  host_xfer_begin(*path, PR_NETIO_IO_WR);
  if (twin_pre(op, state->twin, path) == 0) {
    return 0;
  }

  xerrno = errno;
  errno = xerrno == ENOENT || xerrno == EPERM || xerrno == EINVAL ? xerrno :
    EACCES;
  return -1;
}

static int twin_rename(struct host_op *op, const char **from,
    const char **to) {
  struct op_state *state = host_op_state(op);

  state->pool = op->pool;
  state->twin = host_cmd(op->pool, C_RNFR, *from, CL_MISC|CL_WRITE, TRUE);
  host_xfer_begin(*from, PR_NETIO_IO_WR);
  if (twin_pre(op, state->twin, from) < 0) {
    return -1;
  }

  /* From here on the host refuses everything but RNTO, whose LOG_CMD or
   * LOG_CMD_ERR takes the note away again: host_op_end().
   */
  state->twin2 = host_cmd(op->pool, C_RNTO, *to, CL_MISC|CL_WRITE, TRUE);
  (void) pr_table_remove(session.notes, "mod_core.rnfr-path", NULL);
  (void) pr_table_add(session.notes, "mod_core.rnfr-path", *from, 0);
  if (twin_pre(op, state->twin2, to) < 0) {
    return -1;
  }

  session.xfer.path = pstrdup(session.xfer.p, *to);
  return 0;
}

/* argv of "SITE COPY source target", as mod_copy's users know it. */
static int twin_site_copy(struct host_op *op, const char *from,
    const char *to) {
  struct op_state *state = host_op_state(op);
  const char *arg = pstrcat(op->pool, "COPY ", from, " ", to, NULL);
  cmd_rec *cmd;

  state->pool = op->pool;
  cmd = pr_cmd_alloc(op->pool, 4, pstrdup(op->pool, C_SITE),
    pstrdup(op->pool, "COPY"), pstrdup(op->pool, from),
    pstrdup(op->pool, to));
  cmd->arg = pstrdup(op->pool, arg);
  cmd->cmd_class = CL_MISC|CL_WRITE;
  cmd->cmd_id = PR_CMD_SITE_ID;
  state->twin = cmd;

  host_xfer_begin(to, PR_NETIO_IO_RD);
  enter(op, to);
  return ask(op, cmd, to);
}

int host_symlink_pre(struct host_op *op, const char **text,
    const char **link) {
  const char *arg = pstrcat(op->pool, *text, "\t", *link, NULL), *tab;
  cmd_rec *cmd;

  if (!host_phase_needed(op->host, op->req, PHASE_PRE)) {
    return 0;
  }

  cmd = host_cmd(op->pool, "SYMLINK", arg, CL_WRITE|CL_SFTP, FALSE);
  enter(op, *link);
  if (ask(op, cmd, *link) < 0) {
    return -1;
  }

  tab = cmd->arg != NULL ? strchr(cmd->arg, '\t') : NULL;
  if (tab != NULL && strcmp(cmd->arg, arg) != 0) {
    *text = pstrndup(op->pool, cmd->arg, (size_t) (tab - cmd->arg));
    *link = host_canon(op->host, op->pool, tab + 1);
  }

  return 0;
}

int host_twins_pre(struct host_op *op, const char **path,
    const char **second) {
  switch (host_rows[op->req].kind) {
    case TWIN_FILE:
      return twin_file(op, path);

    case TWIN_LIST:
    case TWIN_PATH:
      return twin_path(op, path);

    case TWIN_RENAME:
      return twin_rename(op, path, second);

    case TWIN_SITE_COPY:
      return twin_site_copy(op, *path, *second);

    case TWIN_SYMLINK:
    case TWIN_NONE:
      break;
  }

  return 0;
}
