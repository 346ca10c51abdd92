/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-explain.c -- the child of ftpdctl sftp explain: a session without a
 * client, its login, and one request.  What the file system says is
 * ftpd-explain-system.c's.
 */

#include "ftpd-abi.h"
#include "ftpd-anon.h"
#include "ftpd-ask.h"
#include "ftpd-board.h"
#include "ftpd-cmd.h"
#include "ftpd-conf.h"
#include "ftpd-event.h"
#include "ftpd-explain.h"
#include "ftpd-explain-system.h"
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

enum ftpd_request ftpd_explain_find(const char *word, bool scp,
    unsigned int *effects) {
  unsigned int i;

  *effects = scp ? 0 : ftpd_explain_attribute(word);
  if (*effects != 0) {
    return FTPD_SETSTAT;
  }

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

  return scp ? words : pstrcat(p, words, ftpd_explain_attribute_words(p),
    NULL);
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

/* ---- The request */

/* What is checked when it is done, because it depends on what is there. */
static int ask_more(struct ftpd_op *op, const char *path, const char *to) {
  struct stat st, old;

  if (op->req == FTPD_RENAME) {
    return ftpd_lstat(op->ftpd, path, &old) == 0 &&
      ftpd_lstat(op->ftpd, to, &st) == 0 ? ftpd_may_take(op, to,
      st.st_dev == old.st_dev && st.st_ino == old.st_ino) : 0;
  }

  if (ftpd_stat(op->ftpd, path, &st) < 0) {
    return 0;
  }

  return op->req == FTPD_OPEN_READ || op->req == FTPD_SCP_SEND ?
    ftpd_max_retrieve(op, path, st.st_size) :
    op->req == FTPD_DIGEST ? ftpd_max_digest(op, path, st.st_size) : 0;
}

/* SCP looks first: 1 unless a directory is to be made, otherwise 0 or -1. */
static int ask_scp_dir(struct ftpd_op *op, const char *path) {
  struct stat st;

  if (op->req != FTPD_SCP_MKDIR || !ftpd_may_look(op->ftpd, op->pool, &path) ||
      ftpd_stat(op->ftpd, path, &st) < 0) {
    ftpd_op_begin(op->ftpd, op, op->pool, op->req, op->arg);
    return 1;
  }

  ftpd_explain("'%s' exists, so nothing is made", path);
  errno = ENOTDIR;
  return S_ISDIR(st.st_mode) ? 0 : -1;
}

/* 0: allowed; -1: refused, with op->rule or errno; 1: nobody can tell, because
 * of op->rule.
 */
static int ask(struct ftpd_op *op, const struct explain_request *q) {
  const char *to = q->path2, *path;
  int res = ask_scp_dir(op, q->path);

  if (res <= 0) {
    return res;
  }

  op->effects = q->effects;
  path = ftpd_permit(op, q->path, to != NULL ? &to : NULL);
  if (path == NULL || ask_more(op, path, to) < 0) {
    return -1;
  }

  if (op->req != FTPD_SYMLINK) {        /* path would be its text */
    ftpd_explain("'%s' leads to '%s'", q->path, path);
  }

  return op->req == FTPD_SETSTAT || op->req == FTPD_LSETSTAT ?
    ftpd_explain_attributes(op, path) : ftpd_explain_system(op, path, to);
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
    say("%s: %s", res < 0 ? "refused" : "unknown", op.rule != NULL ? op.rule :
      strerror(errno));
  }

  tell_handlers(h, p, q->req);
}

struct ftpd *ftpd_explain_begin(const struct explain_request *q) {
  const char *failed;
  struct ftpd *h;

  leave_daemon();
  ftpd_explain_system_init();
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
