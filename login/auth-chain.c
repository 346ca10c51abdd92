/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-chain.c -- SFTPAuthMethods: chains of methods (RFC 4252, section 5.1).
 *
 * A login succeeds when any one chain is complete.  Within a chain the order
 * matters, so only the progress of each chain is stored.
 */

#include "auth-chain.h"
#include "auth-method.h"
#include "auth-state.h"
#include "ftpd-userkey.h"

void sftp_auth_begin_chains(struct ssh_conn *c, struct sftp_auth *a) {
  a->steps = pcalloc(c->pool, (c->set->nchains + 1) * sizeof(*a->steps));
}

static const struct sftp_chain_step *next_step(const struct ssh_conn *c,
    unsigned int i) {
  const struct sftp_chain *chain = &c->set->chains[i];
  unsigned int done = c->auth->steps[i];

  return done < chain->nsteps ? &chain->steps[done] : NULL;
}

/* The next step of a chain; NULL if its method cannot be used any more. */
static const struct sftp_chain_step *open_step(const struct ssh_conn *c,
    unsigned int i) {
  const struct sftp_chain_step *step = next_step(c, i);

  return step != NULL && (step->method & c->auth->dead) == 0 ? step : NULL;
}

unsigned int sftp_auth_offered(const struct ssh_conn *c) {
  unsigned int i, bits = 0;

  for (i = 0; i < c->set->nchains; i++) {
    const struct sftp_chain_step *step = open_step(c, i);

    bits |= step != NULL ? step->method : 0;
  }

  return bits;
}

const char *sftp_auth_names(const struct ssh_conn *c, pool *p) {
  const char *names = "";
  unsigned int i, seen = 0;

  for (i = 0; i < c->set->nchains; i++) {
    const struct sftp_chain_step *step = open_step(c, i);
    const struct sftp_auth_method *m = NULL;

    if (step != NULL && (seen & step->method) == 0) {
      m = sftp_auth_method_of(step->method);
      seen |= step->method;
    }

    if (m != NULL) {
      names = pstrcat(p, names, *names != '\0' ? "," : "", m->name, NULL);
    }
  }

  return names;
}

bool sftp_auth_driver_offered(const struct ssh_conn *c, const char *driver) {
  unsigned int i;

  for (i = 0; i < c->set->nchains; i++) {
    const struct sftp_chain_step *step = open_step(c, i);

    if (step != NULL && step->method == AUTH_KBDINT &&
        (step->driver == NULL || strcmp(step->driver, driver) == 0)) {
      return true;
    }
  }

  return false;
}

/* Whether the request has proven what the step requires. */
static bool step_fits(const struct ssh_conn *c, unsigned int i,
    const struct sftp_auth_req *req) {
  const struct sftp_chain_step *step = open_step(c, i);

  if (step == NULL || step->method != req->method->bit) {
    return false;
  }

  if (step->method != AUTH_KBDINT) {
    return true;
  }

  /* A driver that accepts without a question is fine in combination with
   * another method, but is not a login by itself.
   */
  if (!req->asked && c->set->chains[i].nsteps == 1) {
    return false;
  }

  return step->driver == NULL || strcmp(step->driver, req->driver) == 0;
}

unsigned int sftp_auth_advance(struct ssh_conn *c,
    const struct sftp_auth_req *req) {
  unsigned int i, n = 0;

  for (i = 0; i < c->set->nchains; i++) {
    if (step_fits(c, i, req)) {
      c->auth->steps[i]++;
      n++;
    }
  }

  return n;
}

bool sftp_auth_complete(const struct ssh_conn *c) {
  unsigned int i;

  for (i = 0; i < c->set->nchains; i++) {
    if (c->set->chains[i].nsteps > 0 && next_step(c, i) == NULL) {
      return true;
    }
  }

  return false;
}

void sftp_auth_restart(struct ssh_conn *c) {
  unsigned int i;

  for (i = 0; i < c->set->nchains; i++) {
    c->auth->steps[i] = 0;
  }

  c->auth->keys = c->auth->drivers = NULL;
  c->services.forced = NULL;
  ftpd_auth_limit(c->ftpd, false, NULL, -1);
}

bool sftp_auth_was_used(const struct sftp_auth_used *list, const char *what) {
  for (; list != NULL; list = list->next) {
    if (strcmp(list->what, what) == 0) {
      return true;
    }
  }

  return false;
}

void sftp_auth_use(struct ssh_conn *c, struct sftp_auth_used **list,
    const char *what) {
  struct sftp_auth_used *u = pcalloc(c->pool, sizeof(*u));

  u->what = pstrdup(c->pool, what);
  u->next = *list;
  *list = u;
}
