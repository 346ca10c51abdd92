/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-handles.c -- how many files and directories a session may have open. */

#include "ftpd-files.h"

#include "ftpd-io.h"

#include <sys/resource.h>

#define MAX_HANDLES 1024

static unsigned int max_handles(void) {
  struct rlimit lim;

  if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur == RLIM_INFINITY ||
      lim.rlim_cur > MAX_HANDLES + 16) {
    return MAX_HANDLES;
  }

  return lim.rlim_cur > 24 ? (unsigned int) lim.rlim_cur - 16 : 8;
}

unsigned int ftpd_max_handles(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->max_open == 0) {
    s->max_open = max_handles();
  }

  return s->max_open;
}
