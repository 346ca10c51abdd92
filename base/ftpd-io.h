/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-io.h -- contract with the daemon: open files and their bytes.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Paths are
 * those that ftpd_permit() returned: where links turned up, nothing is done.
 */

#ifndef MOD_SFTP_FTPD_IO_H
#define MOD_SFTP_FTPD_IO_H

#include <sys/uio.h>

#include "base.h"

struct ftpd;
struct ftpd_op;
struct ftpd_file;

/* Opens for a transfer within op (FTPD_OPEN_*, FTPD_SCP_*): HiddenStores,
 * stalled timer, throttle, owner rules.  flags as open(2), mode for new files
 * (before the umask), of which only reading and writing is granted where the
 * user may not SITE_CHMOD.  The path is the one ftpd_permit() returned for op.
 * EAGAIN: others use the file in a way that op->deny forbids, or forbid our
 * use; ENOTSUP: this file cannot be kept from others.
 */
struct ftpd_file *ftpd_open(struct ftpd_op *op, const char *path, int flags,
  mode_t mode);
/* Closes; op is the closing request's (FTPD_CLOSE, FTPD_SCP_*).  why: 0,
 * or the errno for which the transfer was given up (ECONNABORTED: the client
 * is gone, ECANCELED: it says so); errors of reads and writes are known.
 * -1 with errno when close or rename fails.
 */
int ftpd_close(struct ftpd_op *op, struct ftpd_file *f, int why);
const char *ftpd_file_path(const struct ftpd_file *f);
/* Which rule of the host failed the last read or write, or NULL. */
const char *ftpd_file_refused(const struct ftpd_file *f);
/* Reads up to the sum of iov; short only at the end of the file.  Keeps the
 * TransferRate: may pause.
 */
ssize_t ftpd_preadv(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset);
/* Writes all of it or fails; *done gets the bytes written.  Append handles
 * ignore offset.  EFBIG: beyond MaxStoreFileSize, checked beforehand.
 */
int ftpd_pwritev(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset, size_t *done);
int ftpd_fsync(struct ftpd_file *f);
/* Copies len bytes (0: to the end) between open files, in the kernel where
 * possible; runs ftpd_poll() between pieces.  *done gets the bytes copied, less
 * than len where the source ends early.
 */
int ftpd_copy_range(struct ftpd_file *from, off_t from_off,
  struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done);
unsigned int ftpd_max_handles(struct ftpd *h);

/* Regular files that the server itself works on (sums, copies).  They are not
 * transfers: they have no command of their own and no rate, and do not count as
 * open files.  Within op (FTPD_DIGEST, FTPD_COPY), the path as ftpd_permit()
 * returned it; O_CREAT makes a new file, with O_TRUNC over an existing one,
 * which stays as it is until ftpd_close_internal() wherever a new file can be
 * put in its place.  size is what will be written: EFBIG if it cannot be.
 */
struct ftpd_file *ftpd_open_internal(struct ftpd_op *op, const char *path,
  int flags, mode_t mode, off_t size);
/* A new file that is not complete is removed; a complete one is logged. */
int ftpd_close_internal(struct ftpd_file *f, bool complete);
/* Reads bytes that are not sent anywhere, and so not counted.  As pread(2), but
 * short only at the end of the file.
 */
ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset);

/* Locks on bytes of an open file: they stand until they are taken away or the
 * file is closed, and keep other sessions from locking the same bytes and FTP
 * and SCP from transferring the file. len 0: all that follow. exclusive: others
 * may neither read nor write, else not write.  EAGAIN: another session has
 * locked the bytes.
 */
int ftpd_lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive);
/* ENOENT: nothing was locked there. */
int ftpd_unlock(struct ftpd_file *f, off_t offset, off_t len);

#endif /* MOD_SFTP_FTPD_IO_H */
