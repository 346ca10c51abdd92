/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* gate.c -- what files of the gate call in others: one state for all sessions,
 * places of directives, and reasons of refusals.
 */

#include "daemon.h"
#include "ftpd-files.h"
#include "ftpd-filter.h"
#include "ftpd-place.h"

struct ftpd_files daemon_files;
const char *daemon_refused;

struct ftpd_files *ftpd_files_of(struct ftpd *h) {
  (void) h;
  return &daemon_files;
}

const char *ftpd_place_of(pool *p, const config_rec *c) {
  (void) p;
  (void) c;
  return "";
}

void ftpd_refuse(struct ftpd_op *op, const char *fmt, ...) {
  static char text[100];
  va_list ap;

  (void) op;
  va_start(ap, fmt);
  vsnprintf(text, sizeof(text), fmt, ap);
  va_end(ap);
  daemon_refused = text;
}
