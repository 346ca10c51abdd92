/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ask.c -- decisions that differ for the effects of one request:
 * attributes, lookups, REALPATH.
 */

#include "ftpd-ask.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-uploads.h"

#include "ftpd-attrs.h"
#include "ftpd-user.h"

/* The effects of the request on its first or second path. */
static unsigned int effects_of(const struct ftpd_op *op,
    const struct sftp_rule *rule) {
  return rule->effects | (rule->maybe & op->effects);
}

/* Attributes: each is checked when it is set; one that is permitted is enough
 * to begin.
 */
static int ask_any(struct ftpd_op *op, const struct sftp_rule *rule,
    const char *path) {
  unsigned int effects = op->effects != 0 ? op->effects & rule->maybe :
    rule->maybe;
  struct limit_answer a;

  if (ftpd_limit_ask(op->ftpd, op->pool, rule, effects, path, &a) == 0 ||
      (!a.ignored && (effects & ~a.effects) != 0)) {
    return 0;
  }

  return ftpd_limit(op, rule, effects, path);
}

/* Whether only a group denied it, not one of its names. */
static bool in_general(const struct limit_answer *a) {
  return !a->ignored && !a->by_name;
}

/* Users who may not look at existing files still see what they created, the
 * files that they have open, and directories that a rule lets them enter.
 */
static bool may_tell(struct ftpd_op *op, const char *path, const char *real,
    bool hidden) {
  struct limit_answer a;
  struct stat st;

  if (op->file != NULL && (op->file->rd || op->file->made)) {
    return true;
  }

  if (ftpd_lstat(op->ftpd, real, &st) < 0) {
    return false;
  }

  return ftpd_upload_is(op->ftpd, &st) || (S_ISDIR(st.st_mode) &&
    ftpd_limit_denies(op->ftpd, &ftpd_no_names, SFTP_EFF_GO, hidden, path,
      &a) == 0 && a.allowed != NULL);
}

static bool tells(struct ftpd_op *op, const struct sftp_rule *rule,
    const char *path, const char *real) {
  struct limit_answer a;

  return ftpd_limit_ask(op->ftpd, op->pool, rule, SFTP_EFF_TELL, path,
    &a) == 0 || (in_general(&a) && may_tell(op, path, real, a.hidden));
}

static int ask_tell(struct ftpd_op *op, const struct sftp_rule *rule,
    const char *path, const char *real) {
  return tells(op, rule, path, real) ? 0 : ftpd_limit(op, rule, SFTP_EFF_TELL,
    path);
}

int ftpd_ask(struct ftpd_op *op, const struct sftp_rule *rule,
    const char *path, const char *real) {
  unsigned int effects = effects_of(op, rule);

  return rule->effects == 0 ? ask_any(op, rule, path) :
    effects == SFTP_EFF_TELL ? ask_tell(op, rule, path, real) :
    ftpd_limit(op, rule, effects, path);
}

/* ---- REALPATH: clients begin with it and cannot do without.  Where only rules
 * that do not name it forbid a look, the answer is made from the text alone.
 */

static bool goes_up(const char *path) {
  const char *at = path;

  while ((at = strstr(at, "..")) != NULL) {
    if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/')) {
      return true;
    }

    at += 2;
  }

  return false;
}

/* Names that are hidden, or denied in general, are not looked up. */
static int ask_go(struct ftpd_op *op, unsigned int effects,
    const char *path) {
  const struct sftp_rule *rule = &sftp_rules[op->req].first;
  struct limit_answer a;

  if (ftpd_limit_ask(op->ftpd, op->pool, rule, effects, path, &a) == 0) {
    return 0;
  }

  if (a.by_name && !a.ignored) {
    return ftpd_limit(op, rule, effects, path);
  }

  op->blind = a.ignored ? ENOENT : EACCES;
  return 0;
}

/* Resolves its directory, if the user may look at it. */
static const char *blind_path(struct ftpd_op *op, const char *path) {
  const struct sftp_rule *rule = &sftp_rules[op->req].first;
  const char *name = strrchr(path, '/'), *dir;
  struct limit_answer a;

  dir = pstrndup(op->pool, path, name == path ? 1 : (size_t) (name - path));
  return ftpd_limit_ask(op->ftpd, op->pool, rule, SFTP_EFF_GO, dir, &a) < 0 ||
    ftpd_limit_ask(op->ftpd, op->pool, rule, SFTP_EFF_GO,
      ftpd_resolve(op->ftpd, op->pool, dir, true), &a) < 0 ? path :
    ftpd_resolve(op->ftpd, op->pool, path, false);
}

const char *ftpd_permit_go(struct ftpd_op *op, const char *path,
    const char *text) {
  unsigned int effects = SFTP_EFF_GO;
  const char *real;

  if (ftpd_limit_quiet(op->ftpd, op->req, path)) {
    return path;
  }

  if (strcmp(path, ftpd_cwd(op->ftpd)) == 0) {
    effects = SFTP_EFF_HERE;

  } else if (goes_up(text)) {
    effects |= SFTP_EFF_UP;
  }

  if (ask_go(op, effects, path) < 0) {
    return NULL;
  }

  real = op->blind != 0 ? path : ftpd_resolve(op->ftpd, op->pool, path, true);
  if (op->blind == 0 && strcmp(real, path) != 0 &&
      ask_go(op, effects, real) < 0) {
    return NULL;
  }

  if (op->blind != 0) {
    return blind_path(op, path);
  }

  ftpd_limit_learn(op->ftpd, real, -1);
  return ftpd_shows_links(op->ftpd) ? real : path;
}

/* ---- Looks without a request */

bool ftpd_may_look(struct ftpd *h, pool *p, const char **path) {
  const struct sftp_rule *rule = &sftp_rules[FTPD_STAT].first;
  struct ftpd_op op;
  const char *used, *real;

  memset(&op, 0, sizeof(op));
  op.ftpd = h;
  op.pool = p;
  op.req = FTPD_STAT;
  ftpd_stand_anew();
  used = *path = ftpd_canon(h, p, *path);
  if (ftpd_check_depth(&op, used) < 0) {
    return false;
  }

  real = *path = ftpd_resolve(h, p, used, true);
  return (strcmp(real, used) == 0 || tells(&op, rule, used, real)) &&
    tells(&op, rule, real, real);
}
