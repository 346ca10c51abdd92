/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-place.c -- where a file of records may be: nobody but root can
 * change or replace it.
 */

#include "ftpd-record-file.h"
#include "ftpd-session.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* On the way to a file. */
#define LINKS 8

/* Where a link leads. */
static const char *target_of(pool *p, const char *link) {
  char to[PATH_MAX];
  ssize_t n = readlink(link, to, sizeof(to) - 1);

  if (n < 0) {
    return NULL;
  }

  to[n] = '\0';
  return *to == '/' ? pstrdup(p, to) : pstrcat(p, pstrndup(p, link,
    (size_t) (strrchr(link, '/') - link) + 1), to, NULL);
}

/* Who could put another directory there: its owner, the owner of a link, and
 * who may write to the directory that has it, unless that is sticky.
 */
static const char *object_to_way(pool *p, const char *dir, int links) {
  char *part = pstrdup(p, dir), *end = part;
  const char *why = NULL, *to;
  struct stat st;
  char was;

  do {
    end += 1 + strcspn(end + 1, "/");
    was = *end;
    *end = '\0';
    if (lstat(part, &st) < 0) {
      return pstrcat(p, part, ": ", strerror(errno), NULL);
    }

    if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
      return pstrcat(p, part, " above it belongs to another user", NULL);
    }

    if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) == 0 &&
        ((st.st_mode & S_IWOTH) != 0 ||
         ((st.st_mode & S_IWGRP) != 0 && st.st_gid != PR_ROOT_GID))) {
      return pstrcat(p, "others may write to ", part, " above it", NULL);
    }

    if (S_ISLNK(st.st_mode)) {
      to = links > 0 ? target_of(p, part) : NULL;
      why = to != NULL ? object_to_way(p, to, links - 1) : strerror(ELOOP);
    }

    *end = was;
  } while (was != '\0' && why == NULL);

  return why;
}

/* Which have no files that somebody writes. */
static const char *object_to_system(pool *p, const char *dir) {
  static const struct { unsigned long type; const char *name; } systems[] = {
    { PROC_SUPER_MAGIC, "proc" }, { SYSFS_MAGIC, "sysfs" },
    { DEBUGFS_MAGIC, "debugfs" }, { TRACEFS_MAGIC, "tracefs" },
    { SECURITYFS_MAGIC, "securityfs" }, { CGROUP_SUPER_MAGIC, "cgroup" },
    { CGROUP2_SUPER_MAGIC, "cgroup2" }, { BPF_FS_MAGIC, "bpf" },
    { DEVPTS_SUPER_MAGIC, "devpts" }
  };
  struct statfs fs;
  size_t i;

  for (i = 0; statfs(dir, &fs) == 0 && i < SFTP_NELEMS(systems); i++) {
    if ((unsigned long) fs.f_type == systems[i].type) {
      return pstrcat(p, dir, " is a file system of type ", systems[i].name,
        ": expected one that keeps files", NULL);
    }
  }

  return NULL;
}

/* It would be written behind what somebody else needs. */
static const char *object_to_content(const char *path) {
  static const char begin[] = "{\"prev\":\"";
  char text[sizeof(begin) - 1];
  int fd = open(path, O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_NONBLOCK);
  ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

  if (fd >= 0) {
    (void) close(fd);
  }

  return n > 0 && memcmp(text, begin, (size_t) n) != 0 ? "it does not begin "
    "with a record: expected a file of this server, or none yet" : NULL;
}

const char *ftpd_record_file_objection(pool *p, const char *path) {
  const char *slash = strrchr(path, '/');
  const char *dir = pstrndup(p, path, slash == path ? 1 :
    (size_t) (slash - path));
  const char *why;
  struct stat st;

  if (stat(dir, &st) < 0) {
    return pstrcat(p, dir, ": ", strerror(errno), NULL);
  }

  if (!S_ISDIR(st.st_mode)) {
    return pstrcat(p, dir, ": ", strerror(ENOTDIR), NULL);
  }

  if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
    return "its directory belongs to another user";
  }

  if ((st.st_mode & S_IWOTH) != 0 ||
      ((st.st_mode & S_IWGRP) != 0 && st.st_gid != PR_ROOT_GID)) {
    return "others may write to its directory";
  }

  why = object_to_way(p, dir, LINKS);
  why = why != NULL ? why : object_to_system(p, dir);
  if (why != NULL) {
    return why;
  }

  if (lstat(path, &st) < 0) {
    return errno != ENOENT ? strerror(errno) : access(dir, W_OK|X_OK) < 0 ?
      pstrcat(p, dir, ": ", strerror(errno), NULL) : NULL;
  }

  if (S_ISLNK(st.st_mode)) {
    return "it is a symbolic link";
  }

  if (!S_ISREG(st.st_mode)) {
    return "it is not a regular file: expected one, or none yet";
  }

  if (st.st_uid != geteuid() && st.st_uid != PR_ROOT_UID) {
    return "it belongs to another user";
  }

  if ((st.st_mode & (S_IWGRP|S_IWOTH)) != 0) {
    return "others may write to it";
  }

  return access(path, R_OK|W_OK) < 0 ? strerror(errno) :
    object_to_content(path);
}
