/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-op.c -- the gate: one table of requests, one way through.
 *
 * Permission for a path: PRE_CMD of the own name, PRE_CMD of the FTP twin,
 * names rewritten by handlers taken over, <Limit> for the name used and for
 * where its links lead, path filters.  The end: the twin's phases, then the
 * own ones.  The phase CMD is never dispatched: the host would begin an FTP
 * transfer.
 */

#include "host-files.h"

#include <limits.h>
#include <time.h>

#define SCORE_MS 1000

#define LIMIT(n, g, ...) { .name = (n), .group = (g), .also = { __VA_ARGS__ } }
#define NO_LIMIT { .name = NULL }

/* Own command, class, flags, twin, its class and code, <Limit> of the first
 * and the second path.
 */
const struct req_row host_rows[HOST_NREQUESTS] = {
  [HOST_INIT] = { "INIT", CL_MISC, 0, TWIN_NONE, NULL, 0, NULL,
    NO_LIMIT, NO_LIMIT },

  /* mod_xfer's PRE_CMD handlers check <Limit>, filters, AllowOverwrite. */
  [HOST_OPEN_READ] = { "OPEN", CL_READ, ROW_FOLLOW1, TWIN_FILE, C_RETR,
    CL_READ, R_226, LIMIT(C_RETR, G_READ, NULL), NO_LIMIT },
  [HOST_OPEN_WRITE] = { "OPEN", CL_WRITE, ROW_FOLLOW1|ROW_FILTER1, TWIN_FILE,
    C_STOR, CL_WRITE, R_226, LIMIT(C_STOR, G_WRITE, NULL), NO_LIMIT },
  [HOST_OPEN_APPEND] = { "OPEN", CL_WRITE, ROW_FOLLOW1|ROW_FILTER1,
    TWIN_FILE, C_APPE, CL_WRITE, R_226, LIMIT(C_APPE, G_WRITE, NULL),
    NO_LIMIT },
  [HOST_SCP_RECV] = { NULL, CL_WRITE, ROW_FOLLOW1|ROW_FILTER1, TWIN_FILE,
    C_STOR, CL_WRITE, R_226, LIMIT(C_STOR, G_WRITE, NULL), NO_LIMIT },
  [HOST_SCP_SEND] = { NULL, CL_READ, ROW_FOLLOW1, TWIN_FILE, C_RETR, CL_READ,
    R_226, LIMIT(C_RETR, G_READ, NULL), NO_LIMIT },

  [HOST_CLOSE] = { "CLOSE", 0, 0, TWIN_NONE, NULL, 0, NULL, NO_LIMIT,
    NO_LIMIT },
  [HOST_READ] = { "READ", CL_READ, 0, TWIN_NONE, NULL, 0, NULL, NO_LIMIT,
    NO_LIMIT },
  [HOST_WRITE] = { "WRITE", CL_WRITE, 0, TWIN_NONE, NULL, 0, NULL, NO_LIMIT,
    NO_LIMIT },

  [HOST_LSTAT] = { "LSTAT", CL_READ, ROW_PRE|ROW_LOOKS, TWIN_NONE, NULL, 0,
    NULL, LIMIT("LSTAT", NULL, NULL), NO_LIMIT },
  [HOST_STAT] = { "STAT", CL_READ, ROW_PRE|ROW_FOLLOW1|ROW_LOOKS, TWIN_NONE,
    NULL, 0, NULL, LIMIT("STAT", G_READ, NULL), NO_LIMIT },
  [HOST_FSTAT] = { "FSTAT", CL_READ, ROW_LOOKS, TWIN_NONE, NULL, 0, NULL,
    LIMIT("FSTAT", NULL, NULL), NO_LIMIT },
  [HOST_SETSTAT] = { "SETSTAT", CL_WRITE, ROW_PRE|ROW_FOLLOW1|ROW_FILTER1,
    TWIN_NONE, NULL, 0, NULL, LIMIT("SETSTAT", G_WRITE, NULL), NO_LIMIT },
  [HOST_LSETSTAT] = { "SETSTAT", CL_WRITE, ROW_PRE|ROW_FILTER1, TWIN_NONE,
    NULL, 0, NULL, LIMIT("SETSTAT", G_WRITE, NULL), NO_LIMIT },
  [HOST_FSETSTAT] = { "FSETSTAT", CL_WRITE, ROW_HANDLE_PRE|ROW_FILTER1,
    TWIN_NONE, NULL, 0, NULL, LIMIT("FSETSTAT", G_WRITE, "SETSTAT"),
    NO_LIMIT },

  [HOST_OPENDIR] = { "OPENDIR", CL_DIRS, ROW_PRE|ROW_FOLLOW1, TWIN_LIST,
    C_MLSD, CL_DIRS, R_226, LIMIT("OPENDIR", G_DIRS, NULL), NO_LIMIT },
  [HOST_READDIR] = { "READDIR", CL_DIRS, ROW_LOOKS, TWIN_NONE, NULL, 0, NULL,
    LIMIT("READDIR", G_DIRS, NULL), NO_LIMIT },

  [HOST_MKDIR] = { "MKDIR", CL_WRITE|CL_DIRS, ROW_PRE|ROW_FOLLOW1|ROW_FILTER1,
    TWIN_PATH, C_MKD, CL_WRITE|CL_DIRS, R_257,
    LIMIT(C_MKD, G_WRITE, C_XMKD, "MKDIR"), NO_LIMIT },
  [HOST_SCP_MKDIR] = { NULL, CL_WRITE, ROW_FOLLOW1|ROW_FILTER1, TWIN_PATH,
    C_MKD, CL_WRITE|CL_DIRS, R_257, LIMIT(C_MKD, G_WRITE, C_XMKD, "MKDIR"),
    NO_LIMIT },
  [HOST_RMDIR] = { "RMDIR", CL_WRITE, ROW_PRE|ROW_FILTER1, TWIN_PATH, C_RMD,
    CL_WRITE|CL_DIRS, R_250, LIMIT(C_RMD, G_WRITE, C_XRMD, "RMDIR"),
    NO_LIMIT },
  [HOST_REMOVE] = { "REMOVE", CL_WRITE, ROW_PRE|ROW_FILTER1, TWIN_PATH,
    C_DELE, CL_WRITE, R_250, LIMIT(C_DELE, G_WRITE, "REMOVE"), NO_LIMIT },
  [HOST_RENAME] = { "RENAME", CL_MISC|CL_WRITE, ROW_FILTER1|ROW_FILTER2,
    TWIN_RENAME, C_RNFR, CL_MISC|CL_WRITE, R_350,
    LIMIT(C_RNFR, G_DIRS, "RENAME"), LIMIT(C_RNTO, G_WRITE, "RENAME") },

  [HOST_REALPATH] = { "REALPATH", CL_INFO, ROW_PRE|ROW_FOLLOW1|ROW_LOOKS,
    TWIN_NONE, NULL, 0, NULL, LIMIT("REALPATH", G_DIRS, NULL), NO_LIMIT },
  [HOST_READLINK] = { "READLINK", CL_READ, ROW_PRE|ROW_LOOKS, TWIN_NONE,
    NULL, 0, NULL, LIMIT("READLINK", G_READ, NULL), NO_LIMIT },
  [HOST_SYMLINK] = { "SYMLINK", CL_WRITE, ROW_FILTER2, TWIN_SYMLINK,
    "SYMLINK", CL_WRITE, NULL, LIMIT("SYMLINK", G_READ, NULL),
    LIMIT("SYMLINK", G_WRITE, NULL) },
  [HOST_LINK] = { "LINK", CL_WRITE, ROW_PRE|ROW_FILTER1|ROW_FILTER2,
    TWIN_NONE, NULL, 0, NULL, LIMIT("LINK", G_READ, NULL),
    LIMIT("LINK", G_WRITE, NULL) },
  [HOST_HARDLINK] = { "HARDLINK", CL_MISC|CL_WRITE,
    ROW_PRE|ROW_FILTER1|ROW_FILTER2, TWIN_NONE, NULL, 0, NULL,
    LIMIT("HARDLINK", G_DIRS, G_READ), LIMIT("HARDLINK", G_WRITE, NULL) },

  [HOST_LOCK] = { "LOCK", CL_WRITE, ROW_FOLLOW1, TWIN_NONE, NULL, 0, NULL,
    LIMIT("LOCK", G_WRITE, NULL), NO_LIMIT },
  [HOST_UNLOCK] = { "UNLOCK", CL_WRITE, 0, TWIN_NONE, NULL, 0, NULL,
    LIMIT("LOCK", G_WRITE, NULL), NO_LIMIT },

  [HOST_EXTENDED] = { "EXTENDED", CL_MISC, 0, TWIN_NONE, NULL, 0, NULL,
    NO_LIMIT, NO_LIMIT },
  [HOST_STATVFS] = { "EXTENDED", CL_MISC, ROW_FOLLOW1|ROW_LOOKS, TWIN_NONE,
    NULL, 0, NULL, LIMIT("STATVFS", G_READ, NULL), NO_LIMIT },
  [HOST_FSYNC] = { "FSYNC", CL_MISC, ROW_HANDLE_PRE, TWIN_NONE, NULL, 0,
    NULL, NO_LIMIT, NO_LIMIT },
  [HOST_HOMEDIR] = { "HOMEDIR", CL_MISC, 0, TWIN_NONE, NULL, 0, NULL,
    NO_LIMIT, NO_LIMIT },
  [HOST_LIMITS] = { "LIMITS", CL_MISC, 0, TWIN_NONE, NULL, 0, NULL, NO_LIMIT,
    NO_LIMIT },
  [HOST_COPY] = { "EXTENDED", CL_MISC|CL_WRITE,
    ROW_FOLLOW1|ROW_FILTER1|ROW_FILTER2, TWIN_SITE_COPY, C_SITE,
    CL_MISC|CL_WRITE, R_200, LIMIT("SITE_COPY", G_READ, NULL),
    LIMIT("SITE_COPY", G_WRITE, NULL) },
  [HOST_DIGEST] = { "EXTENDED", CL_MISC|CL_READ, ROW_FOLLOW1, TWIN_NONE, NULL,
    0, NULL, LIMIT("SITE_DIGEST", G_READ, NULL), NO_LIMIT },
  [HOST_XATTR_GET] = { "EXTENDED", CL_MISC|CL_READ, ROW_PRE, TWIN_NONE, NULL,
    0, NULL, LIMIT("STAT", G_READ, NULL), NO_LIMIT },
  [HOST_XATTR_SET] = { "EXTENDED", CL_MISC|CL_WRITE, ROW_PRE|ROW_FILTER1,
    TWIN_NONE, NULL, 0, NULL, LIMIT("SETSTAT", G_WRITE, NULL), NO_LIMIT },
};

/* ---- State */

struct host_files *host_files_of(struct host *h) {
  struct host_files *s = h->files;
  pool *p;

  if (s != NULL) {
    return s;
  }

  p = make_sub_pool(h->pool);
  pr_pool_tag(p, "SFTP files pool");
  s = pcalloc(p, sizeof(*s));
  s->pool = p;
  memset(s->need, -1, sizeof(s->need));
  memset(s->quiet, -1, sizeof(s->quiet));
  memset(s->idle, -1, sizeof(s->idle));
  h->files = s;

  /* FTP's default type would turn up in the TransferLog. */
  session.sf_flags &= ~SF_ASCII;
  return s;
}

struct op_state *host_op_state(struct host_op *op) {
  struct op_state *state = op->state;

  if (state == NULL) {
    state = pcalloc(op->pool, sizeof(*state));
    op->state = state;
  }

  return state;
}

uint64_t host_coarse_ms(void) {
  struct timespec ts;

  (void) clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
  return (uint64_t) ts.tv_sec * 1000 + (uint64_t) ts.tv_nsec / 1000000;
}

/* What ftpwho shows: once a second at most, the file is locked for it. */
void host_doing(struct host *h, const char *cmd, const char *arg) {
  struct host_files *s = host_files_of(h);
  uint64_t now = host_coarse_ms();

  if (now < s->score_ms) {
    return;
  }

  s->score_ms = now + SCORE_MS;
  host_score_cmd(s, cmd);
  (void) pr_scoreboard_entry_update(session.pid,
    PR_SCORE_CMD_ARG, "%s", arg != NULL ? arg : "", NULL, NULL);
  pr_proctitle_set("%s - %s: %s %s", session.user != NULL ? session.user :
    "(none)", session.proc_prefix != NULL ? session.proc_prefix : "", cmd,
    arg != NULL ? arg : "");
}

void host_op_begin(struct host *h, struct host_op *op, pool *p,
    enum host_request req, const char *arg) {
  memset(op, 0, sizeof(*op));
  op->host = h;
  op->pool = p;
  op->req = req;
  op->arg = arg;

  if (req != HOST_READ && req != HOST_WRITE && host_rows[req].name != NULL) {
    host_doing(h, host_rows[req].name, arg);
  }
}

/* ---- PRE_CMD */

static cmd_rec *own_cmd(struct host_op *op, const char *arg) {
  struct op_state *state = host_op_state(op);
  const struct req_row *row = &host_rows[op->req];

  if (state->own == NULL) {
    state->own = host_cmd(op->pool, row->name, arg, row->cls|CL_SFTP, FALSE);
  }

  return state->own;
}

/* The rules of the path's own folder, not those of the request before. */
static void enter(struct host_op *op, const char *path) {
  session.dir_config = dir_match_path(op->pool, (char *) host_outside(
    op->pool, host_canon(op->host, op->pool, path)));
}

/* Handlers of our own ask what the command is for; operations move, so that
 * nobody may do so later.
 */
static int dispatch_pre(struct host_op *op, cmd_rec *cmd) {
  struct host_files *s = host_files_of(op->host);
  int res;

  s->op = op;
  res = host_phase_pre(cmd);
  s->op = NULL;
  return res;
}

/* PRE_CMD of the own name; *path is replaced when a handler rewrote it. */
static int own_pre(struct host_op *op, const char **path) {
  const char *arg = op->arg != NULL ? op->arg : *path;
  cmd_rec *cmd;
  int res, xerrno;

  enter(op, *path);
  if (!host_phase_needed(op->host, op->req, PHASE_PRE)) {
    return 0;
  }

  /* What rewriting handlers see is the path, when there is only one. */
  if (host_rows[op->req].second.name == NULL) {
    arg = *path;
  }

  cmd = own_cmd(op, arg);
  res = dispatch_pre(op, cmd);
  xerrno = errno;
  if (res < 0) {
    host_limit_explain(op, cmd, arg, xerrno);
    errno = xerrno;
    return -1;
  }

  if (arg == *path && cmd->arg != NULL &&
      strcmp(cmd->arg, arg) != 0) {
    *path = pstrdup(op->pool, cmd->arg);
  }

  return 0;
}

static int twin_pre(struct host_op *op, cmd_rec *cmd, const char **path) {
  int xerrno;

  enter(op, *path);
  if (dispatch_pre(op, cmd) < 0) {
    xerrno = errno;
    host_limit_explain(op, cmd, *path, xerrno);
    errno = xerrno;
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
  int xerrno;

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
  if (dispatch_pre(op, cmd) < 0) {
    xerrno = errno;
    host_limit_explain(op, cmd, to, xerrno);
    errno = xerrno;
    return -1;
  }

  return 0;
}

/* A second SYMLINK, "text<TAB>link": only for handlers that rewrite. */
static int twin_symlink(struct host_op *op, const char **text,
    const char **link) {
  const char *arg = pstrcat(op->pool, *text, "\t", *link, NULL), *tab;
  cmd_rec *cmd;
  int xerrno;

  if (!host_phase_needed(op->host, op->req, PHASE_PRE)) {
    return 0;
  }

  cmd = host_cmd(op->pool, "SYMLINK", arg, CL_WRITE|CL_SFTP, FALSE);
  enter(op, *link);
  if (dispatch_pre(op, cmd) < 0) {
    xerrno = errno;
    host_limit_explain(op, cmd, *link, xerrno);
    errno = xerrno;
    return -1;
  }

  tab = cmd->arg != NULL ? strchr(cmd->arg, '\t') : NULL;
  if (tab != NULL && strcmp(cmd->arg, arg) != 0) {
    *text = pstrndup(op->pool, cmd->arg, (size_t) (tab - cmd->arg));
    *link = host_canon(op->host, op->pool, tab + 1);
  }

  return 0;
}

static int twins_pre(struct host_op *op, const char **path,
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

/* ---- Rules */

/* <Limit> and filters for one path: for the name as it was used, then for
 * where its links lead; the latter leaves umask and owner as they must be.
 * Returns the path to act on.
 */
static const char *check_path(struct host_op *op, const char *path,
    const struct limit_rule *rule, bool follow, bool filter) {
  const char *real;

  if (rule->name == NULL) {
    return path;
  }

  if (host_limit_quiet(op->host, op->req, path)) {
    return path;
  }

  real = host_resolve(op->host, op->pool, path, follow);
  if (strcmp(real, path) != 0 &&
      (host_limit(op->host, op, op->pool, rule, path, NULL) < 0 ||
       (filter && host_filter(op, path) < 0))) {
    return NULL;
  }

  if (host_limit(op->host, op, op->pool, rule, real, NULL) < 0 ||
      (filter && host_filter(op, real) < 0)) {
    return NULL;
  }

  if ((host_rows[op->req].flags & ROW_LOOKS) != 0) {
    host_limit_learn(op->host, real);
  }

  return real;
}

/* What mod_xfer's handlers checked is where links lead; the name as it was
 * used, and a link to nothing yet, are ours to check.
 */
static const char *check_file(struct host_op *op, const char *used,
    const char *path) {
  const struct req_row *row = &host_rows[op->req];
  const char *real = host_resolve(op->host, op->pool, path, true);

  if (strcmp(used, path) == 0 && strcmp(real, path) == 0) {
    return path;
  }

  if (strcmp(used, real) != 0 &&
      (host_limit(op->host, op, op->pool, &row->first, used, NULL) < 0 ||
       ((row->flags & ROW_FILTER1) != 0 && host_filter(op, used) < 0))) {
    return NULL;
  }

  if (host_limit(op->host, op, op->pool, &row->first, real, NULL) < 0 ||
      ((row->flags & ROW_FILTER1) != 0 && host_filter(op, real) < 0)) {
    return NULL;
  }

  return real;
}

/* Where the text of a link leads, seen from the link's folder. */
static const char *link_target(struct host_op *op, const char *text,
    const char *link) {
  const char *slash = strrchr(link, '/');

  if (*text == '/') {
    return host_canon(op->host, op->pool, text);
  }

  return host_canon(op->host, op->pool, pstrcat(op->pool,
    pstrndup(op->pool, link, (size_t) (slash - link) + 1), text, NULL));
}

static const char *permit_symlink(struct host_op *op, const char *text,
    const char **link) {
  const struct req_row *row = &host_rows[op->req];
  const char *path = host_canon(op->host, op->pool, *link);

  if (twin_symlink(op, &text, &path) < 0 ||
      check_path(op, link_target(op, text, path), &row->first, true,
        false) == NULL) {
    return NULL;
  }

  path = check_path(op, path, &row->second, false,
    (row->flags & ROW_FILTER2) != 0);
  if (path == NULL) {
    return NULL;
  }

  *link = path;
  return text;
}

/* AllowOverwrite for copies; other requests ask it where they overwrite. */
static int check_overwrite(struct host_op *op, const char *to) {
  unsigned char *allowed = get_param_ptr(CURRENT_CONF, "AllowOverwrite",
    FALSE);
  struct stat st;

  if ((allowed == NULL || *allowed == FALSE) && op->file == NULL &&
      host_lstat(op->host, to, &st) == 0) {
    host_refuse(op, "file exists and AllowOverwrite is off");
    errno = EACCES;
    return -1;
  }

  return 0;
}

static const char *permit_paths(struct host_op *op, const char *path,
    const char **second) {
  const struct req_row *row = &host_rows[op->req];
  const char *used, *to = NULL;

  if ((row->flags & ROW_PRE) != 0 && own_pre(op, &path) < 0) {
    return NULL;
  }

  path = used = host_canon(op->host, op->pool, path);
  if (second != NULL) {
    to = host_canon(op->host, op->pool, *second);
  }

  if (twins_pre(op, &path, &to) < 0) {
    return NULL;
  }

  if (row->kind == TWIN_FILE) {
    return check_file(op, used, path);
  }

  path = check_path(op, path, &row->first, (row->flags & ROW_FOLLOW1) != 0,
    (row->flags & ROW_FILTER1) != 0);
  if (path == NULL || second == NULL) {
    return path;
  }

  to = check_path(op, to, &row->second, op->req == HOST_COPY,
    (row->flags & ROW_FILTER2) != 0);
  if (to == NULL || (op->req == HOST_COPY && check_overwrite(op, to) < 0)) {
    return NULL;
  }

  *second = to;
  return path;
}

/* A key whose command has -R is good for reading. */
static bool may_write(struct host_op *op) {
  if (!op->host->read_only || (host_rows[op->req].cls & CL_WRITE) == 0) {
    return true;
  }

  sftp_log("'%s' refused: the key of the user is for reading only", op->arg);
  host_refuse(op, "denied by the key, which is for reading only");
  errno = EACCES;
  return false;
}

/* What the system would not take, and what is deep in folders that are not
 * there, is refused before rules are looked up for each of them: the host's
 * work grows with the third power of their number.
 */
#define DEEP 128

static int check_depth(struct host_op *op, const char *path) {
  unsigned int names = 0;
  struct stat st;
  const char *p;
  char *dir;

  if (strlen(path) < 2 * DEEP) {
    return 0;
  }

  dir = pstrdup(op->pool, host_canon(op->host, op->pool, path));
  for (p = dir; *p != '\0'; p++) {
    names += *p == '/';
  }

  if (p - dir >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }

  *strrchr(dir, '/') = '\0';
  return names <= DEEP ? 0 : host_stat(op->host, dir, &st);
}

const char *host_permit(struct host_op *op, const char *path,
    const char **second) {
  struct op_state *state = host_op_state(op);
  const char *res;

  if (host_rows[op->req].second.name != NULL && second == NULL) {
    errno = EINVAL;
    return NULL;
  }

  if (!may_write(op)) {
    return NULL;
  }

  if (check_depth(op, path) < 0 ||
      (second != NULL && check_depth(op, *second) < 0)) {
    return NULL;
  }

  errno = 0;
  res = op->req == HOST_SYMLINK ? permit_symlink(op, path, second) :
    permit_paths(op, path, second);
  if (res == NULL) {
    if (errno == 0) {
      errno = EACCES;
    }

    return NULL;
  }

  state->path = res;
  state->path2 = second != NULL ? *second : NULL;
  return res;
}

int host_permit_handle(struct host_op *op, const char *path) {
  const struct req_row *row = &host_rows[op->req];

  if (!may_write(op)) {
    return -1;
  }

  if ((row->flags & (ROW_PRE|ROW_HANDLE_PRE)) != 0) {
    const char *arg = path;

    if (own_pre(op, &arg) < 0) {
      return -1;
    }
  }

  return check_path(op, path, &row->first, true,
    (row->flags & ROW_FILTER1) != 0) != NULL ? 0 : -1;
}

static const struct limit_rule rule_perms = { "SITE_CHMOD", G_WRITE, { NULL } };
static const struct limit_rule rule_owner = { "SITE_CHGRP", G_WRITE, { NULL } };

int host_permit_attr(struct host_op *op, const char *path,
    enum host_attr what) {
  return host_limit(op->host, op, op->pool, what == HOST_ATTR_PERMS ?
    &rule_perms : &rule_owner, path, NULL);
}

static bool may_setstat(struct host_op *op, const char *path) {
  return host_limit(op->host, NULL, op->pool, &host_rows[HOST_SETSTAT].first,
    path, NULL) == 0;
}

/* The rules of the same path: umask and owner stay as they are. */
mode_t host_new_mode(struct host_op *op, const char *path, mode_t mode) {
  if ((mode & 07777 & ~0666) != 0 && (!may_setstat(op, path) ||
      host_limit(op->host, NULL, op->pool, &rule_perms, path, NULL) < 0)) {
    mode &= 0666;
  }

  return mode;
}

bool host_may_set_new(struct host_op *op, const char *path, bool owner) {
  if (owner && (session.fsuid != (uid_t) -1 || session.fsgid != (gid_t) -1)) {
    return false;
  }

  return may_setstat(op, path) && (!owner ||
    host_limit(op->host, NULL, op->pool, &rule_owner, path, NULL) == 0);
}

/* ---- The end */

static void end_removed(struct host_op *op, const struct op_state *state) {
  if (state->removed) {
    (void) xferlog_write(0, pr_netaddr_get_sess_remote_name(), state->size,
      host_outside(op->pool, state->path), 'b', 'd', 'r', session.user, 'c',
      "_");
  }
}

/* What FTP would have answered. */
static const char *twin_text(struct host_op *op, const cmd_rec *cmd,
    int err) {
  const char *name = cmd->argv[0];

  if (err != 0) {
    return pstrcat(op->pool, cmd->arg, ": ", strerror(err), NULL);
  }

  if (strcmp(name, C_RNFR) == 0) {
    return "File or directory exists, ready for destination name";
  }

  if (strcmp(name, C_RNTO) == 0) {
    return "Rename successful";
  }

  if (strcmp(name, C_MKD) == 0) {
    return pstrcat(op->pool, "\"", cmd->arg,
      "\" - Directory successfully created", NULL);
  }

  return pstrcat(op->pool, name, " command successful", NULL);
}

static void end_twin(struct host_op *op, cmd_rec *cmd, int err,
    const char *done) {
  struct op_state *state = op->state;

  host_xfer_begin(cmd->arg, PR_NETIO_IO_WR);
  session.xfer.total_bytes = state->removed ? state->size : 0;
  if (err != 0) {
    (void) pr_table_add_dup(cmd->notes, "mod_sftp.file-status", "failed", 0);
  }

  host_phase_end(cmd, err == 0, err == 0 ? done : R_550,
    twin_text(op, cmd, err));
}

/* The twins that did not go over to an open file or folder. */
static void end_twins(struct host_op *op, int err) {
  struct op_state *state = op->state;
  const struct req_row *row = &host_rows[op->req];

  if (state == NULL || state->twin == NULL || state->handed) {
    return;
  }

  end_twin(op, state->twin, err, row->done);
  if (state->twin2 != NULL) {
    end_twin(op, state->twin2, err, R_250);
    (void) pr_table_remove(session.notes, "mod_core.rnfr-path", NULL);
  }

  host_xfer_end();
  if (err == 0) {
    end_removed(op, state);
  }

  if (state->pool != NULL && state->pool != op->pool) {
    destroy_pool(state->pool);
  }

  state->pool = NULL;
  state->twin = state->twin2 = NULL;
}

/* The file that log lines of the operation speak of; NULL: none. */
static const struct host_file *file_of(struct host_op *op) {
  struct op_state *state = op->state;

  if (state != NULL && state->opened != NULL) {
    return state->opened;
  }

  if (op->req == HOST_CLOSE) {
    return state != NULL && state->closed.path != NULL ? &state->closed :
      NULL;
  }

  return op->file;
}

static void end_own(struct host_op *op, int err, unsigned int status,
    const char *text) {
  struct op_state *state = op->state;
  const struct host_file *f;
  char code[16];
  cmd_rec *cmd;

  /* Who saw the beginning sees the end. */
  if ((state == NULL || state->own == NULL) &&
      !host_phase_needed(op->host, op->req, err == 0 ? PHASE_OK :
        PHASE_ERR)) {
    return;
  }

  cmd = own_cmd(op, op->arg);
  if (op->handle != NULL) {
    (void) pr_table_add_dup(cmd->notes, "sftp.file-handle", op->handle, 0);
  }

  if (err != 0) {
    (void) pr_table_add_dup(cmd->notes, "mod_sftp.file-status", "failed", 0);
  }

  f = file_of(op);
  if (f != NULL) {
    host_file_describe(f, cmd, op->req == HOST_READ || op->req ==
      HOST_WRITE);
  }

  snprintf(code, sizeof(code), "%u", status);
  host_phase_end(cmd, err == 0, code, text != NULL ? text : err == 0 ? "OK" :
    strerror(err));
  if (f != NULL) {
    host_xfer_end();
  }
}

void host_op_end(struct host_op *op, int err, unsigned int status,
    const char *text) {
  int xerrno = errno;

  end_twins(op, err);
  if (host_rows[op->req].name != NULL) {
    end_own(op, err, status, text);
  }

  errno = xerrno;
}
