/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-hybrid.h -- a post-quantum key encapsulation, combined with an
 * established curve (draft-ietf-sshm-mlkem-hybrid-kex;
 * draft-ietf-sshm-ntruprime-ssh).
 */

#ifndef MOD_SFTP_KEX_HYBRID_H
#define MOD_SFTP_KEX_HYBRID_H

#include "kex-method.h"

#define SFTP_KEM_MAX_LEN 1568           /* of a public key or ciphertext */
#define SFTP_KEM_SECRET_LEN 32

struct sftp_kem {
  size_t public_len, ciphertext_len;
  int (*encaps)(const unsigned char *pub, unsigned char *ciphertext,
    unsigned char secret[SFTP_KEM_SECRET_LEN]);
  bool (*usable)(void);         /* NULL: always */
};

/* The parameter of sftp_kex_hybrid's methods. */
struct sftp_hybrid {
  const struct sftp_kem *kem;
  const char *curve;            /* NULL: X25519 */
};

extern const struct sftp_hybrid sftp_hybrid_mlkem768_x25519,
  sftp_hybrid_mlkem768_p256, sftp_hybrid_mlkem1024_p384,
  sftp_hybrid_sntrup761_x25519;

#endif /* MOD_SFTP_KEX_HYBRID_H */
