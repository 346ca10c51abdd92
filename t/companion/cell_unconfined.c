/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell_unconfined.c -- nothing is given up, so that t/integration/intruder.t
 * sees its attacks succeed.
 */

#include "../../cell/cell.h"

#include <sys/resource.h>

bool __wrap_cell_give_up(uid_t uid, gid_t gid, char *missing, size_t size);
bool __wrap_cell_filter(bool nursery);
int __wrap_setrlimit(int what, const struct rlimit *lim);

bool __wrap_cell_give_up(uid_t uid, gid_t gid, char *missing, size_t size) {
  (void) uid;
  (void) gid;
  (void) size;
  *missing = '\0';
  return true;
}

bool __wrap_cell_filter(bool nursery) {
  (void) nursery;
  return true;
}

int __wrap_setrlimit(int what, const struct rlimit *lim) {
  (void) what;
  (void) lim;
  return 0;
}
