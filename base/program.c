/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* program.c -- who can change a program. */

#include "program.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is wrong with one part of a path, with a %s for its name, or NULL. */
static const char *part_objection(const struct stat *st, bool last) {
  if (st->st_uid != 0) {
    return "'%s' does not belong to root";
  }

  if (S_ISLNK(st->st_mode)) {
    return NULL;                /* the target is checked, too */
  }

  if (last && !S_ISREG(st->st_mode)) {
    return "'%s' is not a regular file";
  }

  if (last && (st->st_mode & (S_IXUSR|S_IXGRP|S_IXOTH)) == 0) {
    return "'%s' is not executable";
  }

  /* In a directory like /tmp only root can replace its own files. */
  return (st->st_mode & (S_IWGRP|S_IWOTH)) != 0 &&
    (last || (st->st_mode & S_ISVTX) == 0) ?
    "others than root may write to '%s'" : NULL;
}

static bool part_is_safe(const char *path, bool last, char *why, size_t size) {
  const char *fault;
  struct stat st;

  if (lstat(path, &st) < 0) {
    snprintf(why, size, "'%s': %s", path, strerror(errno));
    return false;
  }

  fault = part_objection(&st, last);
  if (fault != NULL) {
    snprintf(why, size, fault, path);
  }

  return fault == NULL;
}

/* Checks a file and every directory above it. */
static bool path_is_safe(const char *path, char *why, size_t size) {
  char part[PATH_MAX], *end;
  bool safe;

  snprintf(part, sizeof(part), "%s", path);
  safe = part_is_safe(part, true, why, size);
  while (safe && (end = strrchr(part, '/')) != NULL && end != part) {
    *end = '\0';
    safe = part_is_safe(part, false, why, size);
  }

  return safe;
}

bool sftp_program_is_safe(const char *path, char *why, size_t size) {
  char real[PATH_MAX];

  if (*path != '/') {
    snprintf(why, size, "'%s' must be an absolute path", path);
    return false;
  }

  if (realpath(path, real) == NULL) {
    snprintf(why, size, "'%s': %s", path, strerror(errno));
    return false;
  }

  return path_is_safe(real, why, size) && path_is_safe(path, why, size);
}
