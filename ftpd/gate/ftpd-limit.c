/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limit.c -- <Limit>, path filters, hidden files, and the words for a
 * refusal.
 *
 * The decision is always the host's own (dir_check and its parts).  It also
 * sets the umask and the owner of new files for the directory, so it runs right
 * before the operation it is for.
 */

#include "ftpd-files.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-rules.h"

/* How long the look at a directory's .ftpaccess counts for requests that only
 * look (LSTAT, READDIR...).
 */
#define QUIET_MS 1000

void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...) {
  char text[512];
  va_list ap;

  if (op == NULL || op->refused != NULL ||
      (op->ftpd->set->opts & SFTP_OPT_TERSE_REFUSALS) != 0) {
    return;
  }

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  op->refused = pstrdup(op->pool, text);
}

/* ---- <Limit> */

struct rules_cache {
  cmd_rec *limit;               /* for <Limit> look-ups */
  signed char quiet[FTPD_NREQUESTS];    /* no static rule matters; -1: not
                                         * known yet */
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* no .ftpaccess in there ... */
  uint64_t until_ms;                    /* ... until then */
};

static struct rules_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->rules == NULL) {
    s->rules = pcalloc(s->pool, sizeof(*s->rules));
    memset(s->rules->quiet, -1, sizeof(s->rules->quiet));
  }

  return s->rules;
}

static cmd_rec *limit_cmd(struct ftpd *h, const char *name,
    const char *path) {
  struct rules_cache *s = cache_of(h);

  if (s->limit == NULL) {
    pool *p = ftpd_files_of(h)->pool;

    s->limit = pr_cmd_alloc(p, 2, pstrdup(p, name), "");
  }

  (void) pr_cmd_set_name(s->limit, name);
  s->limit->arg = (char *) path;
  s->limit->argv[1] = (void *) path;
  return s->limit;
}

static config_rec *limit_chain(void) {
  return session.dir_config != NULL ? session.dir_config :
    session.anon_config;
}

/* The <Limit> name that said no to the path checked last; NULL if none. */
static const char *who_denied(cmd_rec *cmd, const struct limit_rule *rule) {
  const char *names[5] = { rule->name, rule->also[0], rule->also[1],
    rule->group, "ALL" };
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (names[i] != NULL &&
        dir_check_limits(cmd, limit_chain(), names[i], FALSE) == 0) {
      return names[i];
    }
  }

  return NULL;
}

/* The further names of a rule: any may deny; an explicit permission of one
 * outweighs what the group or ALL say.
 */
static int limit_also(cmd_rec *cmd, const struct limit_rule *rule, int res) {
  unsigned int i;
  bool allowed = false;

  if (rule->also[0] == NULL) {
    return res;
  }

  if (res == 0 && (errno == ENOENT ||
      dir_check_limits(cmd, limit_chain(), rule->name, FALSE) == 0)) {
    return 0;
  }

  for (i = 0; i < SFTP_NELEMS(rule->also) && rule->also[i] != NULL; i++) {
    int also = dir_check_limits(cmd, limit_chain(), rule->also[i], FALSE);

    if (also == 0) {
      return 0;
    }

    allowed = allowed || also > 1;
  }

  return allowed ? 2 : res;
}

int ftpd_limit(struct ftpd *h, struct ftpd_op *op, pool *p,
    const struct limit_rule *rule, const char *path, bool *hidden) {
  cmd_rec *cmd = limit_cmd(h, rule->name, path);
  const char *denied;
  int is_hidden = FALSE, res, xerrno;

  pr_fs_clear_cache2(path);
  errno = 0;
  res = dir_check(p, cmd, rule->group, path, &is_hidden);
  xerrno = errno;
  if (hidden != NULL) {
    *hidden = is_hidden != FALSE;
  }

  errno = xerrno;
  res = limit_also(cmd, rule, res);
  if (res > 0) {
    return 0;
  }

  if (xerrno != ENOENT) {
    xerrno = EACCES;
    denied = who_denied(cmd, rule);
    ftpd_refuse(op, "denied by <Limit %s>", denied != NULL ? denied :
      rule->name);
    if (op != NULL) {
      sftp_log("%s of '%s' denied by <Limit %s>", rule->name, path,
        denied != NULL ? denied : rule->name);
    }

  } else if (op != NULL) {
    sftp_log("%s of '%s' refused: hidden (IgnoreHidden)", rule->name, path);
  }

  errno = xerrno;
  return -1;
}

/* ---- Directories where nothing can matter
 *
 * Looking up <Limit> costs a walk through the configuration and a look for
 * .ftpaccess in every directory up to the root, for every LSTAT.  When nothing
 * in the whole configuration speaks of the request's names, of hidden files
 * or of everything, only a .ftpaccess could; that is looked for once a second
 * and directory.
 */

static bool names_rule(const config_rec *c, const struct limit_rule *rule) {
  unsigned int i, j;
  const char *names[5] = { rule->name, rule->group, rule->also[0],
    rule->also[1], "ALL" };

  for (i = 0; i < c->argc; i++) {
    for (j = 0; j < SFTP_NELEMS(names); j++) {
      if (names[j] != NULL && strcasecmp(c->argv[i], names[j]) == 0) {
        return true;
      }
    }
  }

  return false;
}

static bool is_rule(const config_rec *c, const struct limit_rule *rule) {
  static const char *const params[] = { "AllowAll", "DenyAll", "HideFiles",
    "HideGroup", "HideNoAccess", "HideUser", NULL };
  unsigned int i;

  if (c->config_type == CONF_LIMIT) {
    return names_rule(c, rule);
  }

  for (i = 0; c->name != NULL && params[i] != NULL; i++) {
    if (c->config_type == CONF_PARAM && strcmp(c->name, params[i]) == 0) {
      return true;
    }
  }

  return false;
}

static bool any_rule(xaset_t *set, const struct limit_rule *rule,
    bool recurse) {
  config_rec *c;

  if (set == NULL) {
    return false;
  }

  for (c = (config_rec *) set->xas_list; c != NULL; c = c->next) {
    if (is_rule(c, rule)) {
      return true;
    }

    if (recurse && c->config_type != CONF_LIMIT && c->subset != NULL &&
        any_rule(c->subset, rule, true)) {
      return true;
    }
  }

  return false;
}

static bool static_quiet(struct ftpd *h, enum ftpd_request req) {
  struct rules_cache *s = cache_of(h);

  if (s->quiet[req] < 0) {
    s->quiet[req] = session.anon_config == NULL &&
      !any_rule(main_server->conf, &ftpd_requests[req].first, true);
  }

  return s->quiet[req] == 1;
}

static size_t dir_len(const char *path) {
  const char *slash = strrchr(path, '/');

  return slash != NULL ? (size_t) (slash - path) : 0;
}

bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
    const char *path) {
  struct rules_cache *s = cache_of(h);
  struct stat st;
  size_t n = dir_len(path);

  if ((ftpd_requests[req].flags & ROW_LOOKS) == 0 || !static_quiet(h, req) ||
      ftpd_coarse_ms() >= s->until_ms || strlen(s->dir) != n ||
      memcmp(s->dir, path, n) != 0) {
    return false;
  }

  /* A directory has its own .ftpaccess, a link leads elsewhere. */
  return ftpd_lstat(h, path, &st) == 0 && !S_ISDIR(st.st_mode) &&
    !(S_ISLNK(st.st_mode) && (ftpd_requests[req].flags & ROW_FOLLOW1) != 0);
}

bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
    const char *dir) {
  struct rules_cache *s = cache_of(h);

  return static_quiet(h, req) && ftpd_coarse_ms() < s->until_ms &&
    strcmp(s->dir, strcmp(dir, "/") == 0 ? "" : dir) == 0;
}

void ftpd_limit_learn(struct ftpd *h, const char *path) {
  struct rules_cache *s = cache_of(h);
  config_rec *c;
  size_t n = dir_len(path);

  /* Whatever .ftpaccess there is now stands in the chain that matched.  One
   * that says anything at all ends the shortcut, to keep this simple.
   */
  for (c = session.dir_config; c != NULL; c = c->parent) {
    if (c->subset != NULL) {
      config_rec *sub = (config_rec *) c->subset->xas_list;

      for (; sub != NULL; sub = sub->next) {
        if ((sub->flags & CF_DYNAMIC) != 0) {
          return;
        }
      }
    }
  }

  if (n < sizeof(s->dir)) {
    memcpy(s->dir, path, n);
    s->dir[n] = '\0';
    s->until_ms = ftpd_coarse_ms() + QUIET_MS;
  }
}

/* ---- Filters */

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
      return 0;
  }

  sftp_log("'%s' denied by %s", path, rule);
  ftpd_refuse(op, "denied by %s", rule);
  errno = EACCES;
  return -1;
}

/* ---- Why a PRE_CMD handler refused
 *
 * The handlers answer in FTP's words, in the server's language.  The rules are
 * asked again instead; what is left is the handler's own text.
 */

static bool explain_filters(struct ftpd_op *op, cmd_rec *cmd) {
  static const char *const filters[] = { "AllowFilter", "DenyFilter" };
  unsigned int i;

  for (i = 0; cmd->arg != NULL && i < SFTP_NELEMS(filters); i++) {
    pr_regex_t *re = get_param_ptr(CURRENT_CONF, filters[i], FALSE);

    if (re != NULL && (pr_regexp_exec(re, cmd->arg, 0, NULL, 0, 0, 0) == 0) ==
        (i == 1)) {
      ftpd_refuse(op, "denied by %s", filters[i]);
      sftp_log("'%s %s' denied by %s", (char *) cmd->argv[0], cmd->arg,
        filters[i]);
      return true;
    }
  }

  return false;
}

static bool is_off(const char *directive) {
  unsigned char *on = get_param_ptr(CURRENT_CONF, directive, FALSE);

  return on == NULL || *on == FALSE;
}

/* A rule for what is there already: said if that is so and the rule is off. */
static bool explain_off(struct ftpd_op *op, const char *name,
    const char *path, const char *directive) {
  struct stat st;

  if (!is_off(directive) || pr_fsio_stat(path, &st) < 0) {
    return false;
  }

  ftpd_refuse(op, "file exists and %s is off", directive);
  sftp_log("%s of '%s' denied: %s is off", name, path, directive);
  return true;
}

/* What mod_xfer's handlers ask for a transfer, in their order. */
static bool explain_transfer(struct ftpd_op *op, cmd_rec *cmd,
    const char *path) {
  static const struct limit_rule stor = { "STOR", "WRITE", { NULL } },
    appe = { "APPE", "WRITE", { NULL } }, retr = { "RETR", "READ", { NULL } };
  const char *name = cmd->argv[0], *denied;
  const struct limit_rule *rule = strcmp(name, "STOR") == 0 ? &stor :
    strcmp(name, "APPE") == 0 ? &appe : strcmp(name, "RETR") == 0 ? &retr :
    NULL;

  if (rule == NULL) {
    return false;
  }

  denied = who_denied(cmd, rule);
  if (denied != NULL) {
    ftpd_refuse(op, "denied by <Limit %s>", denied);
    sftp_log("%s of '%s' denied by <Limit %s>", name, path, denied);
    return true;
  }

  return rule != &retr && (ftpd_filter(op, path) < 0 ||
    explain_off(op, name, path, rule == &stor ? "AllowOverwrite" :
      "AllowStoreRestart"));
}

void ftpd_limit_explain(struct ftpd_op *op, cmd_rec *cmd, const char *path,
    int xerrno) {
  const char *name = cmd->argv[0], *text;

  if (op->refused != NULL || (xerrno != EACCES && xerrno != EPERM) ||
      explain_filters(op, cmd) || explain_transfer(op, cmd, path)) {
    return;
  }

  text = ftpd_phase_answer(op->pool);
  if (text != NULL && *text != '\0') {
    ftpd_refuse(op, "%s", text);
  }

  sftp_log("%s of '%s' blocked by '%s' handler%s%s", name, path, name,
    text != NULL ? ": " : "", text != NULL ? text : "");
}
