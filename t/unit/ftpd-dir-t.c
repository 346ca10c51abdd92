/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-dir-t.c -- listings: a real directory, and rules that this test has
 * itself.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-clock.h"
#include "ftpd-cmd.h"
#include "ftpd-fake.h"
#include "ftpd-files.h"
#include "ftpd-held.h"
#include "ftpd-io.h"
#include "ftpd-limit.h"
#include "ftpd-listing.h"
#include "ftpd-phase.h"
#include "ftpd-request.h"
#include "ftpd-transfer.h"
#include "ftpd-tree.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../fake/ftpd-log.h"

static pool *p;
static struct ftpd ftpd;
static char top[] = "/tmp/ftpd-dir-XXXXXX";

static const char *at(const char *name) {
  return pstrcat(p, top, "/", name, NULL);
}

/* ---- Rules: names that are hidden, denied, and directories without rules */

static const char *hidden, *denied, *quiet, *hold_fails;
static bool all_denied, shows_links, vroot, alias, plain, readdir_plain;
static unsigned int asked, learned, held, ticks, stalled, faked, needed;
static int read_errno, close_errno;
static const char *ended;

static bool is_name(const char *path, const char *name) {
  return name != NULL && strcmp(strrchr(path, '/') + 1, name) == 0;
}

int ftpd_limit_ask(struct ftpd *h, pool *in, const struct sftp_rule *rule,
    unsigned int effects, const char *path, struct limit_answer *answer) {
  (void) h;
  (void) in;
  (void) rule;
  asked++;
  memset(answer, 0, sizeof(*answer));
  answer->hidden = is_name(path, hidden);
  return effects == SFTP_EFF_LIST && is_name(path, denied) ? -1 : 0;
}

int ftpd_limit(struct ftpd_op *op, const struct sftp_rule *rule,
    unsigned int effects, const char *path) {
  (void) op;
  (void) rule;
  (void) effects;
  (void) path;
  return all_denied ? -1 : 0;
}

bool ftpd_limit_quiet_dir(struct ftpd *h, enum ftpd_request req,
    const char *dir) {
  (void) h;
  return req == FTPD_READDIR && quiet != NULL && strcmp(dir, quiet) == 0;
}

void ftpd_limit_learn(struct ftpd *h, const char *path, int fd) {
  (void) h;
  (void) path;
  (void) fd;
  learned++;
}

bool ftpd_shows_links(struct ftpd *h) {
  (void) h;
  return shows_links;
}

void ftpd_fake_of(struct ftpd *h, const char *dir, struct fake *fake) {
  (void) h;
  (void) dir;
  fake->has_mode = true;
}

void ftpd_fake_apply(const struct fake *fake, struct stat *st) {
  (void) st;
  faked += fake->has_mode;
}

const char *ftpd_resolve(struct ftpd *h, pool *in, const char *path,
    bool follow) {
  char text[300];
  ssize_t n = follow ? readlink(path, text, sizeof(text) - 1) : -1;

  (void) h;
  text[n > 0 ? n : 0] = '\0';
  return n > 0 ? pstrdup(in, text) : path;
}

const char *ftpd_canon(struct ftpd *h, pool *in, const char *path) {
  size_t n = strlen(path);

  (void) h;
  return n > 1 && path[n - 1] == '/' ? pstrndup(in, path, n - 1) : path;
}

int ftpd_stat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return stat(path, st);
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  return lstat(path, st);
}

/* ---- The gate */

bool ftpd_vroot_serves_dir(const char *path) {
  (void) path;
  return vroot;
}

bool ftpd_vroot_shows_alias(const char *path) {
  (void) path;
  return alias;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return plain && (offset != offsetof(pr_fs_t, readdir) || readdir_plain);
}

pr_fs_t *ftpd_fs_of_dir(const char *path) {
  (void) path;
  return NULL;
}

int ftpd_hold(const char *path) {
  if (hold_fails != NULL && strcmp(path, hold_fails) == 0) {
    errno = ELOOP;
    return -1;
  }

  held++;
  return 0;
}

int ftpd_let_go(int res) {
  held--;
  return res;
}

const char *ftpd_held_name(const char *path) {
  return path;
}

unsigned int ftpd_max_handles(struct ftpd *h) {
  (void) h;
  return 3;
}

void ftpd_stalled_hold(struct ftpd *h) {
  (void) h;
  stalled++;
}

void ftpd_stalled_release(struct ftpd *h) {
  (void) h;
  stalled--;
}

void ftpd_tick(struct ftpd *h) {
  (void) h;
  ticks++;
}

void ftpd_xfer_begin(const char *path, int direction) {
  (void) path;
  is_int(direction, PR_NETIO_IO_WR, "the direction");
}

void ftpd_xfer_end(void) {
}

struct timeval ftpd_clock_at(uint64_t us) {
  struct timeval tv = { (time_t) (us / 1000000), 0 };

  return tv;
}

void ftpd_phase_end(cmd_rec *cmd, bool good, const char *code,
    const char *text) {
  (void) cmd;
  ended = pstrcat(p, good ? "ok " : "failed ", code, " ", text, NULL);
}

bool ftpd_phase_needed(struct ftpd *h, enum ftpd_request req,
    enum phase_set set) {
  (void) h;
  needed = 1 + set;
  return req == FTPD_CLOSE && set == PHASE_OK;
}

struct op_state *ftpd_op_state(struct ftpd_op *op) {
  return op->state;
}

cmd_rec *ftpd_cmd(pool *in, const char *name, const char *arg, int cls,
    bool ftp) {
  (void) arg;
  return cls == CL_SFTP && !ftp ? pr_cmd_alloc(in, 1, name) : NULL;
}

/* ---- FSIO's functions */

void *pr_fsio_opendir(const char *path) {
  return opendir(path);
}

struct dirent *pr_fsio_readdir(void *dirh) {
  struct dirent *dent = readdir(dirh);

  errno = dent == NULL ? read_errno : 0;
  return dent;
}

int pr_fsio_closedir(void *dirh) {
  (void) closedir(dirh);
  errno = close_errno;
  return close_errno != 0 ? -1 : 0;
}

/* ---- Listings */

static struct op_state state;
static struct ftpd_op op;

static void reset(void) {
  memset(&op, 0, sizeof(op));
  memset(&state, 0, sizeof(state));
  op.ftpd = &ftpd;
  op.pool = p;
  op.req = FTPD_OPENDIR;
  op.state = &state;
  state.pool = make_sub_pool(p);
  state.equivalent = pr_cmd_alloc(p, 1, "MLSD");
  hidden = denied = quiet = hold_fails = NULL;
  all_denied = vroot = alias = false;
  shows_links = plain = readdir_plain = true;
  read_errno = close_errno = 0;
  asked = learned = ticks = faked = 0;
  ended = NULL;
  daemon_files.nopen = 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names, sorted; d stays open. */
static const char *names(struct ftpd_dir *d) {
  const char *list[400], *name;
  char *text = pstrdup(p, "");
  size_t n = 0, i;
  struct stat st;
  int res;

  while ((res = ftpd_readdir(d, &name, &st)) > 0 && n < 400) {
    if (res == 1) {
      list[n++] = pstrcat(p, S_ISLNK(st.st_mode) ? "@" : "", name, NULL);
    }
  }

  qsort(list, n, sizeof(list[0]), by_name);
  for (i = 0; i < n; i++) {
    text = pstrcat(p, text, list[i], " ", NULL);
  }

  return res < 0 ? pstrcat(p, text, strerror(errno), NULL) : text;
}

static int closed(struct ftpd_dir *d) {
  struct ftpd_op end = { .ftpd = &ftpd, .pool = p, .req = FTPD_CLOSE,
    .state = &state };

  return ftpd_closedir(&end, d);
}

static const char *listed(void) {
  struct ftpd_dir *d = ftpd_opendir(&op, top);
  const char *text = d != NULL ? names(d) : "not open";

  if (d != NULL) {
    (void) closed(d);
  }

  return text;
}

static void directories_are_listed(void) {
  struct ftpd_dir *d;

  reset();
  d = ftpd_opendir(&op, top);
  ok(d != NULL && d->direct && d->fd >= 0 && daemon_files.nopen == 1 &&
    stalled == 1 && held == 0 && state.handed && d->cmd == state.equivalent,
    "a directory is open");
  is_str(ftpd_dir_path(d), top, "its path");
  is_str(names(d), ". .. @broken @link a b sub ", "its names");
  is_int(faked, 7, "owners and modes may be others");
  is_int(closed(d), 0, "it is closed");
  ok(daemon_files.nopen == 0 && stalled == 0, "and counts no more");
  is_str(ended, "ok 226 Transfer complete", "as FTP's listing");
  is_str(state.own != NULL ? state.own->argv[0] : NULL, "CLOSE",
    "the request has a record");
}

static void listings_need_a_permission(void) {
  reset();
  op.state = NULL;
  errno = 0;
  ok(ftpd_opendir(&op, top) == NULL && errno == EINVAL, "no state");
  reset();
  state.equivalent = NULL;
  errno = 0;
  ok(ftpd_opendir(&op, top) == NULL && errno == EINVAL, "no command");
  reset();
  state.handed = true;
  errno = 0;
  ok(ftpd_opendir(&op, top) == NULL && errno == EINVAL, "one that is used");
  reset();
  daemon_files.nopen = 3;
  errno = 0;
  ok(ftpd_opendir(&op, top) == NULL && errno == EMFILE, "too many handles");
  daemon_files.nopen = 2;
  is_int(*listed(), '.', "just not too many");
  reset();
  errno = 0;
  ok(ftpd_opendir(&op, at("none")) == NULL && errno == ENOENT, "no directory");
  ok(fake_log_has("error opening directory") && daemon_files.nopen == 0,
    "is logged");
  errno = 0;
  ok(ftpd_opendir(&op, at("a")) == NULL && errno == ENOTDIR, "a file");
  errno = 0;
  ok(ftpd_opendir(&op, at("link")) == NULL && errno == ENOTDIR,
    "a link to a directory");
  hold_fails = top;
  errno = 0;
  ok(ftpd_opendir(&op, top) == NULL && errno == ELOOP, "a link on the way");
}

static void other_requests_list_too(void) {
  struct ftpd_dir *d;

  reset();
  op.req = FTPD_STAT;
  op.state = NULL;
  d = ftpd_opendir(&op, top);
  ok(d != NULL && d->cmd == NULL, "without a command");
  is_int(ftpd_closedir(NULL, d), 0, "it ends");
  ok(ended == NULL, "without a record");
  errno = 0;
  ok(ftpd_opendir(&op, at("none")) == NULL && errno == ENOENT, "no directory");
}

/* ---- What is seen */

static void rules_hide_names(void) {
  reset();
  hidden = "a";
  is_str(listed(), ". .. @broken @link b sub ", "a hidden name");
  reset();
  denied = "b";
  is_str(listed(), ". .. @broken @link a sub ", "a denied one");
  reset();
  denied = "sub";
  is_str(listed(), ". .. @broken @link a b ", "a directory");
  reset();
  hidden = "..";
  is_str(listed(), ". @broken @link a b sub ", "the one above");
  reset();
  denied = "..";
  is_str(listed(), ". .. @broken @link a b sub ", "which no rule denies");
  reset();
  all_denied = true;
  is_str(listed(), "", "all of it");
}

static void quiet_directories_are_not_asked(void) {
  reset();
  is_int(strlen(listed()) > 0, true, "a listing");
  is_int(asked, 7, "asks for each name");
  is_int(learned, 5, "and learns from what is no directory");
  reset();
  quiet = top;
  denied = "a";
  hidden = ".";
  is_str(listed(), ". .. @broken @link a b sub ", "without rules");
  is_int(asked, 1, "only directories are asked for");
  reset();
  quiet = top;
  denied = "sub";
  is_str(listed(), ". .. @broken @link a b ", "which may have their own");
}

static void links_are_shown_or_followed(void) {
  reset();
  shows_links = false;
  is_str(listed(), ". .. a b link sub ", "links appear as their targets");
  reset();
  shows_links = false;
  hidden = "sub";
  is_str(listed(), ". .. a b ", "hidden targets hide them");
  reset();
  shows_links = false;
  denied = "sub";
  is_str(listed(), ". .. a b ", "so do denied ones");
}

/* ---- Other file systems */

static void others_list_by_fsio(void) {
  struct ftpd_dir *d;

  reset();
  plain = false;
  d = ftpd_opendir(&op, top);
  ok(d != NULL && !d->direct && d->fd == -1, "by the file system");
  is_str(names(d), ". .. @broken @link a b sub ", "the same names");
  close_errno = EIO;
  errno = 0;
  is_int(closed(d), -1, "an error");
  is_int(errno, EIO, "at the end");
  is_str(ended, pstrcat(p, "failed 451 ", strerror(EIO), NULL), "is recorded");
  is_int(needed, 1 + PHASE_ERR, "as one");
  reset();
  plain = false;
  read_errno = EIO;
  is_str(listed(), pstrcat(p, ". .. @broken @link a b sub ", strerror(EIO),
    NULL), "an error in the middle");
  reset();
  readdir_plain = false;
  d = ftpd_opendir(&op, top);
  ok(d != NULL && !d->direct, "one function is enough");
  (void) closed(d);
  reset();
  vroot = true;
  plain = false;
  d = ftpd_opendir(&op, top);
  ok(d != NULL && d->direct, "mod_vroot lists what is there");
  (void) closed(d);
  reset();
  vroot = alias = true;
  d = ftpd_opendir(&op, top);
  ok(d != NULL && !d->direct, "and its aliases");
  (void) closed(d);
}

static void ends_within_the_end(void) {
  struct ftpd_dir *d;
  void *dirh;

  reset();
  d = ftpd_opendir(&op, top);
  dirh = d->dirh;
  d->dirh = NULL;
  errno = 0;
  is_int(closed(d), -1, "closed while it is being closed");
  is_int(errno, EBADF, "is an error");
  d->dirh = dirh;
  is_int(closed(d), 0, "once");
}

/* ---- Large ones */

static void many_hidden_names_take_turns(void) {
  unsigned int i, turns = 0, n = 0;
  struct ftpd_dir *d;
  const char *name;
  struct stat st;
  int res, fd;

  reset();
  is_int(mkdir(at("many"), 0700), 0, "(a directory)");
  for (i = 0; i < 300; i++) {
    char one[16];

    snprintf(one, sizeof(one), "many/%u", i);
    fd = open(at(one), O_WRONLY|O_CREAT, 0600);
    (void) close(fd);
  }

  plain = false;
  d = ftpd_opendir(&op, at("many"));
  while ((res = ftpd_readdir(d, &name, &st)) > 0) {
    n += res == 1;
    turns += res == 2;
  }

  ok(n == 302 && turns == 0, "all are seen");
  is_int(d->count, 3 + 2 * 300 + 1, "each was asked for by its path");
  (void) closed(d);
  reset();
  shows_links = true;
  d = ftpd_opendir(&op, at("many"));
  n = 0;
  for (i = 0; i < 300; i++) {
    char one[16];

    snprintf(one, sizeof(one), "many/%u", i);
    (void) unlink(at(one));
  }

  while ((res = ftpd_readdir(d, &name, &st)) > 0) {
    n += res == 1;
    turns += res == 2;
  }

  ok(n == 2, "names that have gone meanwhile are skipped");
  (void) closed(d);
  (void) rmdir(at("many"));
}

/* ---- Patterns */

static void patterns_match_what_is_listed(void) {
  size_t known = strlen(top);

  reset();
  ok(ftpd_is_listed(&ftpd, p, at("a"), known), "a name");
  ok(ftpd_is_listed(&ftpd, p, at("broken"), known), "a link");
  ok(!ftpd_is_listed(&ftpd, p, at("none"), known), "no file");
  ok(ftpd_is_listed(&ftpd, p, at("sub/x"), known), "a name below");
  ok(!ftpd_is_listed(&ftpd, p, at("sub/y"), known), "no file");
  ok(ftpd_is_listed(&ftpd, p, at("sub/"), known), "an empty name");
  ok(ftpd_is_listed(&ftpd, p, at("sub/.."), known), "dots");
  ok(ftpd_is_listed(&ftpd, p, at("sub/."), known), "are there");
  hidden = "sub";
  ok(!ftpd_is_listed(&ftpd, p, at("sub/x"), known), "below a hidden name");
  ok(ftpd_is_listed(&ftpd, p, at("sub/x"), known + 4), "that is known");
  hidden = NULL;
  denied = "sub";
  ok(!ftpd_is_listed(&ftpd, p, at("sub"), known), "a denied name");
  ok(!ftpd_is_listed(&ftpd, p, at("sub/x"), known + 4), "or directory");
  denied = "x";
  ok(!ftpd_is_listed(&ftpd, p, at("sub/x"), known + 4), "or entry");
  denied = NULL;
  ok(ftpd_is_listed(&ftpd, p, at("link/x"), known), "below a link");
  denied = "sub";
  ok(!ftpd_is_listed(&ftpd, p, at("link/x"), known), "to a denied directory");
}

int main(void) {
  int fd;

  p = daemon_files.pool = make_sub_pool(NULL);
  ftpd.files = &daemon_files;
  if (mkdtemp(top) == NULL || mkdir(at("sub"), 0700) < 0 ||
      symlink(at("sub"), at("link")) < 0 ||
      symlink(at("none"), at("broken")) < 0) {
    bail_out("no directory: %s", strerror(errno));
  }

  fd = open(at("a"), O_WRONLY|O_CREAT, 0600);
  (void) close(fd);
  fd = open(at("b"), O_WRONLY|O_CREAT, 0600);
  (void) close(fd);
  fd = open(at("sub/x"), O_WRONLY|O_CREAT, 0600);
  (void) close(fd);
  directories_are_listed();
  listings_need_a_permission();
  other_requests_list_too();
  rules_hide_names();
  quiet_directories_are_not_asked();
  links_are_shown_or_followed();
  others_list_by_fsio();
  ends_within_the_end();
  many_hidden_names_take_turns();
  patterns_match_what_is_listed();
  (void) unlink(at("sub/x"));
  (void) rmdir(at("sub"));
  (void) unlink(at("a"));
  (void) unlink(at("b"));
  (void) unlink(at("link"));
  (void) unlink(at("broken"));
  (void) rmdir(top);
  return done_testing();
}
