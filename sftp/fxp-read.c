/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-read.c -- READ: content of a file, read straight into messages. */

#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-limits.h"
#include "fxp-reply.h"
#include "fxp-session.h"

#define READ_IOV 64

/* A short read is at the end of the file, and version 6 can say so (draft -13,
 * section 9.2).  To find out, the server reads one more byte, within the
 * requested length.
 */
static bool tells_end(const struct fxp_req *req, ssize_t n, uint32_t len) {
  return req->fxp->version >= 6 && n > 0 && (uint32_t) n < len &&
    !req->fxp->conn->set->client.data_alone;
}

static size_t put_header(struct fxp_req *req, unsigned char *head, ssize_t n,
    bool end) {
  size_t len = FXP_DATA_HEADER + (size_t) n + (end ? 1 : 0);

  sftp_put_u32(head, (uint32_t) len - 4);
  head[4] = SSH_FXP_DATA;
  sftp_put_u32(head + 5, req->id);
  sftp_put_u32(head + 9, (uint32_t) n);
  return len;
}

/* The byte at offset n of the pieces. */
static void put_behind(const struct iovec *iov, size_t n, unsigned char v) {
  while (n >= iov->iov_len) {
    n -= iov->iov_len;
    iov++;
  }

  ((unsigned char *) iov->iov_base)[n] = v;
}

/* Sends DATA through a buffer if the window or a rekey does not allow reading
 * into messages.
 */
static ssize_t read_copying(struct fxp_req *req, struct fxp_handle *h,
    uint64_t offset, uint32_t len) {
  struct fxp *f = req->fxp;
  struct iovec iov;
  ssize_t n;

  fxp_out_reset(f, FXP_DATA_HEADER + len);
  iov.iov_base = f->out.w.ptr + FXP_DATA_HEADER;
  iov.iov_len = len;
  n = ftpd_preadv(h->file, &iov, 1, (off_t) offset);
  if (n > 0) {
    bool end = tells_end(req, n, len);

    if (end) {
      f->out.w.ptr[FXP_DATA_HEADER + n] = 1;
    }

    fxp_send(f, f->out.w.ptr, put_header(req, f->out.w.ptr, n, end));
  }

  return n;
}

/* Reads straight into messages.  Returns -2 if there is no room. */
static ssize_t read_in_place(struct fxp_req *req, struct fxp_handle *h,
    uint64_t offset, uint32_t len) {
  struct iovec iov[READ_IOV];
  struct fxp *f = req->fxp;
  unsigned char *head;
  size_t used = 0;
  ssize_t n;
  int pieces, err;

  pieces = sftp_channel_reserve(f->ch, FXP_DATA_HEADER + len, iov,
    READ_IOV);
  if (pieces <= 0) {
    return -2;
  }

  if (iov[0].iov_len <= FXP_DATA_HEADER) {
    f->err = sftp_channel_commit(f->ch, 0);
    return -2;
  }

  head = iov[0].iov_base;
  iov[0].iov_base = head + FXP_DATA_HEADER;
  iov[0].iov_len -= FXP_DATA_HEADER;
  n = ftpd_preadv(h->file, iov, pieces, (off_t) offset);
  err = errno;
  if (n > 0) {
    bool end = tells_end(req, n, len);

    if (end) {
      put_behind(iov, (size_t) n, 1);
    }

    used = put_header(req, head, n, end);
  }

  f->err = sftp_channel_commit(f->ch, used);
  errno = err;
  return n;
}

/* Some rules depend on the offset. */
static uint32_t read_failed(struct fxp_req *req, const struct fxp_handle *h,
    int err) {
  if (err != EACCES) {
    return fxp_status(req, err);
  }

  req->op.refused = ftpd_file_refused(h->file);
  return fxp_refused(req, err);
}

/* A request for no bytes returns none, wherever the file ends. */
static uint32_t reply_nothing(struct fxp_req *req) {
  struct sftp_wr *w = fxp_reply(req, SSH_FXP_DATA);

  sftp_wr_u32(w, 0);
  return fxp_reply_send(req);
}

/* READ: string handle, u64 offset, u32 len.  Replies DATA (section 6.4). */
uint32_t fxp_do_read(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  uint64_t offset = sftp_rd_u64(&req->in);
  uint32_t len = sftp_rd_u32(&req->in);
  struct fxp_handle *h;
  ssize_t n;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin_handle(req, FTPD_READ, NULL, h);
  if (h->file == NULL || !h->can_read) {
    return fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for reading");
  }

  /* Text is read from its beginning to its end (draft -04, section 6.3). */
  offset = h->text_mode ? h->text_read : offset;
  if (offset > (uint64_t) INT64_MAX - FXP_READ_MAX) {
    return fxp_fail(req, req->fxp->version >= 6 ? SSH_FX_INVALID_PARAMETER :
      SSH_FX_FAILURE, EINVAL, "Offset out of range");
  }

  req->op.offset = (int64_t) offset;

  /* A client may request more than it gets (section 6.4). */
  len = len < fxp_read_max(req->fxp) ? len : fxp_read_max(req->fxp);
  if (len == 0) {
    return reply_nothing(req);
  }

  n = read_in_place(req, h, offset, len);
  if (n == -2) {
    n = read_copying(req, h, offset, len);
  }

  h->text_read += n > 0 ? (uint64_t) n : 0;
  return n > 0 ? FXP_REPLIED : n == 0 ? SSH_FX_EOF :
    read_failed(req, h, errno);
}
