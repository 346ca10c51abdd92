/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth.c -- user authentication (RFC 4252): requests and replies. */

#include <syslog.h>

#include "auth-chain.h"
#include "auth-method.h"
#include "auth-state.h"
#include "ftpd-report.h"
#include "ftpd-user.h"
#include "ftpd-userauth.h"
#include "kex.h"
#include "userauth.h"

/* Maximum length of a user name that the daemon accepts. */
#define USER_MAX 256

static const struct sftp_auth_method *const methods[] = {
  &sftp_auth_none, &sftp_auth_publickey, &sftp_auth_publickey_bound,
  &sftp_auth_hostbased,
  &sftp_auth_kbdint, &sftp_auth_password
};

struct sftp_auth *sftp_auth_new(struct ssh_conn *c) {
  struct sftp_auth *a = pcalloc(c->pool, sizeof(*a));

  sftp_auth_begin_chains(c, a);
  return a;
}

const struct sftp_auth_method *sftp_auth_method_find(const char *name) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(methods); i++) {
    if (strcmp(methods[i]->name, name) == 0) {
      return methods[i];
    }
  }

  return NULL;
}

const struct sftp_auth_method *sftp_auth_method_of(unsigned int bit) {
  size_t i;

  for (i = 0; i < SFTP_NELEMS(methods); i++) {
    if (methods[i]->bit == bit) {
      return methods[i];
    }
  }

  return NULL;
}

const char *sftp_auth_method_at(size_t i) {
  return i < SFTP_NELEMS(methods) ? methods[i]->name : NULL;
}

/* Whether chains can name the method: it has a bit, and is the first row with
 * that bit.
 */
static bool is_chained(const struct sftp_auth_method *m) {
  return m->bit != 0 && sftp_auth_method_of(m->bit) == m;
}

unsigned int sftp_auth_method_bit(const char *name) {
  const struct sftp_auth_method *m = sftp_auth_method_find(name);

  return m != NULL && is_chained(m) ? m->bit : 0;
}

const char *sftp_auth_method_name(unsigned int bit) {
  const struct sftp_auth_method *m = sftp_auth_method_of(bit);

  return m != NULL ? m->name : "none";
}

const char *sftp_auth_method_names(pool *p) {
  const char *names = "";
  size_t i;

  for (i = 0; i < SFTP_NELEMS(methods); i++) {
    if (is_chained(methods[i])) {
      names = pstrcat(p, names, *names != '\0' ? ", " : "", methods[i]->name,
        (char *) NULL);
    }
  }

  return names;
}

bool sftp_auth_is_private(struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  const struct sftp_kex_names *n = sftp_kex_agreed(c);

  if (n != NULL && strcmp(n->cipher_c2s, "none") != 0 &&
      strcmp(n->mac_c2s, "none") != 0) {
    return true;
  }

  if (n != NULL && (c->set->opts & SFTP_OPT_ALLOW_INSECURE_LOGIN)) {
    sftp_log("WARNING: %s of user '%s' came over a connection without %s",
      req->name, req->user, strcmp(n->cipher_c2s, "none") == 0 ?
      "encryption" : "integrity");
    return true;
  }

  sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): cipher algorithm '%s' or "
    "MAC algorithm '%s' unsupported for %s authentication", req->user,
    n != NULL ? n->cipher_c2s : "none", n != NULL ? n->mac_c2s : "none",
    req->name);
  return false;
}

/* ---- Banner (RFC 4252, section 5.4) */

static int send_banner(struct ssh_conn *c, pool *p) {
  const char *text;
  int res = SFTP_OK;

  if (c->auth->bannered) {
    return SFTP_OK;
  }

  c->auth->bannered = true;
  text = ftpd_banner(c->ftpd, p);
  if (text != NULL) {
    res = sftp_auth_banner(c, text);
  }

  if (res == SFTP_ERR_LIMIT) {
    sftp_log("banner is too long: not sent");
    return SFTP_OK;
  }

  return res != SFTP_OK ? sftp_fail(c, res, "cannot send USERAUTH_BANNER") :
    SFTP_OK;
}

/* ---- Answers */

static int send_failure(struct ssh_conn *c, pool *p, bool partial) {
  const char *names = sftp_auth_names(c, p);
  struct sftp_wr *w = sftp_packet_begin(c->pkts, SSH_MSG_USERAUTH_FAILURE,
    8 + strlen(names));
  int res;

  sftp_wr_text(w, names);
  sftp_wr_bool(w, partial);
  res = sftp_packet_end(c->pkts);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "cannot send USERAUTH_FAILURE");
  }

  if (*names == '\0') {
    return sftp_fail(c, SFTP_ERR_DENIED,
      "no authentication methods are left");
  }

  return SFTP_OK;
}

static int send_methods(struct ssh_conn *c, const struct sftp_auth_req *req) {
  sftp_log("sending acceptable userauth methods: %s",
    sftp_auth_names(c, req->pool));
  return send_failure(c, req->pool, false);
}

static int refuse_request(struct ssh_conn *c, const struct sftp_auth_req *req,
    bool partial) {
  sftp_log("sending userauth failure; remaining userauth methods: %s",
    sftp_auth_names(c, req->pool));
  return send_failure(c, req->pool, partial);
}

/* Counts a failed attempt.  The last allowed one ends the connection. */
static int refuse_counted(struct ssh_conn *c, const struct sftp_auth_req *req) {
  unsigned int max = c->set->max_login_attempts;

  c->auth->nfailures++;
  if (max > 0 && c->auth->nfailures >= max) {
    ftpd_auth_max(c->ftpd, max);
    return sftp_fail(c, SFTP_ERR_DENIED,
      "Maximum login attempts (%u) exceeded", max);
  }

  return refuse_request(c, req, false);
}

/* Refusals take a multiple of the method's floor, so that their duration does
 * not reveal which check failed.
 */
static void even_out(struct ssh_conn *c, const struct sftp_auth_req *req,
    uint64_t begin_us) {
  if (req->method->floor_ms > 0) {
    ftpd_auth_pause(c->ftpd, begin_us, req->method->floor_ms);
  }
}

static int log_in(struct ssh_conn *c, struct sftp_auth_req *req,
    uint64_t begin_us) {
  int res;

  switch (ftpd_login(c->ftpd, req->pool)) {
    case FTPD_LOGIN_OK:
      break;

    case FTPD_LOGIN_DENIED:
      sftp_auth_outcome(c, req, "refused", true);
      ftpd_auth_end(c->ftpd, FTPD_REQ_BROKEN);
      sftp_auth_restart(c);

      /* The reply is the same as for a wrong password: another one would
       * confirm the password.
       */
      even_out(c, req, begin_us);
      return refuse_counted(c, req);

    default:
      sftp_auth_outcome(c, req, "refused", true);
      ftpd_auth_end(c->ftpd, FTPD_REQ_BROKEN);
      even_out(c, req, begin_us);
      return sftp_fail(c, SFTP_ERR_DENIED, "login failed");
  }

  (void) sftp_packet_begin(c->pkts, SSH_MSG_USERAUTH_SUCCESS, 1);
  res = sftp_packet_end(c->pkts);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "cannot send USERAUTH_SUCCESS");
  }

  sftp_log("sending userauth success");
  sftp_log("user '%s' authenticated via '%s' method", req->user, req->name);
  sftp_auth_outcome(c, req, "accepted", false);
  sftp_packets_authenticated(c->pkts);
  c->state.authenticated = true;
  sftp_phase_enter(c, PH_OPEN);
  sftp_kex_tell_compression(c);
  c->set = ftpd_logged_in(c->ftpd);
  return SFTP_OK;
}

static int proven(struct ssh_conn *c, struct sftp_auth_req *req,
    uint64_t begin_us) {
  ftpd_event(c->ftpd, req->method->event, NULL);
  if (sftp_auth_complete(c)) {
    return log_in(c, req, begin_us);
  }

  sftp_auth_outcome(c, req, "accepted, and more is wanted", false);
  ftpd_auth_end(c->ftpd, FTPD_REQ_PARTIAL);
  return refuse_request(c, req, true);
}

static int conclude(struct ssh_conn *c, struct sftp_auth_req *req, int outcome,
    uint64_t begin_us) {
  if (outcome == OUTCOME_YES && sftp_auth_advance(c, req) == 0) {
    outcome = OUTCOME_NO;
  }

  switch (outcome) {
    case OUTCOME_YES:
      return proven(c, req, begin_us);

    case OUTCOME_PROBE:
      sftp_auth_outcome(c, req, "key would be accepted", false);
      ftpd_auth_end(c->ftpd, FTPD_REQ_PROBE);
      return SFTP_OK;

    case OUTCOME_ABANDONED:
      sftp_auth_outcome(c, req, "abandoned by the client", false);
      ftpd_auth_end(c->ftpd, FTPD_REQ_FAILED);
      return SFTP_OK;

    case OUTCOME_FREE_NO:
      sftp_auth_outcome(c, req, "refused", true);
      ftpd_auth_end(c->ftpd, FTPD_REQ_PROBE);
      even_out(c, req, begin_us);
      return refuse_request(c, req, false);

    case OUTCOME_DEAD:
      c->auth->dead |= req->method->bit;
      sftp_auth_outcome(c, req, "refused", true);
      ftpd_event(c->ftpd, req->method->failed_event, NULL);
      ftpd_auth_end(c->ftpd, FTPD_REQ_BROKEN);
      return refuse_counted(c, req);

    case OUTCOME_NO:
      sftp_auth_outcome(c, req, "refused", true);
      ftpd_event(c->ftpd, req->method->failed_event, NULL);
      ftpd_auth_end(c->ftpd, FTPD_REQ_FAILED);
      even_out(c, req, begin_us);
      return refuse_counted(c, req);

    default:
      return outcome;           /* the connection has failed */
  }
}

/* ---- Requests (RFC 4252, section 5) */

/* Reads the whole request before it uses any of it, so that no reply depends on
 * the user before the message is known to be well-formed.
 */
static int read_request(struct ssh_conn *c, struct sftp_auth_req *req,
    struct sftp_rd *r) {
  static const char odd[] = "user name is too long or has control characters";
  int res;

  req->spelt = sftp_rd_text(r, req->pool);
  req->service = sftp_rd_text(r, req->pool);
  req->name = sftp_rd_text(r, req->pool);
  if (sftp_rd_ok(r) == SFTP_OK) {
    req->method = sftp_auth_method_find(req->name);
    if (req->method != NULL) {
      req->method->read(req, r);

    } else {
      (void) sftp_rd_rest(r);   /* fields of an unknown method */
    }
  }

  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "USERAUTH_REQUEST is malformed: %s",
      sftp_strerror(res));
  }

  if (strlen(req->spelt) > USER_MAX || sftp_has_controls(req->spelt)) {
    ftpd_auth_odd(c->ftpd, req->spelt, odd);
    return sftp_fail(c, SFTP_ERR_FORMAT, "%s", odd);
  }

  if (strlen(req->name) > SFTP_AUTH_NAME_MAX || sftp_has_controls(req->name) ||
      strlen(req->service) > SFTP_AUTH_NAME_MAX) {
    return sftp_fail(c, SFTP_ERR_FORMAT, "name in USERAUTH_REQUEST is too "
      "long or has control characters");
  }

  return SFTP_OK;
}

/* RFC 4252, section 5: neither may change. */
static bool is_same_request(struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  struct sftp_auth *a = c->auth;

  if (a->user == NULL) {
    a->user = pstrdup(c->pool, req->spelt);
    a->service = pstrdup(c->pool, req->service);
    ftpd_auth_methods(c->ftpd);
    sftp_auth_begin_chains(c, a);
  }

  return strcmp(a->user, req->spelt) == 0 &&
    strcmp(a->service, req->service) == 0;
}

/* The services that may follow a login (RFC 4252, section 5). */
static bool is_our_service(const char *name) {
  return strcmp(name, "ssh-connection") == 0;
}

/* Handles the user name of the request: USER, and the rules about changing it.
 */
static int take_user(struct ssh_conn *c, struct sftp_auth_req *req) {
  req->user = req->spelt;
  if (ftpd_auth_user(c->ftpd, req->pool, &req->user) < 0) {
    return sftp_fail(c, SFTP_ERR_FORMAT, "user '%s' refused", req->spelt);
  }

  if (!is_our_service(req->service)) {
    ftpd_auth_user_end(c->ftpd, false);
    return sftp_fail(c, SFTP_ERR_SERVICE, "service '%s' is not available",
      req->service);
  }

  if (!is_same_request(c, req)) {
    ftpd_auth_user_end(c->ftpd, false);
    return sftp_fail(c, SFTP_ERR_FORMAT, "user or service changed from "
      "'%s', '%s' to '%s', '%s'", c->auth->user, c->auth->service, req->spelt,
      req->service);
  }

  ftpd_auth_user_end(c->ftpd, true);
  return SFTP_OK;
}

static int run_method(struct ssh_conn *c, struct sftp_auth_req *req) {
  uint64_t begin_us = sftp_now_us();

  if (req->method == &sftp_auth_none) {
    ftpd_auth_end(c->ftpd, FTPD_REQ_LISTED);
    return send_methods(c, req);
  }

  if (req->method == NULL ||
      (sftp_auth_offered(c) & req->method->bit) == 0) {
    sftp_log("userauth method '%s' is %s", req->name,
      req->method == NULL ? "unknown" : "not offered");
    sftp_auth_outcome(c, req, "refused", true);
    ftpd_auth_end(c->ftpd, req->method == NULL ? FTPD_REQ_UNKNOWN :
      FTPD_REQ_LISTED);
    return refuse_counted(c, req);
  }

  return conclude(c, req, req->method->run(c, req), begin_us);
}

static int serve_request(struct ssh_conn *c, struct sftp_auth_req *req) {
  int res = send_banner(c, req->pool);

  if (res != SFTP_OK) {
    return res;
  }

  /* Whether or not they count as attempts. */
  res = sftp_budget_use(c, BUDGET_REQUESTS, 1);
  if (res != SFTP_OK) {
    return res;
  }

  res = take_user(c, req);
  if (res != SFTP_OK) {
    return res;
  }

  ftpd_auth_begin(c->ftpd, req->pool, req->user, req->name,
    req->method != NULL && req->method != &sftp_auth_none);
  return run_method(c, req);
}

static int one_request(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_auth_req req;
  int res;

  memset(&req, 0, sizeof(req));
  req.pool = make_sub_pool(c->pool);
  pr_pool_tag(req.pool, "sftp authentication request");
  res = read_request(c, &req, r);
  if (res == SFTP_OK) {
    res = serve_request(c, &req);
  }

  destroy_pool(req.pool);
  return res;
}

/* The client aborted a conversation and began another request (RFC 4256,
 * section 3.1): the message waits until the driver has been told.
 */
static int park(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_auth *a = c->auth;

  if (a->talk.parked_pool != NULL) {
    return sftp_fail(c, SFTP_ERR_ORDER, "two USERAUTH_REQUESTs at once");
  }

  a->talk.parked_pool = make_sub_pool(c->pool);
  a->talk.parked = sftp_str_copy(a->talk.parked_pool, sftp_rd_rest(r));
  a->talk.err = SFTP_ERR_CLOSED;
  a->talk.answered = true;
  return SFTP_OK;
}

static int serve_parked(struct ssh_conn *c) {
  struct sftp_auth *a = c->auth;
  struct sftp_str parked = a->talk.parked;   /* another may come meanwhile */
  pool *p = a->talk.parked_pool;
  struct sftp_rd r;
  int res;

  sftp_rd_init_str(&r, parked);
  a->talk.parked_pool = NULL;
  res = one_request(c, &r);
  sftp_wipe((void *) parked.ptr, parked.len);
  destroy_pool(p);
  return res;
}

int sftp_on_userauth_request(struct ssh_conn *c, struct sftp_rd *r) {
  int res;

  if (c->state.authenticated) {
    return SFTP_OK;             /* RFC 4252, section 5.1: ignored */
  }

  if (c->auth->talk.req != NULL) {
    return park(c, r);
  }

  res = one_request(c, r);
  while (res == SFTP_OK && c->auth->talk.parked_pool != NULL) {
    res = serve_parked(c);
  }

  return res;
}
