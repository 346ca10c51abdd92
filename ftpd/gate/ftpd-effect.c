/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-effect.c -- secondary effects of a request: attributes, replacing, and
 * what a second name of a file would allow.
 */

#include "ftpd-ask.h"
#include "ftpd-filter.h"
#include "ftpd-limit.h"
#include "ftpd-openfile.h"

const struct sftp_rule ftpd_no_names;

int ftpd_may_replace(struct ftpd_op *op, const char *path) {
  const struct sftp_rules *rules = &sftp_rules[op->req];
  const struct sftp_rule *rule = (ftpd_requests[op->req].flags &
    ROW_TWO) != 0 ? &rules->second : &rules->first;

  return ftpd_limit(op, rule, SFTP_EFF_REPLACE, path) < 0 ? -1 :
    ftpd_may_overwrite(op, path);
}

int ftpd_may_take(struct ftpd_op *op, const char *path, bool same) {
  return same ? ftpd_may_overwrite(op, path) : ftpd_may_replace(op, path);
}

static bool may_come_along(struct ftpd_op *op, const char *path,
    unsigned int effect) {
  struct limit_answer a;

  return ftpd_limit_denies(op->ftpd, &ftpd_no_names, effect, false, path,
    &a) == 0;
}

/* SETSTAT and similar requests are permitted immediately before their
 * attributes: nothing else was checked in between.
 */
static bool was_entered(const struct ftpd_op *op) {
  return op->req == FTPD_SETSTAT || op->req == FTPD_LSETSTAT ||
    op->req == FTPD_FSETSTAT;
}

int ftpd_permit_effect(struct ftpd_op *op, const char *path,
    unsigned int effect) {
  if (effect != SFTP_EFF_REPLACE) {
    return was_entered(op) && may_come_along(op, path, effect) ? 0 :
      ftpd_limit(op, &ftpd_no_names, effect, path);
  }

  /* A file that the handle itself created or truncated may be replaced. */
  return op->file != NULL && op->file->made ? 0 : ftpd_may_replace(op, path);
}

mode_t ftpd_new_mode(struct ftpd_op *op, const char *path, mode_t mode,
    mode_t plain) {
  return (mode & 07777) == plain || may_come_along(op, path,
    SFTP_EFF_MODE) ? mode : plain;
}

bool ftpd_may_set_new(struct ftpd_op *op, const char *path,
    unsigned int effect) {
  return (effect != SFTP_EFF_OWNER || (session.fsuid == (uid_t) -1 &&
    session.fsgid == (gid_t) -1)) && may_come_along(op, path, effect);
}

/* ---- Hard links */

struct second_name ftpd_second_name(struct ftpd_op *op, const char *path) {
  unsigned char *on = get_param_ptr(CURRENT_CONF, "AllowOverwrite", FALSE);
  struct limit_answer a;
  struct second_name n;

  n.denied = ftpd_limit_denies(op->ftpd, &ftpd_no_names,
    sftp_rules[op->req].first.maybe, false, path, &a);
  n.keeps = on == NULL || *on == FALSE;
  return n;
}

int ftpd_check_link(struct ftpd_op *op, const char *from,
    const struct second_name *old, const char *to) {
  struct second_name new = ftpd_second_name(op, to);

  if ((old->denied & ~new.denied) == 0 && (!old->keeps || new.keeps)) {
    return 0;
  }

  sftp_log("%s of '%s' to '%s' denied: the rules there allow more",
    ftpd_op_name(op), from, to);
  ftpd_refuse(op, "more is allowed with the new name than with the old one");
  errno = EACCES;
  return -1;
}
