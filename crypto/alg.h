/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg.h -- what all algorithm tables share.
 *
 * An algorithm is a row in its family's table (kex.c, cipher.c, mac.c,
 * keys.c, compress.c).  The offer, the check of the directives, the FIPS
 * filter and the tests all walk these tables; no second list of names exists.
 * Every row of every table begins with a struct sftp_alg.
 */

#ifndef MOD_SFTP_ALG_H
#define MOD_SFTP_ALG_H

#include "base.h"
#include "wire.h"

/* Flags of a row. */
#define ALG_DEFAULT     0x01    /* offered unless others are named */
#define ALG_FIPS        0x02    /* approved: stays when FIPS is demanded */
#define ALG_FIPS_OFFER  0x04    /* then offered, too, where others drop out */
#define ALG_OPT_IN      0x08    /* only when named */
#define ALG_MODERN      0x10    /* what is best today: the profile "modern" */
#define ALG_USER        0x20    /* of signatures: for users, not for hosts */

struct sftp_alg {
  const char *name;
  unsigned int flags;
};

/* Families, for the tables' common face. */
enum sftp_alg_family { ALGS_KEX, ALGS_HOSTKEY, ALGS_CIPHER, ALGS_MAC,
  ALGS_COMPRESS, ALGS_SIGNATURE, ALGS_NFAMILIES };

/* The i-th row of a family in order of preference, NULL behind the last. */
const struct sftp_alg *sftp_alg_at(enum sftp_alg_family f, size_t i);
/* The row of that name, NULL when unknown. */
const struct sftp_alg *sftp_alg_find(enum sftp_alg_family f,
  struct sftp_str name);
/* Whether libcrypto of this process can do it. */
bool sftp_alg_usable(enum sftp_alg_family f, const struct sftp_alg *alg);
/* Comma-separated names of all usable rows that have every flag of `with' and
 * none of `without'; allocated in p.
 */
const char *sftp_alg_list(pool *p, enum sftp_alg_family f, unsigned int with,
  unsigned int without);

/* ---- Profiles (SFTPAlgorithmProfile; alg-profile.c) */

enum sftp_alg_profile { PROFILE_DEFAULT, PROFILE_MODERN, PROFILE_LEGACY };

/* The profile of that name, in any case; -1 when there is none. */
int sftp_alg_profile_find(const char *name);
/* What the profile offers of a family: usable names, comma-separated. */
const char *sftp_alg_profile(pool *p, enum sftp_alg_family f,
  enum sftp_alg_profile profile);
/* What a list of the administrator makes of base: its names, in their order,
 * or, where they carry a sign, base changed by one after the other: +name
 * behind the others, ^name before them, -name away (with * and ?).  Names
 * that cannot be used here are left out.  May be empty.
 */
const char *sftp_alg_change(pool *p, enum sftp_alg_family f, const char *base,
  const char *list);

/* ---- Name-lists (RFC 4251, section 5; namelist.c) */

/* Takes the next name off the list; false at its end. */
bool sftp_names_next(struct sftp_str *list, struct sftp_str *name);
bool sftp_names_have(struct sftp_str list, const char *name);
/* The first name of the client's list that is in ours too (RFC 4253, section
 * 7.1); len 0 when there is none.  Points into the client's list.
 */
struct sftp_str sftp_names_match(struct sftp_str client,
  struct sftp_str server);
/* Whether it can be used as a name-list: printable US-ASCII, names of at most
 * 64 bytes.  Empty names may be there; they match nothing.
 */
bool sftp_names_valid(struct sftp_str list);

#endif /* MOD_SFTP_ALG_H */
