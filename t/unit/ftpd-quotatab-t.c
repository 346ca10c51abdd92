/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-quotatab-t.c -- mod_quotatab's limit and tally: a module whose functions
 * and handlers this test has itself.
 */

#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-event.h"
#include "ftpd-quotatab.h"
#include "tap.h"

#include <mod_quotatab.h>

#include "../fake/ftpd-log.h"

static pool *p;

/* ---- The module's tables */

static struct {
  quota_type_t type;
  const char *name;
  bool by_default;
  quota_limit_t limit;
  quota_tally_t tally;
  bool has_tally;
} row[4];

static int read_result, write_result;
static char looked[400];
static struct {
  unsigned int n;
  quota_tally_t tally;
  double bytes;
  int files;
} written;

static const char *type_name(quota_type_t type) {
  return type == USER_QUOTA ? "user" : type == GROUP_QUOTA ? "group" :
    type == CLASS_QUOTA ? "class" : "all";
}

static unsigned char look(quota_tabtype_t table, void *to, const char *name,
    quota_type_t type, bool by_default) {
  size_t i, n = strlen(looked);

  snprintf(looked + n, sizeof(looked) - n, "%s%s%s:%s ",
    table == TYPE_TALLY ? "tally:" : "", by_default ? "default:" : "",
    type_name(type), name != NULL ? name : "");
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    if (row[i].name != NULL && row[i].type == type &&
        row[i].by_default == by_default &&
        strcmp(row[i].name, name != NULL ? name : "") == 0) {
      if (table == TYPE_LIMIT) {
        memcpy(to, &row[i].limit, sizeof(row[i].limit));
      } else if (row[i].has_tally) {
        memcpy(to, &row[i].tally, sizeof(row[i].tally));
      }

      return table == TYPE_LIMIT || row[i].has_tally;
    }
  }

  return FALSE;
}

SFTP_EXPORT unsigned char quotatab_lookup(quota_tabtype_t table, void *to,
    const char *name, quota_type_t type) {
  return look(table, to, name, type, false);
}

SFTP_EXPORT unsigned char quotatab_lookup_default(quota_tabtype_t table,
    void *to, const char *name, quota_type_t type) {
  return look(table, to, name, type, true);
}

SFTP_EXPORT int quotatab_read(quota_tally_t *tally) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    if (row[i].name != NULL && row[i].type == tally->quota_type &&
        strcmp(row[i].name, tally->name) == 0) {
      *tally = row[i].tally;
    }
  }

  return read_result;
}

SFTP_EXPORT int quotatab_write(quota_tally_t *tally, double in, double out,
    double xfer, int files_in, int files_out, int files_xfer) {
  written.n++;
  written.tally = *tally;
  written.bytes = in;
  written.files = files_in;
  is_int(out == 0 && xfer == 0 && files_out == 0 && files_xfer == 0, true,
    "only what is stored is counted");
  return write_result;
}

/* ---- Its handlers: what they see is noted in words */

static char seen[600];
static pr_fs_t fs;
static bool has_fs = true;
static const char *refuses;
static int refuses_with;

static modret_t *note(cmd_rec *cmd, const char *phase, const char *name) {
  const char *path = cmd->arg != NULL ? cmd->arg : "-";
  size_t n = strlen(seen);
  modret_t *res = pcalloc(p, sizeof(*res));
  struct stat st = { .st_size = -1 };

  if (cmd->arg != NULL && fs.stat != NULL) {
    (void) fs.lstat(&fs, path, &st);
  }

  snprintf(seen + n, sizeof(seen) - n, "%s %s %s %ld+%ld, ", phase, name,
    (const char *) cmd->argv[0], (long) st.st_size,
    (long) session.xfer.total_bytes);
  errno = refuses_with;
  res->mr_error = refuses != NULL && strcmp(refuses, name) == 0;
  return res;
}

#define HANDLER(fn, phase, name) \
  static modret_t *fn(cmd_rec *cmd) { \
    return note(cmd, phase, name); \
  }
#define ROW(phase, name, fn) \
  { .cmd_type = phase, .command = name, .handler = fn }

HANDLER(pre_rnto, "pre", "RNTO")
HANDLER(pre_stor, "pre", "STOR")
HANDLER(pre_appe, "pre", "APPE")
HANDLER(pre_mkd, "pre", "MKD")
HANDLER(pre_site, "pre", "SITE")
HANDLER(pre_dele, "pre", "DELE")
HANDLER(post_dele, "post", "DELE")
HANDLER(post_appe, "post", "APPE")
HANDLER(post_stor, "post", "STOR")
HANDLER(err_dele, "err", "DELE")

static modret_t *declines(cmd_rec *cmd) {
  (void) cmd;
  return NULL;
}

static cmdtable commands[] = {
  ROW(POST_CMD, C_RNTO, declines),
  ROW(PRE_CMD, C_RNTO, pre_rnto),
  ROW(PRE_CMD, C_STOR, pre_stor),
  ROW(PRE_CMD, C_APPE, pre_appe),
  ROW(PRE_CMD, C_MKD, pre_mkd),
  ROW(PRE_CMD, C_SITE, pre_site),
  ROW(PRE_CMD, C_DELE, pre_dele),
  ROW(POST_CMD, C_DELE, post_dele),
  ROW(POST_CMD, C_APPE, post_appe),
  ROW(POST_CMD, C_STOR, post_stor),
  ROW(POST_CMD_ERR, C_DELE, err_dele),
  ROW(0, NULL, NULL)
};

static module quotatab = { .name = (char *) "quotatab",
  .cmdtable = commands };
static bool loaded = true;
static unsigned int removed, firsts;

module *pr_module_get(const char *name) {
  return loaded && strcmp(name, "mod_quotatab.c") == 0 ? &quotatab : NULL;
}

modret_t *pr_module_call(module *m, modret_t *(*fn)(cmd_rec *), cmd_rec *cmd) {
  modret_t *res;

  ok(m == &quotatab, "the module is called by its name");
  res = fn(cmd);
  return res;
}

int pr_stash_remove_cmd(const char *name, module *m, unsigned char phase,
    const char *group, int cls) {
  (void) group;
  removed += m == &quotatab && *name != '\0' && cls == -1 &&
    (phase == PRE_CMD || phase == POST_CMD || phase == POST_CMD_ERR);
  return 0;
}

int pr_cmd_get_id(const char *name) {
  return strcmp(name, C_STOR) == 0 ? PR_CMD_STOR_ID : 1;
}

void pr_response_clear(pr_response_t **list) {
  *list = NULL;
}

pr_fs_t *pr_register_fs(pool *in, const char *name, const char *path) {
  (void) in;
  (void) name;
  (void) path;
  return has_fs ? &fs : NULL;
}

const char *pr_auth_uid2name(pool *in, uid_t uid) {
  (void) in;
  return uid == 7 ? "bob" : uid == 8 ? "alice" : NULL;
}

char *dir_abs_path(pool *in, const char *path, int interpolate) {
  (void) interpolate;
  return strcmp(path, "lost") == 0 ? NULL : pstrcat(in, "/abs", path, NULL);
}

static const char *excluded;

int pr_regexp_exec(pr_regex_t *re, const char *text, size_t n, regmatch_t *m,
    int flags, unsigned long limit, unsigned long recursion) {
  (void) re;
  (void) n;
  (void) m;
  (void) flags;
  (void) limit;
  (void) recursion;
  return excluded != NULL && strcmp(text, excluded) == 0 ? 0 : 1;
}

void ftpd_event_exit_first(void) {
  firsts++;
}

/* ---- Limits */

static server_rec server;
static struct ftpd ftpd;
static unsigned char on = TRUE, off = FALSE;
static pr_class_t class = { .cls_name = (char *) "inside" };
static struct quota_limit limit;

static void put(size_t i, quota_type_t type, const char *name,
    bool by_default) {
  memset(&row[i], 0, sizeof(row[i]));
  row[i].type = type;
  row[i].name = name;
  row[i].by_default = by_default;
  row[i].limit.quota_limit_type = HARD_LIMIT;
  snprintf(row[i].tally.name, sizeof(row[i].tally.name), "%s", name);
  row[i].tally.quota_type = type;
}

static bool begin(void) {
  looked[0] = seen[0] = '\0';
  removed = firsts = 0;
  memset(&limit, 0x55, sizeof(limit));
  return ftpd_quotatab_begin(&ftpd, &limit);
}

static void limits_are_found_in_order(void) {
  array_header *groups = make_array(p, 2, sizeof(char *));

  memset(row, 0, sizeof(row));
  session.user = "alice";
  session.group = NULL;
  session.groups = NULL;
  session.conn_class = NULL;
  ok(!begin(), "no limit at all");
  is_str(looked, "user:alice default:user:alice all: ",
    "without groups and a class");
  session.group = "staff";
  session.groups = groups;
  *((const char **) push_array(groups)) = "ftp";
  *((const char **) push_array(groups)) = "www";
  session.conn_class = &class;
  ok(!begin(), "and none with them");
  is_str(looked, "user:alice group:staff group:ftp group:www "
    "default:user:alice default:group:staff default:group:ftp "
    "default:group:www class:inside all: ", "everything is looked up");
  is_int(removed, 0, "the module counts by itself");

  put(0, ALL_QUOTA, "", false);
  ok(begin(), "a limit of all");
  is_str(limit.owner, "all users", "is called so");
  put(1, CLASS_QUOTA, "inside", false);
  ok(begin() && strcmp(limit.owner, "class inside") == 0, "a class before it");
  put(2, GROUP_QUOTA, "www", true);
  ok(begin() && strcmp(limit.owner, "group www") == 0, "a default group");
  put(3, USER_QUOTA, "alice", true);
  ok(begin() && strcmp(limit.owner, "user alice") == 0, "a default user");
  put(0, GROUP_QUOTA, "ftp", false);
  ok(begin() && strcmp(limit.owner, "group ftp") == 0, "a group");
  put(1, GROUP_QUOTA, "staff", false);
  ok(begin() && strcmp(limit.owner, "group staff") == 0, "the first group");
  put(2, USER_QUOTA, "alice", false);
  ok(begin() && strcmp(limit.owner, "user alice") == 0, "the user");
  is_str(looked, "user:alice ", "comes first");
  is_int(removed, 21, "the handlers of seven commands are removed");
  is_int(firsts, 1, "the end of the session is seen first");
}

static void the_limit_is_told(void) {
  memset(row, 0, sizeof(row));
  put(0, USER_QUOTA, "alice", false);
  ok(begin() && limit.hard && !limit.per_session && !limit.directories &&
    limit.max.bytes == 0 && limit.max.moved == 0 && limit.max.files == 0 &&
    limit.max.transfers == 0, "nothing is limited");
  row[0].limit.quota_limit_type = SOFT_LIMIT;
  row[0].limit.quota_per_session = TRUE;
  row[0].limit.bytes_in_avail = 1;
  row[0].limit.bytes_xfer_avail = 2;
  row[0].limit.files_in_avail = 3;
  row[0].limit.files_xfer_avail = 4;
  daemon_set_param("QuotaDirectoryTally", &on);
  ok(begin() && !limit.hard && limit.per_session && limit.directories &&
    limit.max.bytes == 1 && limit.max.moved == 2 && limit.max.files == 3 &&
    limit.max.transfers == 4, "everything is");
  row[0].limit.bytes_in_avail = row[0].limit.bytes_xfer_avail = -1;
  daemon_set_param("QuotaDirectoryTally", &off);
  ok(begin() && limit.max.bytes == 0 && limit.max.moved == 0 &&
    !limit.directories, "a negative amount is no limit");
}

static void without_its_tables_the_module_counts(void) {
  memset(row, 0, sizeof(row));
  put(0, USER_QUOTA, "alice", false);
  read_result = 0;
  ok(!begin() && removed == 0, "a tally that has no record");
  read_result = -1;
  ok(!begin(), "or cannot be read");
  read_result = 1;
  loaded = false;
  ok(!begin(), "no module");
  loaded = true;
  daemon_set_param("QuotaEngine", &off);
  ok(!begin(), "its engine is off");
  daemon_set_param("QuotaEngine", &on);
  has_fs = false;
  ok(!begin() && removed == 0, "a file system that is refused");
  has_fs = true;
}

static void filters_exclude_paths(void) {
  config_rec *c;

  ok(!ftpd_quotatab_excludes("/x"), "no filter");
  c = daemon_add_words("QuotaExcludeFilter", (const char *const []) { "none",
    NULL });
  excluded = "/abs/x";
  ok(!ftpd_quotatab_excludes("/x"), "'none'");
  c->name = "-";
  c = daemon_add_words("QuotaExcludeFilter", (const char *const []) { "x",
    "re", NULL });
  ok(ftpd_quotatab_excludes("/x"), "a path that matches");
  ok(!ftpd_quotatab_excludes("/y"), "another one");
  excluded = "lost";
  ok(ftpd_quotatab_excludes("lost"), "a path without a full one");
  excluded = "/abs/mod_sftp:quota";
  fake_log_reset();
  ok(!begin() && removed == 0, "the name that counts must not match");
  ok(fake_log_has("QuotaExcludeFilter matches"), "which is logged");
  excluded = NULL;
  c->name = "-";
}

/* ---- Counting */

static void usage_is_read(void) {
  struct quota_amounts used;

  memset(row, 0, sizeof(row));
  put(0, USER_QUOTA, "alice", false);
  (void) begin();
  row[0].tally.bytes_in_used = 1;
  row[0].tally.bytes_xfer_used = 2;
  row[0].tally.files_in_used = 3;
  row[0].tally.files_xfer_used = 4;
  is_int(ftpd_quotatab_read(&used), 0, "the tally is read");
  ok(used.bytes == 1 && used.moved == 2 && used.files == 3 &&
    used.transfers == 4, "all of it");
  read_result = 0;
  is_int(ftpd_quotatab_read(&used), -1, "one that is gone");
  read_result = 1;
}

static const char *counted(enum quota_event event, double bytes,
    double moved) {
  seen[0] = '\0';
  session.xfer.total_bytes = 77;
  errno = 5;
  refuses_with = 9;
  ftpd_quotatab_count(event, bytes, moved);
  is_int(errno, 5, "errno stays");
  is_int(session.xfer.total_bytes, 77, "so does what was transferred");
  refuses_with = 0;
  return seen;
}

static void changes_are_pairs_of_handlers(void) {
  pr_response_t one;

  (void) begin();
  resp_list = resp_err_list = &one;
  is_str(counted(QUOTA_SIZE, 10, 5), "pre RNTO APPE 0+77, post APPE APPE 10+5, "
    "err DELE DELE -1+77, ", "a file grows");
  ok(resp_list == NULL && resp_err_list == NULL, "without any answer");
  is_str(counted(QUOTA_SIZE, -10, 0), "pre RNTO APPE 10+77, post APPE APPE 0+0,"
    " err DELE DELE -1+77, ", "or shrinks");
  is_str(counted(QUOTA_NEW, 3, 2), "pre RNTO STOR 0+77, post STOR STOR 3+2, "
    "err DELE DELE -1+77, ", "a new file");
  is_str(counted(QUOTA_AGAIN, 3, 2), "pre RNTO STOR 1+77, post STOR STOR 4+2, "
    "err DELE DELE -1+77, ", "one that is overwritten");
  is_str(counted(QUOTA_GONE, 3, 2), "pre DELE DELE 3+77, post DELE DELE 0+0, "
    "err DELE DELE -1+77, ", "one that is removed");
}

static void the_file_exists_in_fsio_only(void) {
  struct stat st;

  session.uid = 11;
  session.gid = 12;
  (void) counted(QUOTA_GONE, 3, 0);
  memset(&st, 0x55, sizeof(st));
  is_int(fs.stat(&fs, "x", &st), 0, "it is there");
  ok(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0600 && st.st_nlink == 1 &&
    st.st_uid == 11 && st.st_gid == 12 && st.st_size == 0 && st.st_ino == 0,
    "the user's file");
  errno = 0;
  is_int(fs.unlink(&fs, "x"), -1, "which cannot be removed");
  is_int(errno, EPERM, "by anybody");
}

static void commands_are_judged(void) {
  static const struct { const char *name, *seen; } asked[] = {
    { C_STOR, "pre STOR STOR 0+0, err DELE DELE -1+0, " },
    { C_APPE, "pre APPE APPE 0+0, err DELE DELE -1+0, " },
    { C_MKD, "pre MKD MKD 0+0, err DELE DELE -1+0, " },
    { C_SITE, "pre SITE SITE 0+0, err DELE DELE -1+0, " },
    { C_DELE, "" } };
  size_t i;

  session.xfer.total_bytes = 0;
  for (i = 0; i < SFTP_NELEMS(asked); i++) {
    cmd_rec *cmd = pr_cmd_alloc(p, 1, asked[i].name);

    cmd->arg = pstrdup(p, "/x");
    seen[0] = '\0';
    refuses = NULL;
    is_int(ftpd_quotatab_pre(cmd), 0, "%s is accepted", asked[i].name);
    is_str(seen, asked[i].seen, "and what was asked");
    refuses = asked[i].name;
    refuses_with = 0;
    errno = 0;
    is_int(ftpd_quotatab_pre(cmd), *asked[i].seen != '\0' ? -1 : 0,
      "or refused");
    is_int(errno, *asked[i].seen != '\0' ? EDQUOT : 0, "for the quota");
    refuses_with = ENOSPC;
    is_int(ftpd_quotatab_pre(cmd), *asked[i].seen != '\0' ? -1 : 0, "again");
    is_int(errno, *asked[i].seen != '\0' ? ENOSPC : 0, "for a reason");
  }

  refuses = NULL;
  refuses_with = 0;
}

static void handlers_may_be_missing(void) {
  cmdtable *c = commands;

  while (c->cmd_type != PRE_CMD || strcmp(c->command, C_SITE) != 0) {
    c++;
  }

  c->command = "XSITE";
  seen[0] = '\0';
  is_int(ftpd_quotatab_pre(pr_cmd_alloc(p, 1, C_SITE)), 0, "no handler");
  is_str(seen, "err DELE DELE -1+0, ", "objects to nothing");
  c->command = C_SITE;
}

/* ---- Files of others */

static void files_of_others_are_subtracted(void) {
  memset(row, 0, sizeof(row));
  put(0, USER_QUOTA, "alice", false);
  (void) begin();
  is_int(ftpd_quotatab_gone_of(p, 8, 10), -1, "one's own");
  is_int(ftpd_quotatab_gone_of(p, 9, 10), -1, "a user without a name");
  looked[0] = '\0';
  is_int(ftpd_quotatab_gone_of(p, 7, 10), -1, "one without a limit");
  is_str(looked, "user:bob ", "is looked up");
  put(1, USER_QUOTA, "bob", false);
  is_int(ftpd_quotatab_gone_of(p, 7, 10), -1, "one without a tally");
  is_int(written.n, 0, "nothing is written");
  row[1].has_tally = true;
  row[1].tally.bytes_in_used = 15;
  row[1].tally.files_in_used = 2;
  looked[0] = '\0';
  is_int(ftpd_quotatab_gone_of(p, 7, 10), 0, "one with both");
  ok(written.n == 1 && written.tally.bytes_in_used == 5 &&
    written.tally.files_in_used == 1 && written.bytes == -10 &&
    written.files == -1, "has less");
  is_str(looked, "user:bob tally:user:bob tally:user:alice ",
    "and the position is that of the session again");
  row[1].tally.files_in_used = 0;
  is_int(ftpd_quotatab_gone_of(p, 7, 16), 0, "one who had less than that");
  ok(written.tally.bytes_in_used == 0 && written.tally.files_in_used == 0,
    "has nothing");
  write_result = -1;
  is_int(ftpd_quotatab_gone_of(p, 7, 10), -1, "what cannot be written");
  write_result = 1;
  is_int(ftpd_quotatab_gone_of(p, 7, 10), 0, "what can");
  put(0, GROUP_QUOTA, "bob", false);
  row[1].name = "-";
  session.group = "bob";
  (void) begin();
  put(1, USER_QUOTA, "bob", false);
  row[1].has_tally = true;
  looked[0] = '\0';
  is_int(ftpd_quotatab_gone_of(p, 7, 10), 0, "a group of the same name");
  is_str(looked, "user:bob tally:user:bob tally:group:bob ", "is not the user");
  put(0, ALL_QUOTA, "", false);
  row[1].name = "-";
  (void) begin();
  row[1].name = "bob";
  looked[0] = '\0';
  is_int(ftpd_quotatab_gone_of(p, 7, 10), 0, "a limit of all");
  is_str(looked, "user:bob tally:user:bob tally:all: ", "has no name");
}

static void before_the_beginning_nothing_happens(void) {
  seen[0] = '\0';
  ftpd_quotatab_forget();
  is_int(ftpd_quotatab_pre(pr_cmd_alloc(p, 1, C_STOR)), 0, "no module asks");
  is_str(seen, "", "nor told");
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = make_sub_pool(p);
  ftpd.pool = p;
  main_server = &server;
  daemon_set_param("QuotaEngine", &on);
  read_result = 1;
  before_the_beginning_nothing_happens();
  limits_are_found_in_order();
  the_limit_is_told();
  without_its_tables_the_module_counts();
  filters_exclude_paths();
  usage_is_read();
  changes_are_pairs_of_handlers();
  the_file_exists_in_fsio_only();
  commands_are_judged();
  handlers_may_be_missing();
  files_of_others_are_subtracted();
  destroy_pool(p);
  return done_testing();
}
