/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-userauth.h -- contract with the daemon: a request for authentication.
 *
 * There is only one request at a time: ftpd_auth_user(), ftpd_auth_user_end(),
 * ftpd_auth_begin(), then ftpd_auth_pass() and the verification of the method
 * (ftpd-userkey.h has it for keys), and finally ftpd_auth_end() or, after
 * USERAUTH_SUCCESS, ftpd_logged_in() (ftpd-user.h). auth.c decides the order;
 * the host runs the commands that other modules see.  These functions log why a
 * user was refused; clients only learn that they were.
 */

#ifndef MOD_SFTP_FTPD_USERAUTH_H
#define MOD_SFTP_FTPD_USERAUTH_H

#include "base.h"

struct ftpd;

enum ftpd_verdict {
  FTPD_AUTH_OK = 0,
  FTPD_AUTH_NO_USER,
  FTPD_AUTH_BAD,                /* wrong password, key or answer */
  FTPD_AUTH_EMPTY,              /* empty password not allowed */
  FTPD_AUTH_EXPIRED,
  FTPD_AUTH_DISABLED,
  FTPD_AUTH_BLOCKED,            /* a PRE_CMD handler refused it */
  FTPD_AUTH_ERROR
};

/* Handles the user name of a request: PRE_CMD of USER. *user becomes the name
 * that the handlers returned, in p. -1: refused and ended; the connection must
 * end.
 */
int ftpd_auth_user(struct ftpd *h, pool *p, const char **user);
/* Ends USER: POST_CMD and LOG_CMD, or the *_ERR pair. */
void ftpd_auth_user_end(struct ftpd *h, bool ok);
/* The user of the first request is known: the settings get the methods for this
 * user before a reply names any; the stores of their keys are chosen as well.
 */
void ftpd_auth_methods(struct ftpd *h);
/* The request itself. p lives until ftpd_auth_end() or ftpd_logged_in(); so
 * must user and method. known: the method is in the table, so its name may
 * appear in notes and environment.
 */
void ftpd_auth_begin(struct ftpd *h, pool *p, const char *user,
  const char *method, bool known);
/* PRE_CMD of PASS, for every method that proves an identity. */
enum ftpd_verdict ftpd_auth_pass(struct ftpd *h);
/* The same with the password, and its verification; the same work for unknown
 * users.  Copies of the password are wiped.
 */
enum ftpd_verdict ftpd_auth_password(struct ftpd *h, const char *password);
/* Whether the account is still valid (expiry and other restrictions). */
enum ftpd_verdict ftpd_auth_authorize(struct ftpd *h);

/* Drivers of keyboard-interactive in the order of use: the name of the i-th, or
 * NULL after the last.
 */
const char *ftpd_kbdint_driver(struct ftpd *h, unsigned int i);
/* One attempt with that driver, which exchanges messages by sftp_auth_ask() and
 * sftp_auth_answers() (userauth.h).
 */
enum ftpd_verdict ftpd_auth_kbdint(struct ftpd *h, const char *driver);

/* Milliseconds until the login timeout; UINT64_MAX: no limit.  Drivers may
 * block signals while they wait, and then no timer of the host fires.
 */
uint64_t ftpd_login_due_ms(struct ftpd *h);

enum ftpd_auth_result {
  FTPD_REQ_LISTED,              /* the reply lists the methods that are left */
  FTPD_REQ_UNKNOWN,             /* the same, for an unknown method */
  FTPD_REQ_PARTIAL,             /* proven, but more is needed */
  FTPD_REQ_PROBE,               /* no attempt: a question about a key */
  FTPD_REQ_FAILED,
  FTPD_REQ_BROKEN               /* this method cannot be used */
};

/* Ends a request that did not log in: the phases of PASS if it was begun, and
 * those of USERAUTH_REQUEST.
 */
void ftpd_auth_end(struct ftpd *h, enum ftpd_auth_result res);
/* Returns when a multiple of floor_ms has passed since begin_us, to the
 * microsecond: a client can average over many replies.
 */
void ftpd_auth_pause(struct ftpd *h, uint64_t begin_us, unsigned int floor_ms);
/* A request with a name that no user can have fails the connection. */
void ftpd_auth_odd(struct ftpd *h, const char *user, const char *why);
/* The limit of failed attempts was reached; follows ftpd_auth_end(). */
void ftpd_auth_max(struct ftpd *h, unsigned int max);

#endif /* MOD_SFTP_FTPD_USERAUTH_H */
