/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-log.c -- one line for the outcome of each request.  It is for the
 * administrator: the client only learns that it was refused.
 */

#include "auth-key.h"
#include "auth-method.h"
#include "ftpd-lines.h"
#include "ftpd-user.h"

/* ", ssh-ed25519 key SHA256:..."; "" when the request has no valid key. */
static const char *key_text(const struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  char type[4 * 64 + 1];
  struct sftp_rd r;
  struct sftp_str name;

  sftp_rd_init_str(&r, req->u.key.blob);
  name = sftp_rd_string(&r);
  if (sftp_rd_ok(&r) != SFTP_OK || name.len == 0 || name.len > 64) {
    return "";
  }

  sftp_escape(type, sizeof(type), name.ptr, name.len);
  return pstrcat(req->pool, ", ", type, " key ", sftp_auth_print(c, req->pool,
    req->u.key.blob), NULL);
}

/* The key of a certificate, its identity, and its authority. */
static const char *cert_text(const struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  const struct sftp_cert *cert = req->u.key.cert;
  char serial[24];

  snprintf(serial, sizeof(serial), "%llu", (unsigned long long) cert->serial);
  return pstrcat(req->pool, ", ", cert->type, " key ", sftp_auth_print(c,
    req->pool, cert->key->blob), ", certificate '", cert->key_id, "' serial ",
    serial, " of CA ", cert->ca->type->name, " ", sftp_auth_print(c,
    req->pool, cert->ca->blob), NULL);
}

/* Details of the method. */
static const char *details(const struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  if (req->method == NULL) {
    return "";
  }

  switch (req->method->bit) {
    case AUTH_PUBLICKEY:
      return req->u.key.cert != NULL ? cert_text(c, req) : key_text(c, req);

    case AUTH_HOSTBASED:
      return pstrcat(req->pool, " (", req->u.key.client_user, " of ",
        req->u.key.host, ")", key_text(c, req), NULL);

    case AUTH_KBDINT:
      return req->driver != NULL ? pstrcat(req->pool, " (", req->driver, ")",
        NULL) : "";

    default:
      return "";
  }
}

/* Without the part that the line has already. */
static const char *reason(struct ssh_conn *c) {
  static const char failed[] = "(Login failed): ";
  const char *text = ftpd_log_reason(c->ftpd), *at;

  if (text == NULL) {
    return "no reason given";
  }

  at = strstr(text, failed);
  return at != NULL ? at + sizeof(failed) - 1 : text;
}

void sftp_auth_outcome(struct ssh_conn *c, const struct sftp_auth_req *req,
    const char *outcome, bool refused) {
  const char *why = refused ? pstrdup(req->pool, reason(c)) : "";

  sftp_log("login of '%s' from %s by %s%s: %s%s%s", req->user,
    ftpd_remote_ip(c->ftpd), req->name, details(c, req), outcome,
    refused ? ": " : "", why);
}
