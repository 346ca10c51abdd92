/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ask-t.c -- decisions that differ for the effects of one request, with
 * rules that this test has itself.
 */

#include "daemon.h"
#include "ftpd-ask.h"
#include "ftpd-attrs.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-limit.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-uploads.h"
#include "ftpd-user.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd;
static struct ftpd_op op;

/* ---- Rules: what is denied for one path */

static struct {
  const char *path;             /* "*": for all */
  unsigned int effects;
  bool by_name, ignored, hidden;
} denied[2];

static unsigned int asked, logged, limited, learned, anew;
static unsigned int dir_denies;
static const char *allowed;
static bool quiet, shows_links, too_deep, uploaded, is_dir, is_gone;
static const char *link_path, *link_target;

const struct sftp_rule ftpd_no_names;

static int decide(const char *path, unsigned int effects,
    struct limit_answer *a) {
  size_t i;

  memset(a, 0, sizeof(*a));
  for (i = 0; i < SFTP_NELEMS(denied); i++) {
    if (denied[i].path != NULL && (*denied[i].path == '*' ||
        strcmp(denied[i].path, path) == 0)) {
      a->effects |= effects & denied[i].effects;
      a->by_name |= denied[i].by_name;
      a->ignored |= denied[i].ignored;
      a->hidden |= denied[i].hidden;
    }
  }

  return a->effects != 0 ? -1 : 0;
}

int ftpd_limit_ask(struct ftpd *h, pool *in, const struct sftp_rule *rule,
    unsigned int effects, const char *path, struct limit_answer *a) {
  (void) h;
  (void) in;
  (void) rule;
  asked |= effects;
  return decide(path, effects, a);
}

int ftpd_limit(struct ftpd_op *one, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  struct limit_answer a;

  (void) one;
  (void) rule;
  logged++;
  limited = effects;
  return decide(path, effects, &a);
}

unsigned int ftpd_limit_denies(struct ftpd *h, const struct sftp_rule *rule,
    unsigned int effects, bool hidden, const char *path,
    struct limit_answer *a) {
  (void) h;
  (void) rule;
  (void) hidden;
  (void) path;
  memset(a, 0, sizeof(*a));
  a->allowed = allowed;
  return effects == SFTP_EFF_GO ? dir_denies : effects;
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
  (void) path;
  learned += fd == -1;
}

/* ---- Paths: one of them is a link */

const char *ftpd_resolve(struct ftpd *h, pool *in, const char *path,
    bool follow) {
  size_t n = link_path != NULL ? strlen(link_path) : 0;

  (void) h;
  if (link_path == NULL || strncmp(path, link_path, n) != 0 ||
      (path[n] != '/' && (path[n] != '\0' || !follow))) {
    return path;
  }

  return pstrcat(in, link_target, path + n, NULL);
}

const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  (void) h;
  return *path == '/' ? path : pstrcat(in, "/", path, NULL);
}

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return "/home";
}

bool ftpd_shows_links(struct ftpd *h) {
  (void) h;
  return shows_links;
}

int ftpd_check_depth(struct ftpd_op *one, const char *path) {
  (void) one;
  (void) path;
  return too_deep ? -1 : 0;
}

void ftpd_stand_anew(void) {
  anew++;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) path;
  memset(st, 0, sizeof(*st));
  st->st_mode = is_dir ? S_IFDIR : S_IFREG;
  return is_gone ? -1 : 0;
}

bool ftpd_upload_is(struct ftpd *h, const struct stat *st) {
  (void) h;
  (void) st;
  return uploaded;
}

static void reset(enum ftpd_request req) {
  memset(&op, 0, sizeof(op));
  memset(denied, 0, sizeof(denied));
  op.ftpd = &ftpd;
  op.pool = p;
  op.req = req;
  asked = logged = limited = learned = dir_denies = 0;
  allowed = NULL;
  quiet = too_deep = uploaded = is_dir = is_gone = false;
  shows_links = true;
  link_path = link_target = NULL;
}

static void deny(const char *path, unsigned int effects) {
  denied[0].path = path;
  denied[0].effects = effects;
}

/* ---- Effects */

static void effects_are_all_asked_for(void) {
  static const struct sftp_rule rule = { { NULL }, SFTP_EFF_READ,
    SFTP_EFF_MAKE|SFTP_EFF_NAME };

  reset(FTPD_STAT);
  op.effects = SFTP_EFF_NAME|SFTP_EFF_TIME;
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), 0, "a request");
  is_int(limited, SFTP_EFF_READ|SFTP_EFF_NAME, "its effects");
  deny("/a", SFTP_EFF_NAME);
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), -1, "one that is denied");
}

static void one_attribute_is_enough(void) {
  static const struct sftp_rule rule = { { NULL }, 0,
    SFTP_EFF_MODE|SFTP_EFF_TIME };

  reset(FTPD_SETSTAT);
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), 0, "nothing is denied");
  is_int(asked, SFTP_EFF_MODE|SFTP_EFF_TIME, "all are asked for");
  deny("/a", SFTP_EFF_MODE);
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), 0, "one of two");
  is_int(logged, 0, "is not logged");
  denied[0].ignored = true;
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), -1, "a file that is ignored");
  denied[0].ignored = false;
  deny("/a", SFTP_EFF_MODE|SFTP_EFF_TIME);
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), -1, "both");
  is_int(logged, 2, "are");
  deny("/a", SFTP_EFF_MODE);
  op.effects = SFTP_EFF_MODE|SFTP_EFF_READ;
  is_int(ftpd_ask(&op, &rule, "/a", "/a"), -1, "the one that is wanted");
  is_int(limited, SFTP_EFF_MODE, "alone");
}

/* ---- Looks */

static int look(void) {
  static const struct sftp_rule rule = { { NULL }, SFTP_EFF_TELL, 0 };

  return ftpd_ask(&op, &rule, "/a", "/a");
}

static void looks_are_for_what_is_ones_own(void) {
  struct ftpd_file file;

  memset(&file, 0, sizeof(file));
  reset(FTPD_STAT);
  is_int(look(), 0, "nothing is denied");
  deny("/a", SFTP_EFF_TELL);
  is_int(look(), -1, "looks are");
  uploaded = true;
  is_int(look(), 0, "but not at one's upload");
  denied[0].by_name = true;
  is_int(look(), -1, "unless they are named");
  denied[0].by_name = false;
  denied[0].ignored = true;
  is_int(look(), -1, "or it is ignored");
  denied[0].ignored = false;
  is_gone = true;
  is_int(look(), -1, "or gone");
  uploaded = false;
  op.file = &file;
  is_int(look(), -1, "an open file");
  file.rd = true;
  is_int(look(), 0, "that may be read");
  file.rd = false;
  file.made = true;
  is_int(look(), 0, "or was made");
  op.file = NULL;
  is_gone = false;
  allowed = "CWD";
  is_int(look(), -1, "a file is not entered");
  is_dir = true;
  is_int(look(), 0, "a directory that may be");
  dir_denies = SFTP_EFF_GO;
  is_int(look(), -1, "or may not");
  dir_denies = 0;
  allowed = NULL;
  is_int(look(), -1, "by a rule");
}

/* ---- REALPATH */

static const char *go(const char *path, const char *text) {
  op.blind = 0;
  asked = learned = 0;
  return ftpd_permit_go(&op, path, text);
}

static void paths_go_up_or_not(void) {
  static const struct { const char *text; bool up; } row[] = {
    { "..", true }, { "../a", true }, { "a/..", true }, { "a/../b", true },
    { "...", false }, { "a..", false }, { "..a", false }, { "a/..b", false },
    { "a../b", false }, { "/..", true }, { "x../..", true },
    { "a/b", false }, { "", false }, { "..../..", true } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    reset(FTPD_REALPATH);
    is_str(go("/a", row[i].text), "/a", "'%s'", row[i].text);
    is_int(asked, SFTP_EFF_GO | (row[i].up ? SFTP_EFF_UP : 0), "goes %s",
      row[i].up ? "up" : "down");
  }
}

static void places_are_answered(void) {
  reset(FTPD_REALPATH);
  quiet = true;
  is_str(go("/a", "a"), "/a", "without rules");
  ok(asked == 0 && learned == 0, "nothing is asked");
  reset(FTPD_REALPATH);
  is_str(go("/home", ".."), "/home", "where the client is");
  ok(asked == SFTP_EFF_HERE && learned == 1, "needs another right");
  link_path = "/a";
  link_target = "/real";
  is_str(go("/a", "a"), "/real", "a link");
  shows_links = false;
  is_str(go("/a", "a"), "/a", "which may be hidden");
}

static void denials_are_blind(void) {
  reset(FTPD_REALPATH);
  deny("/a", SFTP_EFF_GO);
  denied[0].by_name = true;
  ok(go("/a", "a") == NULL && logged == 1, "denied by name");
  denied[0].ignored = true;
  is_str(go("/a", "a"), "/a", "what is ignored");
  is_int(op.blind, ENOENT, "is not there");
  denied[0].by_name = denied[0].ignored = false;
  is_str(go("/a", "a"), "/a", "denied in general");
  ok(op.blind == EACCES && learned == 0, "is not looked at");
  link_path = "/l";
  link_target = "/real";
  deny("/real", SFTP_EFF_GO);
  is_str(go("/l", "l"), "/l", "a link to such a place");
  is_int(op.blind, EACCES, "is not followed");
  denied[0].by_name = true;
  ok(go("/l", "l") == NULL, "or denied");
  reset(FTPD_REALPATH);
  link_path = "/l";
  link_target = "/real";
  deny("/l/a", SFTP_EFF_GO);
  is_str(go("/l/a", "l/a"), "/real/a", "its directory is followed");
  denied[1].path = "/l";
  denied[1].effects = SFTP_EFF_GO;
  is_str(go("/l/a", "l/a"), "/l/a", "unless that is denied");
  denied[1].path = "/real";
  is_str(go("/l/a", "l/a"), "/l/a", "or its target");
  reset(FTPD_REALPATH);
  deny("/a", SFTP_EFF_GO);
  denied[1].path = "/";
  denied[1].effects = SFTP_EFF_GO;
  is_str(go("/a", "a"), "/a", "the root");
}

/* ---- Looks without a request */

static bool may(const char *path, const char *is) {
  const char *at = path;
  bool res;

  anew = 0;
  res = ftpd_may_look(&ftpd, p, &at);
  is_str(at, is, "the path");
  is_int(anew, 1, "the kernel is asked again");
  return res;
}

static void looks_need_both_names(void) {
  reset(FTPD_STAT);
  ok(may("a", "/a"), "a file");
  link_path = "/l";
  link_target = "/real";
  ok(may("/l", "/real"), "a link");
  deny("/l", SFTP_EFF_TELL);
  ok(!may("/l", "/real"), "that is denied");
  deny("/real", SFTP_EFF_TELL);
  ok(!may("/l", "/real"), "or its target");
  deny("/none", SFTP_EFF_TELL);
  too_deep = true;
  ok(!may("/l", "/l"), "a path that is too deep");
}

int main(void) {
  p = make_sub_pool(NULL);
  effects_are_all_asked_for();
  one_attribute_is_enough();
  looks_are_for_what_is_ones_own();
  paths_go_up_or_not();
  places_are_answered();
  denials_are_blind();
  looks_need_both_names();
  destroy_pool(p);
  return done_testing();
}
