/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-permit.c -- decides whether a request may act on a path.
 *
 * First it calls the PRE_CMD handlers (ftpd-equivalent.c), then it checks
 * <Limit> for the given name and for its resolved path, then the path filters.
 */

#include "ftpd-ask.h"
#include "ftpd-check.h"
#include "ftpd-count.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-locks.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-record.h"
#include "ftpd-request.h"

#include "ftpd-attrs.h"

#include <limits.h>

/* ---- One path */

/* <Limit> and filters for one path: for the given name, then for the resolved
 * path; the latter sets the correct umask and owner.  Returns the path to act
 * on.
 */
static const char *check_path(struct ftpd_op *op, const char *path,
    const struct sftp_rule *rule, bool follow, bool filter) {
  const char *real;
  int xerrno;

  if ((rule->effects | rule->maybe) == 0 ||
      ftpd_limit_quiet(op->ftpd, op->req, path)) {
    return path;
  }

  real = ftpd_resolve(op->ftpd, op->pool, path, follow);
  xerrno = ftpd_resolve_error();
  if (strcmp(real, path) != 0 && (ftpd_ask(op, rule, path, real) < 0 ||
      (filter && ftpd_filter(op, path) < 0))) {
    return NULL;
  }

  if (ftpd_ask(op, rule, real, real) < 0 ||
      (filter && ftpd_filter(op, real) < 0) ||
      ((ftpd_requests[op->req].flags & ROW_WORDS) != 0 &&
       ftpd_word_filter(op, ftpd_op_name(op), path) < 0)) {
    return NULL;
  }

  if (xerrno != 0) {
    errno = xerrno;
    return NULL;
  }

  if ((ftpd_requests[op->req].flags & ROW_LOOKS) != 0) {
    ftpd_limit_learn(op->ftpd, real, -1);
  }

  return real;
}

/* mod_xfer's handlers have checked the resolved path.  The name that is used,
 * dangling links, and hidden directories are checked here.
 */
static const char *check_file(struct ftpd_op *op, const char *used,
    const char *path) {
  const struct sftp_rule *rule = &sftp_rules[op->req].first;
  bool filter = (ftpd_requests[op->req].flags & ROW_FILTER1) != 0;
  const char *real = ftpd_resolve(op->ftpd, op->pool, path, !op->exclusive);

  if (strcmp(used, path) == 0 && strcmp(real, path) == 0 &&
      !ftpd_limit_ignores(op->ftpd) && ftpd_is_pinned(real)) {
    return path;
  }

  if (strcmp(used, real) != 0 && (ftpd_ask(op, rule, used, real) < 0 ||
      (filter && ftpd_filter(op, used) < 0))) {
    return NULL;
  }

  return ftpd_ask(op, rule, real, real) < 0 ||
    (filter && ftpd_filter(op, real) < 0) ? NULL : real;
}

/* The handlers refused because a file exists, or because it does not.  Users
 * whose request is not permitted must not learn that.
 */
static void hide_why(struct ftpd_op *op, const char *used) {
  const struct sftp_rule *rule = &sftp_rules[op->req].first;
  const char *real;
  struct stat st;
  int xerrno = errno;

  if (xerrno != EACCES && xerrno != EPERM) {
    real = ftpd_resolve(op->ftpd, op->pool, used, true);
    if (ftpd_ask(op, rule, real, real) < 0) {
      return;
    }
  }

  /* STOR follows a dangling link; for O_EXCL the link exists. */
  if ((xerrno == ENOENT || xerrno == ELOOP) && op->exclusive &&
      ftpd_lstat(op->ftpd, used, &st) == 0) {
    xerrno = EEXIST;
  }

  errno = xerrno;
}

/* A handler refused: the second name of two, if the first may be used. */
static void note_first(struct ftpd_op *op, const char *used) {
  struct op_state *state = ftpd_op_state(op);
  const char *refused = op->refused, *rule = op->rule, *real;
  int xerrno = errno;

  if (state->equivalent2 != NULL) {
    real = ftpd_resolve(op->ftpd, op->pool, used, false);
    state->path = used;
    state->first_ok = ftpd_ask(op, &sftp_rules[op->req].first, real,
      real) == 0;
  }

  op->refused = refused;
  op->rule = rule;
  errno = xerrno;
}

/* ---- Two paths */

/* The target of a link's text, relative to the link's directory. */
static const char *link_target(struct ftpd_op *op, const char *text,
    const char *link) {
  const char *slash = strrchr(link, '/');

  if (*text == '/') {
    return ftpd_canon(op->ftpd, op->pool, ftpd_link_means(op->ftpd, op->pool,
      text));
  }

  return ftpd_canon(op->ftpd, op->pool, pstrcat(op->pool,
    pstrndup(op->pool, link, (size_t) (slash - link) + 1), text, NULL));
}

static const char *permit_symlink(struct ftpd_op *op, const char *text,
    const char **link) {
  const struct req_row *row = &ftpd_requests[op->req];
  const struct sftp_rules *rules = &sftp_rules[op->req];
  const char *path = ftpd_canon(op->ftpd, op->pool, *link);

  if (ftpd_symlink_pre(op, *link, &text, &path) < 0 ||
      check_path(op, link_target(op, text, path), &rules->first, true,
        false) == NULL) {
    return NULL;
  }

  path = check_path(op, path, &rules->second, false,
    (row->flags & ROW_FILTER2) != 0);
  if (path == NULL) {
    return NULL;
  }

  *link = path;
  return text;
}

/* A copy replaces an existing file. */
static int check_copy(struct ftpd_op *op, const char *to) {
  struct stat st;

  return op->file != NULL || ftpd_lstat(op->ftpd, to, &st) < 0 ? 0 :
    ftpd_may_replace(op, to);
}

static bool is_link(const struct ftpd_op *op) {
  return op->req == FTPD_LINK || op->req == FTPD_HARDLINK;
}

static const char *permit_second(struct ftpd_op *op, const char *path,
    const char *to, const char **second) {
  const struct req_row *row = &ftpd_requests[op->req];
  struct second_name old = { 0, false };

  if (is_link(op)) {
    old = ftpd_second_name(op, path);
  }

  to = check_path(op, to, &sftp_rules[op->req].second,
    op->req == FTPD_COPY, (row->flags & ROW_FILTER2) != 0);
  if (to == NULL || (op->req == FTPD_COPY && check_copy(op, to) < 0) ||
      (is_link(op) && ftpd_check_link(op, path, &old, to) < 0)) {
    return NULL;
  }

  *second = to;
  return path;
}

/* Handlers of FTP commands check the daemon's rules themselves, for the
 * resolved path.  A path whose links lead too far does not get to them, unless
 * the request is about the link itself.
 */
static int read_ftpaccess(struct ftpd_op *op, const char *path) {
  const struct req_row *row = &ftpd_requests[op->req];
  const char *real;

  if (row->kind == EQUIV_NONE) {
    return 0;
  }

  real = ftpd_resolve(op->ftpd, op->pool, path, true);
  if (ftpd_resolve_error() != 0 && (row->flags & ROW_FOLLOW1) == 0) {
    real = ftpd_resolve(op->ftpd, op->pool, path, false);
  }

  if (ftpd_resolve_error() != 0) {
    errno = ftpd_resolve_error();
    return -1;
  }

  ftpd_ftpaccess_read(op->ftpd, op->pool, real);
  return 0;
}

static const char *permit_paths(struct ftpd_op *op, const char *path,
    const char **second) {
  const struct req_row *row = &ftpd_requests[op->req];
  struct op_state *state = ftpd_op_state(op);
  const char *used, *to = NULL;
  struct sent sent;

  if ((row->flags & ROW_PRE) != 0 && ftpd_own_pre(op, &path, second) < 0) {
    return NULL;
  }

  if (op->req == FTPD_REALPATH) {
    return ftpd_permit_go(op, ftpd_canon(op->ftpd, op->pool, path), path);
  }

  sent.first = path;
  sent.second = second != NULL ? *second : NULL;
  path = used = ftpd_canon(op->ftpd, op->pool, path);
  if (second != NULL) {
    to = ftpd_canon(op->ftpd, op->pool, *second);
  }

  if (read_ftpaccess(op, path) < 0 ||
      (to != NULL && read_ftpaccess(op, to) < 0) ||
      ftpd_equivalents_pre(op, &sent, &path, &to) < 0) {
    hide_why(op, used);
    note_first(op, used);
    return NULL;
  }

  if (row->kind == EQUIV_FILE) {
    /* As in FTP, filters see what a handler made of the name. */
    used = ftpd_canon(op->ftpd, op->pool, state->equivalent->arg);
    return check_file(op, used, path);
  }

  path = check_path(op, path, &sftp_rules[op->req].first,
    (row->flags & ROW_FOLLOW1) != 0 || (op->req == FTPD_LSTAT &&
     !ftpd_shows_links(op->ftpd)), (row->flags & ROW_FILTER1) != 0);
  if (path == NULL || second == NULL) {
    return path;
  }

  state->first_ok = true;
  state->path = path;
  return permit_second(op, path, to, second);
}

/* A key whose forced command has -R is read-only. */
static bool may_write(struct ftpd_op *op) {
  if (!op->ftpd->read_only || (ftpd_requests[op->req].cls & CL_WRITE) == 0) {
    return true;
  }

  sftp_log("'%s' refused: the key of the user is for reading only", op->arg);
  ftpd_refuse(op, "denied by the key, which is for reading only");
  errno = EACCES;
  return false;
}

/* Refuses paths that the system would not accept, and paths deep in missing
 * directories, before rules are checked for each directory: the daemon's work
 * grows with the third power of their number.
 */
#define DEEP 128

int ftpd_check_depth(struct ftpd_op *op, const char *path) {
  unsigned int names;
  struct stat st;
  char *dir;

  if (strlen(path) < 2 * DEEP) {
    return 0;
  }

  dir = pstrdup(op->pool, ftpd_canon(op->ftpd, op->pool, path));
  names = ftpd_depth(dir);
  if (strlen(dir) >= PATH_MAX || names > FTPD_MAX_DEPTH) {
    errno = ENAMETOOLONG;
    return -1;
  }

  *strrchr(dir, '/') = '\0';
  return names <= DEEP ? 0 : ftpd_look(op->ftpd, dir, &st);
}

/* What opens a file is counted when it is open. */
static int count_change(struct ftpd_op *op) {
  struct op_state *state = op->state;

  if (op->req != FTPD_REMOVE && op->req != FTPD_RENAME) {
    return 0;
  }

  return ftpd_count_change(op, state->equivalent) < 0 ||
    (state->equivalent2 != NULL &&
     ftpd_count_change(op, state->equivalent2) < 0) ? -1 : 0;
}

const char *ftpd_permit(struct ftpd_op *op, const char *path,
    const char **second) {
  struct op_state *state = ftpd_op_state(op);
  const char *res;

  if ((ftpd_requests[op->req].flags & ROW_TWO) != 0 && second == NULL) {
    errno = EINVAL;
    return NULL;
  }

  if (path[0] == '\0' || (second != NULL && (*second)[0] == '\0')) {
    errno = ENOENT;             /* as for open(2) and other calls */
    return NULL;
  }

  state->sent = path;
  state->sent2 = second != NULL ? *second : NULL;
  if (!may_write(op) || ftpd_record_may(op) < 0) {
    return NULL;
  }

  if (ftpd_check_depth(op, path) < 0 ||
      (second != NULL && ftpd_check_depth(op, *second) < 0)) {
    return NULL;
  }

  errno = 0;
  res = op->req == FTPD_SYMLINK ? permit_symlink(op, path, second) :
    permit_paths(op, path, second);
  if (res == NULL || ftpd_check_names(op, res, second != NULL ? *second :
        NULL) < 0 || (!op->ftpd->explains && count_change(op) < 0)) {
    if (errno == 0) {
      errno = EACCES;
    }

    return NULL;
  }

  state->path = res;
  state->path2 = second != NULL ? *second : NULL;
  return res;
}

int ftpd_permit_handle(struct ftpd_op *op, const char *path) {
  const struct req_row *row = &ftpd_requests[op->req];

  ftpd_op_state(op)->sent = path;
  if (!may_write(op) || ftpd_record_may(op) < 0) {
    return -1;
  }

  if ((row->flags & (ROW_PRE|ROW_HANDLE_PRE)) != 0) {
    const char *arg = path;

    if (ftpd_own_pre(op, &arg, NULL) < 0) {
      return -1;
    }
  }

  if (check_path(op, path, &sftp_rules[op->req].first, true,
        (row->flags & ROW_FILTER1) != 0) == NULL) {
    return -1;
  }

  return op->deny == 0 || op->file == NULL ? 0 : ftpd_may_keep(op, path,
    op->file->rd, op->file->wr);
}
