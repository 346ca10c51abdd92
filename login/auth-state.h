/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* auth-state.h -- what a session knows of its login so far. */

#ifndef MOD_SFTP_AUTH_STATE_H
#define MOD_SFTP_AUTH_STATE_H

#include "conn.h"

struct sftp_auth_req;
struct sftp_auth_used;

/* A conversation of keyboard-interactive. */
struct sftp_auth_talk {
  struct sftp_auth_req *req;    /* whose it is; NULL: there is none */
  bool answered;                /* stops the nested loop */
  int err;                      /* the outcome of the answers */
  unsigned int nwanted;
  pool *pool;
  const char **answers;
  struct sftp_str parked;       /* a USERAUTH_REQUEST that came instead */
  pool *parked_pool;
};

struct sftp_auth {
  unsigned int *steps;          /* per chain: steps proven */
  unsigned int dead;            /* AUTH_* that are no longer available */
  unsigned int nfailures;
  bool bannered;
  const char *user, *service;   /* of the first request */
  struct sftp_auth_used *keys, *drivers;        /* auth-chain.h */
  struct sftp_auth_talk talk;
};

#endif /* MOD_SFTP_AUTH_STATE_H */
