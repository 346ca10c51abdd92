/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-method.h -- a method of user authentication, and a request for it.
 *
 * A method is a row in auth.c's table and an auth-<method>.c: it first reads
 * all of its fields of the request, and judges them later.
 */

#ifndef MOD_SFTP_AUTH_METHOD_H
#define MOD_SFTP_AUTH_METHOD_H

#include "conn.h"

struct sftp_cert;

/* Names of services and methods: far beyond any that exists. */
#define SFTP_AUTH_NAME_MAX 64

/* The outcome of a request. */
enum sftp_outcome {
  OUTCOME_YES = 1,              /* proven */
  OUTCOME_NO,                   /* a failed attempt: counted */
  OUTCOME_FREE_NO,              /* refused before anything was tried */
  OUTCOME_PROBE,                /* the method replied, nothing proven */
  OUTCOME_DEAD,                 /* this method cannot be used in this session */
  OUTCOME_ABANDONED             /* the client began another request; no reply */
};

struct sftp_auth_req {
  pool *pool;                   /* of this request; it is not wiped */
  const char *user;             /* after rewrites: the name known to the
                                 * daemon */
  const char *spelt;            /* as in the message: what signatures cover */
  const char *service, *name;   /* name: of the method */
  const struct sftp_auth_method *method;        /* NULL when unknown */
  union {
    struct {
      struct sftp_str text;     /* in the message; wiped afterwards */
      bool change;              /* a new one was sent too */
    } password;
    struct {
      struct sftp_str alg, blob, sig;   /* sig.ptr NULL: a probe */
      struct sftp_str host_key;         /* hostbound: ours, as signed */
      bool bound;
      const char *host, *client_user;   /* hostbased: host of the client */
      const struct sftp_cert *cert;     /* blob, parsed, if it is one */
    } key;
  } u;
  const char *driver;           /* keyboard-interactive: the driver that
                                 * accepted */
  bool asked;                   /* it asked a question */
};

struct sftp_auth_method {
  const char *name;
  unsigned int bit;             /* AUTH_* */
  const char *event, *failed_event;
  unsigned int floor_ms;        /* refusals take a multiple of this */
  /* Reads the method's fields into req->u; the caller ends the reader. */
  void (*read)(struct sftp_auth_req *req, struct sftp_rd *r);
  /* An enum sftp_outcome, or an error that ends the connection. */
  int (*run)(struct ssh_conn *c, struct sftp_auth_req *req);
};

extern const struct sftp_auth_method sftp_auth_none, sftp_auth_password,
  sftp_auth_publickey, sftp_auth_publickey_bound, sftp_auth_kbdint,
  sftp_auth_hostbased;

const struct sftp_auth_method *sftp_auth_method_find(const char *name);
const struct sftp_auth_method *sftp_auth_method_of(unsigned int bit);
/* Secrets may not be sent unencrypted (AllowInsecureLogin). */
bool sftp_auth_is_private(struct ssh_conn *c,
  const struct sftp_auth_req *req);

/* One line for the outcome of a request: user, address, method and key;
 * `refused' adds the reason.
 */
void sftp_auth_outcome(struct ssh_conn *c, const struct sftp_auth_req *req,
  const char *outcome, bool refused);

#endif /* MOD_SFTP_AUTH_METHOD_H */
