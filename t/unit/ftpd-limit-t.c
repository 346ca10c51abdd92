/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-limit-t.c -- <Limit> by effects: which names decide, in which order; and
 * for which lookups nobody has to be asked.
 */

#include "daemon.h"
#include "effects.h"
#include "ftpd-explain.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-path.h"
#include "ftpd-request.h"
#include "tap.h"
#include "../fake/ftpd-log.h"

#include <fcntl.h>

static pool *p;
static xaset_t server_set;
static server_rec server = { .conf = &server_set };
static struct ftpd ftpd = { .server = &server };
static struct ftpd_op op = { .ftpd = &ftpd };

const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_LSTAT] = { "LSTAT", CL_READ, ROW_LOOKS, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_STAT] = { "STAT", CL_READ, ROW_LOOKS|ROW_FOLLOW1, EQUIV_NONE, NULL, 0,
    NULL },
  [FTPD_MKDIR] = { "MKDIR", CL_WRITE, 0, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_STATVFS] = { "EXTENDED", CL_MISC, ROW_LOOKS, EQUIV_NONE, NULL, 0,
    NULL },
  [FTPD_READLINK] = { "READLINK", CL_READ, ROW_LOOKS, EQUIV_NONE, NULL, 0,
    NULL },
};

const char *ftpd_op_name(const struct ftpd_op *one) {
  return ftpd_requests[one->req].name;
}

/* ---- The daemon: these names deny or allow; these paths are hidden */

static const char *denies, *allows, *hides;
static bool ignores;            /* what is hidden does not exist */
static const char *ignore_names;        /* by these rules alone; NULL: by all */
static unsigned int nwords;     /* of the command */

static bool is_among(const char *names, const char *name) {
  size_t n = strlen(name);
  const char *at = names;

  while (at != NULL && (at = strstr(at, name)) != NULL) {
    if ((at == names || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0')) {
      return true;
    }

    at++;
  }

  return false;
}

int dir_check_limits(cmd_rec *cmd, config_rec *dir, const char *name,
    int hidden) {
  (void) daemon_call("limits %s %s%s%s", name, cmd->arg, dir ==
    session.dir_config ? "" : dir == session.anon_config ? " anon" : " ?",
    hidden ? " hidden" : "");
  nwords = cmd->argc;
  if (hidden && ignores && (ignore_names == NULL ||
      is_among(ignore_names, name))) {
    errno = ENOENT;
    return 0;
  }

  return is_among(denies, name) ? 0 : is_among(allows, name) ? 2 : 1;
}

int dir_check(pool *in, cmd_rec *cmd, const char *group, const char *path,
    int *hidden) {
  (void) in;
  (void) daemon_call("dir_check %s %s %s %s", (const char *) cmd->argv[0],
    group != NULL ? group : "-", path, (const char *) cmd->argv[1]);
  if (hidden != NULL && is_among(hides, path)) {
    *hidden = TRUE;
  }

  return 1;
}

int pr_cmd_set_name(cmd_rec *cmd, const char *name) {
  cmd->argv[0] = (void *) name;
  return 0;
}

void ftpd_ftpaccess_read(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  (void) in;
  (void) daemon_call("ftpaccess_read %s", path);
}

const char *ftpd_limit_section(pool *in, const config_rec *chain,
    const char *name) {
  (void) in;
  (void) chain;
  return name;
}

const char *ftpd_limit_decided(pool *in, cmd_rec *cmd,
    const config_rec *chain, const char *name, bool hidden) {
  (void) in;
  (void) cmd;
  (void) chain;
  (void) name;
  (void) hidden;
  errno = EDOM;
  return " in here";
}

static char explained[1000];

void ftpd_explain(const char *fmt, ...) {
  size_t n = strlen(explained);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(explained + n, sizeof(explained) - n, fmt, ap);
  va_end(ap);
  strcat(explained, "; ");
}

/* ---- Files */

static struct stat looked;
static bool links_are_shown, is_here;
static struct ftpd_place here;
static uint64_t now_ms;
static pr_fs_t fs;

int ftpd_look(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) st;
  return daemon_call("look %s", path);
}

int ftpd_lstat_keep(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  *st = looked;
  return daemon_call("lstat_keep %s", path);
}

bool ftpd_shows_links(struct ftpd *h) {
  (void) h;
  return links_are_shown;
}

bool ftpd_stands_at(const char *dir, struct ftpd_place *at) {
  (void) daemon_call("stands_at '%s'", dir);
  *at = here;
  return is_here;
}

uint64_t ftpd_coarse_ms(void) {
  return now_ms;
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return &fs;
}

bool ftpd_vroot_serves(const char *path) {
  (void) path;
  return daemon_call("vroot_serves") < 0;
}

static void anew(void) {
  daemon_calls_anew();
  daemon_forget_config();
  daemon_files.rules = NULL;
  daemon_files.pool = p;
  daemon_refused = NULL;
  denies = allows = hides = NULL;
  ignores = false;
  ftpd.explains = false;
  memset(explained, 0, sizeof(explained));
  memset(&server_set, 0, sizeof(server_set));
  memset(&looked, 0, sizeof(looked));
  looked.st_mode = S_IFREG;
  session.dir_config = session.anon_config = NULL;
  links_are_shown = is_here = true;
  here.dev = 3;
  here.ino = 4;
  now_ms = 50000;
  errno = EBADE;
}

/* ---- One effect */

static const struct sftp_rule stat_rule = { { NULL }, SFTP_EFF_TELL, 0 };
static const struct sftp_rule remove_rule = { { "DELE", "REMOVE", NULL },
  SFTP_EFF_UNNAME, 0 };
static const struct sftp_rule link_rule = { { "SYMLINK", "!SITE", NULL },
  SFTP_EFF_NAME, 0 };

static struct limit_answer a;

static unsigned int denied(const struct sftp_rule *rule, const char *no,
    const char *yes) {
  denies = no;
  allows = yes;
  (void) daemon_calls();
  return ftpd_limit_denies(&ftpd, rule, rule->effects, false, "/f", &a);
}

static void names_come_first(void) {
  anew();
  is_int(denied(&remove_rule, NULL, NULL), 0, "no rule");
  is_str(daemon_calls(), "limits DELE /f; limits REMOVE /f; limits WRITE /f; "
    "limits ALL /f; ", "all are asked");
  ok(a.denied == NULL && a.allowed == NULL && !a.by_name && !a.hidden,
    "none has an answer");
  is_int(denied(&remove_rule, "REMOVE", NULL), SFTP_EFF_UNNAME, "a name");
  ok(strcmp(a.denied, "REMOVE") == 0 && a.by_name && !a.ignored &&
    a.effects == SFTP_EFF_UNNAME, "denies");
  is_str(daemon_calls(), "limits DELE /f; limits REMOVE /f; ", "and decides");
  is_int(denied(&remove_rule, "REMOVE", "DELE"), SFTP_EFF_UNNAME,
    "even if another allows it");
  is_int(denied(&remove_rule, "WRITE ALL", "REMOVE"), 0, "one that allows");
  is_str(daemon_calls(), "limits DELE /f; limits REMOVE /f; ",
    "has precedence over groups");
  is_str(a.allowed, "REMOVE", "and is known");
  is_int(denied(&remove_rule, "ALL", "WRITE"), 0, "a group that allows");
  ok(a.allowed == NULL && a.denied == NULL, "is no name");
  is_int(denied(&remove_rule, "WRITE", "ALL"), SFTP_EFF_UNNAME,
    "a group that denies");
  ok(strcmp(a.denied, "WRITE") == 0 && !a.by_name, "is not, either");
  is_int(denied(&remove_rule, "ALL", NULL), SFTP_EFF_UNNAME, "ALL");
  is_str(a.denied, "ALL", "comes last");
  is_int(denied(&remove_rule, NULL, "ALL"), 0, "and may allow");
}

static void rules_full_of_names(void) {
  static const struct sftp_rule rule = { { "A", "B", "C", "D", "E", "F", "G",
    "H" }, SFTP_EFF_UNNAME, 0 };

  anew();
  is_int(denied(&rule, NULL, NULL), 0, "a rule of eight names");
  is_str(daemon_calls(), "limits A /f; limits B /f; limits C /f; limits D /f; "
    "limits E /f; limits F /f; limits G /f; limits H /f; limits WRITE /f; "
    "limits ALL /f; ", "has no ninth");
  is_int(nwords, 2, "the command is a name and a path");
}

static void names_that_only_deny(void) {
  anew();
  is_int(denied(&link_rule, "SITE", NULL), SFTP_EFF_NAME, "such a name denies");
  is_str(a.denied, "SITE", "without its mark");
  is_int(denied(&link_rule, "WRITE", "SITE"), SFTP_EFF_NAME,
    "but allows nothing");
  ok(a.allowed == NULL, "and is not known for that");
}

static void names_of_the_effect(void) {
  anew();
  is_int(denied(&stat_rule, "SIZE", "STAT"), SFTP_EFF_TELL, "one of many");
  is_int(denied(&stat_rule, "READ DIRS", "MLST"), 0, "the last of them");
  is_str(daemon_calls(), "limits STAT /f; limits LSTAT /f; limits FSTAT /f; "
    "limits SIZE /f; limits MDTM /f; limits MLST /f; ", "are all asked");
}

static void two_groups_have_to_agree(void) {
  anew();
  is_int(denied(&stat_rule, "READ", NULL), 0, "one group that denies");
  is_int(denied(&stat_rule, "DIRS", NULL), 0, "or the other");
  is_int(denied(&stat_rule, "READ DIRS", "ALL"), SFTP_EFF_TELL, "both");
  is_int(denied(&stat_rule, "READ ALL", "DIRS"), 0, "one that allows");
  is_int(denied(&stat_rule, "READ ALL", NULL), SFTP_EFF_TELL,
    "one, and then ALL");
}

static void hidden_paths_do_not_exist(void) {
  static const struct sftp_rule rule = { { NULL }, SFTP_EFF_TELL|SFTP_EFF_NAME,
    0 };

  anew();
  ignores = true;
  is_int(ftpd_limit_denies(&ftpd, &rule, rule.effects, true, "/f", &a),
    SFTP_EFF_NAME, "the first effect decides");
  ok(a.hidden && a.ignored, "the file is hidden");
  is_str(daemon_calls(), "limits WRITE /f hidden; ", "by the first rule");
  ignores = false;
  is_int(ftpd_limit_denies(&ftpd, &rule, rule.effects, true, "/f", &a), 0,
    "hidden files can be used");
  ok(a.hidden && !a.ignored, "unless IgnoreHidden says otherwise");
}

/* One of two groups says that it does not exist. */
static void one_group_hides(void) {
  anew();
  ignores = true;
  ignore_names = "READ";
  allows = "DIRS ALL";
  is_int(ftpd_limit_denies(&ftpd, &stat_rule, SFTP_EFF_TELL, true, "/f", &a),
    SFTP_EFF_TELL, "what one group hides");
  ok(a.ignored, "does not exist, whatever the other allows");
  ignore_names = NULL;
  allows = NULL;
  is_int(ftpd_limit_denies(&ftpd, &(struct sftp_rule) { { NULL }, 0, 0 },
    SFTP_EFF_LIST, true, "/f", &a), SFTP_EFF_LIST, "a listing");
  ok(a.ignored, "of a hidden directory");
}

static void several_effects(void) {
  static const struct sftp_rule rule = { { NULL }, SFTP_EFF_READ|SFTP_EFF_MODE|
    SFTP_EFF_TIME, 0 };

  anew();
  is_int(denied(&rule, "RETR MFMT", "SITE_CHMOD"), SFTP_EFF_READ|SFTP_EFF_TIME,
    "each effect has its answer");
  ok(strcmp(a.denied, "MFMT") == 0 && strcmp(a.allowed, "SITE_CHMOD") == 0 &&
    a.by_name, "the last names are known");
  is_int(denied(&rule, "WRITE RETR", NULL), rule.effects, "all");
  ok(a.by_name, "of which a name denied one");
  session.anon_config = pcalloc(p, sizeof(config_rec));
  (void) denied(&remove_rule, NULL, NULL);
  is_str(daemon_calls_of("limits"), "limits DELE /f anon; limits REMOVE /f "
    "anon; limits WRITE /f anon; limits ALL /f anon; ",
    "without a directory that of <Anonymous> counts");
}

/* ---- A path */

static int asked(const struct sftp_rule *rule, const char *path) {
  (void) daemon_calls();
  errno = EBADE;
  return ftpd_limit_ask(&ftpd, p, rule, rule->effects, path, &a);
}

static void directories_are_entered(void) {
  static const struct sftp_rule names = { { NULL }, SFTP_EFF_NAME, 0 };
  static const struct sftp_rule locks = { { NULL }, SFTP_EFF_LOCK, 0 };

  anew();
  is_int(asked(&remove_rule, "/d/f"), 0, "a path");
  is_str(daemon_calls(), "ftpaccess_read /d/f; clear_cache /d/f; "
    "dir_check DELE WRITE /d/f /d/f; limits DELE /d/f; limits REMOVE /d/f; "
    "limits WRITE /d/f; limits ALL /d/f; ", "is entered by the daemon");
  (void) asked(&stat_rule, "/f");
  is_str(daemon_calls_of("dir_check"), "dir_check STAT READ /f /f; ",
    "with the name of an effect");
  (void) asked(&names, "/f");
  is_str(daemon_calls_of("dir_check"), "dir_check STAT WRITE /f /f; ",
    "or that of STAT");
  (void) asked(&locks, "/f");
  is_str(daemon_calls_of("dir_check"), "dir_check LOCK WRITE /f /f; ",
    "the last effect has its own");
  is_int(asked(&(struct sftp_rule) { { NULL }, 0, 0 }, "/f"), 0, "nothing");
  is_str(daemon_calls(), "ftpaccess_read /f; clear_cache /f; "
    "dir_check LOCK WRITE /f /f; ", "is no question");
  denies = "DELE";
  ok(asked(&remove_rule, "/f") < 0 && errno == EACCES, "it may be denied");
  is_str(daemon_calls_of("dir_check"), "dir_check DELE WRITE /f /f; ",
    "which is not asked again");
}

static void umask_of_what_is_allowed(void) {
  anew();
  allows = "DELE";
  is_int(asked(&remove_rule, "/f"), 0, "the name that was passed");
  is_str(daemon_calls_of("dir_check"), "dir_check DELE WRITE /f /f; ",
    "has set the umask");
  allows = "REMOVE";
  is_int(asked(&remove_rule, "/f"), 0, "another one");
  is_str(daemon_calls_of("dir_check"), "dir_check DELE WRITE /f /f; "
    "dir_check REMOVE - /f /f; ", "sets it, too");
  allows = "SIZE";
  is_int(asked(&stat_rule, "/f"), 0, "one of the effect's");
  is_str(daemon_calls_of("dir_check"), "dir_check STAT READ /f /f; "
    "dir_check SIZE - /f /f; ", "as well");
}

static void set_all(bool allow, bool deny) {
  static unsigned char values[2];

  values[0] = allow ? TRUE : FALSE;
  values[1] = deny ? TRUE : FALSE;
  daemon_forget_config();
  daemon_set_param("AllowAll", &values[0]);
  daemon_set_param("DenyAll", &values[1]);
}

static void closed_directories(void) {
  static const struct sftp_rule make = { { NULL }, SFTP_EFF_MAKE, 0 };
  static const struct sftp_rule append = { { NULL }, SFTP_EFF_APPEND, 0 };
  static const struct sftp_rule name = { { NULL }, SFTP_EFF_NAME, 0 };
  static unsigned char on = TRUE;

  anew();
  set_all(false, true);
  ok(asked(&stat_rule, "/f") < 0 && errno == EACCES, "DenyAll");
  ok(strcmp(a.denied, "ALL") == 0 && a.effects == SFTP_EFF_TELL,
    "denies all");
  is_str(daemon_calls_of("look"), "", "whatever is there");
  is_int(asked(&make, "/f"), -1, "an existing file");
  is_str(daemon_calls_of("look"), "look /f; ", "that exists");
  daemon_fails("look", ENOENT);
  is_int(asked(&make, "/f"), 0, "but new files can be made");
  is_int(asked(&append, "/f"), 0, "or appended to");
  is_int(asked(&name, "/f"), 0, "or named");
  set_all(true, true);
  is_int(asked(&stat_rule, "/f"), 0, "AllowAll is stronger");
  set_all(false, false);
  is_int(asked(&stat_rule, "/f"), 0, "DenyAll may be off");
  daemon_forget_config();
  daemon_set_param("DenyAll", &on);
  ok(asked(&stat_rule, "/f") < 0, "without AllowAll");
  ok(explained[0] == '\0', "nobody asks why");
  ftpd.explains = true;
  (void) asked(&stat_rule, "/f");
  ok(strstr(explained, "DenyAll of the directory, outside of any <Limit>") !=
    NULL, "or hears it");
  memset(explained, 0, sizeof(explained));
  denies = "STAT";
  (void) asked(&stat_rule, "/f");
  ok(strstr(explained, "DenyAll") == NULL, "unless another rule decides");
}

static void below_hidden_directories(void) {
  static unsigned char on = TRUE;

  anew();
  ignores = true;
  hides = "/a";
  is_int(asked(&stat_rule, "/a/b/f"), 0, "without IgnoreHidden");
  is_str(daemon_calls_of("dir_check"), "dir_check STAT READ /a/b/f /a/b/f; ",
    "nobody looks for hidden directories");
  anew();
  ignores = true;
  hides = "/a/b";
  daemon_set_param("IgnoreHidden", &on);
  ok(asked(&stat_rule, "/a/b/f") < 0 && errno == ENOENT, "below one");
  ok(a.hidden && a.ignored && a.effects == SFTP_EFF_TELL,
    "nothing exists");
  is_str(daemon_calls_of("dir_check"), "dir_check STAT READ /a /a; "
    "dir_check STAT READ /a/b /a/b; ", "each directory is asked for");
  is_int(asked(&stat_rule, "/a/c"), 0, "elsewhere all does");
  hides = "/f";
  ok(asked(&stat_rule, "/f") < 0 && errno == ENOENT, "or at the path");
  ok(a.hidden && a.ignored, "itself");
  ignores = false;
  hides = "/a";
  is_int(asked(&stat_rule, "/a/f"), 0, "that is hidden, and not ignored");
  denies = "STAT";
  ok(asked(&stat_rule, "/a/f") < 0 && errno == EACCES,
    "it may be denied, which is another reason");
}

static void ignoring_is_known(void) {
  static unsigned char on = TRUE;

  anew();
  ok(!ftpd_limit_ignores(&ftpd), "IgnoreHidden is nowhere");
  daemon_set_param("IgnoreHidden", &on);
  ok(!ftpd_limit_ignores(&ftpd), "which is found out once");
  daemon_files.rules = NULL;
  ok(ftpd_limit_ignores(&ftpd), "it is somewhere");
  ok(ftpd_limit_ignores(&ftpd), "each time");
}

static void refusals(void) {
  static unsigned char on = TRUE;

  anew();
  op.req = FTPD_MKDIR;
  is_int(ftpd_limit(&op, &stat_rule, SFTP_EFF_TELL, "/f"), 0, "permitted");
  ok(daemon_refused == NULL, "no reason");
  denies = "STAT";
  fake_log_reset();
  ok(ftpd_limit(&op, &stat_rule, SFTP_EFF_TELL, "/f") < 0 && errno == EACCES,
    "denied");
  is_str(daemon_refused, "denied by <Limit STAT>", "by a rule");
  ok(fake_log_has("MKDIR of '/f' denied by <Limit STAT>"), "which is logged");
  daemon_refused = NULL;
  ignores = true;
  hides = "/f";
  fake_log_reset();
  ok(ftpd_limit(&op, &stat_rule, SFTP_EFF_TELL, "/f") < 0 && errno == ENOENT,
    "hidden");
  ok(daemon_refused == NULL, "nobody hears that");
  ok(fake_log_has("refused: hidden (IgnoreHidden)") &&
    !fake_log_has(" by Hide"), "but the log");
  daemon_set_param("HideUser", &on);
  fake_log_reset();
  (void) ftpd_limit(&op, &stat_rule, SFTP_EFF_TELL, "/f");
  ok(fake_log_has("hidden (IgnoreHidden) by HideUser"), "with the directive");
  daemon_set_param("HideFiles", &on);
  fake_log_reset();
  (void) ftpd_limit(&op, &stat_rule, SFTP_EFF_TELL, "/f");
  ok(fake_log_has("hidden (IgnoreHidden) by HideFiles"), "the first of them");
}

/* ---- Whoever asks why */

static void explanations(void) {
  anew();
  (void) denied(&remove_rule, "WRITE", NULL);
  is_str(explained, "", "nobody asks");
  ftpd.explains = true;
  (void) denied(&remove_rule, "WRITE", NULL);
  is_str(explained, "<Limit WRITE> in here denies what removes a name; ",
    "a rule that denies");
  memset(explained, 0, sizeof(explained));
  (void) denied(&remove_rule, NULL, "DELE");
  is_str(explained, "<Limit DELE> in here allows what removes a name; ",
    "or allows");
  memset(explained, 0, sizeof(explained));
  (void) denied(&remove_rule, NULL, NULL);
  is_str(explained, "no <Limit> is about what removes a name; ", "or none");
  ignores = true;
  (void) ftpd_limit_denies(&ftpd, &remove_rule, SFTP_EFF_UNNAME, true, "/f",
    &a);
  ok(a.ignored, "telling it changes no errno");
}

/* ---- Directories without rules */

static config_rec *add(xaset_t *set, int type, const char *name,
    const char *word, xaset_t *subset) {
  config_rec *c = pcalloc(p, sizeof(*c));

  c->config_type = type;
  c->name = (char *) name;
  c->argc = word != NULL ? 2 : 0;
  c->argv = pcalloc(p, 3 * sizeof(void *));
  c->argv[0] = "OTHER";
  c->argv[1] = (void *) word;
  c->subset = subset;
  c->next = (config_rec *) set->xas_list;
  set->xas_list = (xasetmember_t *) c;
  return c;
}

/* A permitted lookup of /d/f was made: whether another needs no question. */
static bool is_quiet(enum ftpd_request req) {
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  (void) daemon_calls();
  return ftpd_limit_quiet(&ftpd, req, "/d/g");
}

static bool quiet_with(int type, const char *name, const char *word,
    enum ftpd_request req) {
  anew();
  (void) add(&server_set, type, name, word, NULL);
  return is_quiet(req);
}

static void rules_of_the_configuration(void) {
  static const char *const params[] = { "AllowAll", "DenyAll", "HideFiles",
    "HideGroup", "HideNoAccess", "HideUser" };
  unsigned int i;

  anew();
  ok(is_quiet(FTPD_LSTAT), "no rule is anywhere");
  for (i = 0; i < SFTP_NELEMS(params); i++) {
    ok(!quiet_with(CONF_PARAM, params[i], NULL, FTPD_LSTAT), "%s is one",
      params[i]);
  }

  ok(quiet_with(CONF_PARAM, "Umask", NULL, FTPD_LSTAT), "others are none");
  ok(quiet_with(CONF_PARAM, NULL, NULL, FTPD_LSTAT), "nor are nameless ones");
  ok(quiet_with(CONF_DIR, "HideUser", NULL, FTPD_LSTAT),
    "nor directories of such a name");
  ok(!quiet_with(CONF_LIMIT, NULL, "all", FTPD_LSTAT), "<Limit ALL>");
  ok(!quiet_with(CONF_LIMIT, NULL, "mlst", FTPD_LSTAT), "<Limit MLST>");
  ok(!quiet_with(CONF_LIMIT, NULL, "Dirs", FTPD_LSTAT), "<Limit DIRS>");
  ok(!quiet_with(CONF_LIMIT, NULL, "READ", FTPD_LSTAT), "<Limit READ>");
  ok(quiet_with(CONF_LIMIT, NULL, "WRITE", FTPD_LSTAT), "<Limit WRITE> not");
  ok(quiet_with(CONF_LIMIT, NULL, "RETR", FTPD_LSTAT), "<Limit RETR> not");
  ok(!quiet_with(CONF_LIMIT, NULL, "Readlink", FTPD_READLINK),
    "a request's own name");
  ok(quiet_with(CONF_LIMIT, NULL, "Readlink", FTPD_LSTAT), "is its own");
  ok(!quiet_with(CONF_LIMIT, NULL, "READ", FTPD_READLINK),
    "the group of its effect");
  ok(quiet_with(CONF_LIMIT, NULL, "DIRS", FTPD_READLINK), "and no other");
}

static void rules_in_sections(void) {
  xaset_t inner, deep;

  anew();
  memset(&inner, 0, sizeof(inner));
  memset(&deep, 0, sizeof(deep));
  (void) add(&server_set, CONF_PARAM, "Umask", NULL, NULL);
  (void) add(&server_set, CONF_DIR, "/x", NULL, &inner);
  (void) add(&server_set, CONF_PARAM, "Umask", NULL, NULL);
  ok(is_quiet(FTPD_LSTAT), "sections without rules");
  (void) add(&inner, CONF_DIR, "/x/y", NULL, &deep);
  (void) add(&deep, CONF_LIMIT, NULL, "STAT", NULL);
  daemon_files.rules = NULL;
  ok(!is_quiet(FTPD_LSTAT), "one deep below");
  anew();
  memset(&inner, 0, sizeof(inner));
  (void) add(&server_set, CONF_LIMIT, NULL, "STOR", &inner);
  (void) add(&inner, CONF_PARAM, "DenyAll", NULL, NULL);
  ok(is_quiet(FTPD_LSTAT), "what is in another <Limit> is none");
  anew();
  session.anon_config = pcalloc(p, sizeof(config_rec));
  ok(!is_quiet(FTPD_LSTAT), "<Anonymous> has rules");
  anew();
  main_server->conf = NULL;
  ok(is_quiet(FTPD_LSTAT), "a server without a configuration");
  main_server->conf = &server_set;
  (void) add(&server_set, CONF_LIMIT, NULL, "STAT", NULL);
  ok(is_quiet(FTPD_LSTAT), "it is looked through once");
  daemon_files.rules = NULL;
  ok(!is_quiet(FTPD_LSTAT), "then it has a rule");
  memset(&server_set, 0, sizeof(server_set));
  ok(!is_quiet(FTPD_LSTAT), "and is not looked through again");
}

static void lookups_that_need_no_question(void) {
  anew();
  ok(!is_quiet(FTPD_MKDIR), "only those that look");
  ok(is_quiet(FTPD_LSTAT), "in a directory that was asked about");
  is_str(daemon_calls(), "lstat_keep /d/g; stands_at '/d'; ",
    "in which the process is");
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/e/g"), "not in another");
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/e/g"), "or below");
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d"), "or above");
  now_ms += 999;
  ok(ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "for a second");
  now_ms += 1;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "not longer");
  anew();
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "not before it is known");
  (void) is_quiet(FTPD_LSTAT);
  daemon_fails("lstat_keep", ENOENT);
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "what does not exist");
  anew();
  looked.st_mode = S_IFDIR;
  ok(!is_quiet(FTPD_LSTAT), "a directory has its own rules");
  anew();
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  here.ino = 5;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "a directory that moved");
  here.ino = 4;
  here.dev = 5;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "to another device");
  here.dev = 3;
  is_here = false;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "or that was left");
  ok(ftpd_coarse_ms() == now_ms, "in that second");
}

static void links_lead_elsewhere(void) {
  anew();
  looked.st_mode = S_IFLNK;
  ok(is_quiet(FTPD_LSTAT), "a link itself");
  ok(!is_quiet(FTPD_STAT), "not what it leads to");
  links_are_shown = false;
  ok(!is_quiet(FTPD_LSTAT), "or if links are not shown");
  looked.st_mode = S_IFREG;
  ok(is_quiet(FTPD_STAT), "a file is what it is");
}

static void directories_that_are_listed(void) {
  anew();
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "a directory");
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/e"), "not another");
  now_ms += 1000;
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "for a second");
  ftpd_limit_learn(&ftpd, "/f", -1);
  ok(ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/"), "the root");
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "is another");
  anew();
  (void) add(&server_set, CONF_LIMIT, NULL, "STAT", NULL);
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "not with rules");
}

/* ---- What is remembered */

static void places_of_directories(void) {
  int fd = open("/", O_RDONLY);
  struct stat st;

  anew();
  is_here = false;
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"),
    "a directory that the process is not in is not known");
  (void) fstat(fd, &st);
  here.dev = st.st_dev;
  here.ino = st.st_ino;
  is_here = true;
  (void) daemon_calls();
  ftpd_limit_learn(&ftpd, "/d/f", fd);
  is_str(daemon_calls_of("stands_at"), "", "that of a listing is");
  ok(ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "by its descriptor");
  here.ino++;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "and no other");
  anew();
  (void) close(fd);
  ftpd_limit_learn(&ftpd, "/d/f", fd);
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "not one that is closed");
  anew();
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, lstat));
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  is_here = false;
  ok(ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "a module's has no place");
  anew();
  daemon_fails("fs_member", (int) offsetof(pr_fs_t, lstat));
  daemon_fails("vroot_serves", 0);
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  is_here = false;
  ok(!ftpd_limit_quiet(&ftpd, FTPD_LSTAT, "/d/g"), "but mod_vroot's has");
}

static void long_paths(void) {
  char *path = pcalloc(p, PR_TUNABLE_PATH_MAX + 10);
  int fd;

  anew();
  memset(path, 'd', PR_TUNABLE_PATH_MAX + 2);
  path[0] = '/';
  path[PR_TUNABLE_PATH_MAX] = '/';
  ftpd_limit_learn(&ftpd, path, -1);
  path[PR_TUNABLE_PATH_MAX] = '\0';
  ok(ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, path), "the longest directory");
  path[PR_TUNABLE_PATH_MAX] = 'd';
  path[PR_TUNABLE_PATH_MAX + 1] = '/';
  anew();
  ftpd_limit_learn(&ftpd, path, -1);
  path[PR_TUNABLE_PATH_MAX + 1] = '\0';
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, path), "a longer one");
  is_str(daemon_calls_of("stands_at"), "", "is not looked for");
  path[PR_TUNABLE_PATH_MAX + 1] = '/';
  anew();
  fd = open("/", O_RDONLY);
  ftpd_limit_learn(&ftpd, path, fd);
  (void) close(fd);
  path[PR_TUNABLE_PATH_MAX + 1] = '\0';
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, path), "even if it is open");
}

static void ftpaccess_ends_the_shortcut(void) {
  xaset_t set, outer;
  config_rec dir, parent, *c;

  anew();
  memset(&set, 0, sizeof(set));
  memset(&outer, 0, sizeof(outer));
  memset(&dir, 0, sizeof(dir));
  memset(&parent, 0, sizeof(parent));
  dir.parent = &parent;
  dir.subset = &set;
  parent.subset = &outer;
  (void) add(&set, CONF_PARAM, "Umask", NULL, NULL);
  c = add(&outer, CONF_PARAM, "Umask", NULL, NULL);
  (void) add(&outer, CONF_PARAM, "Umask", NULL, NULL);
  session.dir_config = &dir;
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "sections");
  anew();
  session.dir_config = &dir;
  c->flags = CF_DYNAMIC;
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(!ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "a .ftpaccess above");
  c->flags = 0;
  dir.subset = NULL;
  anew();
  session.dir_config = &dir;
  ftpd_limit_learn(&ftpd, "/d/f", -1);
  ok(ftpd_limit_quiet_dir(&ftpd, FTPD_LSTAT, "/d"), "an empty section");
  session.dir_config = NULL;
}

int main(void) {
  p = make_sub_pool(NULL);
  session.pool = ftpd.pool = op.pool = p;
  main_server = &server;
  names_come_first();
  rules_full_of_names();
  names_that_only_deny();
  names_of_the_effect();
  two_groups_have_to_agree();
  hidden_paths_do_not_exist();
  one_group_hides();
  several_effects();
  directories_are_entered();
  umask_of_what_is_allowed();
  closed_directories();
  below_hidden_directories();
  ignoring_is_known();
  refusals();
  explanations();
  rules_of_the_configuration();
  rules_in_sections();
  lookups_that_need_no_question();
  links_lead_elsewhere();
  directories_that_are_listed();
  places_of_directories();
  long_paths();
  ftpaccess_ends_the_shortcut();
  destroy_pool(p);
  return done_testing();
}
