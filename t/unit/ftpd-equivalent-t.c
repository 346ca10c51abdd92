/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-equivalent-t.c -- PRE_CMD under both names of a request: what handlers
 * are told, and what becomes of paths that they rewrite.
 */

#include "daemon.h"
#include "ftpd-cmd.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-hidden.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-transfer.h"
#include "tap.h"

#include "ftpd-attrs.h"

static pool *p;
static struct ftpd ftpd;
static struct ftpd_files state_of_files;
static struct op_state state;
static struct ftpd_op op;
static cmd_rec *own;

/* ---- The handlers: what they were told, and what they do */

static char seen[1024];         /* "COMMAND argument in directory\n" each */
static const char *rewrite_of;  /* the command that is rewritten, or NULL */
static const char *rewritten;
static const char *refuse_of;   /* the command that is refused, or NULL */
static int refuse_errno;
static const char *entered;     /* where the daemon stands */
static bool listens, op_known;
static const cmd_rec *stands_for;       /* the process is where its path is */

void ftpd_stand_for(const cmd_rec *cmd) {
  stands_for = cmd;
}

/* As mod_rewrite does with SITE: at each blank begins a word. */
static void rewrite_words(cmd_rec *cmd) {
  char *words = pstrdup(cmd->pool, rewritten), *word;

  cmd->argv = pcalloc(cmd->pool, 9 * sizeof(*cmd->argv));
  cmd->argv[0] = pstrdup(cmd->pool, C_SITE);
  cmd->argc = 1;
  while (cmd->argc < 8 && (word = strsep(&words, " ")) != NULL) {
    cmd->argv[cmd->argc++] = word;
  }
}

int ftpd_phase_pre(cmd_rec *cmd) {
  size_t len = strlen(seen);

  snprintf(seen + len, sizeof(seen) - len, "%s %s in %s\n",
    (const char *) cmd->argv[0], cmd->arg, entered);
  op_known = op_known && state_of_files.op == &op && stands_for == cmd;
  if (refuse_of != NULL && strcmp(cmd->argv[0], refuse_of) == 0) {
    errno = refuse_errno;
    return -1;
  }

  if (rewrite_of != NULL && strcmp(cmd->argv[0], rewrite_of) == 0) {
    cmd->arg = pstrdup(cmd->pool, rewritten);
    if (strcmp(rewrite_of, C_SITE) == 0) {
      rewrite_words(cmd);
    }
  }

  return 0;
}

int ftpd_host_rules(struct ftpd_op *o, cmd_rec *cmd, const char *path) {
  (void) o;
  (void) cmd;
  (void) path;
  return 0;
}

bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
    enum phase_set set) {
  (void) h;
  (void) req;
  (void) set;
  return listens;
}

/* ---- Of the other files of ftpd/ */

/* As far as these tests need it. */
const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_STAT] = { "STAT", CL_SFTP, ROW_PRE, EQUIV_NONE, NULL, 0, NULL },
  [FTPD_HARDLINK] = { "HARDLINK", CL_SFTP, ROW_PRE|ROW_TWO, EQUIV_NONE, NULL,
    0, NULL },
  [FTPD_READ] = { NULL, 0, 0, EQUIV_FILE, C_RETR, CL_READ, NULL },
  [FTPD_WRITE] = { NULL, 0, 0, EQUIV_FILE, C_STOR, CL_WRITE, NULL },
  [FTPD_MKDIR] = { "MKDIR", CL_SFTP, ROW_PRE, EQUIV_PATH, C_MKD, CL_WRITE,
    NULL },
  [FTPD_RENAME] = { "RENAME", CL_SFTP, ROW_TWO, EQUIV_RENAME, C_RNFR, CL_MISC,
    NULL },
  [FTPD_COPY] = { "copy-file", CL_SFTP, ROW_TWO, EQUIV_SITE_COPY, C_SITE,
    CL_WRITE, NULL },
  [FTPD_SYMLINK] = { "SYMLINK", CL_SFTP, ROW_TWO, EQUIV_SYMLINK, NULL, 0, NULL }
};

struct op_state *ftpd_op_state(struct ftpd_op *o) {
  (void) o;
  return &state;
}

cmd_rec *ftpd_cmd(pool *in, const char *name, const char *arg, int cls,
    bool ftp) {
  cmd_rec *cmd = pr_cmd_alloc(in, 2, pstrdup(in, name), pstrdup(in, arg));

  (void) ftp;
  cmd->arg = pstrdup(in, arg);
  cmd->cmd_class = cls;
  return cmd;
}

cmd_rec *ftpd_own_cmd(struct ftpd_op *o, const char *arg) {
  own = ftpd_cmd(o->pool, ftpd_requests[o->req].name, arg, CL_SFTP, false);
  return own;
}

struct ftpd_files *ftpd_files_of(struct ftpd *h) {
  (void) h;
  return &state_of_files;
}

/* Where the rules are: that of the path without "/link", which is a link. */
const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  return pstrdup(in, strncmp(path, "/link/", 6) == 0 ? path + 5 : path);
}

const char *ftpd_outside(pool *in, const char *path) {
  return pstrcat(in, "/srv", path, NULL);
}

/* There is no mod_vroot. */
bool ftpd_names_root(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  (void) in;
  (void) path;
  return false;
}

config_rec *dir_match_path(pool *in, char *path) {
  entered = pstrdup(in, path);
  return NULL;
}

static const char *explained;

void ftpd_refuse(struct ftpd_op *o, const char *fmt, ...) {
  (void) o;
  explained = fmt;
}

void ftpd_limit_explain(struct ftpd_op *o, cmd_rec *cmd, const char *path,
    int xerrno) {
  (void) o;
  (void) xerrno;
  explained = pstrcat(p, cmd->argv[0], " ", path, NULL);
  errno = 0;
}

static bool dangling;

int ftpd_look(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) path;
  (void) st;
  errno = ENOENT;
  return dangling ? -1 : 0;
}

static unsigned int ncleared;

/* What lies in the way of an upload goes. */
int ftpd_hidden_clear(struct ftpd_op *o) {
  (void) o;
  ncleared++;
  refuse_of = NULL;
  return 0;
}

/* No upload waits for a check here. */
void ftpd_bottom_show(const char *path, int fd) {
  (void) path;
  (void) fd;
}

const char *ftpd_phase_code(pool *in) {
  return pstrdup(in, "550");
}

int ftpd_max_transfers(struct ftpd_op *o, const char *name,
    const char *path, bool refused) {
  (void) refused;
  (void) o;
  (void) name;
  (void) path;
  return 0;
}

void ftpd_xfer_begin(const char *path, int direction) {
  session.xfer.p = p;
  session.xfer.path = session.xfer.filename = pstrdup(p, path);
  session.xfer.direction = direction;
}

/* ---- Tests */

static void start(enum ftpd_request req) {
  memset(&state, 0, sizeof(state));
  memset(&op, 0, sizeof(op));
  op.pool = state_of_files.pool = p;
  op.ftpd = &ftpd;
  op.req = req;
  own = NULL;
  seen[0] = '\0';
  rewrite_of = rewritten = refuse_of = explained = NULL;
  refuse_errno = EACCES;
  listens = op_known = true;
  dangling = false;
  ncleared = 0;
  session.notes = pr_table_alloc(p, 0);
  errno = 0;
}

static int both(const char *first, const char *second, const char **path,
    const char **to) {
  struct sent sent = { first, second };

  return ftpd_equivalents_pre(&op, &sent, path, to);
}

static void own_names_are_asked_where_somebody_listens(void) {
  const char *path = "/a";

  start(FTPD_STAT);
  listens = false;
  ok(ftpd_own_pre(&op, &path, NULL) == 0 && own == NULL && *seen == '\0',
    "nobody listens: no command");
  listens = true;
  ok(ftpd_own_pre(&op, &path, NULL) == 0, "permitted");
  is_str(seen, "STAT /a in /srv/a\n", "under the rules of its directory");
  ok(op_known && state_of_files.op == NULL,
    "the operation is known meanwhile, and not longer");
  is_str(path, "/a", "the path is as it was");
  start(FTPD_STAT);
  rewrite_of = "STAT";
  rewritten = "/b";
  ok(ftpd_own_pre(&op, &path, NULL) == 0, "a handler rewrites it");
  is_str(path, "/b", "that path is used");
}

static void links_are_rewritten_with_both_names(void) {
  const char *path = "/a", *second = "/b";

  start(FTPD_HARDLINK);
  op.arg = pstrdup(p, "/a /b");
  ok(ftpd_own_pre(&op, &path, &second) == 0, "permitted");
  is_str(seen, "HARDLINK /a /b in /srv/a\n", "handlers see both");
  ok(strcmp(path, "/a") == 0 && strcmp(second, "/b") == 0, "as they were");
  rewrite_of = "HARDLINK";
  rewritten = "/c /d";
  ok(ftpd_own_pre(&op, &path, &second) == 0, "permitted");
  ok(strcmp(path, "/c") == 0 && strcmp(second, "/d") == 0,
    "both are rewritten");
  rewritten = "/e";
  ok(ftpd_own_pre(&op, &path, &second) < 0 && errno == EACCES,
    "one name is refused");
  ok(explained != NULL, "with a reason");
  rewritten = "/e /f /g";
  ok(ftpd_own_pre(&op, &path, &second) < 0 && errno == EACCES,
    "so are three words");
  ok(strcmp(path, "/c") == 0 && strcmp(second, "/d") == 0,
    "and are not used");
}

static void refusals_keep_their_reason(void) {
  const char *path = "/a";

  start(FTPD_STAT);
  refuse_of = "STAT";
  refuse_errno = EPERM;
  ok(ftpd_own_pre(&op, &path, NULL) < 0 && errno == EPERM, "of the own name");
  is_str(explained, "STAT /a", "it is explained");
  start(FTPD_MKDIR);
  refuse_of = C_MKD;
  refuse_errno = EIO;
  ok(both("a", NULL, &path, NULL) < 0 && errno == EACCES,
    "MKD: what means nothing to clients is a refusal");
  start(FTPD_MKDIR);
  refuse_of = C_MKD;
  refuse_errno = EDQUOT;
  ok(both("a", NULL, &path, NULL) < 0 && errno == EDQUOT, "a quota is a quota");
}

static void handlers_get_what_was_sent(void) {
  const char *path = "/home/a";

  start(FTPD_MKDIR);
  ok(both("a", NULL, &path, NULL) == 0, "MKD");
  is_str(seen, "MKD a in /srv/home/a\n",
    "the name as sent, in the directory that is meant");
  is_str(path, "/home/a", "which stays");
  start(FTPD_MKDIR);
  both("~bob", NULL, &path, NULL);
  is_str(seen, "MKD /home/a in /srv/home/a\n", "but for what means a home");
  start(FTPD_MKDIR);
  both("", NULL, &path, NULL);
  is_str(seen, "MKD /home/a in /srv/home/a\n", "or nothing");
  start(FTPD_MKDIR);
  rewrite_of = C_MKD;
  rewritten = "/link/b";
  both("a", NULL, &path, NULL);
  is_str(path, "/b", "what is rewritten is used, without its links");
  path = "/link/c";
  start(FTPD_MKDIR);
  both("c", NULL, &path, NULL);
  is_str(seen, "MKD c in /srv/c\n", "rules are those behind the links");
}

static void transfers_keep_their_command(void) {
  const char *path = "/up";

  start(FTPD_WRITE);
  ok(both("up", NULL, &path, NULL) == 0 && state.equivalent != NULL &&
    state.pool != NULL && state.pool != p, "in a pool of its own");
  is_int(session.xfer.direction, PR_NETIO_IO_RD, "an upload reads");
  start(FTPD_READ);
  both("up", NULL, &path, NULL);
  is_int(session.xfer.direction, PR_NETIO_IO_WR, "a download writes");
}

static void uploads_clear_what_lies_in_their_way_once(void) {
  const char *path = "/up";

  start(FTPD_WRITE);
  refuse_of = C_STOR;
  refuse_errno = EEXIST;
  ok(both("up", NULL, &path, NULL) == 0, "STOR is asked again");
  is_int(ncleared, 1, "when it is gone");
  start(FTPD_WRITE);
  refuse_of = C_STOR;
  ok(both("up", NULL, &path, NULL) < 0 && ncleared == 0,
    "other refusals are final");
}

static void dangling_links_are_not_directories(void) {
  const char *path = "/up";

  start(FTPD_READ);
  refuse_of = C_RETR;
  refuse_errno = EISDIR;
  ok(both("up", NULL, &path, NULL) < 0 && errno == EISDIR, "a directory");
  start(FTPD_READ);
  refuse_of = C_RETR;
  refuse_errno = EISDIR;
  dangling = true;
  ok(both("up", NULL, &path, NULL) < 0 && errno == ENOENT, "nothing is there");
}

static void renames_are_two_commands(void) {
  const char *from = "/a", *to = "/b";

  start(FTPD_RENAME);
  ok(both("a", "b", &from, &to) == 0, "permitted");
  is_str(seen, "RNFR a in /srv/a\nRNTO b in /srv/b\n", "each in its directory");
  is_str(pr_table_get(session.notes, "mod_core.rnfr-path", NULL), "/a",
    "the daemon waits for RNTO");
  is_str(session.xfer.path, "/b", "and the record names what came of it");
  start(FTPD_RENAME);
  refuse_of = C_RNFR;
  ok(both("a", "b", &from, &to) < 0, "RNFR is refused");
  is_str(seen, "RNFR a in /srv/a\n", "RNTO is not asked");
  ok(pr_table_get(session.notes, "mod_core.rnfr-path", NULL) == NULL,
    "and nothing waits");
  start(FTPD_RENAME);
  rewrite_of = C_RNTO;
  rewritten = "/c";
  both("a", "b", &from, &to);
  ok(strcmp(from, "/a") == 0 && strcmp(to, "/c") == 0, "each may be rewritten");
}

static void copies_are_those_of_site_copy(void) {
  const char *from = "/a", *to = "/b";

  start(FTPD_COPY);
  ok(both("a", "b", &from, &to) == 0, "permitted");
  is_str(seen, "SITE COPY a b in /srv/b\n", "where it goes decides");
  is_int(state.equivalent->argc, 4, "words apart");
  is_str(state.equivalent->argv[3], "b", "the last is the target");
}

static void copies_are_rewritten_by_words(void) {
  const char *from = "/a", *to = "/b";

  start(FTPD_COPY);
  rewrite_of = C_SITE;
  rewritten = "COPY /other /link/there";
  ok(both("a", "b", &from, &to) == 0, "permitted");
  is_str(from, "/other", "another source");
  is_str(to, "/there", "another target");
  rewritten = "COPY a b c";
  ok(both("a", "b c", &from, &to) < 0 && errno == EACCES,
    "words that are no two names are refused");
  ok(explained != NULL, "with a reason");
  ok(strcmp(from, "/other") == 0 && strcmp(to, "/there") == 0,
    "and are not used");
  rewritten = "COPY a";
  ok(both("a", "b", &from, &to) < 0 && errno == EACCES, "too few, too");
}

static void links_are_rewritten_whole(void) {
  const char *text = "target", *link = "/dir/name";

  start(FTPD_SYMLINK);
  ok(ftpd_symlink_pre(&op, "name", &text, &link) == 0, "permitted");
  is_str(seen, "SYMLINK target\tname in /srv/dir/name\n", "as it was sent");
  rewrite_of = "SYMLINK";
  rewritten = "other\t/link/there";
  ftpd_symlink_pre(&op, "name", &text, &link);
  is_str(text, "other", "another text");
  is_str(link, "/there", "another name");
  rewritten = "no tab";
  ftpd_symlink_pre(&op, "name", &text, &link);
  ok(strcmp(text, "other") == 0 && strcmp(link, "/there") == 0,
    "half of it changes nothing");
}

int main(void) {
  p = make_sub_pool(NULL);
  own_names_are_asked_where_somebody_listens();
  links_are_rewritten_with_both_names();
  refusals_keep_their_reason();
  handlers_get_what_was_sent();
  transfers_keep_their_command();
  uploads_clear_what_lies_in_their_way_once();
  dangling_links_are_not_directories();
  renames_are_two_commands();
  copies_are_those_of_site_copy();
  copies_are_rewritten_by_words();
  links_are_rewritten_whole();
  destroy_pool(p);
  return done_testing();
}
