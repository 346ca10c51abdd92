/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell-zlib.c -- what the transport calls of zlib: compression begins after the
 * login, so that a cell has no use for the library, nor a stranger for its
 * faults.  Every call fails.
 */

#include "cell.h"

#include <zlib.h>

int deflateInit_(z_streamp z SFTP_UNUSED, int level SFTP_UNUSED,
    const char *version SFTP_UNUSED, int size SFTP_UNUSED) {
  return Z_VERSION_ERROR;
}

uLong deflateBound(z_streamp z SFTP_UNUSED, uLong len) {
  return len;
}

int deflate(z_streamp z SFTP_UNUSED, int flush SFTP_UNUSED) {
  return Z_STREAM_ERROR;
}

int deflateEnd(z_streamp z SFTP_UNUSED) {
  return Z_STREAM_ERROR;
}

int inflateInit_(z_streamp z SFTP_UNUSED, const char *version SFTP_UNUSED,
    int size SFTP_UNUSED) {
  return Z_VERSION_ERROR;
}

int inflate(z_streamp z SFTP_UNUSED, int flush SFTP_UNUSED) {
  return Z_STREAM_ERROR;
}

int inflateEnd(z_streamp z SFTP_UNUSED) {
  return Z_STREAM_ERROR;
}
