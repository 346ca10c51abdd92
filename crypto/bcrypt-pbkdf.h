/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* bcrypt-pbkdf.h -- the key derivation of encrypted openssh-key-v1 files:
 * PBKDF2's shape around bcrypt's expensive key schedule of Blowfish.
 */

#ifndef MOD_SFTP_BCRYPT_PBKDF_H
#define MOD_SFTP_BCRYPT_PBKDF_H

#include "wire.h"

#define SFTP_BCRYPT_MAX_KEY_LEN 1024

/* Fills key_len bytes at key (1 to 1024).  SFTP_ERR_FORMAT for an empty
 * passphrase, salt or key and for zero rounds.  A round takes about 2 ms per
 * 32 bytes of key.
 */
int sftp_bcrypt_pbkdf(struct sftp_str passphrase, struct sftp_str salt,
  uint32_t rounds, unsigned char *key, size_t key_len) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_BCRYPT_PBKDF_H */
