/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-permit-t.c -- what is asked about the paths of a request, in which
 * order, and what a refusal tells.
 */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-check.h"
#include "ftpd-count.h"
#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-locks.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-phase.h"
#include "ftpd-record.h"
#include "ftpd-request.h"
#include "tap.h"

#include <limits.h>

static pool *p;
static struct ftpd ftpd;
static struct op_state state;
static struct ftpd_op op;
static struct ftpd_file file = { .rd = true };

const struct req_row ftpd_requests[FTPD_NREQUESTS] = {
  [FTPD_OPEN_READ] = { "OPEN", CL_READ, ROW_FILTER1, EQUIV_FILE, "RETR", 0,
    "" },
  [FTPD_OPEN_WRITE] = { "OPEN", CL_WRITE, 0, EQUIV_FILE, "STOR", 0, "" },
  [FTPD_LSTAT] = { "LSTAT", CL_MISC, ROW_LOOKS, EQUIV_NONE, NULL, 0, "" },
  [FTPD_STAT] = { "STAT", CL_MISC, ROW_FOLLOW1, EQUIV_NONE, NULL, 0, "" },
  [FTPD_DIGEST] = { "DIGEST", CL_MISC, ROW_WORDS|ROW_FOLLOW1, EQUIV_NONE, NULL,
    0, "" },
  [FTPD_SETSTAT] = { "SETSTAT", CL_WRITE, ROW_PRE|ROW_FOLLOW1|ROW_FILTER1,
    EQUIV_NONE, NULL, 0, "" },
  [FTPD_FSETSTAT] = { "FSETSTAT", CL_WRITE, ROW_HANDLE_PRE|ROW_FILTER1,
    EQUIV_NONE, NULL, 0, "" },
  [FTPD_LOCK] = { "LOCK", CL_MISC, 0, EQUIV_NONE, NULL, 0, "" },
  [FTPD_REALPATH] = { "REALPATH", CL_MISC, 0, EQUIV_NONE, NULL, 0, "" },
  [FTPD_OPENDIR] = { NULL, CL_DIRS, ROW_FOLLOW1, EQUIV_LIST, "MLSD", 0, "" },
  [FTPD_REMOVE] = { NULL, CL_WRITE, 0, EQUIV_PATH, "DELE", 0, "" },
  [FTPD_RENAME] = { NULL, CL_WRITE, ROW_TWO|ROW_FILTER2, EQUIV_RENAME, "RNFR",
    0, "" },
  [FTPD_COPY] = { NULL, CL_WRITE, ROW_TWO|ROW_FOLLOW1, EQUIV_NONE, NULL, 0,
    "" },
  [FTPD_LINK] = { "LINK", CL_WRITE, ROW_TWO, EQUIV_NONE, NULL, 0, "" },
  [FTPD_HARDLINK] = { "LINK", CL_WRITE, ROW_TWO, EQUIV_NONE, NULL, 0, "" },
  [FTPD_SYMLINK] = { "SYMLINK", CL_WRITE, ROW_TWO|ROW_FILTER2, EQUIV_SYMLINK,
    NULL, 0, "" }
};

/* ---- The other files: what they are asked is recorded */

static char trace[2000];
static const char *denied, *filtered;
static bool quiet, ignores, pinned, hides_links;
static int pre_error, resolve_error, missing_error;
static const char *rewritten;

static void note(const char *fmt, ...) {
  size_t n = strlen(trace);
  va_list ap;

  va_start(ap, fmt);
  vsnprintf(trace + n, sizeof(trace) - n, fmt, ap);
  va_end(ap);
}

static int refuse_if(const char *path, const char *bad) {
  if (bad == NULL || strcmp(path, bad) != 0) {
    return 0;
  }

  errno = EACCES;
  op.refused = "a rule";
  return -1;
}

int ftpd_ask(struct ftpd_op *one, const struct sftp_rule *rule,
    const char *path, const char *real) {
  (void) one;
  note("%s %s%s%s, ", rule == &sftp_rules[op.req].second ? "ask2" : "ask",
    path, path != real ? ">" : "", path != real ? real : "");
  return refuse_if(path, denied);
}

int ftpd_filter(struct ftpd_op *one, const char *path) {
  (void) one;
  note("filter %s, ", path);
  return refuse_if(path, filtered);
}

int ftpd_word_filter(struct ftpd_op *one, const char *name, const char *arg) {
  (void) one;
  note("word %s %s, ", name, arg);
  return refuse_if(arg, filtered);
}

const char *ftpd_op_name(const struct ftpd_op *one) {
  return ftpd_requests[one->req].name;
}

struct op_state *ftpd_op_state(struct ftpd_op *one) {
  one->state = &state;
  return &state;
}

const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  return *path == '/' ? path : pstrcat(in, "/home/", path, NULL);
}

unsigned int ftpd_depth(const char *path) {
  unsigned int n = 0;

  for (; *path != '\0'; path++) {
    n += *path == '/';
  }

  return n;
}

/* "/link" leads to "/target", what is below "/way" to below "/dir", and "/loop"
 * nowhere.
 */
const char *ftpd_resolve(struct ftpd *h, pool *in, const char *path,
    bool follow) {
  (void) h;
  resolve_error = strncmp(path, "/loop", 5) == 0 && (follow || path[5] == '/')
    ? ELOOP : 0;
  return strcmp(path, "/link") == 0 && follow ? "/target" :
    strncmp(path, "/way/", 5) == 0 ? pstrcat(in, "/dir/", path + 5, NULL) :
    path;
}

int ftpd_resolve_error(void) {
  return resolve_error;
}

bool ftpd_shows_links(struct ftpd *h) {
  (void) h;
  return !hides_links;
}

const char *ftpd_link_means(struct ftpd *h, pool *in, const char *text) {
  (void) h;
  return pstrcat(in, "/means", text, NULL);
}

bool ftpd_limit_quiet(struct ftpd *h, enum ftpd_request req,
    const char *path) {
  (void) h;
  (void) req;
  (void) path;
  return quiet;
}

void ftpd_limit_learn(struct ftpd *h, const char *path, int fd) {
  (void) h;
  (void) fd;
  note("learn %s, ", path);
}

bool ftpd_limit_ignores(struct ftpd *h) {
  (void) h;
  return ignores;
}

bool ftpd_is_pinned(const char *path) {
  (void) path;
  return pinned;
}

int ftpd_own_pre(struct ftpd_op *one, const char **path, const char **second) {
  (void) one;
  (void) second;
  note("own %s, ", *path);
  *path = rewritten != NULL ? rewritten : *path;
  errno = pre_error;
  return pre_error != 0 ? -1 : 0;
}

static cmd_rec equivalent;

int ftpd_equivalents_pre(struct ftpd_op *one, const struct sent *sent,
    const char **path, const char **second) {
  if (ftpd_requests[one->req].kind == EQUIV_NONE) {
    return 0;
  }

  note("pre %s%s%s, ", sent->first, sent->second != NULL ? " " : "",
    sent->second != NULL ? sent->second : "");
  equivalent.arg = rewritten != NULL ? pstrdup(p, rewritten) :
    pstrdup(p, sent->first);
  if (ftpd_requests[one->req].kind == EQUIV_FILE) {
    ftpd_op_state(one)->equivalent = &equivalent;
  }

  *path = rewritten != NULL ? rewritten : *path;
  if (*second != NULL) {
    note("to %s, ", *second);
  }

  errno = pre_error;
  return pre_error != 0 ? -1 : 0;
}

int ftpd_symlink_pre(struct ftpd_op *one, const char *sent, const char **text,
    const char **link) {
  (void) one;
  note("pre %s %s %s, ", sent, *text, *link);
  errno = pre_error;
  return pre_error != 0 ? -1 : 0;
}

void ftpd_ftpaccess_read(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  (void) in;
  note("read %s, ", path);
}

const char *ftpd_permit_go(struct ftpd_op *one, const char *path,
    const char *text) {
  (void) one;
  note("go %s %s, ", path, text);
  return path;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) st;
  note("lstat %s, ", path);
  errno = missing_error;
  return missing_error != 0 ? -1 : 0;
}

int ftpd_look(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) st;
  note("look %zu, ", strlen(path));
  errno = missing_error;
  return missing_error != 0 ? -1 : 0;
}

int ftpd_may_replace(struct ftpd_op *one, const char *path) {
  (void) one;
  note("replace %s, ", path);
  return refuse_if("replace", denied);
}

struct second_name ftpd_second_name(struct ftpd_op *one, const char *path) {
  struct second_name old = { 7, true };

  (void) one;
  note("old %s, ", path);
  return old;
}

int ftpd_check_link(struct ftpd_op *one, const char *from,
    const struct second_name *old, const char *to) {
  (void) one;
  note("link %s %s %u, ", from, to, old->denied);
  return refuse_if("link", denied);
}

int ftpd_check_names(struct ftpd_op *one, const char *path,
    const char *second) {
  (void) one;
  note("names %s%s%s", path, second != NULL ? " " : "", second != NULL ?
    second : "");
  if (denied != NULL && strcmp(denied, "silence") == 0) {
    errno = 0;
    return -1;
  }

  return refuse_if("names", denied);
}

int ftpd_count_change(struct ftpd_op *one, cmd_rec *cmd) {
  (void) one;
  if (cmd == NULL) {
    return 0;
  }

  note(", count %s", (const char *) cmd->argv[0]);
  errno = EBUSY;
  return denied != NULL && strcmp(denied, cmd->argv[0]) == 0 ? -1 : 0;
}

int ftpd_record_may(struct ftpd_op *one) {
  (void) one;
  return refuse_if("record", denied);
}

int ftpd_may_keep(struct ftpd_op *one, const char *path, bool reads,
    bool writes) {
  (void) one;
  note("keep %s %d%d", path, reads, writes);
  return refuse_if("keep", denied);
}

/* ---- Requests */

static void begin(enum ftpd_request req) {
  memset(&op, 0, sizeof(op));
  memset(&state, 0, sizeof(state));
  op.ftpd = &ftpd;
  op.pool = p;
  op.req = req;
  op.arg = "/arg";
  trace[0] = '\0';
}

static const char *second;

/* The path to act on; NULL with errno. */
static const char *permit(enum ftpd_request req, const char *path,
    const char *to) {
  const char *res;

  begin(req);
  second = to;
  errno = 0;
  res = ftpd_permit(&op, path, to != NULL ? &second : NULL);
  return res;
}

static void paths_are_asked_about(void) {
  is_str(permit(FTPD_LSTAT, "/a", NULL), "/a", "a path");
  is_str(trace, "ask /a, learn /a, names /a", "is asked about once");
  is_str(state.path, "/a", "and known to the operation");
  is_str(permit(FTPD_LSTAT, "a", NULL), "/home/a", "a relative one");
  is_str(permit(FTPD_LSTAT, "/way/a", NULL), "/dir/a", "one with links");
  is_str(trace, "ask /way/a>/dir/a, ask /dir/a, learn /dir/a, names /dir/a",
    "is asked about by both names");
  is_str(permit(FTPD_LSTAT, "/link", NULL), "/link", "a link itself");
  hides_links = true;
  is_str(permit(FTPD_LSTAT, "/link", NULL), "/target", "ShowSymlinks off");
  is_str(permit(FTPD_OPENDIR, "/link", NULL), "/target", "others follow");
  hides_links = false;
  is_str(permit(FTPD_STAT, "/link", NULL), "/target", "STAT follows it");
  is_str(trace, "ask /link>/target, ask /target, names /target", "anyway");
  quiet = true;
  is_str(permit(FTPD_STAT, "/link", NULL), "/link", "without rules");
  is_str(trace, "names /link", "nothing is asked");
  quiet = false;
  is_str(permit(FTPD_REALPATH, "a", NULL), "/home/a", "REALPATH");
  is_str(trace, "go /home/a a, names /home/a", "has rules of its own");
  is_str(permit(FTPD_DIGEST, "/link", NULL), "/target", "a request with words");
  is_str(trace, "ask /link>/target, ask /target, word DIGEST /link, "
    "names /target", "has these filtered");
}

static bool refused(enum ftpd_request req, const char *path, const char *to,
    int err) {
  return permit(req, path, to) == NULL && errno == err && (to != NULL ||
    state.path == NULL);
}

static void each_answer_counts(void) {
  denied = "/way/a";
  ok(refused(FTPD_STAT, "/way/a", NULL, EACCES), "the name");
  denied = "/dir/a";
  ok(refused(FTPD_STAT, "/way/a", NULL, EACCES), "its target");
  denied = "names";
  ok(refused(FTPD_STAT, "/a", NULL, EACCES), "an unchecked upload");
  denied = NULL;
  filtered = "/way/a";
  ok(refused(FTPD_SETSTAT, "/way/a", NULL, EACCES), "a filter of the name");
  ok(refused(FTPD_DIGEST, "/way/a", NULL, EACCES), "of a word");
  filtered = "/dir/a";
  ok(refused(FTPD_SETSTAT, "/way/a", NULL, EACCES), "of the target");
  ok(!refused(FTPD_STAT, "/way/a", NULL, EACCES), "where filters apply");
  filtered = NULL;
  ok(refused(FTPD_STAT, "/loop", NULL, ELOOP), "links that lead nowhere");
  ok(!refused(FTPD_LSTAT, "/loop", NULL, ELOOP), "unless they are meant");
  ok(refused(FTPD_STAT, "", NULL, ENOENT), "no path");
  ok(refused(FTPD_RENAME, "/a", "", ENOENT), "no second one");
  ok(refused(FTPD_RENAME, "/a", NULL, EINVAL), "or only one");
}

static void own_commands_come_first(void) {
  is_str(permit(FTPD_SETSTAT, "/a", NULL), "/a", "SETSTAT");
  is_str(trace, "own /a, ask /a, filter /a, names /a", "has a command");
  rewritten = "/new";
  is_str(permit(FTPD_SETSTAT, "/a", NULL), "/new", "which may rewrite it");
  rewritten = NULL;
  pre_error = EPERM;
  ok(refused(FTPD_SETSTAT, "/a", NULL, EPERM), "or refuse it");
  pre_error = 0;
}

/* ---- FTP's commands */

static void ftps_commands_are_run(void) {
  is_str(permit(FTPD_REMOVE, "a", NULL), "/home/a", "REMOVE");
  is_str(trace, "read /home/a, pre a, ask /home/a, names /home/a", "is DELE");
  is_str(permit(FTPD_REMOVE, "/link", NULL), "/link", "of a link");
  is_str(trace, "read /target, pre /link, ask /link, names /link", "itself");
  is_str(permit(FTPD_REMOVE, "/loop", NULL), "/loop", "wherever it leads");
  is_str(trace, "read /loop, pre /loop, ask /loop, names /loop", "to");
  ok(refused(FTPD_OPENDIR, "/loop", NULL, ELOOP) &&
    strstr(trace, "pre") == NULL, "who follows it cannot");
  ok(refused(FTPD_REMOVE, "/loop/a", NULL, ELOOP), "nor go through it");
  ok(refused(FTPD_RENAME, "/a", "/loop/a", ELOOP), "with either path");
  rewritten = "/way/b";
  is_str(permit(FTPD_REMOVE, "a", NULL), "/dir/b", "a rewritten path");
  rewritten = NULL;
}

static void files_are_asked_about_where_it_matters(void) {
  pinned = true;
  is_str(permit(FTPD_OPEN_READ, "/a", NULL), "/a", "a file");
  is_str(trace, "read /a, pre /a, names /a", "which RETR has checked");
  ignores = true;
  is_str(permit(FTPD_OPEN_READ, "/a", NULL), "/a", "IgnoreHidden");
  is_str(trace, "read /a, pre /a, ask /a, filter /a, names /a", "is ours");
  ignores = pinned = false;
  is_str(permit(FTPD_OPEN_READ, "/a", NULL), "/a", "a new directory");
  is_str(trace, "read /a, pre /a, ask /a, filter /a, names /a", "as well");
  pinned = true;
  is_str(permit(FTPD_OPEN_READ, "/link", NULL), "/target", "a link");
  is_str(trace, "read /target, pre /link, ask /link>/target, filter /link, "
    "ask /target, filter /target, names /target", "has two names");
  rewritten = "/target";
  is_str(permit(FTPD_OPEN_READ, "/old", NULL), "/target", "a rewritten name");
  is_str(trace, "read /old, pre /old, names /target", "which alone counts");
  rewritten = NULL;
  denied = "/link";
  ok(refused(FTPD_OPEN_READ, "/link", NULL, EACCES), "the name");
  denied = "/target";
  ok(refused(FTPD_OPEN_READ, "/link", NULL, EACCES), "the target");
  denied = NULL;
  filtered = "/link";
  ok(refused(FTPD_OPEN_READ, "/link", NULL, EACCES), "the name's filter");
  filtered = "/target";
  ok(refused(FTPD_OPEN_READ, "/link", NULL, EACCES), "the target's");
  ok(!refused(FTPD_OPEN_WRITE, "/link", NULL, EACCES), "where they apply");
  filtered = NULL;
  begin(FTPD_OPEN_WRITE);
  op.exclusive = true;
  is_str(ftpd_permit(&op, "/link", NULL), "/link", "a new file is no link");
  pinned = false;
}

static int errno_of(const char *path, int err, bool exclusive) {
  begin(FTPD_OPEN_WRITE);
  op.exclusive = exclusive;
  pre_error = err;
  (void) ftpd_permit(&op, path, NULL);
  err = errno;
  pre_error = 0;
  return err;
}

static void refusals_do_not_tell(void) {
  is_int(errno_of("/a", EEXIST, false), EEXIST, "a handler's reason");
  is_str(trace, "read /a, pre /a, ask /a, ", "is told to who may ask");
  denied = "/a";
  is_int(errno_of("/a", EEXIST, false), EACCES, "to nobody else");
  is_int(errno_of("/a", EPERM, false), EPERM, "a refusal");
  is_str(trace, "read /a, pre /a, ", "needs no question");
  is_int(errno_of("/a", EACCES, false), EACCES, "nor another");
  is_str(trace, "read /a, pre /a, ", "one");
  denied = "/target";
  is_int(errno_of("/link", EEXIST, true), EACCES, "a link leads somewhere");
  denied = NULL;
  is_int(errno_of("/a", ENOENT, true), EEXIST, "a dangling link exists");
  is_int(errno_of("/a", ELOOP, true), EEXIST, "a loop, too");
  is_int(errno_of("/a", EIO, true), EIO, "an error");
  is_int(errno_of("/a", ENOENT, false), ENOENT, "others may follow it");
  missing_error = ENOENT;
  is_int(errno_of("/a", ENOENT, true), ENOENT, "or there is none");
  missing_error = 0;
  is_int(errno_of("/a", 0, false), 0, "no refusal");
}

static void nothing_is_no_reason(void) {
  denied = "silence";
  ok(refused(FTPD_STAT, "/a", NULL, EACCES), "EACCES");
  denied = NULL;
}

/* ---- Two paths */

static cmd_rec *command(const char *name) {
  return pr_cmd_alloc(p, 1, pstrdup(p, name));
}

static const char *rename_it(cmd_rec *one, cmd_rec *two) {
  begin(FTPD_RENAME);
  state.equivalent = one;
  state.equivalent2 = two;
  second = "/b";
  errno = 0;
  return ftpd_permit(&op, "/a", &second);
}

static void two_paths_are_asked_about(void) {
  cmd_rec *one = command("RNFR"), *two = command("RNTO");

  is_str(rename_it(one, two), "/a", "RENAME");
  is_str(trace, "read /a, read /b, pre /a /b, to /b, ask /a, ask2 /b, "
    "filter /b, names /a /b, count RNFR, count RNTO", "has two commands");
  ok(state.first_ok && strcmp(state.path2, "/b") == 0, "two paths are known");
  is_str(rename_it(one, NULL), "/a", "or one");
  is_str(permit(FTPD_COPY, "/a", "/b"), "/a", "a copy");
  is_str(trace, "ask /a, ask2 /b, lstat /b, replace /b, names /a /b",
    "may replace a file");
  missing_error = ENOENT;
  is_str(permit(FTPD_COPY, "/link", "/way/b"), "/target", "or make one");
  is_str(second, "/dir/b", "where it leads");
  is_str(trace, "ask /link>/target, ask /target, ask2 /way/b>/dir/b, "
    "ask2 /dir/b, lstat /dir/b, names /target /dir/b", "then nothing is");
  missing_error = 0;
  begin(FTPD_COPY);
  op.file = &file;
  second = "/b";
  ok(ftpd_permit(&op, "/a", &second) != NULL && strstr(trace, "replace") ==
    NULL, "an open file is not replaced");
  is_str(permit(FTPD_COPY, "/a", "/link"), "/a", "copies");
  is_str(second, "/target", "follow links");
  is_str(permit(FTPD_LINK, "/a", "/link"), "/a", "LINK");
  is_str(trace, "ask /a, old /a, ask2 /link, link /a /link 7, names /a /link",
    "does not");
  is_str(permit(FTPD_HARDLINK, "/a", "/b"), "/a", "a hard link");
  is_str(trace, "ask /a, old /a, ask2 /b, link /a /b 7, names /a /b", "is "
    "one");
}

static void each_answer_about_two_counts(void) {
  cmd_rec *one = command("RNFR"), *two = command("RNTO");

  begin(FTPD_REMOVE);
  state.equivalent = command("DELE");
  ok(ftpd_permit(&op, "/a", NULL) != NULL && strstr(trace, "count DELE") !=
    NULL, "a removal is counted");
  begin(FTPD_OPENDIR);
  state.equivalent = command("MLSD");
  ok(ftpd_permit(&op, "/a", NULL) != NULL && strstr(trace, "count") == NULL,
    "a listing is not");
  denied = "RNFR";
  ok(rename_it(one, two) == NULL && errno == EBUSY, "a count");
  denied = "RNTO";
  ok(rename_it(one, two) == NULL && errno == EBUSY, "another one");
  ftpd.explains = true;
  ok(rename_it(one, two) != NULL, "who only asks is not counted");
  ftpd.explains = false;
  denied = "/b";
  ok(refused(FTPD_RENAME, "/a", "/b", EACCES), "the second path");
  denied = "replace";
  ok(refused(FTPD_COPY, "/a", "/b", EACCES), "a file that stays");
  denied = "link";
  ok(refused(FTPD_LINK, "/a", "/b", EACCES), "a second name");
  denied = "/a";
  ok(refused(FTPD_RENAME, "/a", "/b", EACCES) && !state.first_ok, "the first");
  denied = NULL;
  filtered = "/b";
  ok(refused(FTPD_RENAME, "/a", "/b", EACCES), "its filter");
  filtered = NULL;
}

static void refused_renames_are_noted(void) {
  pre_error = EPERM;
  ok(rename_it(command("RNFR"), command("RNTO")) == NULL && errno == EPERM,
    "the second command is refused");
  ok(state.first_ok && strcmp(state.path, "/a") == 0, "not for the first path");
  denied = "/a";
  ok(rename_it(command("RNFR"), command("RNTO")) == NULL && errno == EPERM &&
    !state.first_ok, "or for both");
  is_str(op.refused, NULL, "the reason is that of the command");
  ok(rename_it(command("RNFR"), NULL) == NULL && state.path == NULL,
    "the first command");
  denied = "/target";
  begin(FTPD_RENAME);
  state.equivalent2 = command("RNTO");
  second = "/b";
  ok(ftpd_permit(&op, "/link", &second) == NULL && state.first_ok, "links are "
    "renamed themselves");
  pre_error = 0;
  denied = NULL;
}

static void links_are_made(void) {
  is_str(permit(FTPD_SYMLINK, "text", "/dir/link"), "text", "SYMLINK");
  is_str(trace, "pre /dir/link text /dir/link, ask /dir/text, "
    "ask2 /dir/link, filter /dir/link, names text /dir/link", "asks about "
    "the place that it means");
  (void) permit(FTPD_SYMLINK, "/text", "/way/link");
  is_str(trace, "pre /way/link /text /way/link, ask /means/text, "
    "ask2 /way/link>/dir/link, filter /way/link, ask2 /dir/link, "
    "filter /dir/link, names /text /dir/link", "an absolute one, too");
  is_str(second, "/dir/link", "and where the link is");
  is_str(permit(FTPD_SYMLINK, "/text", "/link"), "/text", "which may be one");
  is_str(second, "/link", "itself");
  denied = "/target";
  ok(refused(FTPD_SYMLINK, "link", "/link", EACCES), "texts are followed");
  denied = "/dir/text";
  ok(refused(FTPD_SYMLINK, "text", "/dir/link", EACCES), "the place");
  denied = "/dir/link";
  ok(refused(FTPD_SYMLINK, "text", "/dir/link", EACCES), "the link");
  denied = NULL;
  filtered = "/dir/link";
  ok(refused(FTPD_SYMLINK, "text", "/dir/link", EACCES), "its filter");
  filtered = NULL;
  pre_error = EPERM;
  ok(refused(FTPD_SYMLINK, "text", "/dir/link", EPERM), "a handler");
  pre_error = 0;
}

/* ---- Keys, depth, handles */

static void keys_may_be_for_reading(void) {
  ftpd.read_only = true;
  ok(refused(FTPD_REMOVE, "/a", NULL, EACCES), "a read-only key");
  is_str(daemon_refused, "denied by the key, which is for reading only", "why");
  is_str(trace, "", "nothing is asked");
  ok(!refused(FTPD_STAT, "/a", NULL, EACCES), "reading is permitted");
  begin(FTPD_FSETSTAT);
  is_int(ftpd_permit_handle(&op, "/a"), -1, "nor is a handle's");
  ftpd.read_only = false;
}

/* A path of that length, with so many names. */
static const char *path_of(size_t len, unsigned int names) {
  char *path = palloc(p, len + 1);
  unsigned int i;

  memset(path, 'n', len);
  path[len] = '\0';
  for (i = 0; i < names; i++) {
    path[2 * i] = '/';
  }

  return path;
}

static int depth(size_t len, unsigned int names) {
  begin(FTPD_STAT);
  errno = 0;
  return ftpd_check_depth(&op, path_of(len, names)) < 0 ? errno : 0;
}

static void deep_paths_need_their_directory(void) {
  missing_error = ENOENT;
  is_int(depth(255, 127), 0, "a short path");
  is_int(depth(256, 128), 0, "128 names");
  is_str(trace, "", "nobody looks");
  is_int(depth(255, 128), 0, "what is short has few");
  is_int(depth(258, 129), ENOENT, "129 names");
  is_str(trace, "look 256, ", "need a directory");
  missing_error = 0;
  is_int(depth(258, 129), 0, "that is there");
  is_int(depth(600, 256), 0, "256 names");
  is_int(depth(600, 257), ENAMETOOLONG, "257");
  is_int(depth(PATH_MAX - 1, 3), 0, "4,095 bytes");
  is_int(depth(PATH_MAX, 3), ENAMETOOLONG, "4,096");
  ok(refused(FTPD_STAT, path_of(600, 257), NULL, ENAMETOOLONG), "requests");
  ok(refused(FTPD_COPY, "/a", path_of(600, 257), ENAMETOOLONG), "of two");
}

static int permit_handle(enum ftpd_request req, const char *path,
    unsigned int deny, struct ftpd_file *f) {
  begin(req);
  op.deny = deny;
  op.file = f;
  errno = 0;
  return ftpd_permit_handle(&op, path);
}

static void what_is_not_recorded_is_not_done(void) {
  denied = "record";
  ok(refused(FTPD_STAT, "/a", NULL, EACCES), "a request");
  is_str(trace, "", "nothing is asked");
  is_int(permit_handle(FTPD_FSETSTAT, "/a", 0, &file), -1, "of a handle, too");
  is_str(trace, "", "nothing is asked");
  denied = NULL;
}

static void handles_have_paths(void) {
  is_int(permit_handle(FTPD_FSETSTAT, "/link", 0, &file), 0, "a handle");
  is_str(trace, "own /link, ask /link>/target, filter /link, ask /target, "
    "filter /target, ", "has a command of its own");
  is_int(permit_handle(FTPD_SETSTAT, "/a", 0, &file), 0, "as a path has");
  is_str(trace, "own /a, ask /a, filter /a, ", "it");
  is_int(permit_handle(FTPD_STAT, "/a", 0, &file), 0, "or none");
  is_str(trace, "ask /a, ", "then");
  pre_error = EPERM;
  is_int(permit_handle(FTPD_FSETSTAT, "/a", 0, &file), -1, "which may refuse");
  is_int(errno, EPERM, "it");
  pre_error = 0;
  denied = "/a";
  is_int(permit_handle(FTPD_STAT, "/a", 0, &file), -1, "so may a rule");
  denied = NULL;
  filtered = "/a";
  is_int(permit_handle(FTPD_FSETSTAT, "/a", 0, &file), -1, "and a filter");
  filtered = NULL;
  is_int(permit_handle(FTPD_LOCK, "/a", FTPD_USE_READ, &file), 0, "a lock");
  ok(strstr(trace, "keep /a 10") != NULL, "needs rights");
  denied = "keep";
  is_int(permit_handle(FTPD_LOCK, "/a", FTPD_USE_READ, &file), -1, "which may "
    "be missing");
  is_int(permit_handle(FTPD_LOCK, "/a", 0, &file), 0, "if it denies");
  is_int(permit_handle(FTPD_LOCK, "/a", FTPD_USE_READ, NULL), 0, "a file");
  denied = NULL;
}

int main(void) {
  p = make_sub_pool(NULL);
  paths_are_asked_about();
  each_answer_counts();
  own_commands_come_first();
  ftps_commands_are_run();
  files_are_asked_about_where_it_matters();
  refusals_do_not_tell();
  nothing_is_no_reason();
  two_paths_are_asked_about();
  each_answer_about_two_counts();
  refused_renames_are_noted();
  links_are_made();
  keys_may_be_for_reading();
  deep_paths_need_their_directory();
  handles_have_paths();
  what_is_not_recorded_is_not_done();
  destroy_pool(p);
  return done_testing();
}
