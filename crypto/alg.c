/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg.c -- the common face of the algorithm tables. */

#include "alg.h"
#include "cipher.h"
#include "compress.h"
#include "crypto.h"
#include "kex-method.h"
#include "keys.h"
#include "mac.h"

static bool kex_usable(const void *row) {
  const struct sftp_kex_method *kex = row;

  return sftp_crypto_digest(kex->digest) != NULL &&
    (kex->ops->usable == NULL || kex->ops->usable(kex));
}

static bool sig_usable(const void *row) {
  const struct sftp_sig_alg *sig = row;

  return sig->digest == NULL || sftp_crypto_digest(sig->digest) != NULL;
}

static bool cipher_usable(const void *row) {
  const struct sftp_cipher_alg *cipher = row;

  return cipher->evp == NULL || sftp_crypto_cipher(cipher->evp) != NULL;
}

static bool mac_usable(const void *row) {
  const struct sftp_mac_alg *mac = row;

  return mac->digest == NULL || sftp_crypto_digest(mac->digest) != NULL;
}

static bool always_usable(const void *row) {
  (void) row;
  return true;
}

/* A table's rows begin with a struct sftp_alg and end with a NULL name. */
static const struct {
  const void *rows;
  size_t row_size;
  bool (*usable)(const void *row);
} families[ALGS_NFAMILIES] = {
  [ALGS_KEX] = { sftp_kex_methods, sizeof(struct sftp_kex_method),
    kex_usable },
  [ALGS_HOSTKEY] = { sftp_sig_algs, sizeof(struct sftp_sig_alg), sig_usable },
  [ALGS_CIPHER] = { sftp_ciphers, sizeof(struct sftp_cipher_alg),
    cipher_usable },
  [ALGS_MAC] = { sftp_macs, sizeof(struct sftp_mac_alg), mac_usable },
  [ALGS_COMPRESS] = { sftp_compressions, sizeof(struct sftp_alg),
    always_usable },
  [ALGS_SIGNATURE] = { sftp_sig_algs, sizeof(struct sftp_sig_alg),
    sig_usable }
};

/* The row, or the NULL-named one at the table's end: i is not beyond that. */
static const struct sftp_alg *row_at(enum sftp_alg_family f, size_t i) {
  return (const void *)
    ((const char *) families[f].rows + i * families[f].row_size);
}

/* Hosts and users share a table. */
static bool belongs(enum sftp_alg_family f, const struct sftp_alg *alg) {
  return f != ALGS_HOSTKEY || (alg->flags & ALG_USER) == 0;
}

const struct sftp_alg *sftp_alg_at(enum sftp_alg_family f, size_t i) {
  size_t n;

  for (n = 0; row_at(f, n)->name != NULL; n++) {
    if (belongs(f, row_at(f, n)) && i-- == 0) {
      return row_at(f, n);
    }
  }

  return NULL;
}

const struct sftp_alg *sftp_alg_find(enum sftp_alg_family f,
    struct sftp_str name) {
  size_t n;

  for (n = 0; row_at(f, n)->name != NULL; n++) {
    if (sftp_str_is(name, row_at(f, n)->name)) {
      return belongs(f, row_at(f, n)) ? row_at(f, n) : NULL;
    }
  }

  return NULL;
}

bool sftp_alg_usable(enum sftp_alg_family f, const struct sftp_alg *alg) {
  if (f != ALGS_COMPRESS && sftp_crypto_fips() &&
      (alg->flags & ALG_FIPS) == 0) {
    return false;
  }

  return families[f].usable(alg);
}

const char *sftp_alg_list(pool *p, enum sftp_alg_family f, unsigned int with,
    unsigned int without) {
  const struct sftp_alg *alg;
  struct sftp_wr w;
  size_t n;

  sftp_wr_init(&w, p, 512, 65536);
  for (n = 0; (alg = row_at(f, n))->name != NULL; n++) {
    if (!belongs(f, alg) || (alg->flags & with) != with ||
        (alg->flags & without) != 0 || !sftp_alg_usable(f, alg)) {
      continue;
    }

    if (w.len > 0) {
      sftp_wr_u8(&w, ',');
    }

    sftp_wr_bytes(&w, alg->name, strlen(alg->name));
  }

  return sftp_str_dup(p, sftp_wr_get(&w));
}
