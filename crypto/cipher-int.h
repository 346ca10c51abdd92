/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cipher-int.h -- inside the cipher family. */

#ifndef MOD_SFTP_CIPHER_INT_H
#define MOD_SFTP_CIPHER_INT_H

#include "cipher.h"

extern const struct sftp_cipher_ops sftp_cipher_none;    /* cipher.c */
extern const struct sftp_cipher_ops sftp_cipher_evp;     /* cipher-evp.c */
extern const struct sftp_cipher_ops sftp_cipher_ctr;     /* cipher-ctr.c */
extern const struct sftp_cipher_ops sftp_cipher_gcm;     /* cipher-gcm.c */
extern const struct sftp_cipher_ops sftp_cipher_chacha;  /* cipher-chacha.c */

#endif /* MOD_SFTP_CIPHER_INT_H */
