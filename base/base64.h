/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* base64.h -- Base64 (RFC 4648, section 4), by libsodium: its running time does
 * not depend on the text, which may be a private key.
 */

#ifndef MOD_SFTP_BASE64_H
#define MOD_SFTP_BASE64_H

#include "wire.h"

/* The whole text must be valid and padded; *bytes is allocated in p.  Returns
 * SFTP_OK or SFTP_ERR_FORMAT.
 */
int sftp_base64_decode(pool *p, struct sftp_str text, struct sftp_str *bytes)
  SFTP_MUST_CHECK;
/* The text of bytes, allocated in p; pad: with = to a multiple of four. */
const char *sftp_base64_encode(pool *p, struct sftp_str bytes, bool pad);

#endif /* MOD_SFTP_BASE64_H */
