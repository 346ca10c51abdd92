/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path-t.c -- paths as text. */

#include "daemon.h"
#include "ftpd-path.h"
#include "ftpd-user.h"
#include "tap.h"

static pool *p;
static struct ftpd ftpd;

/* What mod_vroot calls /real is the root of its users. */
const char *ftpd_vroot_inside(const char *path) {
  return strncmp(path, "/real/", 6) == 0 ? path + 5 : path;
}

char *dir_abs_path(pool *in, const char *path, int interpolate) {
  (void) interpolate;
  return strcmp(path, "/gone") == 0 ? NULL : pstrcat(in, "/jail", path, NULL);
}

static void directories_are_those_of_the_session(void) {
  is_str(ftpd_cwd(&ftpd), "/", "none is known");
  strcpy(session.cwd, "/real");
  is_str(ftpd_cwd(&ftpd), "/real", "the daemon's");
  strcpy(session.vwd, "/seen");
  is_str(ftpd_cwd(&ftpd), "/seen", "the one that users see comes first");
}

static void paths_are_absolute_and_short(void) {
  static const struct { const char *path, *is; } row[] = {
    { "", "/seen" }, { ".", "/seen" }, { "a", "/seen/a" }, { "..", "/" },
    { "../..", "/" }, { "../../a", "/a" }, { "/", "/" }, { "//", "/" },
    { "/a//b", "/a/b" }, { "/a/", "/a" }, { "/a/./b/.", "/a/b" },
    { "/a/../b", "/b" }, { "/a/b/..", "/a" }, { "/a/..", "/" },
    { "/...", "/..." }, { "/.a", "/.a" }, { "/..a/b", "/..a/b" },
    { "/a./b", "/a./b" }, { "/x./.y", "/x./.y" }, { "/ab/..", "/" },
    { "/a/.b/..", "/a" }, { "/a/b./../c", "/a/c" } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_str(ftpd_canon(&ftpd, p, row[i].path), row[i].is, "'%s'", row[i].path);
  }
}

static void the_root_of_others_is_ours(void) {
  is_str(ftpd_canon(&ftpd, p, "/real/a"), "/a", "a path below the real root");
  ok(ftpd_names_root(&ftpd, p, "/real/a"), "names it");
  ok(!ftpd_names_root(&ftpd, p, "/other/a"), "another does not");
}

static void names_are_counted(void) {
  static const struct { const char *path; unsigned int names; } row[] = {
    { "/", 0 }, { "/a", 1 }, { "/a/b", 2 }, { "/a/b/c", 3 } };
  size_t i;

  for (i = 0; i < SFTP_NELEMS(row); i++) {
    is_int(ftpd_depth(row[i].path), row[i].names, "%s", row[i].path);
  }
}

static void records_have_the_path_outside(void) {
  is_str(ftpd_outside(p, "/a"), "/jail/a", "with the root of the session");
  is_str(ftpd_outside(p, "/gone"), "/gone", "as it is, if that is unknown");
}

int main(void) {
  p = make_sub_pool(NULL);
  directories_are_those_of_the_session();
  paths_are_absolute_and_short();
  the_root_of_others_is_ours();
  names_are_counted();
  records_have_the_path_outside();
  destroy_pool(p);
  return done_testing();
}
