/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain.c -- the child of ftpdctl sftp explain: a session without a
 * client, its login, one request, and what the file system says.
 */

#include "ftpd-abi.h"
#include "ftpd-anon.h"
#include "ftpd-ask.h"
#include "ftpd-board.h"
#include "ftpd-check.h"
#include "ftpd-cmd.h"
#include "ftpd-conf.h"
#include "ftpd-event.h"
#include "ftpd-explain.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-listen.h"
#include "ftpd-log.h"
#include "ftpd-login.h"
#include "ftpd-path.h"
#include "ftpd-privs.h"
#include "ftpd-request.h"
#include "ftpd-transfer-rules.h"

#include "ftpd-attrs.h"
#include "ftpd-lines.h"
#include "ftpd-user.h"

#include <fcntl.h>

/* Of the host; none of its headers declares them. */
extern module *loaded_modules, *curr_module;
extern unsigned char is_master;

/* ---- Lines */

struct line {
  struct line *next;
  const char *text;
};

static struct line *told;
static bool is_quiet;

static bool tell_once(const char *text) {
  struct line *l;

  for (l = told; l != NULL; l = l->next) {
    if (strcmp(l->text, text) == 0) {
      return false;
    }
  }

  l = pcalloc(session.pool, sizeof(*l));
  l->text = pstrdup(session.pool, text);
  l->next = told;
  told = l;
  return true;
}

static void put(const char *indent, const char *text) {
  pool *p = make_sub_pool(session.pool);

  (void) dprintf(STDOUT_FILENO, "%s%s\n", indent, sftp_printable(p, text));
  destroy_pool(p);
}

static void say(const char *fmt, ...) SFTP_PRINTF(1, 2);

static void say(const char *fmt, ...) {
  char text[1024];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  put("", text);
}

void ftpd_explain(const char *fmt, ...) {
  char text[1024];
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  if (!is_quiet && tell_once(text)) {
    put("  ", text);
  }
}

void ftpd_explain_quiet(void) {
  is_quiet = true;
}

/* ---- Words */

/* What is done with an open file was decided when it was opened. */
static const enum ftpd_request opened_by[FTPD_NREQUESTS] = {
  [FTPD_READ] = FTPD_OPEN_READ, [FTPD_WRITE] = FTPD_OPEN_WRITE,
  [FTPD_FSTAT] = FTPD_STAT, [FTPD_FSETSTAT] = FTPD_SETSTAT,
  [FTPD_READDIR] = FTPD_OPENDIR, [FTPD_UNLOCK] = FTPD_LOCK
};

static bool is_word(const char *operation, const char *word) {
  while (*operation != '\0' && (*operation == *word || (*operation == '_' &&
      *word == '-'))) {
    operation++;
    word++;
  }

  return *operation == '\0' && *word == '\0';
}

/* Whether a request of the protocol leads to it, and rules are about it. */
static bool is_offered(enum ftpd_request req, bool scp) {
  const struct sftp_rule *rule = &sftp_rules[req].first;
  unsigned int i;

  for (i = 0; i < sftp_nrequests; i++) {
    const struct sftp_request *r = &sftp_requests[i];
    bool is_scp = r->names != NULL && *r->names == '\0';

    if (r->gate == req && is_scp == scp) {
      return (rule->effects | rule->maybe) != 0;
    }
  }

  return false;
}

static enum ftpd_request as_scp(enum ftpd_request req) {
  return req == FTPD_OPEN_READ ? FTPD_SCP_SEND :
    req == FTPD_OPEN_WRITE ? FTPD_SCP_RECV :
    req == FTPD_MKDIR ? FTPD_SCP_MKDIR : req;
}

static enum ftpd_request meant(enum ftpd_request req, bool scp) {
  req = opened_by[req] != FTPD_INIT ? opened_by[req] : req;
  return scp ? as_scp(req) : req;
}

enum ftpd_request ftpd_explain_find(const char *word, bool scp) {
  unsigned int i;

  for (i = 0; i < FTPD_NREQUESTS; i++) {
    enum ftpd_request req = meant((enum ftpd_request) i, scp);

    if (is_word(sftp_operations[i], word) && is_offered(req, scp)) {
      return req;
    }
  }

  return FTPD_NREQUESTS;
}

bool ftpd_explain_two(enum ftpd_request req) {
  return (ftpd_requests[req].flags & ROW_TWO) != 0;
}

const char *ftpd_explain_words(pool *p, bool scp) {
  const char *words = "";
  unsigned int i;

  for (i = 0; i < FTPD_NREQUESTS; i++) {
    if (is_offered(meant((enum ftpd_request) i, scp), scp) &&
        strncmp(sftp_operations[i], "scp_", 4) != 0) {
      words = pstrcat(p, words, *words != '\0' ? ", " : "",
        sreplace(p, sftp_operations[i], "_", "-", NULL), NULL);
    }
  }

  return words;
}

/* ---- A session without a client */

/* Nothing that belongs to the daemon works here. */
static void leave_daemon(void) {
  log_discard();
  is_master = FALSE;
  ftpd_event_chroot_only();
  (void) pr_timer_remove(-1, ANY_MODULE);
  (void) pr_close_scoreboard(FALSE);
  ftpd_board_close();
  PRIVS_RELINQUISH
}

static void enter_session(const struct explain_request *q) {
  conn_t *c;

  main_server = q->server;
  session.pool = make_sub_pool(permanent_pool);
  session.notes = pr_table_alloc(session.pool, 0);
  session.pid = getpid();
  session.dir_config = NULL;
  session.fsuid = (uid_t) -1;
  session.fsgid = (gid_t) -1;
  pr_gettimeofday_millis(&session.connect_time_ms);
  c = pcalloc(session.pool, sizeof(*c));
  c->pool = session.pool;
  c->listen_fd = c->rfd = c->wfd = -1;
  c->remote_addr = q->from;
  c->remote_name = pstrdup(session.pool, pr_netaddr_get_ipstr(q->from));
  c->local_addr = q->server->addr;
  c->local_port = (int) q->server->ServerPort;
  session.c = c;
  pr_netaddr_set_sess_addrs();
  session.conn_class = pr_class_match_addr(q->from);
}

/* Modules that know users, or change the configuration or the file system for
 * them.
 */
static bool is_needed(const module *m) {
  static const char *const names[] = { "facl", "ifsession", "vroot" };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(names); i++) {
    if (strcmp(m->name, names[i]) == 0) {
      return true;
    }
  }

  return strncmp(m->name, "sql_", 4) == 0 || (m->authtable != NULL &&
    strcmp(m->name, "tls") != 0 && strcmp(m->name, "sftp") != 0);
}

/* NULL, or the module that could not begin. */
static const char *begin_modules(void) {
  module *m;

  for (m = loaded_modules; m != NULL; m = m->next) {
    curr_module = m;
    if (m->sess_init != NULL && is_needed(m) && m->sess_init() < 0) {
      return m->name;
    }
  }

  curr_module = NULL;
  return NULL;
}

/* ---- The login */

static const char *groups_of(pool *p) {
  const char *names = "";
  unsigned int i;

  for (i = 0; session.groups != NULL && i < session.groups->nelts; i++) {
    const char *name = ((char **) session.groups->elts)[i];

    names = pstrcat(p, names, *names != '\0' ? ", " : "", name != NULL ?
      name : "?", NULL);
  }

  return *names != '\0' ? names : "none";
}

static const char *class_name(void) {
  return session.conn_class != NULL ? session.conn_class->cls_name : "none";
}

static int log_in(struct ftpd *h, pool *p) {
  const char *why, *root;

  /* As PASS does: mod_vroot prepares the root, mod_ifsession adds what is for
   * this user.
   */
  (void) ftpd_cmd_call("vroot", C_PASS, PRE_CMD, h->login->pass_cmd);
  if (ftpd_hook_login != NULL) {
    say("unknown: another module does the login");
    return -1;
  }

  if (ftpd_login(h, p) != FTPD_LOGIN_OK) {
    why = ftpd_log_reason(h);
    say("refused: no login%s%s%s", why != NULL ? ": " : "", why != NULL ? why :
      "", ftpd_limit_section(p, NULL, "LOGIN"));
    return -1;
  }

  (void) ftpd_cmd_call("vroot", C_PASS, POST_CMD, h->login->pass_cmd);
  (void) ftpd_cmd_call("ifsession", C_PASS, POST_CMD, h->login->pass_cmd);
  ftpd_privs_settle();
  h->logged_in = true;
  (void) ftpd_conf_late(h);
  ftpd_explain("user '%s' with the groups %s; class %s, from %s",
    session.user, groups_of(p), class_name(), h->remote_ip);
  root = pr_table_get(session.notes, "mod_sftp.chroot-path", NULL);
  ftpd_explain("root '%s', first directory '%s'", root != NULL ? root : "/",
    session.cwd);
  return 0;
}

/* ---- What the file system says */

#define NEEDS_IT      0x01U     /* it exists */
#define NEEDS_READ    0x02U     /* its content */
#define NEEDS_WRITE   0x04U     /* its content, or a new file */
#define NEEDS_NAME    0x08U     /* a change of its directory */
#define NEEDS_NONE    0x10U     /* it does not exist */
#define NEEDS_FILE    0x20U     /* it is no directory */
#define NEEDS_DIR     0x40U     /* it is one */
#define NEEDS_EMPTY   0x80U     /* with nothing in it */
#define NEEDS_LINK    0x100U    /* it is a symbolic link */
#define NEEDS_OWNER   0x200U    /* it is the user's own */
#define NEEDS_CHANGE  0x400U    /* it is, or its size may be changed */
#define NEEDS_COPY    0x800U    /* its content, if it exists */
#define NEEDS_ROOM    0x1000U   /* a name for it, unless it exists */

static const struct {
  unsigned int first, second;
} needs[FTPD_NREQUESTS] = {
  [FTPD_OPEN_READ] = { NEEDS_IT|NEEDS_READ|NEEDS_FILE, 0 },
  [FTPD_SCP_SEND] = { NEEDS_IT|NEEDS_READ|NEEDS_FILE, 0 },
  [FTPD_DIGEST] = { NEEDS_IT|NEEDS_READ|NEEDS_FILE, 0 },
  [FTPD_OPEN_WRITE] = { NEEDS_WRITE|NEEDS_FILE, 0 },
  [FTPD_OPEN_APPEND] = { NEEDS_WRITE|NEEDS_FILE, 0 },
  [FTPD_SCP_RECV] = { NEEDS_WRITE|NEEDS_FILE, 0 },
  [FTPD_LSTAT] = { NEEDS_IT, 0 },
  [FTPD_STAT] = { NEEDS_IT, 0 },
  [FTPD_SETSTAT] = { NEEDS_IT|NEEDS_CHANGE, 0 },
  [FTPD_LSETSTAT] = { NEEDS_IT|NEEDS_OWNER, 0 },
  [FTPD_OPENDIR] = { NEEDS_IT|NEEDS_READ|NEEDS_DIR, 0 },
  [FTPD_MKDIR] = { NEEDS_NONE|NEEDS_NAME, 0 },
  [FTPD_SCP_MKDIR] = { NEEDS_DIR|NEEDS_ROOM, 0 },
  [FTPD_RMDIR] = { NEEDS_IT|NEEDS_NAME|NEEDS_DIR|NEEDS_EMPTY, 0 },
  [FTPD_REMOVE] = { NEEDS_IT|NEEDS_NAME|NEEDS_FILE, 0 },
  [FTPD_RENAME] = { NEEDS_IT|NEEDS_NAME, NEEDS_NAME },
  [FTPD_READLINK] = { NEEDS_IT|NEEDS_LINK, 0 },
  [FTPD_SYMLINK] = { 0, NEEDS_NONE|NEEDS_NAME },
  [FTPD_LINK] = { NEEDS_IT, NEEDS_NONE|NEEDS_NAME },
  [FTPD_HARDLINK] = { NEEDS_IT, NEEDS_NONE|NEEDS_NAME },
  [FTPD_LOCK] = { NEEDS_IT, 0 },
  [FTPD_STATVFS] = { NEEDS_IT, 0 },
  [FTPD_COPY] = { NEEDS_IT|NEEDS_READ|NEEDS_FILE, NEEDS_WRITE|NEEDS_FILE },
  [FTPD_XATTR_GET] = { NEEDS_IT|NEEDS_READ, 0 },
  [FTPD_XATTR_SET] = { NEEDS_IT|NEEDS_CHANGE, 0 }
};

static bool hides_uploads(void) {
  const config_rec *c = find_config(CURRENT_CONF, CONF_PARAM, "HiddenStores",
    FALSE);

  return c != NULL && c->argc > 0 && *((const int *) c->argv[0]) == TRUE;
}

/* An upload to a temporary name replaces the file, whose own mode does not
 * count.
 */
static unsigned int needs_of(enum ftpd_request req) {
  unsigned int what = needs[req].first;
  bool appends = req == FTPD_OPEN_APPEND;

  if (req != FTPD_OPEN_WRITE && req != FTPD_SCP_RECV && !appends) {
    return what;
  }

  if (ftpd_check_of() != NULL) {
    return NEEDS_NAME|NEEDS_FILE|(appends ? NEEDS_COPY : 0);
  }

  return hides_uploads() && !appends ? NEEDS_NAME|NEEDS_FILE : what;
}

static int access_at(const char *path, int mode) {
  char at[PR_TUNABLE_PATH_MAX + 1];

  return faccessat(AT_FDCWD, ftpd_where(path, at, sizeof(at)), mode,
    AT_EACCESS);
}

/* Whether a name in that file's directory may change; in a sticky one, only by
 * the owner.
 */
static int check_dir_of(struct ftpd *h, pool *p, const char *path,
    const struct stat *st) {
  const char *slash = strrchr(path, '/'), *dir;
  struct stat in;

  dir = slash == NULL || slash == path ? "/" :
    pstrndup(p, path, (size_t) (slash - path));
  if (access_at(dir, W_OK|X_OK) < 0 || ftpd_stat(h, dir, &in) < 0) {
    return -1;
  }

  if (st != NULL && (in.st_mode & S_ISVTX) != 0 && geteuid() != in.st_uid &&
      geteuid() != st->st_uid) {
    errno = EPERM;
    return -1;
  }

  return 0;
}

static int check_empty(const char *path) {
  struct dirent *entry;
  void *dir = pr_fsio_opendir(path);
  int res = 0;

  if (dir == NULL && errno == EACCES) {
    ftpd_explain("whether '%s' is empty cannot be seen", path);
    return 0;
  }

  if (dir == NULL) {
    return -1;
  }

  while (res == 0 && (entry = pr_fsio_readdir(dir)) != NULL) {
    res = strcmp(entry->d_name, ".") == 0 ||
      strcmp(entry->d_name, "..") == 0 ? 0 : -1;
  }

  (void) pr_fsio_closedir(dir);
  errno = ENOTEMPTY;
  return res;
}

/* What is there, of that kind: 0, or an errno. */
static int check_kind(const struct stat *st, unsigned int what) {
  return (what & NEEDS_NONE) != 0 ? EEXIST :
    (what & NEEDS_FILE) != 0 && S_ISDIR(st->st_mode) ? EISDIR :
    (what & NEEDS_DIR) != 0 && !S_ISDIR(st->st_mode) ? ENOTDIR :
    (what & NEEDS_LINK) != 0 && !S_ISLNK(st->st_mode) ? EINVAL : 0;
}

static int check_owner(const char *path, const struct stat *st,
    unsigned int what) {
  if ((what & (NEEDS_OWNER|NEEDS_CHANGE)) == 0 || geteuid() == PR_ROOT_UID ||
      geteuid() == st->st_uid) {
    return 0;
  }

  if ((what & NEEDS_CHANGE) != 0 && access_at(path, W_OK) == 0) {
    ftpd_explain("only the owner of '%s' may change its mode, group and times",
      path);
    return 0;
  }

  errno = EPERM;
  return -1;
}

/* 0, or -1 with errno. */
static int check_file(struct ftpd *h, pool *p, const char *path,
    unsigned int what) {
  struct stat st;
  bool exists = ftpd_lstat(h, path, &st) == 0;

  if (!exists && ((what & (NEEDS_IT|NEEDS_READ)) != 0 || (errno != ENOENT &&
      what != 0))) {
    return -1;
  }

  errno = exists ? check_kind(&st, what) : 0;
  if (errno != 0) {
    return -1;
  }

  if ((exists && check_owner(path, &st, what) < 0) ||
      ((what & NEEDS_READ) != 0 && access_at(path, R_OK) < 0) ||
      (exists && (what & NEEDS_COPY) != 0 && access_at(path, R_OK) < 0) ||
      (exists && (what & NEEDS_WRITE) != 0 && access_at(path, W_OK) < 0) ||
      ((what & NEEDS_EMPTY) != 0 && check_empty(path) < 0)) {
    return -1;
  }

  return (what & NEEDS_NAME) != 0 ||
    (!exists && (what & (NEEDS_WRITE|NEEDS_ROOM)) != 0) ?
    check_dir_of(h, p, path, exists ? &st : NULL) : 0;
}

/* Tells a refusal. */
static int ask_system(struct ftpd *h, pool *p, const char *path,
    unsigned int what) {
  int res = check_file(h, p, path, what), xerrno = errno;

  if (res < 0) {
    ftpd_explain("the file system refuses '%s': %s", path, strerror(xerrno));
  }

  errno = xerrno;
  return res;
}

/* ---- The request */

/* What is asked for each attribute; one that may be set is enough. */
static void ask_attributes(struct ftpd_op *op, const char *path) {
  unsigned int i, maybe = sftp_rules[op->req].first.maybe;

  for (i = 0; i < SFTP_NEFFECTS; i++) {
    const struct sftp_effect *e = &sftp_effects[i];

    if (sftp_rules[op->req].first.effects == 0 && (maybe & e->bit) != 0 &&
        e->bit != SFTP_EFF_REPLACE && ftpd_permit_effect(op, path,
        e->bit) < 0) {
      ftpd_explain("what %s is refused", e->text);
    }
  }

  op->rule = op->refused = NULL;
}

static bool is_below(const char *path, const char *dir) {
  size_t n = strlen(dir);

  return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* What is checked when it is done, because it depends on what is there. */
static int ask_more(struct ftpd_op *op, const char *path, const char *to) {
  struct stat st;

  if (sftp_rules[op->req].first.effects == 0) {
    ask_attributes(op, path);
  }

  if ((op->req == FTPD_OPEN_READ || op->req == FTPD_SCP_SEND) &&
      ftpd_stat(op->ftpd, path, &st) == 0 &&
      ftpd_max_retrieve(op, path, st.st_size) < 0) {
    return -1;
  }

  if (op->req == FTPD_RENAME && is_below(to, path)) {
    errno = EINVAL;
    return -1;
  }

  return op->req == FTPD_RENAME && ftpd_lstat(op->ftpd, to, &st) == 0 ?
    ftpd_may_replace(op, to) : 0;
}

static int ask(struct ftpd_op *op, const struct explain_request *q) {
  const char *to = q->path2, *path = ftpd_permit(op, q->path,
    to != NULL ? &to : NULL);

  if (path == NULL || ask_more(op, path, to) < 0) {
    return -1;
  }

  if (op->req == FTPD_SYMLINK) {        /* path is its text */
    return ask_system(op->ftpd, op->pool, to, needs[op->req].second);
  }

  ftpd_explain("'%s' leads to '%s'", q->path, path);
  return ask_system(op->ftpd, op->pool, path, needs_of(op->req)) < 0 ||
    (to != NULL && ask_system(op->ftpd, op->pool, to,
      needs[op->req].second) < 0) ? -1 : 0;
}

/* The rules of these are in the answer, or they have none at PRE_CMD. */
#define ASKED "mod_auth, mod_core, mod_log, mod_sftp, mod_xfer"

static const char *unasked(struct ftpd *h, pool *p, enum ftpd_request req) {
  const struct req_row *row = &ftpd_requests[req];
  const char *list = ASKED;

  if (row->equivalent != NULL && row->kind != EQUIV_SYMLINK) {
    list = ftpd_listeners(h, p, row->equivalent, row->equivalent_class,
      PRE_CMD, list);
  }

  if (req == FTPD_RENAME) {
    list = ftpd_listeners(h, p, C_RNTO, row->equivalent_class, PRE_CMD, list);
  }

  if (row->name != NULL) {
    list = ftpd_listeners(h, p, row->name, ftpd_own_class(req), PRE_CMD, list);
  }

  list += sizeof(ASKED) - 1;
  return *list != '\0' ? list + 2 : "none";
}

/* The commands that modules would see, and who of them would be asked. */
static void tell_handlers(struct ftpd *h, pool *p, enum ftpd_request req) {
  const struct req_row *row = &ftpd_requests[req];
  bool has = row->equivalent != NULL && row->kind != EQUIV_SYMLINK;
  const char *name = row->kind == EQUIV_RENAME ? "RNFR and RNTO" :
    row->kind == EQUIV_SITE_COPY ? "SITE COPY" : row->equivalent;

  say(has ? "FTP command: %s" : "FTP command: none; modules see %s", has ?
    name : row->name);
  say("handlers that were not asked: %s", unasked(h, p, req));
}

static void tell_verdict(struct ftpd *h, pool *p,
    const struct explain_request *q) {
  struct ftpd_op op;
  int res;

  ftpd_op_begin(h, &op, p, q->req, q->path);
  errno = 0;
  res = ask(&op, q);
  if (res == 0) {
    say("allowed");

  } else {
    say("refused: %s", op.rule != NULL ? op.rule : strerror(errno));
  }

  tell_handlers(h, p, q->req);
}

struct ftpd *ftpd_explain_begin(const struct explain_request *q) {
  const char *failed;
  struct ftpd *h;

  leave_daemon();
  enter_session(q);
  failed = begin_modules();
  if (failed != NULL) {
    say("unknown: mod_%s cannot begin a session", failed);
    return NULL;
  }

  h = ftpd_new(session.pool, q->server);
  h->explains = true;
  return h;
}

void ftpd_explain_child(void *data) {
  const struct explain_request *q = data;
  struct ftpd *h = ftpd_explain_begin(q);
  pool *p;

  if (h == NULL) {
    return;
  }

  p = make_sub_pool(session.pool);
  ftpd_auth_pretend(h, p, q->user);
  say("in '%s' (%s:%u):", q->server->ServerName,
    pr_netaddr_get_ipstr(q->server->addr), q->server->ServerPort);
  if (log_in(h, p) == 0) {
    tell_verdict(h, p, q);
  }
}
