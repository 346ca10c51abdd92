/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keys-guard.c -- where private keys are kept between signatures.
 *
 * libcrypto keeps the numbers of a key in ordinary memory for as long as its
 * object lives, in a daemon for months.  Here the numbers are kept as
 * OSSL_PARAMs instead: between guard pages, not in core dumps, locked in memory
 * where the system allows that, and not readable.  The object is made for each
 * signature, which costs little compared with the signature, and libcrypto
 * wipes its numbers when it is freed.
 */

#include <sodium.h>

#include "keys-int.h"

static void guard_cleanup(void *data) {
  struct sftp_key *key = data;

  sodium_free(key->guarded);    /* wipes */
  key->guarded = NULL;
}

void sftp_key_set_guarded(struct sftp_key *key, OSSL_PARAM *numbers) {
  key->guarded = numbers;
  register_cleanup2(key->pool, key, guard_cleanup);
}

int sftp_key_guard(struct sftp_key *key) {
  struct sftp_key *public_part;
  OSSL_PARAM *numbers;
  EVP_PKEY *pkey;
  int res;

  if (key->pkey == NULL) {
    return SFTP_OK;             /* the type guards it by itself */
  }

  if (key->guarded == NULL) {
    res = sftp_key_numbers(key->pool, key->pkey, &numbers);
    if (res != SFTP_OK) {
      return res;
    }

    sftp_key_set_guarded(key, numbers);
  }

  res = sftp_key_from_blob(key->pool, key->blob, &public_part);
  if (res != SFTP_OK) {
    return res;
  }

  pkey = key->pkey;
  key->pkey = public_part->pkey;
  public_part->pkey = NULL;
  EVP_PKEY_free(pkey);
  return SFTP_OK;
}

EVP_PKEY *sftp_key_of_numbers(const char *type, OSSL_PARAM *numbers) {
  EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
  EVP_PKEY *pkey = NULL;

  sodium_mprotect_readonly(numbers);
  if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
      EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, numbers) != 1) {
    pkey = NULL;
  }

  sodium_mprotect_noaccess(numbers);
  EVP_PKEY_CTX_free(ctx);
  return pkey;
}

EVP_PKEY *sftp_key_unguard(const struct sftp_key *key) {
  if (key->guarded != NULL) {
    return sftp_key_of_numbers(key->type->evp, key->guarded);
  }

  return EVP_PKEY_up_ref(key->pkey) == 1 ? key->pkey : NULL;
}
