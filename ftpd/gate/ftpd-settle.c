/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-settle.c -- the end of an upload: it is moved from its temporary name
 * into place, or removed.  Its user may have given its name to another file
 * meanwhile, which keeps it.
 */

#include "ftpd-filter.h"
#include "ftpd-held.h"
#include "ftpd-openfile.h"
#include "ftpd-path.h"
#include "ftpd-settle.h"

#include "ftpd-attrs.h"

void ftpd_settle_begin(struct ftpd_file *f, bool complete) {
  struct stat st;

  if ((f->hidden != NULL || !complete) && pr_fsio_fstat(f->fh, &st) == 0) {
    f->is.dev = st.st_dev;
    f->is.ino = st.st_ino;
  }
}

static bool is_at(struct ftpd_file *f, const char *name) {
  struct stat st;

  pr_fs_clear_cache2(name);
  if (ftpd_lstat(f->h, name, &st) < 0) {
    return false;
  }

  if (st.st_dev != f->is.dev || st.st_ino != f->is.ino) {
    sftp_log("'%s' is left alone: it is not the file that was uploaded", name);
    errno = ENOENT;
    return false;
  }

  return true;
}

/* A file that has appeared since OPEN is replaced if AllowOverwrite is on. */
static int move_into_place(struct ftpd_file *f) {
  int res = ftpd_rename_held(f->hidden, f->path, f->replaces);

  if (res < 0 && errno == EEXIST && !f->replaces) {
    if (ftpd_may_overwrite(NULL, f->path) == 0) {
      return ftpd_rename_held(f->hidden, f->path, true);
    }

    errno = EEXIST;
  }

  return res;
}

int ftpd_settle_reveal(struct ftpd_file *f) {
  return is_at(f, f->hidden) ? move_into_place(f) : -1;
}

/* Under a name that nobody knows, so that it stays what is looked at. */
int ftpd_settle_remove(struct ftpd_file *f, const char *name) {
  const char *aside = ftpd_name_beside(f->pool, name);

  if (!is_at(f, name)) {
    return -1;
  }

  if (ftpd_rename_held(name, aside, false) < 0) {
    return FTPD_HELD(name, pr_fsio_unlink(name));
  }

  if (is_at(f, aside)) {
    return FTPD_HELD(aside, pr_fsio_unlink(aside));
  }

  (void) ftpd_rename_held(aside, name, false);
  errno = ENOENT;
  return -1;
}
