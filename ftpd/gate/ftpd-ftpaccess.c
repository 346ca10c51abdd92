/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-ftpaccess.c -- reads the .ftpaccess of every directory from the root
 * down before a rule is checked.
 *
 * The daemon's own checks look at the directory of the file only: FTP clients
 * change from one directory into the next, so all others were read on the way.
 * SFTP names paths in any order.
 */

#include "ftpd-files.h"
#include "ftpd-path.h"
#include "ftpd-rules.h"

struct ftpaccess_cache {
  unsigned long op;             /* the operation that has read them ... */
  char dir[PR_TUNABLE_PATH_MAX + 1];    /* ... down to this directory */
};

static bool is_read(struct ftpd_files *s, const char *dir) {
  struct ftpaccess_cache *c = s->ftpaccess;

  if (c == NULL) {
    c = s->ftpaccess = pcalloc(s->pool, sizeof(*c));
  }

  if (c->op == s->nops && strcmp(c->dir, dir) == 0) {
    return true;
  }

  c->op = s->nops;
  sstrncpy(c->dir, dir, sizeof(c->dir));
  return false;
}

void ftpd_ftpaccess_read(struct ftpd *h, pool *p, const char *path) {
  const char *slash = strrchr(path, '/'), *dir;
  struct stat st;

  if (slash == NULL) {
    return;
  }

  dir = slash == path ? "/" : pstrndup(p, path, (size_t) (slash - path));
  if (is_read(ftpd_files_of(h), dir)) {
    return;
  }

  /* Cached answers of FSIO may be half a minute old. */
  pr_fs_clear_cache2(NULL);
  memset(&st, 0, sizeof(st));
  st.st_mode = S_IFDIR;         /* all that the check uses */
  build_dyn_config(p, dir, &st, TRUE);
}
