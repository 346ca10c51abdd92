/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg-table.h -- a common interface for the tables of all families of
 * algorithms.
 *
 * The offer, the check of the directives, the FIPS filter and the tests all use
 * these tables; there is no second list of names.
 */

#ifndef MOD_SFTP_ALG_TABLE_H
#define MOD_SFTP_ALG_TABLE_H

#include "alg.h"
#include "wire.h"

enum sftp_alg_family { ALGS_KEX, ALGS_HOSTKEY, ALGS_CIPHER, ALGS_MAC,
  ALGS_COMPRESS, ALGS_SIGNATURE, ALGS_NFAMILIES };

/* The i-th row of a family in order of preference, NULL after the last. */
const struct sftp_alg *sftp_alg_at(enum sftp_alg_family f, size_t i);
/* The row of that name, NULL when unknown. */
const struct sftp_alg *sftp_alg_find(enum sftp_alg_family f,
  struct sftp_str name);
/* Whether libcrypto can do it in this process, and FIPS permits it. */
bool sftp_alg_usable(enum sftp_alg_family f, const struct sftp_alg *alg);
/* Comma-separated names of all usable rows that have every flag of `with' and
 * none of `without'; allocated in p.
 */
const char *sftp_alg_list(pool *p, enum sftp_alg_family f, unsigned int with,
  unsigned int without);
/* Fetches what the default rows need from libcrypto, in the parent: sessions
 * share it.
 */
void sftp_alg_prefetch(void);

#endif /* MOD_SFTP_ALG_TABLE_H */
