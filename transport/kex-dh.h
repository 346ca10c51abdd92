/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* kex-dh.h -- Diffie-Hellman in a group of integers, for the methods with a
 * fixed group and those that choose one.
 */

#ifndef MOD_SFTP_KEX_DH_H
#define MOD_SFTP_KEX_DH_H

#include "kex-method.h"

#define SFTP_DH_MAX_BITS 8192

struct sftp_dh_group {
  const char *name;             /* libcrypto's name, or NULL: p and g are
                                 * used */
  struct sftp_str p, g;         /* big-endian, without leading zeros */
  unsigned int private_bits;    /* with p and g: bits of our exponent */
};

/* Processes the client's public value e (checked here): appends e and f to
 * x->hashed and f to x->reply, sets x->k and x->done.  SFTP_ERR_KEX if e or the
 * group cannot be used.
 */
int sftp_kex_dh_reply(struct sftp_kex_exchange *x,
  const struct sftp_dh_group *group, struct sftp_str e) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_KEX_DH_H */
