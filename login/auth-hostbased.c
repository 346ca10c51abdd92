/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-hostbased.c -- the method "hostbased" (RFC 4252, section 9): the
 * client's host vouches for its user with its own key.
 */

#include <syslog.h>

#include "auth-key.h"
#include "auth-method.h"
#include "ftpd-userauth.h"
#include "ftpd-userkey.h"
#include "kex.h"

/* As for user keys; host names have the limits of DNS. */
#define BLOB_MAX 8192
#define HOST_MAX 255
#define CLIENT_USER_MAX 256

static void read_hostbased(struct sftp_auth_req *req, struct sftp_rd *r) {
  req->u.key.alg = sftp_rd_string(r);
  req->u.key.blob = sftp_rd_string(r);
  req->u.key.host = sftp_rd_text(r, req->pool);
  req->u.key.client_user = sftp_rd_text(r, req->pool);
  req->u.key.sig = sftp_rd_string(r);

  if (sftp_rd_ok(r) == SFTP_OK && (req->u.key.alg.len > 64 ||
      req->u.key.blob.len > BLOB_MAX || req->u.key.sig.len > BLOB_MAX ||
      strlen(req->u.key.host) > HOST_MAX ||
      strlen(req->u.key.client_user) > CLIENT_USER_MAX)) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }
}

/* RFC 4252, section 9: the data that the signature covers. */
static int verify_signature(struct ssh_conn *c, const struct sftp_auth_req *req,
    const struct sftp_key *key, const struct sftp_sig_alg *alg) {
  struct sftp_wr w;
  int res;

  sftp_wr_init(&w, req->pool, 512, 4 * BLOB_MAX);
  sftp_auth_put_signed(&w, c, req, req->name);
  sftp_wr_str(&w, req->u.key.alg);
  sftp_wr_str(&w, req->u.key.blob);
  sftp_wr_text(&w, req->u.key.host);
  sftp_wr_text(&w, req->u.key.client_user);
  res = sftp_wr_end(&w);
  return res != SFTP_OK ? res :
    sftp_key_verify(key, alg, req->u.key.sig, sftp_wr_get(&w));
}

/* The signature is valid, and the key belongs to the host: whether the login
 * may proceed.
 */
static int judge_key(struct ssh_conn *c, struct sftp_auth_req *req,
    const struct sftp_key *key, const struct sftp_sig_alg *alg) {
  int err = sftp_budget_use(c, BUDGET_CHECKS, 1);

  if (err != SFTP_OK) {
    return err;
  }

  err = verify_signature(c, req, key, alg);
  if (err != SFTP_OK) {
    sftp_log("signature of host '%s' refused: %s", req->u.key.host,
      sftp_strerror(err));
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): signature verification "
      "of '%s' host key failed", req->user, alg->alg.name);
    return OUTCOME_NO;
  }

  return ftpd_auth_authorize(c->ftpd) == FTPD_AUTH_OK ? OUTCOME_YES :
    OUTCOME_NO;
}

static int run_hostbased(struct ssh_conn *c, struct sftp_auth_req *req) {
  const struct sftp_sig_alg *alg;
  struct sftp_key *key;
  const char *id = NULL;
  enum ftpd_verdict v;

  if (ftpd_auth_pass(c->ftpd) == FTPD_AUTH_BLOCKED) {
    return OUTCOME_DEAD;
  }

  alg = sftp_auth_key_alg(c, req);
  if (alg != NULL && (alg->cert_type != NULL ||
      (alg->alg.flags & ALG_USER) != 0)) {
    sftp_log("%s cannot be the algorithm of a host's key", alg->alg.name);
    alg = NULL;
  }

  key = alg != NULL ? sftp_auth_key(c, req, alg) : NULL;
  if (key == NULL) {
    return OUTCOME_NO;
  }

  sftp_log("user '%s' comes from user '%s' of host '%s'", req->user,
    req->u.key.client_user, req->u.key.host);
  v = ftpd_auth_host_key(c->ftpd, req->pool, req->u.key.blob,
    req->u.key.host, req->u.key.client_user, &id);
  if (v != FTPD_AUTH_OK) {
    if (v != FTPD_AUTH_NO_USER) {
      sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): authentication via "
        "'%s' host key failed", req->user, alg->alg.name);
    }

    return OUTCOME_NO;
  }

  sftp_log("key of host '%s' found in %s", req->u.key.host,
    id != NULL ? id : "a key store");
  return judge_key(c, req, key, alg);
}

const struct sftp_auth_method sftp_auth_hostbased = {
  "hostbased", AUTH_HOSTBASED, "mod_sftp.ssh2.auth-hostbased",
  "mod_sftp.ssh2.auth-hostbased.failed", 10, read_hostbased, run_hostbased
};
