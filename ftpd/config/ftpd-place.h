/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-place.h -- where directives stand in the configuration, for logs. */

#ifndef MOD_SFTP_FTPD_PLACE_H
#define MOD_SFTP_FTPD_PLACE_H

#include "ftpd-session.h"

/* From now on notes the place of each directive that is read.  Those that stand
 * before LoadModule stay unknown.
 */
void ftpd_place_init(void);

/* ", line 12 of '/etc/proftpd/proftpd.conf'", in p; "" if it is unknown.  A
 * copy that the daemon made for another section has the place of the original.
 */
const char *ftpd_place_line(pool *p, const config_rec *c);
/* The same behind the section, as in " in <Directory /srv>, line ...".  Without
 * a record (c is NULL): " by default".
 */
const char *ftpd_place_of(pool *p, const config_rec *c);
/* The words of a directive of this module as they are written there; NULL:
 * unknown.  They live until the configuration is read again.
 */
const char *ftpd_place_words(const config_rec *c);
/* Whether both stand in one section, as far as their places are known. */
bool ftpd_place_same_section(const config_rec *a, const config_rec *b);

#endif /* MOD_SFTP_FTPD_PLACE_H */
