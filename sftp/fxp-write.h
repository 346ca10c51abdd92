/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-write.h -- WRITE, whose data goes to the file as it arrives. */

#ifndef MOD_SFTP_FXP_WRITE_H
#define MOD_SFTP_FXP_WRITE_H

#include <sys/uio.h>

#include "fxp-handle.h"

#define FXP_BATCH_IOV 256
#define FXP_BATCH_REQS 256

/* A WRITE whose data has arrived, and its result so far. */
struct fxp_written {
  uint32_t id, len;
  uint64_t offset;
  size_t end;                   /* its end in the batch */
  struct fxp_handle *handle;    /* NULL: there was none */
  uint32_t status;              /* the status of its refusal, or OK */
  int err;                      /* errno of a failed write, or 0 */
};

/* Collected data for one place of one file. */
struct fxp_batch {
  struct fxp_handle *handle;
  uint64_t offset;              /* of the first byte, in the file */
  size_t len;
  struct iovec iov[FXP_BATCH_IOV];
  int niov;
  struct fxp_written reqs[FXP_BATCH_REQS];
  unsigned int nreqs;
};

/* The WRITEs of a session. */
struct fxp_writes {
  bool under_way;               /* the data of one is not complete */
  struct fxp_written cur;       /* the incomplete one */
  size_t left;                  /* its missing bytes */
  size_t extra;                 /* those of them that follow the data */
  struct fxp_batch batch;
};

/* Reads the header of a WRITE whose length field is len; `have' bytes at p
 * follow that field.  Returns the number of bytes used, 0: more are needed.
 */
size_t fxp_write_header(struct fxp *f, const unsigned char *p, size_t have,
  size_t len);
/* Takes data of the current WRITE; returns how much. */
size_t fxp_write_data(struct fxp *f, const unsigned char *p, size_t n);
/* Writes the collected data and replies to the complete WRITEs. */
void fxp_write_out(struct fxp *f);

#endif /* MOD_SFTP_FXP_WRITE_H */
