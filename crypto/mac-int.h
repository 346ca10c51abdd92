/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* mac-int.h -- inside the MAC family. */

#ifndef MOD_SFTP_MAC_INT_H
#define MOD_SFTP_MAC_INT_H

#include "mac.h"

extern const struct sftp_mac_ops sftp_mac_none;         /* mac.c */
extern const struct sftp_mac_ops sftp_mac_hmac;         /* mac-hmac.c */
extern const struct sftp_mac_ops sftp_mac_umac;         /* mac-umac.c */

/* UMAC with any nonce: sftp_mac_umac uses the sequence number, the published
 * vectors need others.
 */
int sftp_umac_tag(struct sftp_mac *m, const unsigned char nonce[8],
  const unsigned char *p, size_t n, unsigned char *out) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_MAC_INT_H */
