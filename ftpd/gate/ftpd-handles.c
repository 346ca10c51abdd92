/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-handles.c -- the number of files and directories that a session may have
 * open.
 */

#include "ftpd-files.h"

#include "ftpd-io.h"

#include <sys/resource.h>

#define MAX_HANDLES 65535       /* their number has 16 bits (fxp-handle.c) */
#define OTHERS 32               /* descriptors for everything else */

/* The hard limit of the system counts: the soft limit is 1024 because of
 * programs that use select(2).
 */
static unsigned int max_handles(void) {
  const rlim_t want = MAX_HANDLES + OTHERS;
  struct rlimit lim;

  if (getrlimit(RLIMIT_NOFILE, &lim) < 0) {
    return 1024 - OTHERS;
  }

  if (lim.rlim_cur < want && lim.rlim_cur < lim.rlim_max) {
    struct rlimit raised = { lim.rlim_max < want ? lim.rlim_max : want,
      lim.rlim_max };

    lim = setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised : lim;
  }

  return lim.rlim_cur >= want ? MAX_HANDLES : lim.rlim_cur > 2 * OTHERS ?
    (unsigned int) lim.rlim_cur - OTHERS : OTHERS;
}

unsigned int ftpd_max_handles(struct ftpd *h) {
  struct ftpd_files *s = ftpd_files_of(h);

  if (s->max_open == 0) {
    s->max_open = max_handles();
  }

  return s->max_open;
}
