/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-digest.h -- SFTPTransferDigest: the SHA-256 of a transfer's file.
 *
 * It is made of the bytes as they are written or read, in order
 * (ftpd-digest.c).  Nothing that fails here fails a transfer.
 */

#ifndef MOD_SFTP_FTPD_DIGEST_H
#define MOD_SFTP_FTPD_DIGEST_H

#include "ftpd-openfile.h"

struct sftp_sum;

/* The file was opened; SFTPTransferDigest of its directory applies. */
void ftpd_digest_begin(struct ftpd_file *f);
/* A change comes, of the content, or only of something about the file: others
 * may have changed it since the last one.
 */
void ftpd_digest_coming(struct ftpd_file *f);
void ftpd_digest_look(struct ftpd_file *f);
/* A request of this session begins, or ends: the same for all open files. */
void ftpd_digest_look_all(struct ftpd *h, enum ftpd_request req);
void ftpd_digest_timed_all(struct ftpd *h, enum ftpd_request req);
/* `done' of these bytes were read or written at offset. */
void ftpd_digest_add(struct ftpd_file *f, enum ftpd_way way,
  const struct iovec *iov, int n, off_t offset, size_t done);
/* The file was changed otherwise: its times alone, its size, or its content.
 */
void ftpd_digest_timed(struct ftpd_file *f);
void ftpd_digest_resized(struct ftpd_file *f, off_t size);
void ftpd_digest_spoil(struct ftpd_file *f);
/* The file at some path was changed: perhaps one that is open. */
void ftpd_digest_spoil_all(struct ftpd *h);

/* Before the file is closed.  An upload that did not come in order is read
 * here, if that is wanted.
 */
void ftpd_digest_end(struct ftpd_file *f, bool complete);
/* The file is closed and has its name; good: nothing failed. */
void ftpd_digest_keep(struct ftpd_file *f, bool good);
/* After that: the digest of what was transferred that way, 64 hexadecimal
 * digits; NULL if there is none.
 */
const char *ftpd_digest_of(const struct ftpd_file *f, enum ftpd_way way);
/* The end of one direction that succeeded: its command gets the note
 * mod_sftp.sha256.
 */
void ftpd_digest_tell(const struct ftpd_file *f, enum ftpd_way way,
  cmd_rec *cmd);

/* ---- ftpd-digest-read.c */

/* Reads an upload at its end, for at most so many seconds, and not when the
 * session is to end: 0 with its digest, or -1, which is logged.
 */
int ftpd_digest_read(struct ftpd_file *f, struct sftp_sum *sum,
  unsigned int secs, unsigned char *out);

#endif /* MOD_SFTP_FTPD_DIGEST_H */
