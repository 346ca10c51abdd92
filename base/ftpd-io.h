/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-io.h -- contract with the daemon: open files and their content.
 *
 * Functions return 0 or -1 with errno unless they say otherwise.  Paths come
 * from ftpd_permit(): if links have appeared since then, the functions fail.
 */

#ifndef MOD_SFTP_FTPD_IO_H
#define MOD_SFTP_FTPD_IO_H

#include <sys/uio.h>

#include "base.h"

struct ftpd;
struct ftpd_op;
struct ftpd_file;

/* Opens for a transfer within op (FTPD_OPEN_*, FTPD_SCP_*): HiddenStores,
 * stalled timer, throttle, owner rules. flags as in open(2), mode for new files
 * (before the umask); if SITE_CHMOD is denied to the user, only the bits for
 * reading and writing are used.  The path comes from ftpd_permit() for op.
 * EAGAIN: others use the file in a way that op->deny forbids, or they forbid
 * this use; ENOTSUP: this file cannot be locked against others.
 */
struct ftpd_file *ftpd_open(struct ftpd_op *op, const char *path, int flags,
  mode_t mode);
/* For an existing file without O_TRUNC, ftpd_open() may return NULL with
 * EINPROGRESS: it takes long.  This goes on, and does the same as long as there
 * is more to do.  The end of op stops it.
 */
struct ftpd_file *ftpd_open_go_on(struct ftpd_op *op);
/* Closes; op is the closing request's (FTPD_CLOSE, FTPD_SCP_*). why: 0, or the
 * errno for which the transfer was aborted (ECONNABORTED: the client has
 * disconnected, ECANCELED: it aborted the transfer); errors of reads and writes
 * are known already. -1 with errno if close or rename fails.
 */
int ftpd_close(struct ftpd_op *op, struct ftpd_file *f, int why);
const char *ftpd_file_path(const struct ftpd_file *f);
/* The rule of the daemon that failed the last read or write, or NULL. */
const char *ftpd_file_refused(const struct ftpd_file *f);
/* Reads up to the sum of iov; short only at the end of the file.  Obeys
 * TransferRate, so it may pause.
 */
ssize_t ftpd_preadv(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset);
/* Writes everything or fails; *done is the number of bytes written.  Append
 * handles ignore offset.  EFBIG: beyond MaxStoreFileSize, checked beforehand.
 */
int ftpd_pwritev(struct ftpd_file *f, const struct iovec *iov, int n,
  off_t offset, size_t *done);
int ftpd_fsync(struct ftpd_file *f);
/* Copies len bytes (0: up to the end) between open files, in the kernel if
 * possible; calls ftpd_poll() between pieces.  *done is the number of bytes
 * copied, less than len if the source ends early.
 */
int ftpd_copy_range(struct ftpd_file *from, off_t from_off,
  struct ftpd_file *to, off_t to_off, uint64_t len, uint64_t *done);
unsigned int ftpd_max_handles(struct ftpd *h);

/* Regular files that the server itself processes (checksums, copies).  They are
 * not transfers: they have no command, and do not count as open files.  Within
 * op (FTPD_DIGEST, FTPD_COPY), the path comes from ftpd_permit(); O_CREAT
 * creates a new file.  With O_TRUNC over an existing file, that file remains
 * unchanged until ftpd_close_internal() wherever it can be replaced by a new
 * file. size is the number of bytes to write: EFBIG if that is not possible.
 */
struct ftpd_file *ftpd_open_internal(struct ftpd_op *op, const char *path,
  int flags, mode_t mode, off_t size);
/* An incomplete new file is removed; a complete one is logged. */
int ftpd_close_internal(struct ftpd_file *f, bool complete);
/* Reads bytes that are not sent anywhere and therefore not counted, except for
 * TransferRate.  Like pread(2), but short only at the end of the file.
 */
ssize_t ftpd_peek(struct ftpd_file *f, void *buf, size_t n, off_t offset);
/* The digest of its whole content by that name (checksum.h), if it is known
 * without reading.
 */
bool ftpd_known_digest(struct ftpd_file *f, const char *name,
  unsigned char *out);
/* How many bytes of it may be processed at a time: at most max, and few where
 * TransferRate makes that slow, so that others get their turn.
 */
size_t ftpd_portion(const struct ftpd_file *f, size_t max);

/* Locks bytes of an open file, until they are unlocked or the file is closed:
 * other sessions cannot lock the same bytes, and FTP and SCP cannot transfer
 * the file. len 0: up to the end. exclusive: others may neither read nor write,
 * otherwise not write.  EAGAIN: another session has locked the bytes.
 */
int ftpd_lock(struct ftpd_file *f, off_t offset, off_t len, bool exclusive);
/* ENOENT: nothing was locked there. */
int ftpd_unlock(struct ftpd_file *f, off_t offset, off_t len);

#endif /* MOD_SFTP_FTPD_IO_H */
