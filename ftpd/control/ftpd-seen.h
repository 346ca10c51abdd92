/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-seen.h -- what a session tells the tables of ftpd-book.h.
 *
 * Without a slot on the board these functions do nothing.
 */

#ifndef MOD_SFTP_FTPD_SEEN_H
#define MOD_SFTP_FTPD_SEEN_H

#include "ftpd-session.h"

#include "wire.h"

struct sftp_cert;

/* What the client does, in the words of clients.h: "offers NAME" counts. */
void ftpd_seen_does(const char *does);
/* This key, or that of a certificate, may be used if its signature is valid;
 * of_host: it is that of the user's host.
 */
void ftpd_seen_key(const struct ftpd *h, pool *p, struct sftp_str blob,
  const struct sftp_cert *cert, bool of_host);
/* The user has proven who they are by that method. */
void ftpd_seen_proof(const struct ftpd *h, const char *method);
/* The user is logged in: the record is complete. */
void ftpd_seen_login(const struct ftpd *h);

#endif /* MOD_SFTP_FTPD_SEEN_H */
