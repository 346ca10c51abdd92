/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* alg.h -- what the rows of all algorithm tables share.
 *
 * An algorithm is a row in its family's table (kex.c, cipher.c, mac.c,
 * keys.c, compress.c).  Every row of every table begins with a struct
 * sftp_alg.  alg-table.h walks the tables of all families alike.
 */

#ifndef MOD_SFTP_ALG_H
#define MOD_SFTP_ALG_H

#include "base.h"

/* Flags of a row. */
#define ALG_DEFAULT     0x01    /* offered unless others are named */
#define ALG_FIPS        0x02    /* approved: stays when FIPS is required */
#define ALG_FIPS_OFFER  0x04    /* offered as well when FIPS is required */
#define ALG_OPT_IN      0x08    /* only when named */
#define ALG_MODERN      0x10    /* what is best today: the profile "modern" */
#define ALG_USER        0x20    /* of signatures: for users, not for hosts */
#define ALG_CLASSIC     0x40    /* sound, but scanners complain: only for
                                 * clients that have nothing better */

struct sftp_alg {
  const char *name;
  unsigned int flags;
};

#endif /* MOD_SFTP_ALG_H */
