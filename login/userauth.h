/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* userauth.h -- user authentication (RFC 4252).
 *
 * auth.c handles requests, chains and replies; a method is a row in its table
 * and an auth-<method>.c.  The daemon's side verifies and logs in.
 */

#ifndef MOD_SFTP_USERAUTH_H
#define MOD_SFTP_USERAUTH_H

#include "wire.h"

struct ssh_conn;

struct sftp_auth *sftp_auth_new(struct ssh_conn *c);
int sftp_on_service_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_userauth_request(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_userauth_info_response(struct ssh_conn *c, struct sftp_rd *r);
/* Text for the client before the login; has no effect after it.  Lines will end
 * in CR LF, the last one too (RFC 4252, section 5.4).
 */
int sftp_auth_banner(struct ssh_conn *c, const char *text) SFTP_MUST_CHECK;

/* ---- Methods, by their AUTH_* bit */

/* The name of the i-th method of all, NULL after the last. */
const char *sftp_auth_method_at(size_t i);
/* 0: there is no method of that name for chains. */
unsigned int sftp_auth_method_bit(const char *name);
const char *sftp_auth_method_name(unsigned int bit);
/* All of them, joined by ", "; in p. */
const char *sftp_auth_method_names(pool *p);

/* ---- A conversation of keyboard-interactive (RFC 4256), for drivers */

struct sftp_auth_prompt {
  const char *text;
  bool echo;                    /* the answer may be shown while it is typed */
};

/* Sends n prompts; name and instruction may be NULL.  SFTP_ERR_ORDER if there
 * is no keyboard-interactive request.
 */
int sftp_auth_ask(struct ssh_conn *c, const char *name,
  const char *instruction, unsigned int n,
  const struct sftp_auth_prompt *prompts) SFTP_MUST_CHECK;
/* Waits for the n answers, NUL-terminated in p; the caller wipes them.
 * SFTP_ERR_FORMAT for another number or a NUL inside, SFTP_ERR_CLOSED if the
 * client began another request.
 */
int sftp_auth_answers(struct ssh_conn *c, pool *p, unsigned int n,
  const char ***answers) SFTP_MUST_CHECK;

/* A login must not exceed its timeout: checks it, and returns in how many
 * milliseconds to check again (UINT64_MAX: never).
 */
int sftp_auth_check(struct ssh_conn *c) SFTP_MUST_CHECK;
uint64_t sftp_auth_due_ms(const struct ssh_conn *c);

#endif /* MOD_SFTP_USERAUTH_H */
