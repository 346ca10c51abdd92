/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex.h -- key exchange (RFC 4253, sections 7 to 9), for other parts. */

#ifndef MOD_SFTP_KEX_H
#define MOD_SFTP_KEX_H

#include "wire.h"

struct ssh_conn;
struct sftp_kex;

struct sftp_kex *sftp_kex_new(struct ssh_conn *c);
/* Sends our KEXINIT unless an exchange is in progress; why is for the log
 * ("volume", "time", ...).
 */
int sftp_kex_start(struct ssh_conn *c, const char *why) SFTP_MUST_CHECK;
/* The client's version is known: sends our first KEXINIT, or lets it wait a
 * moment for the client's, because the offer depends on that.
 */
int sftp_kex_first(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Starts a rekey when one is due; checks the timeout of the current one. */
int sftp_kex_check(struct ssh_conn *c) SFTP_MUST_CHECK;
/* Whether one is due by volume. */
bool sftp_kex_wanted(const struct ssh_conn *c);
/* No data should be sent with the current keys: an exchange is in progress, or
 * begins at the end of this turn.
 */
bool sftp_kex_holds(const struct ssh_conn *c);
/* The connection ends: logs the end of a rekey in progress. */
void sftp_kex_broken_off(struct ssh_conn *c, const char *why);
/* Milliseconds until sftp_kex_check() has something to do; UINT64_MAX: never.
 */
uint64_t sftp_kex_due_ms(const struct ssh_conn *c);
int sftp_on_kexinit(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_kex_message(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_newkeys(struct ssh_conn *c, struct sftp_rd *r);
int sftp_on_ext_info(struct ssh_conn *c, struct sftp_rd *r);
/* Before the first USERAUTH_REQUEST is served: a second EXT_INFO for clients
 * that can use one (ext-info-in-auth@openssh.com).
 */
int sftp_kex_auth_info(struct ssh_conn *c) SFTP_MUST_CHECK;
/* K_S of the first exchange; empty before. */
struct sftp_str sftp_kex_first_host_key(const struct ssh_conn *c);
/* The session identifier; empty before the first exchange. */
struct sftp_str sftp_kex_session_id(const struct ssh_conn *c);
/* Reports that compression has begun: after NEWKEYS, after login. */
void sftp_kex_tell_compression(struct ssh_conn *c);
/* True from the first KEXINIT of an exchange, ours or the client's, until
 * NEWKEYS.
 */
bool sftp_kex_running(const struct ssh_conn *c);

struct sftp_kex_names {
  const char *kex, *hostkey, *cipher_c2s, *cipher_s2c, *mac_c2s, *mac_s2c,
    *comp_c2s, *comp_s2c;       /* MAC "implicit" with AEAD */
};

/* The result of the last complete exchange; NULL before. */
const struct sftp_kex_names *sftp_kex_agreed(const struct ssh_conn *c);

#endif /* MOD_SFTP_KEX_H */
