/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quotatab.c -- mod_quotatab's limit and tally of the session's user.
 *
 * Its handlers were written for FTP, where one file at a time grows at its end
 * and is checked afterwards.  They are removed from the session's commands, and
 * the gate decides what is counted.
 *
 * For reading there are the functions that mod_quotatab exports.  The one for
 * writing only accepts mod_quotatab's own record, which no other module can
 * access.  So its handlers change the tally: they add the growth of a file
 * between two checks, under the table's lock.  The file that they check exists
 * only in FSIO, with the size that this module sets.
 */

#include "ftpd-cmd.h"
#include "ftpd-event.h"
#include "ftpd-quotatab.h"

#include <dlfcn.h>
#include <mod_quotatab.h>

#define LEDGER "/mod_sftp:quota"

static struct {
  unsigned char (*lookup)(quota_tabtype_t, void *, const char *, quota_type_t);
  unsigned char (*lookup_default)(quota_tabtype_t, void *, const char *,
    quota_type_t);
  int (*read)(quota_tally_t *);
  int (*write)(quota_tally_t *, double, double, double, int, int, int);
} quotatab;

static module *theirs;          /* NULL: it counts by itself */
static quota_limit_t held;      /* the limit that applies */
static off_t ledger_size;

/* ---- The file that is looked at */

static int ledger_lstat(pr_fs_t *fs, const char *path, struct stat *st) {
  (void) fs;
  (void) path;
  memset(st, 0, sizeof(*st));
  st->st_mode = S_IFREG|0600;
  st->st_nlink = 1;
  st->st_uid = session.uid;
  st->st_gid = session.gid;
  st->st_size = ledger_size;
  return 0;
}

/* If the handler finds a limit exceeded, it wants to remove the file. */
static int ledger_unlink(pr_fs_t *fs, const char *path) {
  (void) fs;
  (void) path;
  errno = EPERM;
  return -1;
}

static bool make_ledger(void) {
  pr_fs_t *fs = pr_register_fs(session.pool, "sftp_quota", LEDGER);

  if (fs == NULL) {
    return false;
  }

  fs->stat = fs->lstat = ledger_lstat;
  fs->unlink = ledger_unlink;
  return true;
}

/* ---- Handlers */

static cmdtable *handler_of(int phase, const char *name) {
  cmdtable *c;

  for (c = theirs->cmdtable; c->command != NULL; c++) {
    if (c->cmd_type == phase && strcmp(c->command, name) == 0) {
      return c;
    }
  }

  return NULL;
}

/* 0, or -1 with errno if the handler refuses. */
static int run_handler(int phase, const char *name, cmd_rec *cmd) {
  cmdtable *c = handler_of(phase, name);
  modret_t *res;
  pool *old;

  if (c == NULL) {
    return 0;
  }

  old = pr_response_get_pool();
  pr_response_set_pool(cmd->pool);
  errno = 0;
  res = pr_module_call(theirs, c->handler, cmd);
  pr_response_set_pool(old);
  if (res == NULL || !MODRET_ISERROR(res)) {
    return 0;
  }

  errno = errno != 0 ? errno : EDQUOT;
  return -1;
}

/* A change is a pair of handlers; the file becomes smaller or larger in
 * between.
 */
static void run_pair(const char *before, const char *after, off_t from,
    off_t to, double moved) {
  pool *p = make_sub_pool(session.pool);
  off_t total = session.xfer.total_bytes;
  int xerrno = errno;
  cmd_rec *cmd;

  pr_pool_tag(p, "SFTP quota");
  cmd = pr_cmd_alloc(p, 2, pstrdup(p, after), pstrdup(p, LEDGER));
  cmd->arg = pstrdup(p, LEDGER);
  cmd->cmd_id = pr_cmd_get_id(after);
  ledger_size = from;
  (void) run_handler(PRE_CMD, before, cmd);
  ledger_size = to;
  session.xfer.total_bytes = (off_t) moved;
  (void) run_handler(POST_CMD, after, cmd);
  session.xfer.total_bytes = total;
  pr_response_clear(&resp_list);
  pr_response_clear(&resp_err_list);
  destroy_pool(p);
  ftpd_quotatab_forget();
  errno = xerrno;
}

/* RNTO's handler checks nothing before it looks at the file. */
void ftpd_quotatab_count(enum quota_event event, double bytes, double moved) {
  off_t n = (off_t) bytes, old = event == QUOTA_AGAIN ? 1 : 0;

  switch (event) {
    case QUOTA_SIZE:
      run_pair(C_RNTO, C_APPE, n < 0 ? -n : 0, n < 0 ? 0 : n, moved);
      break;

    case QUOTA_NEW:
    case QUOTA_AGAIN:
      run_pair(C_RNTO, C_STOR, old, old + n, moved);
      break;

    case QUOTA_GONE:
      run_pair(C_DELE, C_DELE, n, 0, 0);
      break;
  }
}

void ftpd_quotatab_forget(void) {
  int xerrno = errno;
  pool *p;

  if (theirs == NULL) {
    return;
  }

  p = make_sub_pool(session.pool);
  (void) run_handler(POST_CMD_ERR, C_DELE, pr_cmd_alloc(p, 1,
    pstrdup(p, C_DELE)));
  destroy_pool(p);
  errno = xerrno;
}

int ftpd_quotatab_pre(cmd_rec *cmd) {
  static const char *const asked[] = { C_STOR, C_APPE, C_MKD, C_SITE };
  size_t i;
  int res = 0;

  for (i = 0; theirs != NULL && i < SFTP_NELEMS(asked); i++) {
    if (strcmp(cmd->argv[0], asked[i]) == 0) {
      res = run_handler(PRE_CMD, asked[i], cmd);
      ftpd_quotatab_forget();
    }
  }

  return res;
}

/* They do not count what the gate counts. */
static void take_handlers(void) {
  static const char *const names[] = { C_APPE, C_STOR, C_DELE, C_MKD, C_RMD,
    C_RNTO, C_SITE };
  static const unsigned char phases[] = { PRE_CMD, POST_CMD, POST_CMD_ERR };
  size_t i, j;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    for (j = 0; j < SFTP_NELEMS(phases); j++) {
      (void) pr_stash_remove_cmd(names[i], theirs, phases[j], NULL, -1);
    }
  }
}

/* ---- Tables */

static bool find_symbol(void *fn, const char *name) {
  void *sym = dlsym(RTLD_DEFAULT, name);

  memcpy(fn, &sym, sizeof(sym));
  return sym != NULL;
}

static bool find_all(void) {
  return find_symbol(&quotatab.lookup, "quotatab_lookup") &&
    find_symbol(&quotatab.lookup_default, "quotatab_lookup_default") &&
    find_symbol(&quotatab.read, "quotatab_read") &&
    find_symbol(&quotatab.write, "quotatab_write");
}

static bool look_up(const char *name, quota_type_t type, bool by_default) {
  memset(&held, 0, sizeof(held));
  if (!(by_default ? quotatab.lookup_default : quotatab.lookup)(TYPE_LIMIT,
      &held, name, type)) {
    return false;
  }

  if (type != ALL_QUOTA) {
    snprintf(held.name, sizeof(held.name), "%s", name);
  }

  held.quota_type = type;
  return true;
}

static bool look_up_groups(bool by_default) {
  char **names = session.groups != NULL ? session.groups->elts : NULL;
  int i, n = session.groups != NULL ? session.groups->nelts : 0;

  if (session.group != NULL && look_up(session.group, GROUP_QUOTA,
      by_default)) {
    return true;
  }

  for (i = 0; i < n; i++) {
    if (look_up(names[i], GROUP_QUOTA, by_default)) {
      return true;
    }
  }

  return false;
}

/* In mod_quotatab's order. */
static bool find_limit(void) {
  return look_up(session.user, USER_QUOTA, false) || look_up_groups(false) ||
    look_up(session.user, USER_QUOTA, true) || look_up_groups(true) ||
    (session.conn_class != NULL &&
     look_up(session.conn_class->cls_name, CLASS_QUOTA, false)) ||
    look_up(NULL, ALL_QUOTA, false);
}

static void tally_of(quota_tally_t *tally) {
  memset(tally, 0, sizeof(*tally));
  memcpy(tally->name, held.name, sizeof(tally->name));
  tally->name[sizeof(tally->name) - 1] = '\0';
  tally->quota_type = held.quota_type;
}

int ftpd_quotatab_read(struct quota_amounts *used) {
  quota_tally_t tally;

  tally_of(&tally);
  if (quotatab.read(&tally) <= 0) {
    return -1;
  }

  used->bytes = tally.bytes_in_used;
  used->moved = tally.bytes_xfer_used;
  used->files = tally.files_in_used;
  used->transfers = tally.files_xfer_used;
  return 0;
}

/* A lookup moves the position to a record, where the session's own writes would
 * go.
 */
int ftpd_quotatab_gone_of(pool *p, uid_t uid, double bytes) {
  const char *name = pr_auth_uid2name(p, uid);
  quota_limit_t limit;
  quota_tally_t tally;
  int res = -1;

  memset(&limit, 0, sizeof(limit));
  memset(&tally, 0, sizeof(tally));
  if (name == NULL || (held.quota_type == USER_QUOTA &&
      strcmp(name, held.name) == 0) ||
      !quotatab.lookup(TYPE_LIMIT, &limit, name, USER_QUOTA)) {
    return -1;
  }

  if (quotatab.lookup(TYPE_TALLY, &tally, name, USER_QUOTA)) {
    tally.bytes_in_used = tally.bytes_in_used > bytes ?
      tally.bytes_in_used - bytes : 0;
    tally.files_in_used -= tally.files_in_used > 0 ? 1 : 0;
    res = quotatab.write(&tally, -bytes, 0, 0, -1, 0, 0) < 0 ? -1 : 0;
  }

  tally_of(&tally);
  (void) quotatab.lookup(TYPE_TALLY, &tally, held.quota_type == ALL_QUOTA ?
    NULL : held.name, held.quota_type);
  return res;
}

/* ---- The configuration */

bool ftpd_quotatab_excludes(const char *path) {
  config_rec *c = find_config(main_server->conf, CONF_PARAM,
    "QuotaExcludeFilter", FALSE);
  bool excluded = false;
  char *abs_path;
  pool *p;

  if (c == NULL || c->argc != 2) {
    return false;
  }

  p = make_sub_pool(session.pool);
  abs_path = dir_abs_path(p, path, TRUE);
  excluded = pr_regexp_exec(c->argv[1], abs_path != NULL ? abs_path : path, 0,
    NULL, 0, 0, 0) == 0;
  destroy_pool(p);
  return excluded;
}

static bool is_on(const char *directive) {
  unsigned char *on = get_param_ptr(main_server->conf, directive, FALSE);

  return on != NULL && *on == TRUE;
}

static const char *owner_of(pool *p) {
  const char *what = held.quota_type == USER_QUOTA ? "user " :
    held.quota_type == GROUP_QUOTA ? "group " :
    held.quota_type == CLASS_QUOTA ? "class " : "all users";

  return held.quota_type == ALL_QUOTA ? what : pstrcat(p, what, held.name,
    NULL);
}

bool ftpd_quotatab_begin(struct ftpd *h, struct quota_limit *limit) {
  module *m = pr_module_get("mod_quotatab.c");
  struct quota_amounts used;

  if (m == NULL || !is_on("QuotaEngine") || !find_all() || !find_limit() ||
      ftpd_quotatab_read(&used) < 0) {
    return false;
  }

  if (ftpd_quotatab_excludes(LEDGER) || !make_ledger()) {
    sftp_log("mod_quotatab counts as for FTP: QuotaExcludeFilter matches "
      "'%s', the name that this module uses for counting", LEDGER);
    return false;
  }

  theirs = m;
  take_handlers();
  ftpd_event_exit_first();
  memset(limit, 0, sizeof(*limit));
  limit->owner = owner_of(h->pool);
  limit->hard = held.quota_limit_type == HARD_LIMIT;
  limit->per_session = held.quota_per_session != 0;
  limit->directories = is_on("QuotaDirectoryTally");
  limit->max.bytes = held.bytes_in_avail > 0 ? held.bytes_in_avail : 0;
  limit->max.moved = held.bytes_xfer_avail > 0 ? held.bytes_xfer_avail : 0;
  limit->max.files = held.files_in_avail;
  limit->max.transfers = held.files_xfer_avail;
  return true;
}
