/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* host-permit.c -- the gate's question: may this request act on that path?
 *
 * PRE_CMD handlers first (host-twin.c), then <Limit> for the name used and for
 * where its links lead, then path filters.
 */

#include "host-files.h"

#include <limits.h>

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

  if (host_symlink_pre(op, &text, &path) < 0 ||
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

  if ((row->flags & ROW_PRE) != 0 && host_own_pre(op, &path) < 0) {
    return NULL;
  }

  path = used = host_canon(op->host, op->pool, path);
  if (second != NULL) {
    to = host_canon(op->host, op->pool, *second);
  }

  if (host_twins_pre(op, &path, &to) < 0) {
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

    if (host_own_pre(op, &arg) < 0) {
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
