/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-key.h -- what the methods with keys share: fingerprints, what is
 * signed, certificates, and the limits that come with a key.
 */

#ifndef MOD_SFTP_AUTH_KEY_H
#define MOD_SFTP_AUTH_KEY_H

#include "auth-method.h"
#include "cert.h"

struct ftpd_key_grant;

/* ---- auth-fingerprint.c: SFTPKeyFingerprints */

/* libcrypto's name of the digest. */
const char *sftp_auth_fingerprint_digest(const struct ssh_conn *c);
/* A key's fingerprint; NULL when libcrypto has no such digest (any more). */
const char *sftp_auth_fingerprint(const struct ssh_conn *c, pool *p,
  struct sftp_str blob);
/* The same after its digest's name and a colon, never NULL.  Without the
 * directive, it has the format of ssh-keygen -l.
 */
const char *sftp_auth_print(const struct ssh_conn *c, pool *p,
  struct sftp_str blob);

/* ---- auth-publickey.c: shared with hostbased */

/* Begins the data that a signature covers (RFC 4252, section 7): the session,
 * the user, the service and the name of the method.
 */
void sftp_auth_put_signed(struct sftp_wr *w, const struct ssh_conn *c,
  const struct sftp_auth_req *req, const char *method);
/* The algorithm of the request if it may be used; otherwise a line in the log
 * says so.
 */
const struct sftp_sig_alg *sftp_auth_key_alg(struct ssh_conn *c,
  const struct sftp_auth_req *req);
/* The key of the request; NULL if it is invalid, not of that algorithm, or too
 * small.
 */
struct sftp_key *sftp_auth_key(struct ssh_conn *c,
  const struct sftp_auth_req *req, const struct sftp_sig_alg *alg);

/* ---- auth-cert.c */

/* The certificate of the request if it is now valid for a user; NULL with a
 * line in the log.  Does not check whether its authority is trusted.  The
 * request has the certificate as soon as it could be read.
 */
struct sftp_cert *sftp_auth_cert(struct ssh_conn *c,
  struct sftp_auth_req *req);
/* Records the owner of the certificate in log, notes and environment. */
void sftp_auth_cert_log(struct ssh_conn *c, const struct sftp_auth_req *req);

/* ---- auth-limits.c: applies what came with a key */

/* Whether the signature satisfies what the key's options, the certificate and
 * the server require of security keys; otherwise a line in the log says so.
 */
bool sftp_auth_touch(struct ssh_conn *c, const struct sftp_auth_req *req,
  const struct sftp_key *key, const struct ftpd_key_grant *grant,
  const struct sftp_sig_info *info);
/* The forced command and the environment; false, with a line in the log, if
 * commands contradict each other.
 */
bool sftp_auth_limit(struct ssh_conn *c, const struct sftp_auth_req *req,
  const struct ftpd_key_grant *grant);

#endif /* MOD_SFTP_AUTH_KEY_H */
