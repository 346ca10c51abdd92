/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* program-t.c -- which programs only root can change.  The files exist; what
 * lstat() tells of them is the test's.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"
#include "tap.h"

static char top[4096], paths[4][4200];

/* This part of a path differs from root's, which nobody else may write to. */
static struct {
  const char *path;
  uid_t uid;
  mode_t mode;
  int err;
} other;

static mode_t usual_mode(const char *path) {
  struct stat st;

  return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? S_IFREG|0755 :
    S_IFDIR|0755;
}

int lstat(const char *path, struct stat *st) {
  memset(st, 0, sizeof(*st));
  if (other.path != NULL && strcmp(path, other.path) == 0) {
    st->st_uid = other.uid;
    st->st_mode = other.mode;
    errno = other.err;
    return other.err != 0 ? -1 : 0;
  }

  st->st_mode = strcmp(path, paths[2]) == 0 ? S_IFLNK|0777 :
    usual_mode(path);
  return 0;
}

static const char *objection(const char *path) {
  static char why[5000];

  snprintf(why, sizeof(why), "%s", "");
  if (sftp_program_is_safe(path, why, sizeof(why))) {
    return *why == '\0' ? "safe" : "safe, but with a reason";
  }

  return why;
}

/* Parts: the program, its directory, a link to it in another one. */
enum { PROGRAM, DIR_, LINK, LINK_DIR };

static const struct {
  const char *what;
  int part;
  uid_t uid;
  mode_t mode;
  const char *why;
} rows[] = {
  { "root's alone", PROGRAM, 0, S_IFREG|0700, NULL },
  { "for a group", PROGRAM, 0, S_IFREG|0010, NULL },
  { "for others", PROGRAM, 0, S_IFREG|0001, NULL },
  { "for nobody", PROGRAM, 0, S_IFREG|0644, "is not executable" },
  { "a directory", PROGRAM, 0, S_IFDIR|0755, "is not a regular file" },
  { "a device", PROGRAM, 0, S_IFCHR|0755, "is not a regular file" },
  { "someone's", PROGRAM, 1, S_IFREG|0755, "does not belong to root" },
  { "a group's to write", PROGRAM, 0, S_IFREG|0775, "others than root" },
  { "everybody's to write", PROGRAM, 0, S_IFREG|0757, "others than root" },
  { "... with a sticky bit", PROGRAM, 0, S_IFREG|01777, "others than root" },
  { "a directory of someone", DIR_, 1, S_IFDIR|0755,
    "does not belong to root" },
  { "a directory for a group", DIR_, 0, S_IFDIR|0775, "others than root" },
  { "a directory for all", DIR_, 0, S_IFDIR|0757, "others than root" },
  { "a directory like /tmp", DIR_, 0, S_IFDIR|01777, NULL },
  { "a directory that few may enter", DIR_, 0, S_IFDIR|0600, NULL },
  { "a link of someone", LINK, 1, S_IFLNK|0777, "does not belong to root" },
  { "a link in a directory for all", LINK_DIR, 0, S_IFDIR|0777,
    "others than root" },
  { "a link in a directory of someone", LINK_DIR, 1, S_IFDIR|0755,
    "does not belong to root" }
};

static void each_part_counts(void) {
  size_t i;

  for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    const char *got;

    other.path = paths[rows[i].part];
    other.uid = rows[i].uid;
    other.mode = rows[i].mode;
    got = objection(paths[LINK]);
    ok(rows[i].why == NULL ? strcmp(got, "safe") == 0 :
      strstr(got, rows[i].why) != NULL && strstr(got, other.path) != NULL,
      "%s (%s)", rows[i].what, got);
  }

  other.path = paths[DIR_];
  other.err = EACCES;
  ok(strstr(objection(paths[PROGRAM]), strerror(EACCES)) != NULL,
    "what cannot be seen is not safe");
  other.path = NULL;
  other.err = 0;
}

static void paths_lead_to_programs(void) {
  char text[4300];

  is_str(objection(paths[PROGRAM]), "safe", "a program");
  is_str(objection(paths[LINK]), "safe", "a link to it");
  ok(strstr(objection("bin/sh"), "must be an absolute path") != NULL,
    "not a relative path");
  snprintf(text, sizeof(text), "%s/none", top);
  ok(strstr(objection(text), strerror(ENOENT)) != NULL, "not a missing one");
}

int main(void) {
  const char *tmp = getenv("TMPDIR");
  char dir[2048];
  int fd;

  snprintf(dir, sizeof(dir), "%s/program-t.XXXXXX", tmp != NULL ? tmp :
    "/tmp");
  if (mkdtemp(dir) == NULL || realpath(dir, top) == NULL) {
    bail_out("no directory: %s", strerror(errno));
  }

  snprintf(paths[DIR_], sizeof(paths[0]), "%s/d", top);
  snprintf(paths[PROGRAM], sizeof(paths[0]), "%s/d/p", top);
  snprintf(paths[LINK_DIR], sizeof(paths[0]), "%s/l", top);
  snprintf(paths[LINK], sizeof(paths[0]), "%s/l/link", top);
  if (mkdir(paths[DIR_], 0700) < 0 || mkdir(paths[LINK_DIR], 0700) < 0 ||
      (fd = open(paths[PROGRAM], O_WRONLY|O_CREAT, 0700)) < 0 ||
      close(fd) < 0 || symlink("../d/p", paths[LINK]) < 0) {
    bail_out("no files: %s", strerror(errno));
  }

  paths_lead_to_programs();
  each_part_counts();
  (void) unlink(paths[LINK]);
  (void) unlink(paths[PROGRAM]);
  (void) rmdir(paths[LINK_DIR]);
  (void) rmdir(paths[DIR_]);
  (void) rmdir(top);
  return done_testing();
}
