/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fail.c -- the first failure of a connection, which ends it. */

#include "conn.h"

int sftp_fail(struct ssh_conn *c, int err, const char *fmt, ...) {
  char text[1024];
  va_list ap;

  if (c->failure.err == SFTP_OK) {
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    c->failure.err = err;
    c->failure.why = pstrdup(c->pool, sftp_printable(c->pool, text));
  }

  return err;
}
