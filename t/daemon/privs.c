/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* privs.c -- the rights of root: a test with functions of its own does without
 * this file.
 */

#include "daemon.h"

unsigned int daemon_root, daemon_roots;

int pr_privs_root(const char *file, int line) {
  (void) file;
  (void) line;
  daemon_root++;
  daemon_roots++;
  return 0;
}

int pr_privs_relinquish(const char *file, int line) {
  (void) file;
  (void) line;
  daemon_root--;
  return 0;
}
