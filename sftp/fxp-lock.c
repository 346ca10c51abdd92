/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-lock.c -- BLOCK and UNBLOCK: locks on ranges of bytes (draft -13, section
 * 8.1.3); locks of OPEN, which last as long as the handle.
 *
 * A lock that is not available is refused: the session never waits for one.
 * Advisory or not, locks affect clients that lock, and transfers of FTP and
 * SCP, which use a file as a whole.
 */

#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-open.h"
#include "fxp-reply.h"

/* Bytes to lock; a length of 0 means up to the end. */
struct range {
  uint64_t offset, len;
  unsigned int deny;            /* FTPD_USE_* that others are denied */
};

static uint32_t open_range(struct fxp_req *req, enum ftpd_request what,
    struct sftp_str text, const struct range *range,
    struct fxp_handle **handle) {
  struct fxp_handle *h = fxp_handle_find(req->fxp, text);

  if (h == NULL || h->file == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin_handle(req, what, NULL, h);
  req->op.deny = range->deny;
  if (ftpd_permit_handle(&req->op, fxp_handle_path(h)) < 0) {
    return fxp_refused(req, errno);
  }

  if (range->offset > INT64_MAX ||
      range->len > (uint64_t) INT64_MAX - range->offset) {
    return fxp_fail(req, SSH_FX_INVALID_PARAMETER, EINVAL,
      "Range out of bounds");
  }

  *handle = h;
  return SSH_FX_OK;
}

/* A lock that forbids reading forbids writing as well; and a handle that
 * forbids others to write excludes other writers, too.
 */
static bool is_exclusive(const struct fxp_handle *h, uint32_t mask) {
  return h->can_write || (mask & SSH_FXF_BLOCK_READ) != 0;
}

unsigned int fxp_lock_denies(uint32_t flags) {
  return ((flags & SSH_FXF_BLOCK_READ) != 0 ? FTPD_USE_READ : 0) |
    ((flags & SSH_FXF_BLOCK_WRITE) != 0 ? FTPD_USE_WRITE : 0) |
    ((flags & SSH_FXF_BLOCK_DELETE) != 0 ? FTPD_USE_DELETE : 0);
}

/* BLOCK: string handle, u64 offset, u64 length, u32 mask. */
uint32_t fxp_do_block(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct range range = { sftp_rd_u64(&req->in), 0, 0 };
  struct fxp_handle *h = NULL;
  uint32_t mask, status;

  range.len = sftp_rd_u64(&req->in);
  mask = sftp_rd_u32(&req->in);
  range.deny = fxp_lock_denies(mask);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  status = open_range(req, FTPD_LOCK, text, &range, &h);
  if (status != SSH_FX_OK) {
    return status;
  }

  if ((mask & (SSH_FXF_BLOCK_READ|SSH_FXF_BLOCK_WRITE)) == 0 ||
      (mask & ~(SSH_FXF_BLOCK_READ|SSH_FXF_BLOCK_WRITE|
       SSH_FXF_BLOCK_ADVISORY)) != 0) {
    return fxp_fail(req, SSH_FX_OP_UNSUPPORTED, ENOTSUP,
      "Kind of lock not supported");
  }

  if (ftpd_lock(h->file, (off_t) range.offset, (off_t) range.len,
      is_exclusive(h, mask)) == 0) {
    return SSH_FX_OK;
  }

  return errno == EAGAIN || errno == EACCES ?
    fxp_fail(req, SSH_FX_BYTE_RANGE_LOCK_CONFLICT, EAGAIN, NULL) :
    errno == EBADF ?
    fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for what is locked") :
    fxp_status(req, errno);
}

/* UNBLOCK: string handle, u64 offset, u64 length. */
uint32_t fxp_do_unblock(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct range range = { sftp_rd_u64(&req->in), 0, 0 };
  struct fxp_handle *h = NULL;
  uint32_t status;

  range.len = sftp_rd_u64(&req->in);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  status = open_range(req, FTPD_UNLOCK, text, &range, &h);
  if (status != SSH_FX_OK) {
    return status;
  }

  if (ftpd_unlock(h->file, (off_t) range.offset, (off_t) range.len) == 0) {
    return SSH_FX_OK;
  }

  return errno == ENOENT ? fxp_fail(req, SSH_FX_NO_MATCHING_BYTE_RANGE_LOCK,
    ENOENT, "No such lock") : fxp_status(req, errno);
}
