/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg-table.c -- a common interface for the algorithm tables. */

#include "alg-table.h"
#include "cipher.h"
#include "compress.h"
#include "kex-method.h"
#include "keys.h"
#include "mac.h"

/* A table's rows begin with a struct sftp_alg and end with a NULL name. */
static const struct {
  const void *rows;
  size_t row_size;
  bool (*is_usable)(const struct sftp_alg *alg);        /* NULL: always */
} families[ALGS_NFAMILIES] = {
  [ALGS_KEX] = { sftp_kex_methods, sizeof(struct sftp_kex_method),
    sftp_kex_is_usable },
  [ALGS_HOSTKEY] = { sftp_sig_algs, sizeof(struct sftp_sig_alg),
    sftp_sig_is_usable },
  [ALGS_CIPHER] = { sftp_ciphers, sizeof(struct sftp_cipher_alg),
    sftp_cipher_is_usable },
  [ALGS_MAC] = { sftp_macs, sizeof(struct sftp_mac_alg), sftp_mac_is_usable },
  [ALGS_COMPRESS] = { sftp_compressions, sizeof(struct sftp_alg), NULL },
  [ALGS_SIGNATURE] = { sftp_sig_algs, sizeof(struct sftp_sig_alg),
    sftp_sig_is_usable }
};

/* The row, or the one with a NULL name at the end; i must not be beyond that.
 */
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
  return families[f].is_usable == NULL || families[f].is_usable(alg);
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

void sftp_alg_prefetch(void) {
  static const enum sftp_alg_family fetching[] = {
    ALGS_KEX, ALGS_SIGNATURE, ALGS_CIPHER, ALGS_MAC
  };
  const struct sftp_alg *alg;
  size_t f, i;

  /* Checking whether a row is usable fetches what it needs.  Rows that must be
   * named are checked when a directive names them.
   */
  for (f = 0; f < SFTP_NELEMS(fetching); f++) {
    for (i = 0; (alg = sftp_alg_at(fetching[f], i)) != NULL; i++) {
      if ((alg->flags & ALG_DEFAULT) != 0) {
        (void) sftp_alg_usable(fetching[f], alg);
      }
    }
  }
}
