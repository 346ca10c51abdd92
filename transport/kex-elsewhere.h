/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-elsewhere.h -- a key exchange that runs in another process, which has no
 * host key: it sends what the exchange hash covers, and this process makes the
 * hash and signs it.  So nothing can be signed but the exchange hashes of this
 * connection.
 *
 * The other process is not trusted: it is where a stranger's bytes are read.
 */

#ifndef MOD_SFTP_KEX_ELSEWHERE_H
#define MOD_SFTP_KEX_ELSEWHERE_H

#include "conn.h"

/* Bytes of each. */
#define SFTP_TRANSCRIPT_MAX (600 * 1024)
#define SFTP_AGREED_MAX 1024

/* ---- In the process that exchanges keys */

/* Writes what the hash of the current exchange covers, and which algorithm
 * signs.
 */
void sftp_transcript_write(const struct ssh_conn *c, struct sftp_wr *w);
/* Writes what was agreed by the exchange that is now complete. */
void sftp_agreed_write(const struct ssh_conn *c, struct sftp_wr *w);

/* ---- In the process that has the host keys */

/* Reads a transcript, signs its exchange hash, and writes hash and signature
 * (two strings).  The first one makes the session id and the first host key of
 * the connection.  SFTP_ERR_ORDER: the client's identification is unknown;
 * SFTP_ERR_DENIED: `offered' does not offer the algorithms; SFTP_ERR_FORMAT:
 * they are not those to which both KEXINITs lead.
 */
int sftp_transcript_sign(struct ssh_conn *c,
  const struct sftp_settings *offered, struct sftp_rd *r, struct sftp_wr *w)
  SFTP_MUST_CHECK;
/* Reads what was agreed, and reports it (notes).  SFTP_ERR_ORDER: nothing was
 * signed; SFTP_ERR_DENIED: the KEXINITs that were signed lead to something
 * else.
 */
int sftp_agreed_read(struct ssh_conn *c, struct sftp_rd *r) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KEX_ELSEWHERE_H */
