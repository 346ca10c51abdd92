/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-glob.c -- what a shell pattern of a client matches. */

#include "ftpd-listing.h"
#include "ftpd-path.h"

#include "ftpd-tree.h"
#include "ftpd-user.h"

#include <limits.h>

#define MAX_BRACES 4

/* Where the last slash before the first wildcard is in what a pattern
 * matches: up to there the client knows the name already.
 */
static size_t known_of(const char *pattern) {
  size_t known = 0, len = 0;

  for (; *pattern != '\0' && strchr("*?[{", *pattern) == NULL; pattern++) {
    if (*pattern == '\\' && pattern[1] != '\0') {
      pattern++;
    }

    if (*pattern == '/') {
      known = len;
    }

    len++;
  }

  return known;
}

const char **ftpd_glob(struct ftpd *h, pool *p, const char *pattern) {
  unsigned char *use = get_param_ptr(CURRENT_CONF, "UseGlobbing", FALSE);
  const char **paths, *full, *brace;
  unsigned int nbraces = 0;
  glob_t g;
  size_t i, n = 0;
  int res;

  /* Each brace multiplies the patterns. */
  for (brace = pattern; (brace = strchr(brace, '{')) != NULL; brace++) {
    nbraces++;
  }

  if (nbraces > MAX_BRACES || strlen(pattern) > PATH_MAX) {
    errno = E2BIG;
    return NULL;
  }

  full = *pattern == '/' ? pattern : ftpd_join(p, ftpd_cwd(h), pattern);
  if (use != NULL && *use == FALSE) {
    paths = pcalloc(p, 2 * sizeof(*paths));
    paths[0] = full;
    return paths;
  }

  memset(&g, 0, sizeof(g));
  res = pr_fs_glob(full, GLOB_BRACE, NULL, &g);
  if (res != 0) {
    pr_fs_globfree(&g);
    paths = pcalloc(p, sizeof(*paths));
    errno = res == GLOB_NOMATCH ? ENOENT : res == GLOB_NOSPACE ? ENOMEM : EIO;
    return paths;
  }

  paths = pcalloc(p, (g.gl_pathc + 1) * sizeof(*paths));
  for (i = 0; i < g.gl_pathc; i++) {
    if (ftpd_is_listed(h, p, g.gl_pathv[i], known_of(full))) {
      paths[n++] = pstrdup(p, g.gl_pathv[i]);
    }
  }

  pr_fs_globfree(&g);
  return paths;
}
