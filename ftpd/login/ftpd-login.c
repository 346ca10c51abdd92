/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-login.c -- from an authenticated user to their session: their identity,
 * whether they may log in, their first directory, and dropping root.  The order
 * is that of ProFTPD's own login for FTP (setup_env() of mod_auth.c).
 */

#include "ftpd-abi.h"
#include "ftpd-accounts.h"
#include "ftpd-anon.h"
#include "ftpd-checker.h"
#include "ftpd-clock.h"
#include "ftpd-cmd.h"
#include "ftpd-conf.h"
#include "ftpd-confine.h"
#include "ftpd-event.h"
#include "ftpd-home.h"
#include "ftpd-live.h"
#include "ftpd-login.h"
#include "ftpd-privs.h"
#include "ftpd-record.h"
#include "ftpd-session.h"
#include "ftpd-seen.h"
#include "ftpd-tally.h"
#include "ftpd-transfer.h"

#include "ftpd-user.h"

/* State to restore if a login is denied half-way. */
struct before {
  uid_t uid;
  gid_t gid;
};

/* ---- May they log in? */

/* For the system log, and the reason of the refusal. */
static void log_trouble(const char *fmt, const char *what) SFTP_PRINTF(1, 0);

static void log_trouble(const char *fmt, const char *what) {
  pr_log_pri(PR_LOG_ERR, fmt, what);
  sftp_log_why(WHY_OBJECTION, fmt, what);
}

static bool root_may_log_in(xaset_t *conf) {
  unsigned char *allowed = get_param_ptr(conf, "RootLogin", FALSE);

  pr_event_generate("mod_auth.root-login", NULL);
  if (allowed == NULL || *allowed != TRUE) {
    sftp_auth_log(PR_LOG_NOTICE, "SECURITY VIOLATION: Root login attempted");
    return false;
  }

  return true;
}

static bool account_may_log_in(struct ftpd *h, const struct passwd *pw) {
  xaset_t *conf = ftpd_anon_conf(h);

  if (pw->pw_uid == PR_ROOT_UID && !root_may_log_in(conf)) {
    return false;
  }

  if (pr_auth_is_valid_shell(conf, pw->pw_shell) == FALSE) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): Invalid shell: '%s'",
      h->user, pw->pw_shell);
    return false;
  }

  if (pr_auth_banned_by_ftpusers(conf, pw->pw_name) == TRUE) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): User in "
      PR_FTPUSERS_PATH, h->user);
    return false;
  }

  return true;
}

static bool allows(xaset_t *conf, int *found) {
  *found = 0;
  return login_check_limits(conf, FALSE, TRUE, found) != 0;
}

/* A rule of <Anonymous> may allow what the server denies; nothing allows what
 * <Anonymous> denies.
 */
static bool limits_allow(struct ftpd *h) {
  int found;
  bool allowed = allows(main_server->conf, &found);

  if (h->login->anon != NULL) {
    return allows(ftpd_anon_conf(h), &found) && (allowed || found != 0);
  }

  return allowed;
}

/* ---- Who they are */

static void take_groups(pool *p, const struct passwd *pw) {
  int n = pr_auth_getgroups(p, pw->pw_name, &session.gids, &session.groups);

  if (n < 1 || session.gids == NULL || session.gids->nelts == 0) {
    /* No module knows any: then only the primary group (CVE-2024-48651).  An
     * empty list would keep those of the daemon.
     */
    session.gids = make_array(p, 1, sizeof(gid_t));
    *((gid_t *) push_array(session.gids)) = pw->pw_gid;
    session.groups = make_array(p, 1, sizeof(char *));
    *((char **) push_array(session.groups)) = (char *) session.group;
  }
}

static void take_identity(struct ftpd *h, pool *p, struct passwd *pw) {
  const char *dir;

  session.user = pstrdup(p, pw->pw_name);
  session.group = pstrdup(p, pr_auth_gid2name(p, pw->pw_gid));
  session.login_uid = pw->pw_uid;
  session.login_gid = pw->pw_gid;

  dir = pw->pw_dir;
  if (dir != NULL) {
    pw->pw_dir = (char *) path_subst_uservar(p, &dir);
  }

  ftpd_anon_group(h, p, pw);
  take_groups(p, pw);
}

static void drop_identity(const struct before *b) {
  session.user = session.group = NULL;
  session.gids = session.groups = NULL;
  session.login_uid = b->uid;
  session.login_gid = b->gid;
  session.cwd[0] = '\0';
  session.wtmp_log = FALSE;
  session.anon_config = NULL;
}

/* ---- Logs that need root */

/* The value of <Anonymous>, otherwise of the server. */
static void *of_both(const char *name) {
  void *value = get_param_ptr(TOPLEVEL_CONF, name, FALSE);

  return value != NULL ? value :
    get_param_ptr(main_server->conf, name, FALSE);
}

static void log_to_wtmp(pool *p, const struct passwd *pw) {
  unsigned char *on = of_both("WtmpLog");
  const char *tty = pr_session_get_ttyname(p);

  if (on == NULL || *on == TRUE) {
    (void) log_wtmp(tty, session.user, session.c->remote_name,
      session.c->remote_addr);
    session.wtmp_log = TRUE;
  }

#ifdef PR_USE_LASTLOG
  on = get_param_ptr(main_server->conf, "UseLastlog", FALSE);
  if (on != NULL && *on == TRUE) {
    (void) log_lastlog(pw->pw_uid, session.user, tty, session.c->remote_addr);
  }
#else
  (void) pw;
#endif /* PR_USE_LASTLOG */
}

static void open_transfer_log(void) {
  const char *path = of_both("TransferLog");

  if (path == NULL) {
    path = PR_XFERLOG_PATH;
  }

  (void) xferlog_open(strcasecmp(path, "none") != 0 ? path : NULL);
}

/* Sets the groups, and takes the last actions that need root. */
static int with_root(struct ftpd *h, pool *p, const struct passwd *pw) {
  int code = PR_AUTH_OK, res, xerrno;

  PRIVS_ROOT
  if (!h->explains) {
    log_to_wtmp(p, pw);
    open_transfer_log();
  }

  pr_event_generate("mod_auth.authentication-code", &code);
  res = set_groups(p, pw->pw_gid, session.gids);
  xerrno = errno;
  PRIVS_RELINQUISH

  /* ENOSYS: this daemon does not run as root and cannot change them. */
  if (res < 0 && xerrno != ENOSYS) {
    log_trouble("error: unable to set groups: %s", strerror(xerrno));
    return -1;
  }

  return 0;
}

/* ---- Their first directory */

static int enter_root(struct ftpd *h, pool *p, const char **root) {
  bool anon = h->login->anon != NULL;
  const char *what = anon ? "<Anonymous>" : "DefaultRoot";

  /* session.chroot_path will point to this. */
  if ((anon ? ftpd_anon_root(h, session.pool, root) :
      ftpd_home_root(session.pool, root)) < 0) {
    log_trouble("error: unable to determine %s directory", what);
    return -1;
  }

  if (ftpd_accounts_keep(p) < 0) {
    log_trouble("error: unable to close files of accounts: %s",
      strerror(errno));
    return -1;
  }

  if (*root == NULL) {
    return 0;
  }

  if (pr_auth_chroot(*root) < 0) {
    log_trouble(ftpd_privs_rootless() ? "error: unable to set %s directory: a "
      "daemon without root needs mod_vroot for that" :
      "error: unable to set %s directory", what);
    return -1;
  }

  if (!anon) {
    ftpd_home_below(*root);
  }

  return 0;
}

static int change_dir(const char *dir, bool hide_links) {
  int res = pr_fsio_chdir_canon(dir, hide_links);

  if (res < 0) {
    int xerrno = errno;

    sftp_log("unable to change to directory '%s': %s", dir, strerror(xerrno));
    errno = xerrno;
  }

  return res;
}

static int enter_cwd(const struct passwd *pw, const char *root,
    bool by_default_chdir) {
  unsigned char *show = get_param_ptr(TOPLEVEL_CONF, "ShowSymlinks", FALSE);
  bool hide_links = show != NULL && *show != TRUE;
  int res = change_dir(session.cwd, hide_links);

  if (res < 0 && (root != NULL || session.chroot_path != NULL)) {
    res = change_dir("/", hide_links);

  } else if (res < 0 && by_default_chdir) {
    res = change_dir(pw->pw_dir, hide_links);
  }

  if (res < 0) {
    pr_log_pri(PR_LOG_NOTICE, "%s chdir(\"%s\") failed: %s", session.user,
      session.cwd, strerror(errno));
    return -1;
  }

  sstrncpy(session.cwd, pr_fs_getcwd(), sizeof(session.cwd));
  sstrncpy(session.vwd, pr_fs_getvwd(), sizeof(session.vwd));
  return 0;
}

/* Restrictions from the key of the login: -d and -u of its command. */
static void apply_key(struct ftpd *h, pool *p) {
  const char *dir = h->start_dir;

  if (h->forced_umask >= 0) {
    kludge_disable_umask();
    (void) umask((mode_t) h->forced_umask);
  }

  if (dir == NULL || ftpd_subst_user(h, p, "%u") == NULL) {
    return;
  }

  dir = sreplace(p, dir, "%d", session.cwd, "%u", session.user, "%%", "%",
    NULL);
  if (*dir != '/') {
    dir = pdircat(p, session.cwd, dir, NULL);
  }

  if (change_dir(dir, false) == 0) {
    sstrncpy(session.cwd, pr_fs_getcwd(), sizeof(session.cwd));
    sstrncpy(session.vwd, pr_fs_getvwd(), sizeof(session.vwd));
  }
}

/* ---- Becoming them */

static int become_user(const struct passwd *pw) {
  if (ftpd_privs_rootless()) {
    sftp_log("the daemon runs without root: '%s' (uid %lu, gid %lu) acts as "
      "the daemon's own user (uid %lu, gid %lu)", session.user,
      (unsigned long) pw->pw_uid, (unsigned long) pw->pw_gid,
      (unsigned long) geteuid(), (unsigned long) getegid());
    session.disable_id_switching = TRUE;
    return 0;
  }

  pr_signals_block();
  PRIVS_ROOT
  PRIVS_SETUP(pw->pw_uid, pw->pw_gid)
  if (!ftpd_privs_keep_root()) {
    PRIVS_ROOT
    PRIVS_REVOKE
    session.disable_id_switching = TRUE;
  }

  pr_signals_unblock();

  if (geteuid() != pw->pw_uid || getegid() != pw->pw_gid) {
    log_trouble("error: unable to become user %s", session.user);
    return -1;
  }

  return 0;
}

/* ---- What other modules see of it */

/* Copied, because the request's pool ends. */
static void keep(void) {
  session.user = pstrdup(session.pool, session.user);
  if (session.group != NULL) {
    session.group = pstrdup(session.pool, session.group);
  }

  session.gids = copy_array(session.pool, session.gids);
  session.groups = copy_array_str(session.pool, session.groups);
}

static void announce(struct ftpd *h, pool *p) {
  struct stat st;

  (void) dir_check_full(p, h->login->pass_cmd, G_NONE, session.cwd, NULL);
  session.proc_prefix = pstrdup(session.pool, session.c->remote_name);
  session.sf_flags = 0;
  if (h->login->anon != NULL) {
    ftpd_anon_announce(h);
  }

  sftp_auth_log(PR_LOG_INFO, "USER %s: Login successful", session.user);
  if (session.login_uid == PR_ROOT_UID) {
    sftp_auth_log(PR_LOG_WARNING, "ROOT SFTP login successful");
  }

  pr_fs_clear_cache2(session.cwd);
  if (pr_fsio_stat(session.cwd, &st) == 0) {
    build_dyn_config(p, session.cwd, &st, TRUE);
  }

  ftpd_score_login();
  pr_session_set_idle();
  ftpd_clock_check();
  (void) pr_timer_remove(PR_TIMER_LOGIN, ANY_MODULE);
  keep();
  pr_resolve_fs_map();
  ftpd_event_log_first();

  if (pr_trace_get_level("timing") > 0) {
    pr_trace_msg("timing", 4, "Time before successful login (via '%s'): "
      "%lu ms", h->login->method, (unsigned long) (sftp_now_ms() -
      h->begun_ms));
  }
}

/* ---- The login */

/* Everything that can still be denied like a wrong password. */
static bool is_admitted(struct ftpd *h, pool *p, struct passwd *pw,
    bool *by_default_chdir) {
  int found;

  if (!limits_allow(h)) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): Limit configuration "
      "denies login", h->user);
    return false;
  }

  if (pw->pw_dir == NULL || *pw->pw_dir == '\0') {
    log_trouble("error: user %s has no home directory", session.user);
    return false;
  }

  if (h->login->anon != NULL) {
    sstrncpy(session.cwd, "/", sizeof(session.cwd));

  } else {
    ftpd_home_enter(h, p, pw);
    if (!h->explains && ftpd_home_create(h, p, pw) < 0) {
      return false;
    }
  }

  *by_default_chdir = ftpd_home_chdir(p, ftpd_anon_conf(h));
  if (h->login->anon == NULL && ftpd_home_missing(p, pw->pw_dir)) {
    log_trouble("error: the directory of user %s does not exist",
      session.user);
    return false;
  }

  /* Again, now that their directory is known. */
  if (!allows(ftpd_anon_conf(h), &found)) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s: Limit configuration denies login",
      h->user);
    return false;
  }

  return true;
}

static int settle_session(struct ftpd *h, pool *p, const struct passwd *pw,
    bool by_default_chdir) {
  const char *root = NULL;

  resolve_deferred_dirs(main_server);
  fixup_dirs(main_server, CF_DEFER);
  if (h->login->anon != NULL) {
    resolve_anonymous_dirs(h->login->anon->subset);
  }

  if (with_root(h, p, pw) < 0) {
    return -1;
  }

  if (!h->explains) {
    ftpd_checker_begin();
    ftpd_confine_begin();
  }

  if (enter_root(h, p, &root) < 0 || become_user(pw) < 0 ||
      enter_cwd(pw, root, by_default_chdir) < 0) {
    return -1;
  }

  apply_key(h, p);
  announce(h, p);
  return 0;
}

enum ftpd_login_result ftpd_login(struct ftpd *h, pool *p) {
  struct before before = { session.login_uid, session.login_gid };
  bool by_default_chdir = false;
  struct passwd *pw;

  if (ftpd_hook_login != NULL) {
    return ftpd_hook_login(p, h->user) < 0 ? FTPD_LOGIN_DENIED : FTPD_LOGIN_OK;
  }

  session.hide_password = TRUE;
  /* A new copy for each use: it is modified on the way. */
  ftpd_auth_forget_entry(h);
  pw = ftpd_auth_entry(h);
  ftpd_auth_forget_entry(h);
  if (pw == NULL) {
    sftp_auth_log(PR_LOG_NOTICE, "USER %s (Login failed): Unable to retrieve "
      "user information: %s", h->user, strerror(errno));
    ftpd_auth_no_user(h);
    return FTPD_LOGIN_DENIED;
  }

  if (!account_may_log_in(h, pw)) {
    return FTPD_LOGIN_DENIED;
  }

  session.anon_config = h->login->anon;
  take_identity(h, p, pw);
  if (!is_admitted(h, p, pw, &by_default_chdir)) {
    drop_identity(&before);
    return FTPD_LOGIN_DENIED;
  }

  return settle_session(h, p, pw, by_default_chdir) == 0 ? FTPD_LOGIN_OK :
    FTPD_LOGIN_BROKEN;
}

const struct sftp_settings *ftpd_logged_in(struct ftpd *h) {
  struct ftpd_login *l = h->login;

  h->logged_in = true;
  ftpd_tally_login(l->method, TALLY_OK);
  ftpd_seen_proof(h, l->method);
  ftpd_seen_login(h);
  ftpd_live_changed(h);
  ftpd_deadline_end();
  pr_response_add(R_230, _("User %s logged in"), session.user);
  ftpd_cmd_end(l->pass_cmd, PART_BOTH, true);
  ftpd_cmd_end(l->auth_cmd, PART_BOTH, true);
  /* Their handlers may have ended the session: MaxClientsPerUser. */
  ftpd_record_login(h, l->method, "ok");
  l->pass_cmd = l->auth_cmd = NULL;
  if (ftpd_hook_login == NULL) {
    ftpd_privs_settle();
  }

  ftpd_confine();
  return ftpd_conf_late(h);
}
