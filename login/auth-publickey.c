/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-publickey.c -- the method "publickey" (RFC 4252, section 7; signature
 * algorithms as in RFC 8332, section 3.1).
 */

#include <syslog.h>

#include "auth-chain.h"
#include "auth-key.h"
#include "auth-method.h"
#include "auth-state.h"
#include "ftpd-report.h"
#include "ftpd-userauth.h"
#include "ftpd-userkey.h"
#include "kex.h"
#include "namelist.h"

/* The largest key blob: enough for every key that libcrypto accepts, and for
 * certificates.
 */
#define BLOB_MAX 16384

static const char bound_name[] = "publickey-hostbound-v00@openssh.com";

static void read_fields(struct sftp_auth_req *req, struct sftp_rd *r,
    bool bound) {
  bool signed_ = sftp_rd_bool(r);

  req->u.key.alg = sftp_rd_string(r);
  req->u.key.blob = sftp_rd_string(r);
  req->u.key.bound = bound;
  if (bound) {
    req->u.key.host_key = sftp_rd_string(r);
  }

  req->u.key.sig.ptr = NULL;
  req->u.key.sig.len = 0;
  if (signed_) {
    req->u.key.sig = sftp_rd_string(r);
  }

  if (req->u.key.alg.len > 64 || req->u.key.blob.len > BLOB_MAX ||
      req->u.key.sig.len > BLOB_MAX) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }
}

static void read_publickey(struct sftp_auth_req *req, struct sftp_rd *r) {
  read_fields(req, r, false);
}

/* OpenSSH PROTOCOL, section 3.1: the client also signs our host key, so that
 * its agent knows which server it logs in to.  Other modules see it as
 * publickey.
 */
static void read_bound(struct sftp_auth_req *req, struct sftp_rd *r) {
  read_fields(req, r, true);
  req->name = "publickey";
}

static bool is_probe(const struct sftp_auth_req *req) {
  return req->u.key.sig.ptr == NULL;
}

/* A refusal that reveals nothing about a secret: only signatures count as
 * attempts.
 */
static int refused(const struct sftp_auth_req *req) {
  return is_probe(req) ? OUTCOME_FREE_NO : OUTCOME_NO;
}

static const char *alg_text(const struct sftp_auth_req *req) {
  char *text = palloc(req->pool, 4 * req->u.key.alg.len + 1);

  return sftp_escape(text, 4 * req->u.key.alg.len + 1, req->u.key.alg.ptr,
    req->u.key.alg.len);
}

const struct sftp_sig_alg *sftp_auth_key_alg(struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  const struct sftp_sig_alg *alg = sftp_sig_alg_find(req->u.key.alg);

  if (alg != NULL &&
      sftp_names_have(sftp_str_of(c->set->userkeys), alg->alg.name) &&
      sftp_sig_is_usable(&alg->alg)) {
    return alg;
  }

  sftp_log("public key algorithm '%s' is %s (enabled: %s)", alg_text(req),
    alg != NULL ? "not enabled" : "unknown", c->set->userkeys);
  if (!is_probe(req)) {
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): unsupported public key "
      "algorithm '%s' requested", req->user, alg_text(req));
  }

  return NULL;
}

static bool is_large_enough(struct ssh_conn *c, const struct sftp_key *key) {
  unsigned int bits = sftp_key_bits(key), min = 0;
  const char *limit = "";

  if (strcmp(key->type->evp, "RSA") == 0) {
    min = c->set->min_bits.rsa;
    limit = "MinimumRSASize";

  } else if (strcmp(key->type->evp, "DSA") == 0) {
    min = c->set->min_bits.dsa;
    limit = "MinimumDSASize";

  } else if (strcmp(key->type->evp, "EC") == 0) {
    min = c->set->min_bits.ec;
    limit = "MinimumECSize";
  }

  if (bits < min) {
    sftp_log("public key of %u bits refused: at least %u are required "
      "(SFTPKeyLimits %s)", bits, min, limit);
    return false;
  }

  return true;
}

/* The key of a certificate; it must be acceptable, and so must its authority's.
 */
static struct sftp_key *certified_key(struct ssh_conn *c,
    struct sftp_auth_req *req, const struct sftp_sig_alg *alg) {
  const struct sftp_cert *cert = sftp_auth_cert(c, req);

  if (cert == NULL) {
    return NULL;
  }

  if (strcmp(cert->type, alg->cert_type) != 0) {
    sftp_log("certificate of type '%s' does not match algorithm '%s'",
      cert->type, alg->alg.name);
    return NULL;
  }

  return is_large_enough(c, cert->key) && is_large_enough(c, cert->ca) ?
    cert->key : NULL;
}

struct sftp_key *sftp_auth_key(struct ssh_conn *c,
    const struct sftp_auth_req *req, const struct sftp_sig_alg *alg) {
  struct sftp_key *key = NULL;
  int err = sftp_key_from_blob(req->pool, req->u.key.blob, &key);

  if (err != SFTP_OK) {
    sftp_log("public key of user '%s' cannot be used: %s", req->user,
      sftp_strerror(err));
    return NULL;
  }

  if (strcmp(key->type->name, alg->key_type) != 0) {
    sftp_log("public key of type '%s' does not match algorithm '%s'",
      key->type->name, alg->alg.name);
    return NULL;
  }

  return is_large_enough(c, key) ? key : NULL;
}

/* Notes and environment variables about the key. */
static void note_key(struct ssh_conn *c, const struct sftp_sig_alg *alg,
    const char *print) {
  ftpd_note(c->ftpd, "SFTP_USER_PUBLICKEY_ALGO", alg->alg.name);
  ftpd_note(c->ftpd, "SFTP_USER_PUBLICKEY_FINGERPRINT", print);
  ftpd_note(c->ftpd, "SFTP_USER_PUBLICKEY_FINGERPRINT_ALGO",
    sftp_auth_fingerprint_digest(c));
}

static const char *describe(struct ssh_conn *c, const struct sftp_auth_req *req,
    const struct sftp_key *key, const struct sftp_sig_alg *alg) {
  const char *print = sftp_auth_fingerprint(c, req->pool, key->blob);

  if (print == NULL) {
    return NULL;
  }

  sftp_log("public key %s fingerprint: %s",
    sftp_auth_fingerprint_digest(c), print);
  if (req->u.key.cert != NULL) {
    sftp_auth_cert_log(c, req);
  }

  if (c->auth->keys == NULL) {
    /* A key with a valid signature is not overwritten by one that is only
     * offered.
     */
    note_key(c, alg, print);
  }

  return print;
}

static int answer_probe(struct ssh_conn *c, const struct sftp_auth_req *req) {
  struct sftp_wr *w = sftp_packet_begin(c->pkts, SSH_MSG_USERAUTH_PK_OK,
    16 + req->u.key.alg.len + req->u.key.blob.len);
  int res;

  sftp_wr_str(w, req->u.key.alg);
  sftp_wr_str(w, req->u.key.blob);
  res = sftp_packet_end(c->pkts);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "cannot send USERAUTH_PK_OK");
  }

  sftp_log("sending publickey OK");
  return OUTCOME_PROBE;
}

/* Some old clients announce an rsa-sha2 algorithm but sign with ssh-rsa.  That
 * is accepted only if ssh-rsa itself is.
 */
static const struct sftp_sig_alg *signed_with(struct ssh_conn *c,
    const struct sftp_auth_req *req, const struct sftp_sig_alg *alg) {
  const struct sftp_sig_alg *other;
  struct sftp_rd r;
  struct sftp_str inner;

  sftp_rd_init_str(&r, req->u.key.sig);
  inner = sftp_rd_string(&r);
  if (sftp_rd_ok(&r) != SFTP_OK || strcmp(alg->key_type, "ssh-rsa") != 0 ||
      !sftp_str_is(inner, "ssh-rsa") ||
      !sftp_names_have(sftp_str_of(c->set->userkeys), "ssh-rsa")) {
    return alg;
  }

  other = sftp_sig_alg_find(inner);
  return other != NULL && sftp_sig_is_usable(&other->alg) ?
    other : alg;
}

void sftp_auth_put_signed(struct sftp_wr *w, const struct ssh_conn *c,
    const struct sftp_auth_req *req, const char *method) {
  sftp_wr_str(w, sftp_kex_session_id(c));
  sftp_wr_u8(w, SSH_MSG_USERAUTH_REQUEST);
  sftp_wr_text(w, req->spelt);
  sftp_wr_text(w, req->service);
  sftp_wr_text(w, method);
}

/* RFC 4252, section 7: the data that the signature covers. */
static int verify_signature(struct ssh_conn *c, const struct sftp_auth_req *req,
    const struct sftp_key *key, const struct sftp_sig_alg *alg,
    struct sftp_sig_info *info) {
  struct sftp_wr w;
  int res;

  sftp_wr_init(&w, req->pool, 512, 4 * BLOB_MAX);
  sftp_auth_put_signed(&w, c, req, req->u.key.bound ? bound_name : req->name);
  sftp_wr_bool(&w, true);
  sftp_wr_str(&w, req->u.key.alg);
  sftp_wr_str(&w, req->u.key.blob);
  if (req->u.key.bound) {
    sftp_wr_str(&w, req->u.key.host_key);
  }

  res = sftp_wr_end(&w);
  if (res != SFTP_OK) {
    return res;
  }

  return sftp_key_verify_info(key, signed_with(c, req, alg), req->u.key.sig,
    sftp_wr_get(&w), info);
}

/* The key is authorized and the signature valid: whether the login may proceed.
 */
static int judge_key(struct ssh_conn *c, struct sftp_auth_req *req,
    const struct sftp_key *key, const struct sftp_sig_alg *alg,
    const struct ftpd_key_grant *grant, const char *print) {
  struct sftp_sig_info info;
  int err = sftp_budget_use(c, BUDGET_CHECKS, 1);

  if (err != SFTP_OK) {
    return err;
  }

  err = verify_signature(c, req, key, alg, &info);
  if (err != SFTP_OK) {
    sftp_log("signature of user '%s' refused: %s", req->user,
      sftp_strerror(err));
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): signature verification "
      "of '%s' public key failed", req->user, alg->alg.name);
    return OUTCOME_NO;
  }

  if (!sftp_auth_touch(c, req, key, grant, &info) ||
      ftpd_auth_authorize(c->ftpd) != FTPD_AUTH_OK) {
    return OUTCOME_NO;
  }

  if (sftp_auth_was_used(c->auth->keys, print)) {
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): public key request "
      "reused previously verified public key (fingerprint %s)", req->user,
      print);
    return OUTCOME_NO;
  }

  if (!sftp_auth_limit(c, req, grant)) {
    return OUTCOME_NO;
  }

  sftp_auth_use(c, &c->auth->keys, print);
  note_key(c, alg, print);
  return OUTCOME_YES;
}

static bool is_our_key(struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  if (!req->u.key.bound ||
      sftp_str_same(req->u.key.host_key, sftp_kex_first_host_key(c))) {
    return true;
  }

  sftp_log("login of user '%s' is bound to another host key than ours",
    req->user);
  return false;
}

static int run_publickey(struct ssh_conn *c, struct sftp_auth_req *req) {
  const struct sftp_sig_alg *alg;
  struct sftp_key *key;
  struct ftpd_key_grant grant;
  const char *print;
  enum ftpd_verdict v;
  int res;

  if (ftpd_auth_pass(c->ftpd) == FTPD_AUTH_BLOCKED) {
    return OUTCOME_DEAD;
  }

  if (!is_our_key(c, req)) {
    return refused(req);
  }

  alg = sftp_auth_key_alg(c, req);
  if (alg != NULL && alg->cert_type != NULL) {
    res = sftp_budget_use(c, BUDGET_CHECKS, 1);
    if (res != SFTP_OK) {
      return res;
    }
  }

  key = alg == NULL ? NULL : alg->cert_type != NULL ?
    certified_key(c, req, alg) : sftp_auth_key(c, req, alg);
  print = key != NULL ? describe(c, req, key, alg) : NULL;
  if (print == NULL) {
    return refused(req);
  }

  memset(&grant, 0, sizeof(grant));
  v = ftpd_auth_user_key(c->ftpd, req->pool, key->blob, req->u.key.cert,
    is_probe(req), &grant);
  if (v != FTPD_AUTH_OK) {
    /* A question about a key is not a failed login: an agent with many keys
     * must not look like an attack.
     */
    if (v != FTPD_AUTH_NO_USER && !is_probe(req)) {
      sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): authentication via "
        "'%s' public key failed", req->user, alg->alg.name);
    }

    return refused(req);
  }

  sftp_log("%s of user '%s' found in %s", req->u.key.cert != NULL ?
    "authority for the certificate" : "public key", req->user,
    grant.id != NULL ? grant.id : "a key store");
  return is_probe(req) ? answer_probe(c, req) :
    judge_key(c, req, key, alg, &grant, print);
}

const struct sftp_auth_method sftp_auth_publickey = {
  "publickey", AUTH_PUBLICKEY, "mod_sftp.ssh2.auth-publickey",
  "mod_sftp.ssh2.auth-publickey.failed", 10, read_publickey, run_publickey
};

const struct sftp_auth_method sftp_auth_publickey_bound = {
  bound_name, AUTH_PUBLICKEY, "mod_sftp.ssh2.auth-publickey",
  "mod_sftp.ssh2.auth-publickey.failed", 10, read_bound, run_publickey
};
