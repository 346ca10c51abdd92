/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-filter.c -- filters of paths and words, AllowOverwrite, and the texts of
 * refusals.
 */

#include "ftpd-ask.h"
#include "ftpd-explain.h"
#include "ftpd-filter.h"
#include "ftpd-limit.h"
#include "ftpd-phase.h"
#include "ftpd-place.h"
#include "ftpd-transfer-rules.h"

void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...) {
  char text[512];
  va_list ap;

  if (op == NULL || op->refused != NULL || op->rule != NULL) {
    return;
  }

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  op->rule = pstrdup(op->pool, text);
  if ((op->ftpd->set->opts & SFTP_OPT_TERSE_REFUSALS) == 0) {
    op->refused = op->rule;
  }
}

/* Where the directive stands that holds for the path asked about last. */
static const char *place(pool *p, const char *directive) {
  return ftpd_place_of(p, find_config(CURRENT_CONF, CONF_PARAM, directive,
    FALSE));
}

/* ---- Filters */

/* For whoever asks why: the filters that had no objection. */
static void tell_passed(const struct ftpd_op *op, const char *path) {
  static const char *const filters[] = { "PathAllowFilter", "PathDenyFilter" };
  unsigned int i;

  for (i = 0; op->ftpd->explains && i < SFTP_NELEMS(filters); i++) {
    const config_rec *c = find_config(CURRENT_CONF, CONF_PARAM, filters[i],
      FALSE);

    if (c != NULL) {
      ftpd_explain("'%s' passes %s%s", path, filters[i],
        ftpd_place_of(op->pool, c));
    }
  }
}

int ftpd_filter(struct ftpd_op *op, const char *path) {
  const char *rule;

  switch (pr_filter_allow_path(CURRENT_CONF, path)) {
    case PR_FILTER_ERR_FAILS_ALLOW_FILTER:
      rule = "PathAllowFilter";
      break;

    case PR_FILTER_ERR_FAILS_DENY_FILTER:
      rule = "PathDenyFilter";
      break;

    default:
      tell_passed(op, path);
      return 0;
  }

  sftp_log("'%s' denied by %s%s", path, rule, place(op->pool, rule));
  ftpd_refuse(op, "denied by %s", rule);
  errno = EACCES;
  return -1;
}

/* ---- Why a PRE_CMD handler refused
 *
 * The handlers answer in FTP's words, in the server's language.  So the rules
 * are checked again; if none of them refused, the handler's own text is used.
 */

int ftpd_word_filter(struct ftpd_op *op, const char *name, const char *arg) {
  static const char *const filters[] = { "AllowFilter", "DenyFilter" };
  unsigned int i;

  for (i = 0; arg != NULL && i < SFTP_NELEMS(filters); i++) {
    pr_regex_t *re = get_param_ptr(CURRENT_CONF, filters[i], FALSE);

    if (re != NULL && (pr_regexp_exec(re, arg, 0, NULL, 0, 0, 0) == 0) ==
        (i == 1)) {
      ftpd_refuse(op, "denied by %s", filters[i]);
      sftp_log("'%s %s' denied by %s%s", name, arg, filters[i],
        place(op->pool, filters[i]));
      errno = EACCES;
      return -1;
    }
  }

  return 0;
}

static bool is_off(const char *directive) {
  unsigned char *on = get_param_ptr(CURRENT_CONF, directive, FALSE);

  return on == NULL || *on == FALSE;
}

/* By the path itself: the daemon may have checked another one last. */
int ftpd_may_overwrite(struct ftpd_op *op, const char *path) {
  pool *p = make_sub_pool(session.pool);
  const config_rec *c = find_config(get_dir_ctxt(p, (char *) path),
    CONF_PARAM, "AllowOverwrite", FALSE);
  bool off = c == NULL || *((unsigned char *) c->argv[0]) == FALSE;

  if (!off && op != NULL && op->ftpd->explains) {
    ftpd_explain("AllowOverwrite is on%s", ftpd_place_of(p, c));
  }

  destroy_pool(p);
  if (!off) {
    return 0;
  }

  ftpd_refuse(op, "file exists and AllowOverwrite is off");
  if (op != NULL) {
    sftp_log("%s of '%s' denied: AllowOverwrite is off%s", ftpd_op_name(op),
      path, ftpd_place_of(op->pool, c));
  }

  errno = EACCES;
  return -1;
}

/* A rule about existing files: it is named if the file exists, as mod_xfer sees
 * it (a dangling link does), and the rule is off.
 */
static bool explain_off(struct ftpd_op *op, const char *name,
    const char *path, const char *directive) {
  if (file_mode2(op->pool, path) == 0) {
    return false;
  }

  if (!is_off(directive)) {
    if (op->ftpd->explains) {
      ftpd_explain("%s is on%s", directive, place(op->pool, directive));
    }

    return false;
  }

  ftpd_refuse(op, "file exists and %s is off", directive);
  sftp_log("%s of '%s' denied: %s is off%s", name, path, directive,
    place(op->pool, directive));
  errno = EACCES;
  return true;
}

/* 0 for commands that are no transfers.  STOR makes new content, whether the
 * file exists or not: DenyAll of a directory is for existing files alone.
 */
static unsigned int effect_of(const char *name) {
  return strcmp(name, C_STOR) == 0 ? SFTP_EFF_MAKE :
    strcmp(name, C_APPE) == 0 ? SFTP_EFF_APPEND :
    strcmp(name, C_RETR) == 0 ? SFTP_EFF_READ : 0;
}

/* The checks of mod_xfer's handlers for a transfer, in their order; errno is
 * ENOENT for a hidden file.
 */
static bool explain_transfer(struct ftpd_op *op, cmd_rec *cmd,
    const char *path) {
  const char *name = cmd->argv[0];
  unsigned int effect = effect_of(name);

  if (effect == 0) {
    return false;
  }

  if (ftpd_max_transfers(op, name, path, false) < 0) {
    return true;
  }

  if (ftpd_limit(op, &ftpd_no_names, effect, path) < 0) {
    return true;
  }

  return effect != SFTP_EFF_READ && (ftpd_filter(op, path) < 0 ||
    explain_off(op, name, path, effect == SFTP_EFF_MAKE ?
      "AllowOverwrite" : "AllowStoreRestart"));
}

/* What mod_xfer does not store in: directories, dangling links, devices. */
static bool is_no_store(struct ftpd_op *op, const char *name,
    const char *path) {
  unsigned int effect = effect_of(name);
  mode_t mode = effect != 0 && effect != SFTP_EFF_READ ?
    file_mode2(op->pool, path) : 0;

  return mode != 0 && !S_ISREG(mode) && !S_ISFIFO(mode);
}

int ftpd_host_rules(struct ftpd_op *op, cmd_rec *cmd, const char *path) {
  if (ftpd_word_filter(op, cmd->argv[0], cmd->arg) < 0 ||
      explain_transfer(op, cmd, path)) {
    return -1;
  }

  if (is_no_store(op, cmd->argv[0], path)) {
    errno = EISDIR;             /* as its handlers say of all of them */
    return -1;
  }

  return 0;
}

void ftpd_limit_explain(struct ftpd_op *op, cmd_rec *cmd, const char *path,
    int xerrno) {
  const char *name = cmd->argv[0], *text;

  if (op->refused != NULL || (xerrno != EDQUOT && ((xerrno != EACCES &&
      xerrno != EPERM) || ftpd_word_filter(op, name, cmd->arg) < 0 ||
      explain_transfer(op, cmd, path)))) {
    return;
  }

  text = ftpd_phase_answer(op->pool);
  if (text != NULL && strstr(text, "Too many transfers") != NULL &&
      ftpd_max_transfers(op, name, path, true) < 0) {
    return;
  }

  if (text != NULL && *text != '\0') {
    ftpd_refuse(op, "%s", text);
  }

  sftp_log("%s of '%s' blocked by '%s' handler%s%s", name, path, name,
    text != NULL ? ": " : "", text != NULL ? text : "");
}
