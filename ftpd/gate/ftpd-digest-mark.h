/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest-mark.h -- SFTPTransferDigest: sessions that write one file at a
 * time notice each other (ftpd-digest-mark.c).
 */

#ifndef MOD_SFTP_FTPD_DIGEST_MARK_H
#define MOD_SFTP_FTPD_DIGEST_MARK_H

#include "ftpd-session.h"

struct ftpd_mark {
  bool set;                     /* it was tried: there are attributes */
  bool alone;                   /* nobody else had it when it was set */
  char text[48];                /* "": it failed */
};

/* Marks an open file as being written, in the attribute of the receipt.
 * Without attributes, there is no mark; without room for one, it is not kept.
 */
void ftpd_mark_set(struct ftpd_mark *m, int fd);
/* Whether no other session has written or cut it since then, as far as there
 * are marks.  To be asked when the last byte was written.
 */
bool ftpd_mark_is_kept(const struct ftpd_mark *m, int fd);
/* The text of the attribute, with its end; false: there is none. */
bool ftpd_mark_read(int fd, char *text, size_t size);

#endif /* MOD_SFTP_FTPD_DIGEST_MARK_H */
