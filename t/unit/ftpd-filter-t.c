/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-filter-t.c -- which rule is named when a handler of the daemon refused:
 * the checks are made again, in the daemon's order.
 */

#include "../fake/ftpd-log.h"
#include "daemon.h"
#include "ftpd-explain.h"
#include "ftpd-filter.h"
#include "ftpd-limit.h"
#include "ftpd-phase.h"
#include "ftpd-place.h"
#include "ftpd-transfer-rules.h"
#include "tap.h"

static pool *p;
static struct sftp_settings set;
static struct ftpd ftpd = { .set = &set };

/* ---- The daemon: what its rules say */

static int filtered = 0;
static unsigned int limited;            /* effects that <Limit> denies */
static bool busy;
static mode_t there;               /* 0: nothing */
static const char *said;

const struct sftp_rule ftpd_no_names;

void ftpd_explain(const char *fmt, ...) {
  (void) fmt;
}

int pr_filter_allow_path(xaset_t *conf, const char *path) {
  (void) conf;
  (void) path;
  return filtered;
}

mode_t file_mode2(pool *in, const char *path) {
  (void) in;
  (void) path;
  return there;
}

xaset_t *get_dir_ctxt(pool *in, char *path) {
  (void) in;
  (void) path;
  return NULL;
}

int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  (void) rule;
  (void) path;
  if ((effects & limited) == 0) {
    return 0;
  }

  ftpd_refuse(op, "denied by <Limit>");
  errno = ENOENT;               /* as for a hidden file */
  return -1;
}

int ftpd_max_transfers(struct ftpd_op *op, const char *name,
    const char *path, bool refused) {
  (void) path;
  if (refused) {
    ftpd_refuse(op, "too many, as mod_xfer counts");
    return -1;
  }

  if (!busy) {
    return 0;
  }

  ftpd_refuse(op, "too many %s", name);
  return -1;
}

const char *ftpd_place_of(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return "";
}

const char *ftpd_op_name(const struct ftpd_op *op) {
  (void) op;
  return "OPEN";
}

const char *ftpd_phase_answer(pool *in) {
  (void) in;
  return said;
}

/* ---- The rules */

static unsigned char on = TRUE, off = FALSE;

static void everything_is_permitted(void) {
  daemon_forget_config();
  daemon_set_param("AllowOverwrite", &on);
  daemon_set_param("AllowStoreRestart", &on);
  filtered = 0;
  limited = 0;
  busy = false;
  there = S_IFREG | 0644;
  said = NULL;
  set.opts = 0;
}

/* What the client reads after the handler of that command has refused. */
static const char *explained(const char *name, int xerrno) {
  struct ftpd_op op = { .ftpd = &ftpd, .pool = p };
  const char *words[] = { name, "file", NULL };
  cmd_rec cmd = { .pool = p, .argc = 2, .argv = (void **) words,
    .arg = pstrdup(p, "file") };

  ftpd_limit_explain(&op, &cmd, "/file", xerrno);
  return op.refused;
}

static void overwriting_is_named_where_it_is(void) {
  static const struct {
    const char *command;
    bool overwrite, restart, there;
    const char *says;
  } row[] = {
    { "STOR", false, true, true, "file exists and AllowOverwrite is off" },
    { "STOR", false, true, false, NULL },
    { "STOR", true, true, true, NULL }, { "STOR", true, false, true, NULL },
    { "APPE", true, false, true, "file exists and AllowStoreRestart is off" },
    { "APPE", true, false, false, NULL },
    { "APPE", false, true, true, NULL },
    { "RETR", false, false, true, NULL }, { "MKD", false, false, true, NULL } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    everything_is_permitted();
    daemon_set_param("AllowOverwrite", row[i].overwrite ? &on : &off);
    daemon_set_param("AllowStoreRestart", row[i].restart ? &on : &off);
    there = row[i].there ? S_IFLNK | 0777 : 0;
    is_str(explained(row[i].command, EACCES), row[i].says,
      "%s, overwriting %d, restart %d, file %d", row[i].command,
      row[i].overwrite, row[i].restart, row[i].there);
  }

  everything_is_permitted();
  daemon_forget_config();
  is_str(explained("STOR", EACCES), "file exists and AllowOverwrite is off",
    "without AllowOverwrite it is off");
}

static void rules_are_named_in_the_daemons_order(void) {
  static const struct { const char *command, *says; unsigned int limited;
    int filtered; bool busy; } row[] = {
    { "STOR", "too many STOR", SFTP_EFF_MAKE,
      PR_FILTER_ERR_FAILS_DENY_FILTER, true },
    { "RETR", "too many RETR", 0, 0, true },
    { "MKD", NULL, 0, 0, true },
    { "STOR", "denied by <Limit>", SFTP_EFF_MAKE,
      PR_FILTER_ERR_FAILS_DENY_FILTER, false },
    { "APPE", "denied by <Limit>", SFTP_EFF_APPEND, 0, false },
    { "RETR", "denied by <Limit>", SFTP_EFF_READ, 0, false },
    { "RETR", NULL, SFTP_EFF_REPLACE, 0, false },
    { "STOR", "denied by PathDenyFilter", 0, PR_FILTER_ERR_FAILS_DENY_FILTER,
      false },
    { "STOR", "denied by PathAllowFilter", 0,
      PR_FILTER_ERR_FAILS_ALLOW_FILTER, false },
    { "RETR", NULL, 0, PR_FILTER_ERR_FAILS_DENY_FILTER, false } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    everything_is_permitted();
    limited = row[i].limited;
    filtered = row[i].filtered;
    busy = row[i].busy;
    is_str(explained(row[i].command, EPERM), row[i].says, "%s: %s",
      row[i].command, row[i].says != NULL ? row[i].says : "no rule");
  }
}

/* 0, or the errno that explain gets without calling a handler. */
static int asked(const char *name) {
  struct ftpd_op op = { .ftpd = &ftpd, .pool = p };
  const char *words[] = { name, "file", NULL };
  cmd_rec cmd = { .pool = p, .argc = 2, .argv = (void **) words,
    .arg = pstrdup(p, "file") };

  return ftpd_host_rules(&op, &cmd, "/file") < 0 ? errno : 0;
}

static void what_nobody_stores_in_is_known_without_the_handlers(void) {
  static const struct { const char *command; mode_t there; int says; } row[] = {
    { "STOR", 0, 0 }, { "STOR", S_IFREG, 0 }, { "STOR", S_IFIFO, 0 },
    { "STOR", S_IFDIR, EISDIR }, { "STOR", S_IFLNK, EISDIR },
    { "APPE", S_IFCHR, EISDIR }, { "RETR", S_IFDIR, 0 },
    { "MKD", S_IFDIR, 0 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    everything_is_permitted();
    there = row[i].there;
    is_int(asked(row[i].command), row[i].says, "%s, type %o", row[i].command,
      (unsigned int) row[i].there);
  }

  everything_is_permitted();
  daemon_set_param("AllowOverwrite", &off);
  there = S_IFLNK;
  is_int(asked("STOR"), EACCES, "AllowOverwrite comes first");
  limited = SFTP_EFF_MAKE;
  is_int(asked("STOR"), ENOENT, "a hidden file does not exist");
}

static void otherwise_the_handler_has_the_word(void) {
  everything_is_permitted();
  said = "quota of alice is used up";
  is_str(explained("STOR", EACCES), said, "its text");
  is_str(explained("STOR", EDQUOT), said, "of a quota, too");
  is_str(explained("STOR", EIO), NULL, "other errors speak for themselves");
  said = "Too many transfers";
  is_str(explained("STOR", EACCES), "too many, as mod_xfer counts",
    "a rule that only mod_xfer sees exceeded is named");
  said = "";
  is_str(explained("STOR", EACCES), NULL, "an empty text is none");
  said = "text";
  daemon_set_param("AllowOverwrite", &off);
  is_str(explained("STOR", EDQUOT), said, "no rule makes EDQUOT");
  set.opts = SFTP_OPT_TERSE_REFUSALS;
  is_str(explained("STOR", EACCES), NULL, "TerseRefusals tells nothing");
}

static void commands_are_filtered(void) {
  static const struct { const char *directive, *pattern, *says; } row[] = {
    { "DenyFilter", "fil", "denied by DenyFilter" },
    { "DenyFilter", "other", NULL }, { "AllowFilter", "fil", NULL },
    { "AllowFilter", "other", "denied by AllowFilter" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    pr_regex_t *re = pr_regexp_alloc(NULL);

    everything_is_permitted();
    (void) pr_regexp_compile_posix(re, row[i].pattern, 0);
    daemon_set_param(row[i].directive, re);
    is_str(explained("MKD", EACCES), row[i].says, "%s %s", row[i].directive,
      row[i].pattern);
  }
}

int main(void) {
  p = make_sub_pool(NULL);
  overwriting_is_named_where_it_is();
  rules_are_named_in_the_daemons_order();
  what_nobody_stores_in_is_known_without_the_handlers();
  otherwise_the_handler_has_the_word();
  commands_are_filtered();
  return done_testing();
}
