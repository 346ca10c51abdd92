/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* krl.h -- revoked keys and certificates: OpenSSH's KRL files (PROTOCOL.krl)
 * and plain lists of keys, told apart by content.
 *
 * A list is read from end to end for each look-up, and nothing is built from
 * it: damage anywhere in the list is found, and makes the look-up fail.
 */

#ifndef MOD_SFTP_KRL_H
#define MOD_SFTP_KRL_H

#include "cert.h"

/* Whether this key, or this certificate (then key is cert->key's blob), or its
 * authority is on the list.  SFTP_OK: it is not.  SFTP_ERR_DENIED: it is; *why
 * says by which entry.  Any other error: the list cannot be used; *why says
 * where. key.ptr NULL: only whether the list can be used.
 */
int sftp_krl_check(pool *p, struct sftp_str list, struct sftp_str key,
  const struct sftp_cert *cert, const char **why) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KRL_H */
