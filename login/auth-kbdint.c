/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-kbdint.c -- the method "keyboard-interactive" (RFC 4256).  The drivers
 * of other modules choose the questions; a driver runs inside the request and
 * exchanges messages through a nested read loop.
 */

#include <syslog.h>

#include "auth-chain.h"
#include "auth-method.h"
#include "auth-state.h"
#include "ftpd-userauth.h"
#include "userauth.h"

/* Limits: prompts of one INFO_REQUEST, and bytes of it or of its reply. */
#define MAX_PROMPTS 500
#define TALK_MAX 65536

/* mod_sftp_pam expects the answer to PAM's i-th message at index i, although
 * not every message is a question: for the others it finds empty answers.  PAM
 * never has more messages at once than this.
 */
#define SPARE_ANSWERS 32

static void read_kbdint(struct sftp_auth_req *req SFTP_UNUSED,
    struct sftp_rd *r) {
  /* RFC 4256, section 3.1: language tag, deprecated; submethods, a hint that
   * the configuration overrides.
   */
  (void) sftp_rd_string(r);
  (void) sftp_rd_string(r);
}

static enum ftpd_verdict try_driver(struct ssh_conn *c,
    struct sftp_auth_req *req, const char *name) {
  enum ftpd_verdict v;

  req->asked = false;
  c->auth->talk.req = req;
  v = ftpd_auth_kbdint(c->ftpd, name);
  c->auth->talk.req = NULL;
  if (v == FTPD_AUTH_OK) {
    v = ftpd_auth_authorize(c->ftpd);
  }

  if (v == FTPD_AUTH_OK) {
    req->driver = pstrdup(req->pool, name);
    sftp_auth_use(c, &c->auth->drivers, name);
  }

  return v;
}

/* Each driver at most once per request, and no driver twice in a login. */
static int try_drivers(struct ssh_conn *c, struct sftp_auth_req *req,
    unsigned int *ntried, enum ftpd_verdict *last) {
  const char *name;
  unsigned int i;

  for (i = 0; (name = ftpd_kbdint_driver(c->ftpd, i)) != NULL; i++) {
    if (!sftp_auth_driver_offered(c, name) ||
        sftp_auth_was_used(c->auth->drivers, name)) {
      continue;
    }

    ++*ntried;
    *last = try_driver(c, req, name);
    if (*last == FTPD_AUTH_OK) {
      return OUTCOME_YES;
    }

    if (c->failure.err != SFTP_OK) {
      return c->failure.err;
    }

    if (c->auth->talk.parked_pool != NULL) {
      return OUTCOME_ABANDONED;
    }

    /* Another driver counts as another attempt. */
    if (c->set->max_login_attempts > 0 &&
        c->auth->nfailures + *ntried >= c->set->max_login_attempts) {
      break;
    }
  }

  return OUTCOME_NO;
}

static int run_kbdint(struct ssh_conn *c, struct sftp_auth_req *req) {
  enum ftpd_verdict last = FTPD_AUTH_ERROR;
  unsigned int ntried = 0;
  int res;

  if (!sftp_auth_is_private(c, req) ||
      ftpd_auth_pass(c->ftpd) == FTPD_AUTH_BLOCKED) {
    return OUTCOME_DEAD;
  }

  res = try_drivers(c, req, &ntried, &last);
  if (res != OUTCOME_NO) {
    return res;
  }

  if (ntried == 0) {
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): keyboard-interactive "
      "authentication disabled", req->user);
    return OUTCOME_DEAD;
  }

  if (last != FTPD_AUTH_NO_USER) {
    /* Log parsers look for these words. */
    sftp_auth_log(LOG_NOTICE, "USER %s (Login failed): Incorrect password or "
      "answer (keyboard-interactive)", req->user);
  }

  c->auth->nfailures += ntried - 1;
  return OUTCOME_NO;
}

/* ---- The conversation */

int sftp_auth_ask(struct ssh_conn *c, const char *name,
    const char *instruction, unsigned int n,
    const struct sftp_auth_prompt *prompts) {
  struct sftp_wr *w;
  size_t len = 64;
  unsigned int i;

  if (c->auth->talk.req == NULL || c->auth->talk.parked_pool != NULL) {
    return SFTP_ERR_ORDER;
  }

  name = name != NULL ? name : "";
  instruction = instruction != NULL ? instruction : "";
  len += strlen(name) + strlen(instruction);
  for (i = 0; i < n; i++) {
    len += 5 + strlen(prompts[i].text);
  }

  if (n > MAX_PROMPTS || len > TALK_MAX) {
    return SFTP_ERR_LIMIT;
  }

  w = sftp_packet_begin(c->pkts, SSH_MSG_USERAUTH_INFO_REQUEST, len);
  sftp_wr_text(w, name);
  sftp_wr_text(w, instruction);
  sftp_wr_text(w, "");          /* language tag */
  sftp_wr_u32(w, n);
  for (i = 0; i < n; i++) {
    sftp_wr_text(w, prompts[i].text);
    sftp_wr_bool(w, prompts[i].echo);
  }

  c->auth->talk.req->asked |= n > 0;
  c->auth->talk.nwanted = n;
  return sftp_packet_end(c->pkts);
}

int sftp_auth_answers(struct ssh_conn *c, pool *p, unsigned int n,
    const char ***answers) {
  struct sftp_auth *a = c->auth;
  int res;

  *answers = NULL;
  if (a->talk.req == NULL) {
    return SFTP_ERR_ORDER;
  }

  if (a->talk.parked_pool != NULL) {
    return SFTP_ERR_CLOSED;
  }

  a->talk.nwanted = n;
  a->talk.pool = p;
  a->talk.err = SFTP_OK;
  a->talk.answers = NULL;
  a->talk.answered = false;
  res = c->run_until(c, &a->talk.answered);
  a->talk.pool = NULL;
  if (res != SFTP_OK) {
    return res;
  }

  *answers = a->talk.answers;
  return a->talk.err;
}

uint64_t sftp_auth_due_ms(const struct ssh_conn *c) {
  return c->state.authenticated ? UINT64_MAX : ftpd_login_due_ms(c->ftpd);
}

int sftp_auth_check(struct ssh_conn *c) {
  return sftp_auth_due_ms(c) > 0 ? SFTP_OK :
    sftp_fail(c, SFTP_ERR_TIMEOUT, "login timeout reached");
}

static void read_answers(struct sftp_auth *a, struct sftp_rd *r) {
  unsigned int i;

  a->talk.answers = pcalloc(a->talk.pool,
    (a->talk.nwanted + SPARE_ANSWERS) * sizeof(char *));
  for (i = 0; i < SPARE_ANSWERS; i++) {
    a->talk.answers[a->talk.nwanted + i] = "";
  }

  for (i = 0; i < a->talk.nwanted; i++) {
    struct sftp_str s = sftp_rd_string(r);

    if (s.len > 0 && memchr(s.ptr, '\0', s.len) != NULL) {
      sftp_rd_fail(r, SFTP_ERR_FORMAT);
    }

    a->talk.answers[i] = sftp_rd_ok(r) == SFTP_OK ?
      sftp_str_dup(a->talk.pool, s) : "";
    sftp_wipe((void *) s.ptr, s.len);
  }
}

/* RFC 4256, section 3.4.  A wrong number of answers fails the driver, and is
 * checked before anything is allocated for them.
 */
int sftp_on_userauth_info_response(struct ssh_conn *c, struct sftp_rd *r) {
  struct sftp_auth *a = c->auth;
  uint32_t n = sftp_rd_u32(r);
  int res;

  if (a->talk.pool == NULL || a->talk.answered) {
    return sftp_fail(c, SFTP_ERR_ORDER, "USERAUTH_INFO_RESPONSE was not asked "
      "for");
  }

  if (sftp_rd_ok(r) == SFTP_OK && n != a->talk.nwanted) {
    sftp_log_why(WHY_OBJECTION, "%lu answers to %u prompts", (unsigned long) n,
      a->talk.nwanted);
    a->talk.err = SFTP_ERR_FORMAT;
    a->talk.answered = true;
    return SFTP_OK;
  }

  read_answers(a, r);
  res = sftp_rd_end(r);
  if (res != SFTP_OK) {
    return sftp_fail(c, res, "USERAUTH_INFO_RESPONSE is malformed");
  }

  a->talk.answered = true;
  return SFTP_OK;
}

const struct sftp_auth_method sftp_auth_kbdint = {
  "keyboard-interactive", AUTH_KBDINT, "mod_sftp.ssh2.auth-kbdint",
  "mod_sftp.ssh2.auth-kbdint.failed", 250, read_kbdint, run_kbdint
};
