/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limit.c -- <Limit> by effects (base/effects.h), and hidden files.
 *
 * The decision is always the daemon's (dir_check and its parts).  It also sets
 * the umask and the owner of new files for the directory, so it runs
 * immediately before the operation.
 */

#include "ftpd-explain.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-place.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"

#include "ftpd-attrs.h"

/* The time for which a check of a directory's .ftpaccess is valid for requests
 * that only look (LSTAT, READDIR...).
 */
#define QUIET_MS 1000

/* ---- <Limit> */

struct rules_cache {
  cmd_rec *limit;               /* for <Limit> lookups */
  signed char quiet[FTPD_NREQUESTS];    /* whether no rule of the
                                         * configuration applies; -1: not
                                         * known yet */
  signed char ignores;          /* whether IgnoreHidden is used; -1 as above */
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* has no .ftpaccess ... */
  struct ftpd_place at;                 /* ... and is this one ... */
  uint64_t until_ms;                    /* ... until then */
};

static struct rules_cache *cache_of(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->rules == NULL) {
    s->rules = pcalloc(s->pool, sizeof(*s->rules));
    memset(s->rules->quiet, -1, sizeof(s->rules->quiet));
    s->rules->ignores = -1;
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

/* The result of a <Limit> for the path that was checked last. */
enum says { SAYS_NO, SAYS_NOTHING, SAYS_YES };

/* One decision: about a path, for one effect. */
struct question {
  cmd_rec *cmd;
  const struct sftp_rule *rule;
  const struct sftp_effect *effect;
  bool hidden;                  /* by Hide*: IgnoreHidden says no */
  bool explains;
  struct limit_answer *answer;
};

/* For whoever asks why. */
static void tell_limit(const struct question *q, const char *name, bool no) {
  int xerrno = errno;

  pool *p = make_sub_pool(session.pool);

  ftpd_explain("<Limit %s>%s %s what %s", name, ftpd_limit_decided(p, q->cmd,
    limit_chain(), name, q->hidden), no ? "denies" : "allows",
    q->effect->text);
  destroy_pool(p);
  errno = xerrno;
}

static enum says ask_name(const struct question *q, const char *name) {
  int res;

  errno = 0;
  res = dir_check_limits(q->cmd, limit_chain(), name, q->hidden);
  if (q->explains && res != 1) {
    tell_limit(q, name, res == 0);
  }

  if (res == 0) {
    q->answer->denied = name;
    q->answer->ignored = errno == ENOENT;
    return SAYS_NO;
  }

  return res > 1 ? SAYS_YES : SAYS_NOTHING;
}

/* Names of commands: a name that denies decides, otherwise one that allows. */
static enum says ask_names(const struct question *q,
    const char *const names[SFTP_EFF_NAMES]) {
  enum says all = SAYS_NOTHING;
  unsigned int i;

  for (i = 0; i < SFTP_EFF_NAMES && names[i] != NULL; i++) {
    bool only_denies = names[i][0] == '!';
    enum says one = ask_name(q, names[i] + only_denies);

    if (one == SAYS_NO) {
      q->answer->by_name = true;
      return SAYS_NO;
    }

    if (one == SAYS_YES && !only_denies) {
      q->answer->allowed = names[i];
      all = SAYS_YES;
    }
  }

  return all;
}

/* Each effect has a group; of two, both have to deny it. */
static enum says ask_groups(const struct question *q) {
  enum says all = SAYS_NO;
  unsigned int i;

  for (i = 0; i < SFTP_NELEMS(q->effect->groups) &&
      q->effect->groups[i] != NULL; i++) {
    enum says one = ask_name(q, q->effect->groups[i]);

    if (one == SAYS_NO && q->answer->ignored) {
      return SAYS_NO;
    }

    all = one > all ? one : all;
  }

  return all;
}

/* The daemon's order for a command: the names, then the group, then ALL; the
 * first that has a rule decides.
 */
static bool permits(const struct question *q) {
  enum says own = ask_names(q, q->rule->names), res;

  res = own != SAYS_NO ? ask_names(q, q->effect->names) : SAYS_NO;
  res = res == SAYS_NOTHING ? own : res;
  if (res == SAYS_NOTHING) {
    res = ask_groups(q);
  }

  if (res == SAYS_NOTHING) {
    res = ask_name(q, "ALL");
  }

  if (q->explains && res == SAYS_NOTHING) {
    ftpd_explain("no <Limit> is about what %s", q->effect->text);
  }

  return res != SAYS_NO;
}

unsigned int ftpd_limit_denies(struct ftpd *h, const struct sftp_rule *rule,
    unsigned int effects, bool hidden, const char *path,
    struct limit_answer *answer) {
  struct limit_answer one;
  struct question q = { limit_cmd(h, "STAT", path), rule, NULL, hidden,
    h->explains, &one };
  unsigned int i;

  memset(answer, 0, sizeof(*answer));
  answer->hidden = hidden;
  for (i = 0; i < SFTP_NEFFECTS && !answer->ignored; i++) {
    q.effect = &sftp_effects[i];
    if ((effects & q.effect->bit) == 0) {
      continue;
    }

    memset(&one, 0, sizeof(one));
    if (!permits(&q)) {
      answer->effects |= q.effect->bit;
      answer->denied = one.denied;
      answer->ignored = one.ignored;
      answer->by_name |= one.by_name;

    } else if (one.allowed != NULL) {
      answer->allowed = one.allowed;
    }
  }

  return answer->effects;
}

/* The effect whose name is passed to the daemon, which sets umask and owner for
 * it.
 */
static const struct sftp_effect *first_effect(unsigned int effects) {
  unsigned int i;

  for (i = 0; i + 1 < SFTP_NEFFECTS; i++) {
    if ((effects & sftp_effects[i].bit) != 0) {
      break;
    }
  }

  return &sftp_effects[i];
}

/* DenyAll of a directory itself, outside of any <Limit>: the daemon applies it
 * only to existing files, so that new files can be created.  For all other
 * effects, missing files must appear like existing ones.
 */
static bool closed(struct ftpd *h, unsigned int effects, const char *path) {
  const unsigned char *allow = get_param_ptr(CURRENT_CONF, "AllowAll", FALSE);
  const unsigned char *deny = get_param_ptr(CURRENT_CONF, "DenyAll", FALSE);
  struct stat st;

  return deny != NULL && *deny == TRUE && (allow == NULL ||
    *allow == FALSE) && ((effects & (SFTP_EFF_MAKE|SFTP_EFF_APPEND|
    SFTP_EFF_NAME)) == 0 || ftpd_look(h, path, &st) == 0);
}

/* The daemon's own check enters the directory: configuration, umask, owner of
 * new files.  It sets the umask only if it permits the command.
 */
static void enter_directory(pool *p, struct ftpd *h,
    const struct sftp_rule *rule, unsigned int effects, const char *path,
    int *hidden) {
  const struct sftp_effect *e = first_effect(effects);
  const char *name = rule->names[0] != NULL ? rule->names[0] :
    e->names[0] != NULL ? e->names[0] : "STAT";

  ftpd_ftpaccess_read(h, p, path);
  pr_fs_clear_cache2(path);
  (void) dir_check(p, limit_cmd(h, name, path), e->groups[0], path, hidden);
}

bool ftpd_limit_ignores(struct ftpd *h) {
  struct rules_cache *s = cache_of(h);

  if (s->ignores < 0) {
    s->ignores = find_config(main_server->conf, CONF_PARAM, "IgnoreHidden",
      TRUE) != NULL;
  }

  return s->ignores == 1;
}

/* Whether the path is in a directory that is hidden by IgnoreHidden: then it
 * does not exist, either.
 */
static bool is_below_hidden(pool *p, struct ftpd *h,
    const struct sftp_rule *rule, unsigned int effects, const char *path) {
  struct limit_answer a;
  const char *slash;

  for (slash = ftpd_limit_ignores(h) ? strchr(path + 1, '/') : NULL;
      slash != NULL; slash = strchr(slash + 1, '/')) {
    const char *dir = pstrndup(p, path, (size_t) (slash - path));
    int hidden = FALSE;

    enter_directory(p, h, rule, effects, dir, &hidden);
    if (hidden && ftpd_limit_denies(h, rule, effects, true, dir, &a) != 0 &&
        a.ignored) {
      return true;
    }
  }

  return false;
}

static bool allowed_elsewhere(const struct sftp_rule *rule,
    const struct limit_answer *a) {
  return a->allowed != NULL && (rule->names[0] == NULL ||
    strcmp(a->allowed, rule->names[0]) != 0);
}

int ftpd_limit_ask(struct ftpd *h, pool *p, const struct sftp_rule *rule,
    unsigned int effects, const char *path, struct limit_answer *answer) {
  int is_hidden = FALSE;
  unsigned int denied;

  memset(answer, 0, sizeof(*answer));
  if (is_below_hidden(p, h, rule, effects, path)) {
    answer->hidden = answer->ignored = true;
    denied = answer->effects = effects;

  } else {
    enter_directory(p, h, rule, effects, path, &is_hidden);
    denied = ftpd_limit_denies(h, rule, effects, is_hidden != FALSE, path,
      answer);
  }

  if (denied == 0 && closed(h, effects, path)) {
    answer->denied = "ALL";
    answer->effects = denied = effects;
    if (h->explains) {
      ftpd_explain("DenyAll of the directory, outside of any <Limit>%s",
        ftpd_place_of(p, find_config(CURRENT_CONF, CONF_PARAM, "DenyAll",
        FALSE)));
    }
  }

  if (denied == 0) {
    if (allowed_elsewhere(rule, answer)) {
      (void) dir_check(p, limit_cmd(h, answer->allowed, path), NULL, path,
        NULL);
    }

    return 0;
  }

  errno = answer->ignored ? ENOENT : EACCES;
  return -1;
}

/* The directive that hides the path asked about last, and where it stands. */
static const char *hiding(pool *p) {
  static const char *const names[] = { "HideFiles", "HideNoAccess", "HideUser",
    "HideGroup" };
  const config_rec *c = NULL;
  unsigned int i;

  for (i = 0; c == NULL && i < SFTP_NELEMS(names); i++) {
    c = find_config(CURRENT_CONF, CONF_PARAM, names[i], FALSE);
  }

  return c == NULL ? "" : pstrcat(p, " by ", c->name, ftpd_place_of(p, c),
    NULL);
}

int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  struct limit_answer a;

  if (ftpd_limit_ask(op->ftpd, op->pool, rule, effects, path, &a) == 0) {
    return 0;
  }

  if (!a.ignored) {
    ftpd_refuse(op, "denied by <Limit %s>", a.denied);
    sftp_log("%s of '%s' denied by <Limit %s>%s", ftpd_op_name(op), path,
      a.denied, ftpd_limit_section(op->pool, limit_chain(), a.denied));

  } else {
    sftp_log("%s of '%s' refused: hidden (IgnoreHidden)%s", ftpd_op_name(op),
      path, hiding(op->pool));
  }

  errno = a.ignored ? ENOENT : EACCES;
  return -1;
}

/* ---- Directories without rules
 *
 * Looking up <Limit> costs a walk through the configuration and a look for
 * .ftpaccess in every directory up to the root, for every LSTAT.  When nothing
 * in the whole configuration is about the request's names, about hidden files
 * or about everything, only a .ftpaccess could be; that is looked for once a
 * second for each directory.
 */

static bool is_among(const char *name, const char *const *names,
    unsigned int n) {
  unsigned int i;

  for (i = 0; i < n && names[i] != NULL; i++) {
    if (strcasecmp(names[i] + (names[i][0] == '!'), name) == 0) {
      return true;
    }
  }

  return false;
}

static bool asks_for(const struct sftp_rule *rule, const char *name) {
  unsigned int i;

  if (strcasecmp(name, "ALL") == 0 || is_among(name, rule->names,
      SFTP_EFF_NAMES)) {
    return true;
  }

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    const struct sftp_effect *e = &sftp_effects[i];

    if (((rule->effects | rule->maybe) & e->bit) != 0 &&
        (is_among(name, e->names, SFTP_EFF_NAMES) ||
         is_among(name, e->groups, SFTP_NELEMS(e->groups)))) {
      return true;
    }
  }

  return false;
}

static bool names_rule(const config_rec *c, const struct sftp_rule *rule) {
  unsigned int i;

  for (i = 0; i < c->argc; i++) {
    if (asks_for(rule, c->argv[i])) {
      return true;
    }
  }

  return false;
}

static bool is_rule(const config_rec *c, const struct sftp_rule *rule) {
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

static bool any_rule(xaset_t *set, const struct sftp_rule *rule,
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
      !any_rule(main_server->conf, &sftp_rules[req].first, true);
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
  struct ftpd_place at;
  struct stat st;
  size_t n = dir_len(path);

  if ((ftpd_requests[req].flags & ROW_LOOKS) == 0 || !static_quiet(h, req) ||
      ftpd_coarse_ms() >= s->until_ms || strlen(s->dir) != n ||
      memcmp(s->dir, path, n) != 0) {
    return false;
  }

  /* A directory may have its own .ftpaccess, and a link leads elsewhere. */
  return ftpd_lstat_keep(h, path, &st) == 0 && !S_ISDIR(st.st_mode) &&
    (s->at.ino == 0 || (ftpd_stands_at(s->dir, &at) &&
      at.dev == s->at.dev && at.ino == s->at.ino)) &&
    !(S_ISLNK(st.st_mode) && ((ftpd_requests[req].flags & ROW_FOLLOW1) != 0 ||
      !ftpd_shows_links(h)));
}

bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
    const char *dir) {
  struct rules_cache *s = cache_of(h);

  return static_quiet(h, req) && ftpd_coarse_ms() < s->until_ms &&
    strcmp(s->dir, strcmp(dir, "/") == 0 ? "" : dir) == 0;
}

/* The directory whose rules were checked: that of a listing, or that of the
 * process; none if a module serves the path.
 */
static bool find_place(const char *path, int fd, struct ftpd_place *at) {
  struct stat st;

  memset(at, 0, sizeof(*at));
  if (!FTPD_HOLDABLE(path, lstat)) {
    return true;
  }

  if (fd < 0) {
    char dir[PR_TUNABLE_PATH_MAX + 1];
    size_t n = dir_len(path);

    return n < sizeof(dir) && ftpd_stands_at(memcpy(memset(dir, 0,
      sizeof(dir)), path, n), at);
  }

  if (fstat(fd, &st) < 0) {
    return false;
  }

  at->dev = st.st_dev;
  at->ino = st.st_ino;
  return true;
}

void ftpd_limit_learn(struct ftpd *h, const char *path, int fd) {
  struct rules_cache *s = cache_of(h);
  struct ftpd_place at;
  config_rec *c;
  size_t n = dir_len(path);

  /* The chain that matched contains every .ftpaccess.  For simplicity, one with
   * any directive ends the shortcut.
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

  if (n < sizeof(s->dir) && find_place(path, fd, &at)) {
    memcpy(s->dir, path, n);
    s->dir[n] = '\0';
    s->at = at;
    s->until_ms = ftpd_coarse_ms() + QUIET_MS;
  }
}
