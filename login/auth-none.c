/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-none.c -- the method "none" (RFC 4252, section 5.2): it never succeeds;
 * clients use it to learn the available methods.
 */

#include "auth-method.h"

static void read_none(struct sftp_auth_req *req SFTP_UNUSED,
    struct sftp_rd *r SFTP_UNUSED) {
  /* It has no fields. */
}

static int run_none(struct ssh_conn *c SFTP_UNUSED,
    struct sftp_auth_req *req SFTP_UNUSED) {
  return OUTCOME_FREE_NO;
}

const struct sftp_auth_method sftp_auth_none = {
  "none", 0, NULL, NULL, 0, read_none, run_none
};
