/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-parent-files.c -- the list of the files that the parent has read. */

#include "ftpd-parent-files.h"

#include "ftpd-keyfile.h"

/* One for the process, like the daemon's configuration. */
static struct ftpd_parent_file *files;

struct ftpd_parent_file *ftpd_parent_file_find(const char *path) {
  struct ftpd_parent_file *f;

  for (f = files; f != NULL && strcmp(f->path, path) != 0; f = f->next) {
  }

  return f;
}

void ftpd_parent_file_drop(struct ftpd_parent_file *old) {
  struct ftpd_parent_file **at;

  for (at = &files; *at != NULL; at = &(*at)->next) {
    if (*at == old) {
      *at = old->next;
      destroy_pool(old->pool);
      return;
    }
  }
}

struct ftpd_parent_file *ftpd_parent_file_new(const char *path,
    const struct stat *st) {
  pool *p = make_sub_pool(permanent_pool);
  struct ftpd_parent_file *f = pcalloc(p, sizeof(*f));

  pr_pool_tag(p, "SFTP host key");
  f->pool = p;
  f->path = pstrdup(p, path);
  if (st != NULL) {
    f->st = *st;
  }

  return f;
}

void ftpd_parent_file_add(struct ftpd_parent_file *f) {
  f->next = files;
  files = f;
}

struct ftpd_parent_file *ftpd_parent_file_add_text(const char *path,
    const struct stat *st, const char *text) {
  struct ftpd_parent_file *f = ftpd_parent_file_new(path, st);

  f->text = pstrdup(f->pool, text);
  f->len = strlen(f->text);
  f->used = true;
  ftpd_parent_file_add(f);
  return f;
}

bool ftpd_parent_file_fresh(const struct ftpd_parent_file *f,
    const struct stat *st) {
  return f->st.st_dev == st->st_dev && f->st.st_ino == st->st_ino &&
    f->st.st_size == st->st_size && f->st.st_mode == st->st_mode &&
    f->st.st_mtim.tv_sec == st->st_mtim.tv_sec &&
    f->st.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

void ftpd_parent_files_sweep(void (*each)(const struct ftpd_parent_file *f)) {
  struct ftpd_parent_file *f, *next;

  for (f = files; f != NULL; f = next) {
    next = f->next;
    if (!f->used) {
      ftpd_parent_file_drop(f);
      continue;
    }

    f->used = false;
    each(f);
  }
}

void ftpd_parent_files_free(void) {
  while (files != NULL) {
    ftpd_parent_file_drop(files);
  }
}

int ftpd_parent_file_read(pool *p, const char *path, off_t max,
    struct ftpd_parent_text *text, const char **why) {
  /* Anybody may write to it: the callers check that. */
  struct ftpd_keyfile_rule rule = { NULL, true, max };
  int fd = ftpd_keyfile_open(p, path, &rule, &text->st, why);

  if (fd >= 0 && ftpd_keyfile_whole(p, fd, text->st.st_size,
      &text->bytes) == 0) {
    return 0;
  }

  *why = *why != NULL ? *why : pstrdup(p, strerror(errno));
  return -1;
}
