/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-xattr-t.c -- extended attributes: by which of FSIO's functions, and for
 * what they are refused.
 */

#include "daemon.h"
#include "ftpd-attrs.h"
#include "ftpd-digest-receipt.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-record.h"
#include "ftpd-scan.h"
#include "ftpd-xattr.h"
#include "tap.h"

#include <fcntl.h>

static pool *p;
static pr_fh_t of_file, of_lookup;
static bool plain, hold_fails, open_fails, is_link, is_gone;
static int held, dropped, recorded, named, result;
static char called[80];
static array_header *found;

bool ftpd_receipt_is(const char *name) {
  return strcmp(name, "receipt") == 0;
}

bool ftpd_fs_member(pr_fs_t *fs, size_t offset) {
  (void) fs;
  return plain && offset == offsetof(pr_fs_t, open);
}

pr_fs_t *ftpd_fs_of(const char *path) {
  (void) path;
  return NULL;
}

int ftpd_hold(const char *path) {
  (void) path;
  held += !hold_fails;
  return hold_fails ? -1 : 0;
}

int ftpd_let_go(int res) {
  held = 0;
  return res;
}

int ftpd_lstat(struct ftpd *h, const char *path, struct stat *st) {
  (void) h;
  (void) path;
  memset(st, 0, sizeof(*st));
  st->st_mode = is_link ? S_IFLNK : S_IFREG;
  return is_gone ? -1 : 0;
}

pr_fh_t *ftpd_open_held(const char *path, int flags) {
  (void) path;
  return open_fails || flags != (O_RDONLY|O_NONBLOCK) ? NULL : &of_lookup;
}

void ftpd_drop(pr_fh_t *fh) {
  dropped += fh == &of_lookup ? 1 : 100;
}

void ftpd_record_xattr(const char *name, bool removed) {
  named += strcmp(name, "k") == 0 ? (removed ? 10 : 1) : 1000;
}

int ftpd_record_did(const char *what, int res) {
  recorded += strcmp(what, "xattr") == 0;
  return res;
}

/* ---- FSIO */

static int call(const char *name, const pr_fh_t *fh, int flags) {
  snprintf(called, sizeof(called), "%s%s%s%s", name, fh == &of_file ?
    " file" : fh == &of_lookup ? " lookup" : " path",
    (flags & PR_FSIO_XATTR_FL_CREATE) != 0 ? " create" : "",
    (flags & PR_FSIO_XATTR_FL_REPLACE) != 0 ? " replace" : "");
  return result;
}

#define BY_PATH(type, name, args, flags) \
  type pr_fsio_##name args { \
    (void) in; \
    (void) path; \
    return call(#name, NULL, flags); \
  }
#define BY_FILE(type, name, args, flags) \
  type pr_fsio_##name args { \
    (void) in; \
    return call(#name, fh, flags); \
  }
#define VALUE const char *key SFTP_UNUSED, void *value SFTP_UNUSED, \
  size_t size SFTP_UNUSED

BY_PATH(ssize_t, getxattr, (pool *in, const char *path, VALUE), 0)
BY_PATH(ssize_t, lgetxattr, (pool *in, const char *path, VALUE), 0)
BY_FILE(ssize_t, fgetxattr, (pool *in, pr_fh_t *fh, VALUE), 0)
BY_PATH(int, setxattr, (pool *in, const char *path, VALUE, int fl), fl)
BY_PATH(int, lsetxattr, (pool *in, const char *path, VALUE, int fl), fl)
BY_FILE(int, fsetxattr, (pool *in, pr_fh_t *fh, VALUE, int fl), fl)
BY_PATH(int, removexattr, (pool *in, const char *path,
  const char *key SFTP_UNUSED), 0)
BY_PATH(int, lremovexattr, (pool *in, const char *path,
  const char *key SFTP_UNUSED), 0)
BY_FILE(int, fremovexattr, (pool *in, pr_fh_t *fh,
  const char *key SFTP_UNUSED), 0)

#define LIST(name, type, what, file) \
  int pr_fsio_##name(pool *in, type what, array_header **names) { \
    (void) in; \
    (void) what; \
    *names = found; \
    return call(#name, file, 0); \
  }

LIST(listxattr, const char *, path, NULL)
LIST(llistxattr, const char *, path, NULL)
LIST(flistxattr, pr_fh_t *, fh, fh)

/* ---- The tests */

static struct ftpd_file file = { .fh = &of_file };
static struct ftpd_xattrs x;

static void reset(bool with_file, bool follow) {
  memset(&x, 0, sizeof(x));
  x.path = "/x";
  x.file = with_file ? &file : NULL;
  x.follow = follow;
  plain = true;
  hold_fails = open_fails = is_link = is_gone = false;
  dropped = recorded = named = result = 0;
  called[0] = '\0';
  found = NULL;
  errno = 0;
}

/* What all four call. */
static const char *all_calls(void) {
  char *text = pstrdup(p, "");
  char value[4];

  (void) ftpd_getxattr(&x, p, "k", value, sizeof(value));
  text = pstrcat(p, text, called, ", ", NULL);
  (void) ftpd_listxattr(&x, p);
  text = pstrcat(p, text, called, ", ", NULL);
  (void) ftpd_setxattr(&x, p, "k", "v", 1, 0);
  text = pstrcat(p, text, called, ", ", NULL);
  (void) ftpd_removexattr(&x, p, "k");
  return pstrcat(p, text, called, NULL);
}

static void each_way_has_its_functions(void) {
  reset(true, true);
  is_str(all_calls(), "fgetxattr file, flistxattr file, fsetxattr file, "
    "fremovexattr file", "an open file");
  ok(dropped == 0 && recorded == 2 && named == 11,
    "stays open; changes are recorded");
  plain = false;
  is_str(all_calls(), "fgetxattr file, flistxattr file, fsetxattr file, "
    "fremovexattr file", "of any file system");
  reset(false, true);
  is_str(all_calls(), "getxattr path, listxattr path, setxattr path, "
    "removexattr path", "a path that is followed");
  is_int(held, 0, "is held meanwhile");
  reset(false, false);
  is_str(all_calls(), "lgetxattr path, llistxattr path, lsetxattr path, "
    "lremovexattr path", "one that is not");
  reset(false, false);
  plain = false;
  is_str(all_calls(), "fgetxattr lookup, flistxattr lookup, fsetxattr lookup, "
    "fremovexattr lookup", "other file systems");
  is_int(dropped, 4, "open it each time");
}

static void files_may_be_unreachable(void) {
  char value[4];

  reset(false, false);
  hold_fails = true;
  is_str(all_calls(), ", , , ", "a link on the way");
  reset(false, false);
  hold_fails = true;
  ok(ftpd_getxattr(&x, p, "k", value, 4) == -1 &&
    ftpd_listxattr(&x, p) == NULL && ftpd_setxattr(&x, p, "k", "v", 1, 0) ==
    -1 && ftpd_removexattr(&x, p, "k") == -1 && recorded == 0, "is an error");
  reset(false, false);
  plain = false;
  is_gone = true;
  is_str(all_calls(), ", , , ", "no file");
  reset(false, false);
  plain = false;
  open_fails = true;
  is_str(all_calls(), ", , , ", "one that cannot be opened");
  reset(false, false);
  plain = false;
  is_link = true;
  is_int(ftpd_getxattr(&x, p, "k", value, 4), -1, "a link");
  is_int(errno, EOPNOTSUPP, "has none there");
  x.follow = true;
  is_int(ftpd_getxattr(&x, p, "k", value, 4), 0, "unless it is followed");
}

static void receipts_are_the_servers(void) {
  char value[4];

  reset(false, false);
  is_int(ftpd_getxattr(&x, p, "receipt", value, 4), -1, "not read");
  is_int(errno, ENODATA, "as if there were none");
  errno = 0;
  is_int(ftpd_setxattr(&x, p, "receipt", "v", 1, 0), -1, "not set");
  is_int(errno, EPERM, "by clients");
  errno = 0;
  is_int(ftpd_removexattr(&x, p, "receipt"), -1, "nor removed");
  ok(errno == EPERM && *called == '\0', "by anybody");
}

static void lists_leave_receipts_out(void) {
  static const char *names[] = { "a", "receipt", "b", "beyond" };
  const char **list;

  reset(false, false);
  list = ftpd_listxattr(&x, p);
  ok(list != NULL && list[0] == NULL, "an empty list");
  found = make_array(p, 1, sizeof(char *));
  found->elts = names;
  found->nelts = 3;
  result = 3;
  list = ftpd_listxattr(&x, p);
  ok(list != NULL && strcmp(list[0], "a") == 0 && strcmp(list[1], "b") == 0 &&
    list[2] == NULL, "names");
  result = 1;
  list = ftpd_listxattr(&x, p);
  ok(list != NULL && list[1] == NULL, "as many as there are");
  result = 4;
  list = ftpd_listxattr(&x, p);
  ok(list != NULL && list[2] == NULL, "and not more");
  result = -1;
  ok(ftpd_listxattr(&x, p) == NULL, "an error");
}

static void flags_are_passed_on(void) {
  reset(false, true);
  (void) ftpd_setxattr(&x, p, "k", "v", 1, FTPD_XATTR_CREATE);
  is_str(called, "setxattr path create", "only a new one");
  (void) ftpd_setxattr(&x, p, "k", "v", 1, FTPD_XATTR_REPLACE);
  is_str(called, "setxattr path replace", "only one that is there");
}

int main(void) {
  p = make_sub_pool(NULL);
  each_way_has_its_functions();
  files_may_be_unreachable();
  receipts_are_the_servers();
  lists_leave_receipts_out();
  flags_are_passed_on();
  destroy_pool(p);
  return done_testing();
}
