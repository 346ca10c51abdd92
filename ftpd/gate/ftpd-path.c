/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-path.c -- paths as text. */

#include "ftpd-path.h"
#include "ftpd-vroot.h"

#include "ftpd-user.h"

const char *ftpd_cwd(struct ftpd *h) {
  (void) h;
  return session.vwd[0] != '\0' ? session.vwd :
    session.cwd[0] != '\0' ? session.cwd : "/";
}

/* Removes the last name of out[0..n). */
static size_t drop_name(const char *out, size_t n) {
  while (n > 0 && out[n - 1] != '/') {
    n--;
  }

  return n > 0 ? n - 1 : 0;
}

size_t ftpd_path_append(char *out, size_t n, const char *name, size_t len) {
  if (len == 2 && name[0] == '.' && name[1] == '.') {
    return drop_name(out, n);
  }

  if (len > 0 && !(len == 1 && name[0] == '.')) {
    out[n++] = '/';
    memcpy(out + n, name, len);
    n += len;
  }

  return n;
}

static size_t append_names(char *out, size_t n, const char *path) {
  while (*path != '\0') {
    size_t len = strcspn(path, "/");

    n = ftpd_path_append(out, n, path, len);
    path += len;
    path += strspn(path, "/");
  }

  return n;
}

static const char *canon_text(struct ftpd *h, pool *p, const char *path) {
  const char *cwd = ftpd_cwd(h);
  size_t n = 0;
  char *out;

  out = palloc(p, strlen(cwd) + strlen(path) + 4);
  if (*path != '/') {
    n = append_names(out, n, cwd);
  }

  n = append_names(out, n, path);
  if (n == 0) {
    out[n++] = '/';
  }

  out[n] = '\0';
  return out;
}

const char *ftpd_canon(struct ftpd *h, pool *p, const char *path) {
  return ftpd_vroot_inside(canon_text(h, p, path));
}

unsigned int ftpd_depth(const char *path) {
  unsigned int names = 0;

  for (; *path != '\0'; path++) {
    names += *path == '/' && path[1] != '\0';
  }

  return names;
}

bool ftpd_names_root(struct ftpd *h, pool *p, const char *path) {
  const char *text = canon_text(h, p, path);

  return ftpd_vroot_inside(text) != text;
}

const char *ftpd_outside(pool *p, const char *path) {
  const char *res = dir_abs_path(p, path, FALSE);

  return res != NULL ? res : path;
}
