/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* params.h -- lists of named values, as libcrypto's EVP_PKEY_fromdata() takes
 * them.  A list remembers its first failure; secret numbers are wiped when
 * it is used up.
 */

#ifndef MOD_SFTP_PARAMS_H
#define MOD_SFTP_PARAMS_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "wire.h"

#define SFTP_PARAMS_MAX 10      /* numbers in one list */

struct sftp_params {
  OSSL_PARAM_BLD *list;
  BIGNUM *numbers[SFTP_PARAMS_MAX];
  size_t nnumbers;
  bool failed;
};

void sftp_params_init(struct sftp_params *l);
/* An unsigned big-endian number; returns it (owned by the list) or NULL. */
const BIGNUM *sftp_params_number(struct sftp_params *l, const char *name,
  struct sftp_str bytes, bool secret);
/* The same for an existing number, which then belongs to the list; NULL counts
 * as a failure.
 */
void sftp_params_bn(struct sftp_params *l, const char *name, BIGNUM *bn);
/* text and bytes must live until the list is used up. */
void sftp_params_text(struct sftp_params *l, const char *name,
  const char *text);
void sftp_params_bytes(struct sftp_params *l, const char *name,
  struct sftp_str bytes);

/* Makes a key of libcrypto's type (selection: EVP_PKEY_PUBLIC_KEY ...) and
 * frees the list in any case.  NULL when a step failed or libcrypto refuses.
 */
EVP_PKEY *sftp_params_key(struct sftp_params *l, const char *type,
  int selection);

/* A copy of a list, names and values included, in one block of
 * sftp_params_room() bytes, a multiple of 16: the list is at its beginning.
 */
size_t sftp_params_room(const OSSL_PARAM *list);
void sftp_params_place(void *room, const OSSL_PARAM *list);

#endif /* MOD_SFTP_PARAMS_H */
