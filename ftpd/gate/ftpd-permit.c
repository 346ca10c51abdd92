/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-permit.c -- the gate's question: may this request act on that path?
 *
 * First the PRE_CMD handlers are asked (ftpd-equivalent.c), then <Limit>, for
 * the name used and for where its links lead, then the path filters.
 */

#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-rules.h"

#include <limits.h>

/* <Limit> and filters for one path: for the name as it was used, then for
 * where its links lead; the latter leaves umask and owner as they must be.
 * Returns the path to act on.
 */
static const char *check_path(struct ftpd_op *op, const char *path,
    const struct limit_rule *rule, bool follow, bool filter) {
  const char *real;

  if (rule->name == NULL) {
    return path;
  }

  if (ftpd_limit_quiet(op->ftpd, op->req, path)) {
    return path;
  }

  real = ftpd_resolve(op->ftpd, op->pool, path, follow);
  if (strcmp(real, path) != 0 &&
      (ftpd_limit(op->ftpd, op, op->pool, rule, path, NULL) < 0 ||
       (filter && ftpd_filter(op, path) < 0))) {
    return NULL;
  }

  if (ftpd_limit(op->ftpd, op, op->pool, rule, real, NULL) < 0 ||
      (filter && ftpd_filter(op, real) < 0)) {
    return NULL;
  }

  if ((ftpd_requests[op->req].flags & ROW_LOOKS) != 0) {
    ftpd_limit_learn(op->ftpd, real);
  }

  return real;
}

/* What mod_xfer's handlers checked is where links lead; the name as it was
 * used, and a link to nothing yet, are ours to check.
 */
static const char *check_file(struct ftpd_op *op, const char *used,
    const char *path) {
  const struct req_row *row = &ftpd_requests[op->req];
  const char *real = ftpd_resolve(op->ftpd, op->pool, path, true);

  if (strcmp(used, path) == 0 && strcmp(real, path) == 0) {
    return path;
  }

  if (strcmp(used, real) != 0 &&
      (ftpd_limit(op->ftpd, op, op->pool, &row->first, used, NULL) < 0 ||
       ((row->flags & ROW_FILTER1) != 0 && ftpd_filter(op, used) < 0))) {
    return NULL;
  }

  if (ftpd_limit(op->ftpd, op, op->pool, &row->first, real, NULL) < 0 ||
      ((row->flags & ROW_FILTER1) != 0 && ftpd_filter(op, real) < 0)) {
    return NULL;
  }

  return real;
}

/* Where the text of a link leads, seen from the link's directory. */
static const char *link_target(struct ftpd_op *op, const char *text,
    const char *link) {
  const char *slash = strrchr(link, '/');

  if (*text == '/') {
    return ftpd_canon(op->ftpd, op->pool, text);
  }

  return ftpd_canon(op->ftpd, op->pool, pstrcat(op->pool,
    pstrndup(op->pool, link, (size_t) (slash - link) + 1), text, NULL));
}

static const char *permit_symlink(struct ftpd_op *op, const char *text,
    const char **link) {
  const struct req_row *row = &ftpd_requests[op->req];
  const char *path = ftpd_canon(op->ftpd, op->pool, *link);

  if (ftpd_symlink_pre(op, &text, &path) < 0 ||
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
static int check_overwrite(struct ftpd_op *op, const char *to) {
  unsigned char *allowed = get_param_ptr(CURRENT_CONF, "AllowOverwrite",
    FALSE);
  struct stat st;

  if ((allowed == NULL || *allowed == FALSE) && op->file == NULL &&
      ftpd_lstat(op->ftpd, to, &st) == 0) {
    ftpd_refuse(op, "file exists and AllowOverwrite is off");
    errno = EACCES;
    return -1;
  }

  return 0;
}

static const char *permit_paths(struct ftpd_op *op, const char *path,
    const char **second) {
  const struct req_row *row = &ftpd_requests[op->req];
  const char *used, *to = NULL;

  if ((row->flags & ROW_PRE) != 0 && ftpd_own_pre(op, &path) < 0) {
    return NULL;
  }

  path = used = ftpd_canon(op->ftpd, op->pool, path);
  if (second != NULL) {
    to = ftpd_canon(op->ftpd, op->pool, *second);
  }

  if (ftpd_equivalents_pre(op, &path, &to) < 0) {
    return NULL;
  }

  if (row->kind == EQUIV_FILE) {
    return check_file(op, used, path);
  }

  path = check_path(op, path, &row->first, (row->flags & ROW_FOLLOW1) != 0,
    (row->flags & ROW_FILTER1) != 0);
  if (path == NULL || second == NULL) {
    return path;
  }

  to = check_path(op, to, &row->second, op->req == FTPD_COPY,
    (row->flags & ROW_FILTER2) != 0);
  if (to == NULL || (op->req == FTPD_COPY && check_overwrite(op, to) < 0)) {
    return NULL;
  }

  *second = to;
  return path;
}

/* A key whose command has -R is good for reading. */
static bool may_write(struct ftpd_op *op) {
  if (!op->ftpd->read_only || (ftpd_requests[op->req].cls & CL_WRITE) == 0) {
    return true;
  }

  sftp_log("'%s' refused: the key of the user is for reading only", op->arg);
  ftpd_refuse(op, "denied by the key, which is for reading only");
  errno = EACCES;
  return false;
}

/* What the system would not take, and what is deep in directories that are not
 * there, is refused before rules are looked up for each of them: the host's
 * work grows with the third power of their number.
 */
#define DEEP 128

static int check_depth(struct ftpd_op *op, const char *path) {
  unsigned int names = 0;
  struct stat st;
  const char *p;
  char *dir;

  if (strlen(path) < 2 * DEEP) {
    return 0;
  }

  dir = pstrdup(op->pool, ftpd_canon(op->ftpd, op->pool, path));
  for (p = dir; *p != '\0'; p++) {
    names += *p == '/';
  }

  if (p - dir >= PATH_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }

  *strrchr(dir, '/') = '\0';
  return names <= DEEP ? 0 : ftpd_stat(op->ftpd, dir, &st);
}

const char *ftpd_permit(struct ftpd_op *op, const char *path,
    const char **second) {
  struct op_state *state = ftpd_op_state(op);
  const char *res;

  if (ftpd_requests[op->req].second.name != NULL && second == NULL) {
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
  res = op->req == FTPD_SYMLINK ? permit_symlink(op, path, second) :
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

int ftpd_permit_handle(struct ftpd_op *op, const char *path) {
  const struct req_row *row = &ftpd_requests[op->req];

  if (!may_write(op)) {
    return -1;
  }

  if ((row->flags & (ROW_PRE|ROW_HANDLE_PRE)) != 0) {
    const char *arg = path;

    if (ftpd_own_pre(op, &arg) < 0) {
      return -1;
    }
  }

  return check_path(op, path, &row->first, true,
    (row->flags & ROW_FILTER1) != 0) != NULL ? 0 : -1;
}

static const struct limit_rule rule_perms = { "SITE_CHMOD", G_WRITE, { NULL } };
static const struct limit_rule rule_owner = { "SITE_CHGRP", G_WRITE, { NULL } };

int ftpd_permit_attr(struct ftpd_op *op, const char *path,
    enum ftpd_attr what) {
  return ftpd_limit(op->ftpd, op, op->pool, what == FTPD_ATTR_PERMS ?
    &rule_perms : &rule_owner, path, NULL);
}

static bool may_setstat(struct ftpd_op *op, const char *path) {
  return ftpd_limit(op->ftpd, NULL, op->pool,
    &ftpd_requests[FTPD_SETSTAT].first,
    path, NULL) == 0;
}

/* The rules of the same path: umask and owner stay as they are. */
mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode) {
  if ((mode & 07777 & ~0666) != 0 && (!may_setstat(op, path) ||
      ftpd_limit(op->ftpd, NULL, op->pool, &rule_perms, path, NULL) < 0)) {
    mode &= 0666;
  }

  return mode;
}

bool ftpd_may_set_new(struct ftpd_op *op, const char *path, bool owner) {
  if (owner && (session.fsuid != (uid_t) -1 || session.fsgid != (gid_t) -1)) {
    return false;
  }

  return may_setstat(op, path) && (!owner ||
    ftpd_limit(op->ftpd, NULL, op->pool, &rule_owner, path, NULL) == 0);
}
