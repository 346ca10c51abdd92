/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-frame.h -- splits the bytes of a channel into requests. */

#ifndef MOD_SFTP_FXP_FRAME_H
#define MOD_SFTP_FXP_FRAME_H

#include "base.h"
#include "wire.h"

struct fxp;

/* Reads one request, or the beginning of a WRITE, from n bytes.  Returns the
 * bytes used, 0 when more are needed (f->need) or when f->err was set; *whole
 * is the request from its type on, with at least 5 bytes, or empty when it is
 * a WRITE.
 */
size_t fxp_frame_next(struct fxp *f, const unsigned char *p, size_t n,
  struct sftp_str *whole);

#endif /* MOD_SFTP_FXP_FRAME_H */
