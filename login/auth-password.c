/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-password.c -- the method "password" (RFC 4252, section 8). */

#include "auth-method.h"
#include "ftpd-userauth.h"

/* Longer than any password, shorter than text that takes long to hash. */
#define PASSWORD_MAX 1024

static void read_password(struct sftp_auth_req *req, struct sftp_rd *r) {
  struct sftp_str fresh;

  req->u.password.change = sftp_rd_bool(r);
  req->u.password.text = sftp_rd_string(r);
  if (req->u.password.change) {
    /* The server cannot change passwords: the new one is not kept. */
    fresh = sftp_rd_string(r);
    sftp_wipe((void *) fresh.ptr, fresh.len);
  }
}

static int outcome(enum ftpd_verdict v) {
  switch (v) {
    case FTPD_AUTH_OK:
      return OUTCOME_YES;

    case FTPD_AUTH_BLOCKED:
      return OUTCOME_DEAD;

    default:
      return OUTCOME_NO;
  }
}

static void fill_with_nonsense(char *text) {
  unsigned char bytes[16];
  size_t i;

  sftp_random(bytes, sizeof(bytes));
  for (i = 0; i < sizeof(bytes); i++) {
    text[i] = (char) ('a' + bytes[i] % 26);
  }
}

/* The reason why the request is refused whatever its password is, or NULL. */
static const char *password_objection(const struct sftp_auth_req *req) {
  struct sftp_str text = req->u.password.text;

  if (req->u.password.change) {
    return "is to be changed, which is not supported: it is not checked";
  }

  return text.len > PASSWORD_MAX || memchr(text.ptr, '\0', text.len) != NULL ?
    "is too long or has a NUL" : NULL;
}

static int run_password(struct ssh_conn *c, struct sftp_auth_req *req) {
  struct sftp_str text = req->u.password.text;
  char *copy = pcalloc(req->pool, PASSWORD_MAX + 1);
  const char *why = password_objection(req);
  int res;

  if (!sftp_auth_is_private(c, req)) {
    return OUTCOME_DEAD;
  }

  if (why != NULL) {
    /* Refused like a wrong password, by the same path; an old password that is
     * to be changed (RFC 4252, section 8) is not even checked.
     */
    sftp_log_why(WHY_OBJECTION, "password of user '%s' %s", req->user, why);
    fill_with_nonsense(copy);

  } else {
    memcpy(copy, text.ptr, text.len);
  }

  sftp_wipe((void *) text.ptr, text.len);
  res = outcome(ftpd_auth_password(c->ftpd, copy));
  sftp_wipe(copy, PASSWORD_MAX + 1);
  return why != NULL && res == OUTCOME_YES ? OUTCOME_NO : res;
}

const struct sftp_auth_method sftp_auth_password = {
  "password", AUTH_PASSWORD, "mod_sftp.ssh2.auth-password",
  "mod_sftp.ssh2.auth-password.failed", 250, read_password, run_password
};
