/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-login-t.c -- logins: who may, what each failure leaves, and where the
 * session begins.
 */

#include "daemon.h"

#include "ftpd-abi.h"
#include "ftpd-accounts.h"
#include "ftpd-anon.h"
#include "ftpd-checker.h"
#include "ftpd-clock.h"
#include "ftpd-cmd.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-event.h"
#include "ftpd-explain.h"
#include "ftpd-home.h"
#include "ftpd-live.h"
#include "ftpd-login.h"
#include "ftpd-privs.h"
#include "ftpd-record.h"
#include "ftpd-seen.h"
#include "ftpd-tally.h"
#include "ftpd-transfer.h"
#include "ftpd-user.h"
#include "mkhome.h"
#include "tap.h"

#include "../fake/ftpd-log.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

module sftp_module;
int (*ftpd_hook_login)(pool *p, const char *user);

static pool *p;
static xaset_t conf, anon_conf;
static server_rec server = { .conf = &conf };
static struct ftpd_login state;
static struct ftpd ftpd = { .login = &state, .server = &server };
static char top[] = "/tmp/mod_sftp-XXXXXX";

/* What the world is like: each test changes some of it. */
static struct {
  bool no_entry, no_dir, bad_shell, banned, denied, anon_denied, late_denied,
    anon_found, no_groups, no_home, no_accounts, no_chroot, stays, rootless,
    keeps_root, no_realpath, fails_dirs, chdir_fails, keyed_out;
  int groups_errno;             /* of set_groups(), or 0 */
  uid_t uid;
  config_rec *anon;
} world;

/* What happened, each a word. */
static char seen[2000];

static void saw(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void saw(const char *fmt, ...) {
  size_t n = strlen(seen);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(seen + n, sizeof(seen) - n, fmt, ap);
  va_end(ap);
  n = strlen(seen);
  snprintf(seen + n, sizeof(seen) - n, ";");
}

static bool happened(const char *what) {
  return strstr(seen, pstrcat(p, what, ";", NULL)) != NULL;
}

/* ---- Of the daemon */

static unsigned int depth;      /* of rights that were not given back */
static gid_t egid;
static bool other_group;

int pr_privs_root(const char *file, int line) {
  (void) file;
  (void) line;
  depth++;
  return 0;
}

int pr_privs_user(const char *file, int line) {
  return pr_privs_root(file, line);
}

int pr_privs_relinquish(const char *file, int line) {
  (void) file;
  (void) line;
  depth--;
  errno = EXDEV;                /* whoever needs errno keeps it */
  return 0;
}

int pr_privs_setup(uid_t uid, gid_t gid, const char *file, int line) {
  (void) file;
  (void) line;
  depth = 0;
  egid = gid;
  saw("setup %lu:%lu", (unsigned long) uid, (unsigned long) gid);
  return 0;
}

int pr_privs_revoke(const char *file, int line) {
  (void) file;
  (void) line;
  depth = 0;
  saw("revoke");
  return 0;
}

static unsigned int blocked;

void pr_signals_block(void) {
  blocked++;
}

void pr_signals_unblock(void) {
  blocked--;
}

void pr_signals_handle(void) {
}

uid_t geteuid(void) {
  return world.stays ? 1 : world.uid;
}

gid_t getegid(void) {
  return other_group ? 1 : egid;
}

void pr_event_generate(const char *event, const void *data) {
  (void) data;
  saw("%s", event);
}

int pr_auth_is_valid_shell(xaset_t *in, const char *shell) {
  (void) in;
  (void) shell;
  return world.bad_shell ? FALSE : TRUE;
}

int pr_auth_banned_by_ftpusers(xaset_t *in, const char *user) {
  (void) in;
  (void) user;
  return world.banned ? TRUE : FALSE;
}

static unsigned int nlimits;

int login_check_limits(xaset_t *in, int recurse, int and, int *found) {
  (void) recurse;
  (void) and;
  nlimits++;
  if (in == &anon_conf) {
    *found = world.anon_found;
    return !world.anon_denied && !(world.late_denied && nlimits > 2);
  }

  return !world.denied && !(world.late_denied && nlimits > 1);
}

int pr_auth_getgroups(pool *in, const char *name, array_header **gids,
    array_header **names) {
  (void) name;
  if (world.no_groups) {
    return -1;
  }

  *gids = make_array(in, 1, sizeof(gid_t));
  *names = make_array(in, 1, sizeof(char *));
  *((gid_t *) push_array(*gids)) = 77;
  *((char **) push_array(*names)) = "more";
  return 1;
}

const char *pr_auth_gid2name(pool *in, gid_t gid) {
  (void) in;
  (void) gid;
  return "users";
}

struct group *pr_auth_getgrnam(pool *in, const char *name) {
  static struct group gr = { .gr_gid = 99 };

  (void) in;
  gr.gr_name = (char *) name;
  return strcmp(name, "nogroup-here") == 0 ? NULL : &gr;
}

config_rec *pr_auth_get_anon_config(pool *in, const char **user,
    char **real, char **anon_user) {
  (void) in;
  (void) anon_user;
  if (strcmp(*user, "unknown") == 0) {
    *user = NULL;
    return NULL;
  }

  *real = "ftp";
  *user = strcmp(*user, "anonymous") == 0 ? "ftp" : *user;
  return world.anon;
}

/* %u alone. */
const char *path_subst_uservar(pool *in, const char **path) {
  const char *at = strstr(*path, "%u");

  return at == NULL || session.user == NULL ? pstrdup(in, *path) : pstrcat(in,
    pstrndup(in, *path, (size_t) (at - *path)), session.user, at + 2, NULL);
}

const char *pr_session_get_ttyname(pool *in) {
  (void) in;
  return "ftp1";
}

int log_wtmp(const char *tty, const char *user, const char *host,
    const pr_netaddr_t *addr) {
  (void) tty;
  (void) user;
  (void) host;
  (void) addr;
  saw("wtmp");
  return 0;
}

int log_lastlog(uid_t uid, const char *user, const char *tty,
    const pr_netaddr_t *addr) {
  (void) uid;
  (void) user;
  (void) tty;
  (void) addr;
  saw("lastlog");
  return 0;
}

int xferlog_open(const char *path) {
  saw("xferlog %s", path != NULL ? path : "none");
  return 0;
}

int set_groups(pool *in, gid_t gid, array_header *gids) {
  (void) in;
  saw("groups %lu,%lu", (unsigned long) gid,
    (unsigned long) ((gid_t *) gids->elts)[0]);
  errno = world.groups_errno;
  return world.groups_errno != 0 ? -1 : 0;
}

int pr_auth_chroot(const char *path) {
  saw("chroot %s", path);
  return world.no_chroot ? -1 : 0;
}

static const char *cwd;

int pr_fsio_chdir_canon(const char *path, int hide) {
  saw("chdir%s %s", hide ? " hidden" : "", path);
  if (world.chdir_fails || strstr(path, "absent") != NULL) {
    errno = ENOENT;
    return -1;
  }

  cwd = pstrdup(p, path);
  return 0;
}

const char *pr_fs_getcwd(void) {
  return cwd;
}

const char *pr_fs_getvwd(void) {
  return cwd;
}

void kludge_disable_umask(void) {
  saw("umask is free");
}

int dir_check_full(pool *in, cmd_rec *cmd, const char *group,
    const char *path, int *hidden) {
  (void) in;
  (void) cmd;
  (void) group;
  (void) path;
  (void) hidden;
  return 1;
}

int pr_fs_clear_cache2(const char *path) {
  (void) path;
  return 0;
}

int pr_fsio_stat(const char *path, struct stat *st) {
  (void) st;
  return strcmp(path, "/home/alice") == 0 ? 0 : -1;
}

int pr_fsio_lstat(const char *path, struct stat *st) {
  return lstat(path, st);
}

void build_dyn_config(pool *in, const char *path, struct stat *st,
    unsigned char recurse) {
  (void) in;
  (void) st;
  (void) recurse;
  saw("ftpaccess %s", path);
}

int pr_session_set_idle(void) {
  return 0;
}

void pr_resolve_fs_map(void) {
}

int pr_trace_get_level(const char *channel) {
  (void) channel;
  return 0;
}

int pr_trace_msg(const char *channel, int level, const char *fmt, ...) {
  (void) channel;
  (void) level;
  (void) fmt;
  return 0;
}

void resolve_deferred_dirs(server_rec *s) {
  (void) s;
}

void fixup_dirs(server_rec *s, int flags) {
  (void) s;
  (void) flags;
}

void resolve_anonymous_dirs(xaset_t *in) {
  saw("anonymous dirs %d", in == &anon_conf);
}

void pr_response_add(const char *code, const char *fmt, ...) {
  (void) fmt;
  saw("%s", code);
}

char *dir_realpath(pool *in, const char *path) {
  char real[PATH_MAX];

  if (world.no_realpath) {
    errno = ENOENT;
    return NULL;
  }

  if (strncmp(path, "/tmp/", 5) != 0) {
    return pstrdup(in, path);
  }

  return realpath(path, real) != NULL ? pstrdup(in, real) : NULL;
}

int create_home(pool *in, const char *path, const char *user, uid_t uid,
    gid_t gid) {
  (void) in;
  (void) user;
  (void) uid;
  (void) gid;
  saw("home %s", path);
  errno = EROFS;
  return world.no_home ? -1 : 0;
}

int pr_expr_eval_group_and(char **words) {
  return strcmp(*words, "mine") == 0;
}

int pr_fs_interpolate(const char *path, char *to, size_t n) {
  return snprintf(to, n, "%s", path) > 0 && *path != '~' ? 0 : -1;
}

array_header *copy_array_str(pool *in, const array_header *a) {
  return copy_array(in, a);
}

/* ---- Of the other files of ftpd/ */

struct ftpd *ftpd_current(void) {
  return &ftpd;
}

struct passwd *ftpd_auth_entry(struct ftpd *h) {
  static struct passwd pw;

  (void) h;
  memset(&pw, 0, sizeof(pw));
  pw.pw_name = "alice";
  pw.pw_uid = world.uid;
  pw.pw_gid = 44;
  pw.pw_dir = world.no_dir ? "" : pstrdup(p, "/home/%u");
  pw.pw_shell = "/bin/sh";
  return world.no_entry ? NULL : &pw;
}

void ftpd_auth_forget_entry(struct ftpd *h) {
  (void) h;
}

const char *ftpd_auth_name(struct ftpd *h) {
  return h->user;
}

void ftpd_auth_no_user(struct ftpd *h) {
  (void) h;
  saw("no user");
}

int ftpd_accounts_keep(pool *in) {
  (void) in;
  saw("accounts");
  return world.no_accounts ? -1 : 0;
}

bool ftpd_privs_rootless(void) {
  return world.rootless;
}

bool ftpd_privs_keep_root(void) {
  return world.keeps_root;
}

void ftpd_privs_settle(void) {
  saw("settle");
}

void ftpd_checker_begin(void) {
  saw("checker");
}

void ftpd_confine_begin(void) {
  saw("confine begins");
}

void ftpd_confine(void) {
  saw("confined");
}

void ftpd_score_login(void) {
  saw("score");
}

void ftpd_clock_check(void) {
}

void ftpd_event_log_first(void) {
}

void ftpd_tally_login(const char *method, enum tally_outcome outcome) {
  saw("tally %s %d", method, outcome == TALLY_OK);
}

void ftpd_seen_proof(const struct ftpd *h, const char *method) {
  (void) h;
  (void) method;
}

void ftpd_seen_login(const struct ftpd *h) {
  (void) h;
}

void ftpd_live_changed(struct ftpd *h) {
  (void) h;
}

void ftpd_deadline_end(void) {
}

void ftpd_cmd_end(cmd_rec *cmd, unsigned int parts, bool good) {
  saw("%s ends %d %u", (char *) cmd->argv[0], good, parts);
}

void ftpd_record_login(struct ftpd *h, const char *method, const char *end) {
  (void) h;
  saw("record %s %s", method, end);
}

const struct sftp_settings *ftpd_conf_late(struct ftpd *h) {
  return h->set;
}

void ftpd_explain(const char *fmt, ...) {
  char text[200];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  saw("says %s", text);
}

const char *ftpd_place_of(pool *in, const config_rec *c) {
  (void) in;
  (void) c;
  return "";
}

/* ---- The tests */

static unsigned char yes = TRUE, no = FALSE;

static void begin(void) {
  memset(&world, 0, sizeof(world));
  memset(&session, 0, sizeof(session));
  memset(&state, 0, sizeof(state));
  daemon_forget_config();
  daemon_set = NULL;
  daemon_client("198.51.100.7", "client");
  session.pool = p;
  session.login_uid = 7;
  session.login_gid = 8;
  session.notes = pr_table_alloc(p, 0);
  main_server = &server;
  world.uid = 4711;
  ftpd.user = "alice";
  ftpd.explains = false;
  ftpd.start_dir = NULL;
  ftpd.forced_umask = -1;
  state.given = "alice";
  state.method = "password";
  ftpd_hook_login = NULL;
  other_group = false;
  seen[0] = '\0';
  nlimits = 0;
  fake_log_reset();
}

static void set_in(xaset_t *in, const char *name, void *value) {
  config_rec *c;

  daemon_set = in;
  c = daemon_add_words(name, (const char *const[]) { "x", NULL });
  c->argv[0] = value;
  daemon_set = NULL;
}

static void is_denied(const char *why) {
  is_int(ftpd_login(&ftpd, p), FTPD_LOGIN_DENIED, "%s: denied", why);
  ok(session.user == NULL && session.group == NULL && session.gids == NULL &&
    session.groups == NULL && session.login_uid == 7 &&
    session.login_gid == 8 && session.cwd[0] == '\0' &&
    session.anon_config == NULL && !happened("groups 44,77") && depth == 0,
    "... as if nothing had happened");
}

static void is_broken(const char *why) {
  is_int(ftpd_login(&ftpd, p), FTPD_LOGIN_BROKEN, "%s: the end", why);
  ok(!happened("score"), "... without a login");
}

static void is_in(const char *dir) {
  is_int(ftpd_login(&ftpd, p), FTPD_LOGIN_OK, "a login");
  is_str(session.cwd, dir, "... in %s", dir);
  ok(blocked == 0, "... with its signals");
}

static void users_log_in(void) {
  begin();
  is_in("/home/alice");
  is_str(seen, "home /home/alice;wtmp;xferlog " PR_XFERLOG_PATH ";"
    "mod_auth.authentication-code;groups 44,77;checker;confine begins;accounts;"
    "setup 4711:44;revoke;chdir /home/alice;ftpaccess /home/alice;score;",
    "all steps in their order");
  is_str(session.user, "alice", "a user");
  is_str(session.group, "users", "a group");
  ok(session.login_uid == 4711 && session.login_gid == 44 &&
    session.gids->nelts == 1 && session.disable_id_switching &&
    session.hide_password && session.wtmp_log && session.sf_flags == 0 &&
    strcmp(session.vwd, "/home/alice") == 0, "an identity");
  is_int(fake_auth_log_level, PR_LOG_INFO, "a line in the log");
}

static int denies(pool *in, const char *user) {
  (void) in;
  (void) user;
  return -1;
}

static int grants(pool *in, const char *user) {
  (void) in;
  return strcmp(user, "alice");
}

static void other_modules_log_users_in(void) {
  begin();
  ftpd_hook_login = denies;
  is_int(ftpd_login(&ftpd, p), FTPD_LOGIN_DENIED, "another module denies");
  ftpd_hook_login = grants;
  is_int(ftpd_login(&ftpd, p), FTPD_LOGIN_OK, "it logs in");
  is_str(seen, "", "nothing else happens");
}

static void accounts_may_be_refused(void) {
  begin();
  world.no_entry = true;
  is_denied("no account");
  ok(happened("no user"), "which others are told");
  begin();
  world.bad_shell = true;
  is_denied("its shell");
  ok(strstr(fake_auth_log_last, "Invalid shell") != NULL, "... in the log");
  begin();
  world.banned = true;
  is_denied("/etc/ftpusers");
  begin();
  world.denied = true;
  is_denied("a limit");
  begin();
  world.late_denied = true;
  is_denied("a limit of its directory");
  begin();
  world.no_dir = true;
  is_denied("no home directory");
  begin();
  world.no_realpath = true;
  is_denied("its directory is missing");
  begin();
  world.no_home = true;
  is_denied("CreateHome fails");
  ok(fake_log_has("unable to create home '/home/alice' of user 'alice': "
    "Read-only"), "... in the log");
}

static void root_needs_a_directive(void) {
  begin();
  world.uid = 0;
  is_denied("root");
  ok(happened("mod_auth.root-login") && strstr(fake_auth_log_last,
    "SECURITY VIOLATION") != NULL, "... is told");
  begin();
  world.uid = 0;
  daemon_set_param("RootLogin", &no);
  is_denied("RootLogin off");
  begin();
  world.uid = 0;
  daemon_set_param("RootLogin", &yes);
  is_in("/home/alice");
  ok(strstr(fake_auth_log_last, "ROOT SFTP login") != NULL, "... in the log");
  begin();
  is_in("/home/alice");
  ok(!happened("mod_auth.root-login"), "others are not root");
}

static void groups_are_never_none(void) {
  begin();
  world.no_groups = true;
  is_in("/home/alice");
  ok(happened("groups 44,44"), "the primary group");
  ok(session.groups->nelts == 1 && strcmp(((char **) session.groups->elts)[0],
    "users") == 0, "... and its name");
  begin();
  world.groups_errno = EPERM;
  is_broken("groups that cannot be set");
  ok(fake_log_has(strerror(EPERM)), "... say why");
  begin();
  world.groups_errno = ENOSYS;
  is_in("/home/alice");
}

static void logs_are_opened_by_root(void) {
  begin();
  set_in(&conf, "WtmpLog", &no);
  set_in(&conf, "UseLastlog", &yes);
  set_in(&conf, "TransferLog", "/log");
  is_in("/home/alice");
  ok(!happened("wtmp") && happened("lastlog") && happened("xferlog /log") &&
    !session.wtmp_log, "as the configuration has them");
  begin();
  set_in(&conf, "WtmpLog", &yes);
  set_in(&conf, "UseLastlog", &no);
  set_in(&conf, "TransferLog", "NONE");
  is_in("/home/alice");
  ok(happened("wtmp") && !happened("lastlog") && happened("xferlog none"),
    "or not");
}

static void explaining_leaves_no_trace(void) {
  begin();
  ftpd.explains = true;
  is_in("/home/alice");
  ok(!happened("wtmp") && !happened("xferlog " PR_XFERLOG_PATH) &&
    !happened("home /home/alice") && !happened("checker") &&
    !happened("confine begins") && happened("groups 44,77"),
    "no log, no directory, no program");
}

static void root_is_dropped(void) {
  begin();
  world.rootless = true;
  is_in("/home/alice");
  ok(!happened("setup 4711:44") && session.disable_id_switching,
    "there is none to drop");
  begin();
  world.keeps_root = true;
  is_in("/home/alice");
  ok(happened("setup 4711:44") && !happened("revoke") &&
    !session.disable_id_switching, "or it is kept");
  begin();
  world.stays = true;
  is_broken("a process that is still root");
  begin();
  other_group = true;
  is_broken("... or in its group");
}

/* ---- Directories */

static config_rec *add_dir(const char *name, const char *dir,
    const char *group) {
  const char *const words[] = { dir, group, NULL };

  return daemon_add_words(name, words);
}

static const char *below(const char *name) {
  return pstrcat(p, top, name, NULL);
}

static void roots_are_entered(void) {
  begin();
  (void) add_dir("DefaultRoot", below("/%u"), NULL);
  world.chdir_fails = true;
  is_broken("no directory");
  ok(happened(pstrcat(p, "chroot ", below("/alice"), NULL)) &&
    happened("chdir /home/alice") && happened("chdir /"),
    "a chroot, and its top");
  begin();
  (void) add_dir("DefaultRoot", "/home", NULL);
  is_in("/alice");
  begin();
  (void) add_dir("DefaultRoot", "/home/alice", NULL);
  is_in("/");
  begin();
  (void) add_dir("DefaultRoot", "/home/al", NULL);
  is_in("/home/alice");
  begin();
  (void) add_dir("DefaultRoot", "/", NULL);
  is_in("/home/alice");
  ok(strstr(seen, "chroot") == NULL, "/ is no chroot");
  begin();
  (void) add_dir("DefaultRoot", below("/up/.."), NULL);
  (void) add_dir("DefaultRoot", "/never", NULL);
  is_in("/home/alice");
  ok(happened(pstrcat(p, "chroot ", top, NULL)), "the first one applies");
  begin();
  (void) add_dir("DefaultRoot", "/never", "others");
  (void) add_dir("DefaultRoot", "/home", "mine");
  is_in("/alice");
  begin();
  (void) add_dir("DefaultRoot", "/home", NULL);
  world.no_chroot = true;
  is_broken("no chroot");
  ok(fake_log_has("unable to set DefaultRoot directory") &&
    !fake_log_has("mod_vroot"), "... is logged");
  begin();
  (void) add_dir("DefaultRoot", "/home", NULL);
  world.no_chroot = world.rootless = true;
  is_broken("no chroot without root");
  ok(fake_log_has("needs mod_vroot"), "... has a way out");
  begin();
  world.no_accounts = true;
  is_broken("names that cannot be looked up");
}

static void missing_roots_are_refused(void) {
  const char *real;

  begin();
  (void) add_dir("DefaultRoot", below("/absent"), NULL);
  is_denied("a root that is missing");
  begin();
  (void) add_dir("DefaultRoot", below("/loop"), NULL);
  is_broken("a root that nobody can resolve");
  ok(ftpd_home_resolve(p, below("/loop"), &real) < 0 && errno == ELOOP &&
    strstr(daemon_message, "unable to use root directory") != NULL &&
    strstr(daemon_message, strerror(ELOOP)) != NULL, "... is logged");
}

static void links_to_roots_may_be_refused(void) {
  static int off = FALSE, on = TRUE;
  const char *real;

  begin();
  is_int(ftpd_home_resolve(p, below("/link"), &real), 0, "links may be roots");
  is_str(real, below("/alice"), "and are resolved");
  daemon_set_param("AllowChrootSymlinks", &on);
  is_int(ftpd_home_resolve(p, below("/link"), &real), 0, "... if allowed");
  daemon_set_param("AllowChrootSymlinks", &off);
  ok(ftpd_home_resolve(p, below("/link"), &real) < 0 && errno == EPERM,
    "or may not");
  ok(strstr(daemon_message, "denied by AllowChrootSymlinks") != NULL,
    "... which is logged");
  ok(ftpd_home_resolve(p, below("/link///"), &real) < 0 && errno == EPERM,
    "nor with slashes behind");
  ok(ftpd_home_resolve(p, below("/link/sub"), &real) < 0 && errno == EPERM,
    "nor above a root");
  ok(ftpd_home_resolve(p, below("/link//sub"), &real) < 0 && errno == EPERM,
    "... with more slashes");
  ok(ftpd_home_resolve(p, below("/absent"), &real) < 0 && errno == ENOENT,
    "what is missing is no link");
  ok(strstr(daemon_message, strerror(ENOENT)) != NULL, "... which is logged");
  is_int(ftpd_home_resolve(p, below("/alice//"), &real), 0, "others may");
  ok(ftpd_home_resolve(p, "~", &real) < 0, "but not an unknown home");
  is_int(ftpd_home_resolve(p, "/", &real), 0, "the top is no link");
  is_int(depth, 0, "rights are given back");
}

static void first_directories_are_chosen(void) {
  begin();
  (void) add_dir("DefaultChdir", "sub/%u", NULL);
  is_in("/home/alice/sub/alice");
  begin();
  (void) add_dir("DefaultChdir", "/var", NULL);
  is_in("/var");
  begin();
  (void) add_dir("DefaultChdir", "~/x", NULL);
  is_in("~/x");
  begin();
  (void) add_dir("DefaultChdir", "/absent", NULL);
  is_in("/home/alice");
  ok(happened("chdir /absent") && happened("chdir /home/alice"),
    "or the home, if that is missing");
  begin();
  world.chdir_fails = true;
  is_broken("no home");
  ok(!happened("chdir /"), "... is not replaced");
  ok(strstr(daemon_message, "chdir(\"/home/alice\") failed: No such") != NULL,
    "... and is logged");
  begin();
  session.chroot_path = "/";
  world.chdir_fails = true;
  is_broken("the same in a root of another module");
  ok(happened("chdir /"), "... which has a top");
  begin();
  daemon_set_param("ShowSymlinks", &no);
  is_in("/home/alice");
  ok(happened("chdir hidden /home/alice"), "links are hidden");
  begin();
  daemon_set_param("ShowSymlinks", &yes);
  is_in("/home/alice");
  ok(happened("chdir /home/alice"), "or not");
}

static void keys_restrict_sessions(void) {
  mode_t before = umask(022);

  begin();
  ftpd.forced_umask = 0;
  is_in("/home/alice");
  ok(happened("umask is free") && umask(022) == 0, "a umask");
  begin();
  (void) umask(022);
  is_in("/home/alice");
  ok(!happened("umask is free") && umask(before) == 022, "or none");
  begin();
  ftpd.start_dir = "up/%u";
  is_in("/home/alice/up/alice");
  begin();
  ftpd.start_dir = "/var/%u";
  is_in("/var/alice");
  is_str(session.vwd, "/var/alice", "for all names of it");
  begin();
  ftpd.start_dir = "%d/%%";
  is_in("/home/alice/%");
  begin();
  ftpd.start_dir = "/absent";
  is_in("/home/alice");
  begin();
  ftpd.start_dir = "/var";
  ftpd.user = "../x";
  is_in("/home/alice");
}

static void names_do_not_climb(void) {
  static const struct { const char *user; bool good; } row[] = {
    { "alice", true }, { "..", false }, { "../x", false }, { "x/..", false },
    { "x/../y", false }, { "...", true }, { "x/...", true }, { ".", true },
    { ".x", true }, { "x.", true }, { "x/.x/y", true }, { "", true } };
  size_t i;

  begin();
  for (i = 0; i < SFTP_NELEMS(row); i++) {
    ftpd.user = row[i].user;
    errno = 0;
    ok((ftpd_subst_user(&ftpd, p, "/k/%u") != NULL) == row[i].good &&
      (row[i].good || errno == EPERM), "'%s' %s", row[i].user, row[i].good ?
      "is a name" : "climbs");
    ok(ftpd_subst_user(&ftpd, p, "/k") != NULL, "... if it is asked for");
  }

  ftpd.user = "bob";
  session.user = "alice";
  is_str(ftpd_subst_user(&ftpd, p, "/k/%u"), "/k/bob", "of who asks");
  is_str(session.user, "alice", "nobody else has changed");
}

static void directories_are_explained(void) {
  begin();
  (void) add_dir("DefaultChdir", "/var", NULL);
  is_in("/var");
  ok(!happened("says DefaultChdir '/var'"), "not to everybody");
  begin();
  ftpd.explains = true;
  (void) add_dir("DefaultChdir", "/var", NULL);
  is_in("/var");
  ok(happened("says DefaultChdir '/var'"), "but to who asks");
}

/* ---- <Anonymous> */

static config_rec anon = { .subset = &anon_conf };

static void begin_anon(void) {
  begin();
  anon.name = pstrdup(p, below("/pub"));
  state.anon = world.anon = &anon;
  state.given = "anonymous";
  ftpd.user = "ftp";
}

static void anonymous_users_log_in(void) {
  begin_anon();
  set_in(&anon_conf, "TransferLog", "/anon");
  set_in(&conf, "TransferLog", "/log");
  is_in("/");
  ok(happened(pstrcat(p, "chroot ", below("/pub"), NULL)) &&
    happened("anonymous dirs 1") && happened("xferlog /anon") &&
    strstr(seen, "home ") == NULL, "in its directory");
  ok(session.sf_flags == SF_ANON && session.anon_config == &anon &&
    strcmp(session.anon_user, "anonymous") == 0 &&
    strcmp(session.proc_prefix, "client: anonymous") == 0 &&
    session.hide_password, "by the name that was given");
  ok(pr_table_get(session.notes, "mod_auth.anon-passwd", NULL) == NULL,
    "without a password");
  begin_anon();
  state.anon_password = "me@example.org";
  is_in("/");
  ok(strcmp(session.anon_user, "me@example.org") == 0 &&
    !session.hide_password && strcmp(pr_table_get(session.notes,
    "mod_auth.anon-passwd", NULL), "me@example.org") == 0,
    "or by its password");
  begin_anon();
  anon.name = pstrdup(p, below("/absent"));
  is_broken("no directory");
  ok(fake_log_has("unable to determine <Anonymous> directory"),
    "... is logged");
}

static void limits_of_both_count(void) {
  begin_anon();
  world.denied = true;
  is_denied("the server denies, <Anonymous> has no rule");
  begin_anon();
  world.denied = world.anon_found = true;
  is_in("/");
  begin_anon();
  world.anon_denied = true;
  is_denied("<Anonymous> denies");
  begin_anon();
  world.late_denied = true;
  is_denied("... in its directory");
}

static void anonymous_users_have_its_group(void) {
  begin_anon();
  is_in("/");
  ok(happened("groups 44,77"), "their own");
  begin_anon();
  set_in(&conf, "GroupName", "daemons");
  is_in("/");
  ok(happened("groups 99,77") && strcmp(session.group, "daemons") == 0,
    "the server's");
  begin_anon();
  set_in(&conf, "GroupName", "daemons");
  set_in(&anon_conf, "GroupName", "guests");
  is_in("/");
  is_str(session.group, "guests", "that of <Anonymous>");
  begin_anon();
  set_in(&anon_conf, "GroupName", "nogroup-here");
  is_in("/");
  ok(happened("groups 44,77"), "if it exists");
  begin();
  set_in(&conf, "GroupName", "daemons");
  is_in("/home/alice");
  is_str(session.group, "users", "others are not in it");
}

static void is_root(const char *given, const char *dir) {
  const char *root = NULL;

  state.given = given;
  ok(ftpd_anon_root(&ftpd, p, &root) == (dir != NULL ? 0 : -1), "'%s'", given);
  is_str(root, dir, "... is in %s", dir != NULL ? dir : "nothing");
}

static void directories_by_name(void) {
  begin_anon();
  is_root("bob", below("/pub"));
  set_in(&anon_conf, "UserDirRoot", &no);
  is_root("bob", below("/pub"));
  begin_anon();
  set_in(&anon_conf, "UserDirRoot", &yes);
  is_root("bob", below("/pub/bob"));
  is_root("ftp", below("/pub"));
  is_root("..", NULL);
  is_root("bob/..", NULL);
  is_int(errno, EPERM, "no way up");
}

static void names_lead_to_anonymous(void) {
  begin_anon();
  is_str(ftpd_anon_resolve(&ftpd, p, "anonymous"), "ftp", "an alias");
  ok(state.anon == &anon && strcmp(state.anon_user, "ftp") == 0 &&
    !state.not_alias, "... of <Anonymous>");
  world.anon = NULL;
  state.anon_password = "x";
  is_str(ftpd_anon_resolve(&ftpd, p, "bob"), "bob", "a name");
  ok(state.anon == NULL && state.anon_user == NULL && !state.not_alias &&
    state.anon_password == NULL, "... of a user");
  is_str(ftpd_anon_resolve(&ftpd, p, "unknown"), "unknown", "AuthAliasOnly");
  ok(state.not_alias, "... refuses it");
  ok(ftpd_anon_conf(&ftpd) == &conf, "the server's configuration");
  state.anon = &anon;
  ok(ftpd_anon_conf(&ftpd) == &anon_conf, "that of <Anonymous>");
}

static void passwords_may_count(void) {
  static int positive = FALSE, negative = TRUE;
  pr_regex_t *re = pr_regexp_alloc(&sftp_module);
  config_rec *c;

  begin_anon();
  ok(!ftpd_anon_wants_password(&ftpd), "no password is checked");
  set_in(&anon_conf, "AnonRequirePassword", &no);
  ok(!ftpd_anon_wants_password(&ftpd), "nor if that is off");
  begin_anon();
  set_in(&anon_conf, "AnonRequirePassword", &yes);
  ok(ftpd_anon_wants_password(&ftpd), "but if it is on");
  ok(!ftpd_anon_rejects(&ftpd, "x"), "all are accepted");
  (void) pr_regexp_compile_posix(re, "^x", 0);
  c = daemon_add_words("AnonRejectPasswords", (const char *const[]) { "a",
    "b", NULL });
  c->argv[1] = &positive;
  c->argv[0] = NULL;
  ok(!ftpd_anon_rejects(&ftpd, "x"), "without an expression, too");
  c->argv[0] = re;
  ok(ftpd_anon_rejects(&ftpd, "x") && !ftpd_anon_rejects(&ftpd, "y"),
    "those of an expression are rejected");
  c->argv[1] = &negative;
  ok(!ftpd_anon_rejects(&ftpd, "x") && ftpd_anon_rejects(&ftpd, "y"),
    "or all others");
}

/* ---- The end of a login */

static void logins_are_complete(void) {
  begin();
  state.pass_cmd = pr_cmd_alloc(p, 1, "PASS");
  state.auth_cmd = pr_cmd_alloc(p, 1, "AUTH");
  ftpd.logged_in = false;
  (void) ftpd_logged_in(&ftpd);
  is_str(seen, "tally password 1;230;PASS ends 1 3;AUTH ends 1 3;"
    "record password ok;settle;confined;", "all steps in their order");
  ok(ftpd.logged_in && state.pass_cmd == NULL && state.auth_cmd == NULL,
    "no command is open");
  begin();
  state.pass_cmd = pr_cmd_alloc(p, 1, "PASS");
  state.auth_cmd = pr_cmd_alloc(p, 1, "AUTH");
  ftpd_hook_login = grants;
  (void) ftpd_logged_in(&ftpd);
  ok(!happened("settle") && happened("confined"),
    "another module's login drops root itself");
}

static void make_dirs(void) {
  if (mkdtemp(top) == NULL || mkdir(below("/alice"), 0755) < 0 ||
      mkdir(below("/alice/sub"), 0755) < 0 || mkdir(below("/up"), 0755) < 0 ||
      mkdir(below("/pub"), 0755) < 0 || mkdir(below("/pub/bob"), 0755) < 0 ||
      symlink("alice", below("/link")) < 0 ||
      symlink("loop", below("/loop")) < 0) {
    bail_out("no directories: %s", strerror(errno));
  }
}

static void remove_dirs(void) {
  static const char *const names[] = { "/loop", "/link", "/pub/bob", "/pub",
    "/up", "/alice/sub", "/alice", "" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    (void) remove(below(names[i]));
  }
}

int main(void) {
  p = make_sub_pool(NULL);
  make_dirs();
  users_log_in();
  other_modules_log_users_in();
  accounts_may_be_refused();
  root_needs_a_directive();
  groups_are_never_none();
  logs_are_opened_by_root();
  explaining_leaves_no_trace();
  root_is_dropped();
  roots_are_entered();
  missing_roots_are_refused();
  links_to_roots_may_be_refused();
  first_directories_are_chosen();
  keys_restrict_sessions();
  names_do_not_climb();
  directories_are_explained();
  anonymous_users_log_in();
  limits_of_both_count();
  anonymous_users_have_its_group();
  directories_by_name();
  names_lead_to_anonymous();
  passwords_may_count();
  logins_are_complete();
  remove_dirs();
  destroy_pool(p);
  return done_testing();
}
