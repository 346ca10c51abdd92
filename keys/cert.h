/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cert.h -- OpenSSH certificates (PROTOCOL.certkeys): reading one, and whether
 * it is valid by itself.  Others decide whether its authority is trusted.
 *
 * Ownership: a certificate and all of it live in the pool given at its birth.
 */

#ifndef MOD_SFTP_CERT_H
#define MOD_SFTP_CERT_H

#include "keys.h"

enum sftp_cert_kind { CERT_USER = 1, CERT_HOST = 2 };

struct sftp_cert {
  const char *type;             /* "ssh-ed25519-cert-v01@openssh.com" ... */
  struct sftp_str blob;         /* all of it, as on the wire */
  struct sftp_key *key;         /* what is certified, as a bare key */
  uint64_t serial;
  unsigned int kind;            /* enum sftp_cert_kind */
  const char *key_id;
  const char **principals;      /* nprincipals, then NULL */
  unsigned int nprincipals;     /* 0: a user's certificate is valid for
                                 * nobody */
  uint64_t valid_after, valid_before;   /* seconds since 1970; valid before that
                                         * second */

  /* Critical options of users' certificates; NULL: not there. */
  const char *force_command, *source_address;
  bool verify_required;
  bool no_touch_required;       /* an extension */

  struct sftp_key *ca;          /* who has signed it */
  const char *ca_alg;           /* the algorithm of the signature */
};

/* Whether the name is that of a type of certificates. */
bool sftp_cert_is_type(struct sftp_str name);
/* Whether the blob begins as a certificate does. */
bool sftp_cert_is_blob(struct sftp_str blob);

/* Reads a certificate and checks the signature of its authority, which must
 * be one of ca_algs (comma-separated).  *why gets a text for the administrator
 * on every error: SFTP_ERR_DENIED for an algorithm that is not among them,
 * SFTP_ERR_UNSUPPORTED for critical options and types that are unknown,
 * SFTP_ERR_MAC for a signature that does not verify.
 */
int sftp_cert_read(pool *p, struct sftp_str blob, const char *ca_algs,
  struct sftp_cert **cert, const char **why) SFTP_MUST_CHECK;

/* NULL if the certificate is of that kind and valid at the time now (seconds
 * since 1970); else the reason, in p.
 */
const char *sftp_cert_objection(pool *p, const struct sftp_cert *cert,
  enum sftp_cert_kind kind, uint64_t now);
/* Whether it names the principal; without principals it names nobody. */
bool sftp_cert_names(const struct sftp_cert *cert, const char *principal);

#endif /* MOD_SFTP_CERT_H */
