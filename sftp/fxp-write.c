/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-write.c -- WRITE: its data goes from the receive buffer to the file.
 *
 * A request need not be complete: after its header, the data that has arrived
 * is recorded by reference.  Data that is contiguous in one file is collected,
 * and written at once before data for another place, before another request or
 * at flush(); then the complete requests get their replies, in order.
 */

#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "fxp-write.h"

/* The STATUS of a successful WRITE; for others the writer grows. */
#define STATUS_BYTES 32

/* ---- Writing and answering */

/* Records the result of a write for the whole file. */
static void note_result(struct fxp_batch *b, size_t done, int err) {
  struct fxp_handle *h = b->handle;

  if (err != 0) {
    if (!h->write_failed) {
      h->write_failed = true;
      h->failed_at = b->offset + done;
    }

  } else if (h->write_failed && h->failed_at >= b->offset &&
      h->failed_at < b->offset + b->len) {
    h->write_failed = false;    /* the client has tried again, and it worked */
  }
}

/* Writes the batch; incompletely written requests get the error. */
static void write_batch(struct fxp *f) {
  struct fxp_batch *b = &f->write.batch;
  size_t done = 0, last = 0;
  unsigned int i;
  int err = 0;

  if (b->len > 0 && ftpd_pwritev(b->handle->file, b->iov, b->niov,
      (off_t) b->offset, &done) < 0) {
    err = errno != 0 ? errno : EIO;
  }

  for (i = 0; i < b->nreqs; i++) {
    struct fxp_written *w = &b->reqs[i];

    last = w->end > last ? w->end : last;
    if (err != 0 && w->err == 0 && w->status == SSH_FX_OK && w->end > done) {
      w->err = err;
    }
  }

  /* Bytes after the last complete request belong to the current one. */
  if (err != 0 && f->write.under_way && b->len > last &&
      f->write.cur.err == 0) {
    f->write.cur.err = err;
  }

  if (b->len > 0) {
    note_result(b, done, err);
  }

  b->offset += b->len;
  b->len = 0;
  b->niov = 0;
}

/* A decimal number; returns its end. snprintf() is too slow here. */
static char *put_number(char *p, uint64_t v) {
  char digits[20];
  size_t n = 0;

  do {
    digits[n++] = (char) ('0' + v % 10);
    v /= 10;
  } while (v > 0);

  while (n > 0) {
    *p++ = digits[--n];
  }

  return p;
}

/* "handle offset length", the form of a WRITE in logs. */
static void write_arg(char *p, const struct fxp_written *w) {
  memcpy(p, w->handle->text, FXP_HANDLE_LEN);
  p += FXP_HANDLE_LEN;
  *p++ = ' ';
  p = put_number(p, w->offset);
  *p++ = ' ';
  p = put_number(p, w->len);
  *p = '\0';
}

/* Writes the reply to one WRITE into out and ends its operation. */
static void answer_write(struct fxp *f, const struct fxp_written *w, pool *p) {
  const char *text = fxp_status_text(w->status);
  uint32_t status = w->status;
  struct ftpd_op op;
  char arg[FXP_HANDLE_LEN + 48];
  int err = w->err;

  if (status == SSH_FX_OK) {
    status = fxp_status_of(f->version, err, &text);
    if (err != 0 && ftpd_file_refused(w->handle->file) != NULL) {
      text = pstrcat(p, text, ": ", ftpd_file_refused(w->handle->file),
        (char *) NULL);
    }

  } else if (w->handle == NULL) {
    text = status == fxp_bad_handle_status(f->version) ? "Invalid handle" :
      text;

  } else {
    err = status == SSH_FX_PERMISSION_DENIED ? EBADF : EFBIG;
    text = status == SSH_FX_PERMISSION_DENIED ?
      "Handle is not open for writing" : "Offset out of range";
  }

  fxp_put_status(&f->out.w, f->version, w->id, status, text, NULL);
  SFTP_TRACE(TRACE_SFTP, 8, "request %lu: WRITE, status %lu (%s)",
    (unsigned long) w->id, (unsigned long) status, text);
  if (w->handle == NULL) {
    return;
  }

  write_arg(arg, w);
  ftpd_op_begin(f->ftpd, &op, p, FTPD_WRITE, arg);
  op.handle = w->handle->text;
  op.file = w->handle->file;
  op.offset = (int64_t) w->offset;
  ftpd_op_end(&op, err, status, text);
}

void fxp_write_out(struct fxp *f) {
  struct fxp_batch *b = &f->write.batch;
  unsigned int i, n = b->nreqs;

  if (b->len == 0 && n == 0) {
    return;
  }

  write_batch(f);
  b->nreqs = 0;
  if (n == 0) {
    return;
  }

  fxp_out_reset(f, n * STATUS_BYTES);
  for (i = 0; i < n; i++) {
    answer_write(f, &b->reqs[i], fxp_request_pool(f, 0));
  }

  fxp_send(f, f->out.w.ptr, f->out.w.len);
}

/* ---- Gathering */

static void complete_write(struct fxp *f) {
  struct fxp_written *w = &f->write.cur;
  struct fxp_batch *b = &f->write.batch;

  if (b->nreqs == FXP_BATCH_REQS) {
    fxp_write_out(f);
  }

  f->write.under_way = false;
  w->end = w->err == 0 && w->status == SSH_FX_OK ? b->len : 0;
  b->reqs[b->nreqs++] = *w;
}

/* Whether the data is to be written, or only skipped. */
static bool is_wanted(const struct fxp *f) {
  return f->write.cur.status == SSH_FX_OK && f->write.cur.err == 0;
}

static void add_piece(struct fxp_batch *b, const unsigned char *p, size_t n) {
  struct iovec *last = b->niov > 0 ? &b->iov[b->niov - 1] : NULL;

  if (last != NULL && (unsigned char *) last->iov_base + last->iov_len == p) {
    last->iov_len += n;

  } else {
    b->iov[b->niov].iov_base = (void *) p;
    b->iov[b->niov].iov_len = n;
    b->niov++;
  }

  b->len += n;
}

size_t fxp_write_data(struct fxp *f, const unsigned char *p, size_t n) {
  size_t data;

  n = n < f->write.left ? n : f->write.left;
  data = f->write.left > f->write.extra ? f->write.left - f->write.extra : 0;
  data = n < data ? n : data;
  if (data > 0 && f->write.batch.niov == FXP_BATCH_IOV) {
    fxp_write_out(f);
  }

  if (data > 0 && is_wanted(f)) {
    add_piece(&f->write.batch, p, data);
  }

  f->write.left -= n;
  if (f->write.left == 0) {
    complete_write(f);
  }

  return n;
}

/* Finds the place of the data: after the collected data, or in a new batch. */
static void choose_place(struct fxp *f) {
  const struct fxp_written *w = &f->write.cur;
  struct fxp_batch *b = &f->write.batch;

  if (b->handle == w->handle && b->offset + b->len == w->offset) {
    return;
  }

  if (b->len > 0) {
    fxp_write_out(f);
  }

  b->handle = w->handle;
  b->offset = w->offset;
}

static uint32_t check_write(const struct fxp *f,
    const struct fxp_written *w) {
  if (w->handle == NULL) {
    return fxp_bad_handle_status(f->version);
  }

  if (w->handle->file == NULL || !w->handle->can_write ||
      (f->conn->services.forced != NULL && !fxp_is_allowed(f, "WRITE", NULL))) {
    return SSH_FX_PERMISSION_DENIED;
  }

  if (w->offset > (uint64_t) INT64_MAX - w->len) {
    return f->version >= 6 ? SSH_FX_INVALID_PARAMETER : SSH_FX_FAILURE;
  }

  return SSH_FX_OK;
}

/* Text files are written from beginning to end, and offsets are ignored (draft
 * -04, section 6.3), because the client counts line ends differently.
 */
static void place_text(struct fxp_written *w) {
  if (w->handle != NULL && w->handle->text_mode) {
    w->offset = w->handle->text_written;
    w->handle->text_written += w->len;
  }
}

/* WRITE: string handle, u64 offset, string data (draft-ietf-secsh-filexfer-02,
 * section 6.4).  Bytes after the data are skipped: pkg/sftp of Go (rclone)
 * sends its whole buffer even if the last piece of a file fills only a part of
 * it.
 */
size_t fxp_write_header(struct fxp *f, const unsigned char *p, size_t have,
    size_t len) {
  size_t n = have < len ? have : len;
  struct fxp_written *w = &f->write.cur;
  struct sftp_str handle;
  struct sftp_rd r;

  sftp_rd_init(&r, p, n);
  (void) sftp_rd_u8(&r);
  memset(w, 0, sizeof(*w));
  w->id = sftp_rd_u32(&r);
  handle = sftp_rd_string(&r);
  w->offset = sftp_rd_u64(&r);
  w->len = sftp_rd_u32(&r);
  if (sftp_rd_ok(&r) != SFTP_OK && n < len) {
    return 0;
  }

  f->write.under_way = true;
  f->selectable = false;
  f->write.left = len - (n - r.left);
  f->write.extra = 0;
  if (sftp_rd_ok(&r) != SFTP_OK || w->len > f->write.left) {
    sftp_log("malformed SFTP WRITE request");
    w->status = SSH_FX_BAD_MESSAGE;

  } else {
    f->write.extra = f->write.left - w->len;
    w->handle = fxp_handle_find(f, handle);
    place_text(w);
    w->status = check_write(f, w);
  }

  if (w->status == SSH_FX_OK) {
    choose_place(f);
  }

  n -= r.left;
  if (f->write.left == 0) {
    complete_write(f);
  }

  return n;
}
