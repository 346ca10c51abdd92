/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-handles-t.c -- how many files a session may have open. */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-io.h"
#include "tap.h"

#include <sys/resource.h>

static struct ftpd ftpd = { .files = &daemon_files };
static struct rlimit limit;
static bool can_get = true, can_set = true;
static unsigned int nsets;

int getrlimit(__rlimit_resource_t what, struct rlimit *lim) {
  (void) what;
  *lim = limit;
  return can_get ? 0 : -1;
}

int setrlimit(__rlimit_resource_t what, const struct rlimit *lim) {
  (void) what;
  nsets++;
  if (!can_set) {
    return -1;
  }

  limit = *lim;
  return 0;
}

static unsigned int handles(rlim_t soft, rlim_t hard) {
  limit.rlim_cur = soft;
  limit.rlim_max = hard;
  daemon_files.max_open = 0;
  nsets = 0;
  return ftpd_max_handles(&ftpd);
}

int main(void) {
  is_int(handles(1024, 4096), 4096 - 32, "the hard limit, but for 32");
  ok(limit.rlim_cur == 4096 && limit.rlim_max == 4096, "which is set");
  is_int(ftpd_max_handles(&ftpd), 4096 - 32, "it stays");
  is_int(nsets, 1, "and is set once");
  is_int(handles(1024, 1 << 20), 65535, "the greatest number of a handle");
  ok(limit.rlim_cur == 65535 + 32 && limit.rlim_max == 1 << 20,
    "for which there is room");
  is_int(handles(65567, 1 << 20), 65535, "as much");
  is_int(nsets, 0, "is there already");
  is_int(handles(65566, 65566), 65534, "one less");
  is_int(nsets, 0, "cannot be raised");
  is_int(handles(10, 65567), 65535, "exactly that much");
  is_int(limit.rlim_cur, 65567, "is set");
  is_int(handles(65568, 65568), 65535, "and no more");
  is_int(handles(64, 64), 32, "a few");
  is_int(handles(65, 65), 33, "one more");
  is_int(handles(10, 10), 32, "fewer are none");
  can_set = false;
  is_int(handles(1024, 4096), 1024 - 32, "a limit that cannot be raised");
  can_get = false;
  is_int(handles(1, 1), 992, "or read");
  return done_testing();
}
