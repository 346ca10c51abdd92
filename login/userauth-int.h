/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* userauth-int.h -- what the files of user authentication (auth*.c) share.
 *
 * A method is a row in auth.c's table and an auth-<method>.c: it first reads
 * all of its fields of the request, and judges them later.
 */

#ifndef MOD_SFTP_USERAUTH_INT_H
#define MOD_SFTP_USERAUTH_INT_H

#include "cert.h"
#include "conn.h"
#include "userauth.h"

struct ftpd_key_grant;

/* Names of services and methods: far beyond any that exists. */
#define SFTP_AUTH_NAME_MAX 64

/* The outcome of a request. */
enum sftp_outcome {
  OUTCOME_YES = 1,              /* proven */
  OUTCOME_NO,                   /* a failed attempt: counted */
  OUTCOME_FREE_NO,              /* refused before anything was tried */
  OUTCOME_PROBE,                /* answered by the method, nothing proven */
  OUTCOME_DEAD,                 /* this method cannot be used in this session */
  OUTCOME_ABANDONED             /* the client began another; no answer */
};

struct sftp_auth_req {
  pool *pool;                   /* of this request; wiped by nobody */
  const char *user;             /* after rewrites: the name that the daemon
                                 * knows */
  const char *spelt;            /* as in the message: what signatures cover */
  const char *service, *name;   /* name: of the method */
  const struct sftp_auth_method *method;        /* NULL when unknown */
  union {
    struct {
      struct sftp_str text;     /* in the message; wiped when it is over */
      bool change;              /* a new one was sent too */
    } password;
    struct {
      struct sftp_str alg, blob, sig;   /* sig.ptr NULL: a probe */
      struct sftp_str host_key;         /* hostbound: ours, as signed */
      bool bound;
      const char *host, *client_user;   /* hostbased: where they are from */
      const struct sftp_cert *cert;     /* blob, where it is one, as read */
    } key;
  } u;
  const char *driver;           /* keyboard-interactive: the one that
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

/* A key or driver that has proven its step in this session. */
struct sftp_auth_used {
  struct sftp_auth_used *next;
  const char *what;             /* fingerprint, or the driver's name */
};

struct sftp_auth {
  unsigned int *steps;          /* per chain: steps proven */
  unsigned int dead;            /* AUTH_* that cannot be used any more */
  unsigned int nservices, nrequests, nfailures;
  bool bannered;
  const char *user, *service;   /* of the first request */
  struct sftp_auth_used *keys, *drivers;

  /* A conversation of keyboard-interactive. */
  struct sftp_auth_req *talking;
  bool answered;                /* stops the nested loop */
  int talk_err;                 /* the outcome of the answers */
  unsigned int nwanted;
  pool *talk_pool;
  const char **answers;
  struct sftp_str parked;       /* a USERAUTH_REQUEST that came instead */
  pool *parked_pool;
};

/* ---- auth-chain.c: which methods are left, and when it is enough */

/* Nothing is proven of the chains in force. */
void sftp_auth_begin_chains(struct ssh_conn *c, struct sftp_auth *a);
/* AUTH_* bits of the methods that can be tried now. */
unsigned int sftp_auth_offered(const struct ssh_conn *c);
/* The names of these, comma-separated, in the order of the configuration. */
const char *sftp_auth_names(const struct ssh_conn *c, pool *p);
/* Whether this driver may be tried now for keyboard-interactive. */
bool sftp_auth_driver_offered(const struct ssh_conn *c, const char *driver);
/* The request has proven its method: moves every chain that waited for it.
 * Returns how many there were.
 */
unsigned int sftp_auth_advance(struct ssh_conn *c,
  const struct sftp_auth_req *req);
bool sftp_auth_complete(const struct ssh_conn *c);
/* Begins again: nothing is proven. */
void sftp_auth_restart(struct ssh_conn *c);

bool sftp_auth_was_used(const struct sftp_auth_used *list, const char *what);
void sftp_auth_use(struct ssh_conn *c, struct sftp_auth_used **list,
  const char *what);

/* ---- auth.c */

const struct sftp_auth_method *sftp_auth_method_find(const char *name);
const struct sftp_auth_method *sftp_auth_method_of(unsigned int bit);
/* Secrets may not travel in the clear (AllowInsecureLogin). */
bool sftp_auth_is_private(struct ssh_conn *c,
  const struct sftp_auth_req *req);

/* ---- auth-log.c */

/* One line for the outcome of a request: user, address, method and key;
 * `refused' adds the reason.
 */
void sftp_auth_outcome(struct ssh_conn *c, const struct sftp_auth_req *req,
  const char *outcome, bool refused);

/* ---- auth-fingerprint.c: SFTPKeyFingerprints */

/* libcrypto's name of the digest. */
const char *sftp_auth_fingerprint_digest(const struct ssh_conn *c);
/* A key's fingerprint; NULL when libcrypto has no such digest (any more). */
const char *sftp_auth_fingerprint(const struct ssh_conn *c, pool *p,
  struct sftp_str blob);
/* The same behind its digest's name and a colon, never NULL.  Where the
 * directive is not given, it is what ssh-keygen -l prints.
 */
const char *sftp_auth_print(const struct ssh_conn *c, pool *p,
  struct sftp_str blob);

/* ---- auth-publickey.c: shared with hostbased */

/* Begins what a signature covers (RFC 4252, section 7): the session, the user,
 * the service and that name of the method.
 */
void sftp_auth_put_signed(struct sftp_wr *w, const struct ssh_conn *c,
  const struct sftp_auth_req *req, const char *method);
/* The algorithm of the request if it may be used; says so in the log if not. */
const struct sftp_sig_alg *sftp_auth_key_alg(struct ssh_conn *c,
  const struct sftp_auth_req *req);
/* The key of the request; NULL when it is none, none of that algorithm, or
 * too small.
 */
struct sftp_key *sftp_auth_key(struct ssh_conn *c,
  const struct sftp_auth_req *req, const struct sftp_sig_alg *alg);

/* ---- auth-cert.c */

/* The certificate of the request, good for a user now; NULL with a line in the
 * log.  Whether its authority is trusted is not checked yet.  The request has
 * the certificate as soon as it could be read.
 */
struct sftp_cert *sftp_auth_cert(struct ssh_conn *c,
  struct sftp_auth_req *req);
/* Tells the log, notes and environment whose certificate it is. */
void sftp_auth_cert_log(struct ssh_conn *c, const struct sftp_auth_req *req);

/* ---- auth-limits.c: applies what came with a key */

/* Whether the signature satisfies what the key's options, the certificate and
 * the server ask of security keys; says so in the log if not.
 */
bool sftp_auth_touch(struct ssh_conn *c, const struct sftp_auth_req *req,
  const struct sftp_key *key, const struct ftpd_key_grant *grant,
  const struct sftp_sig_info *info);
/* The forced command and the environment; false, with a line in the log, where
 * commands contradict each other.
 */
bool sftp_auth_limit(struct ssh_conn *c, const struct sftp_auth_req *req,
  const struct ftpd_key_grant *grant);

/* ---- auth-<method>.c */

extern const struct sftp_auth_method sftp_auth_none, sftp_auth_password,
  sftp_auth_publickey, sftp_auth_publickey_bound, sftp_auth_kbdint,
  sftp_auth_hostbased;

#endif /* MOD_SFTP_USERAUTH_INT_H */
