/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-current.c -- the connection that this process serves. */

#include "ftpd-session.h"

static struct ftpd *current;

struct ftpd *ftpd_current(void) {
  return current;
}

void ftpd_set_current(struct ftpd *h) {
  current = h;
}
