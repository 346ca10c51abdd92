/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-seek.c -- text-seek: to a line of a file in text mode. */

#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-reply.h"

/* text-seek: string handle, u64 line, of a file in text mode (draft -13,
 * section 8.2.3).  Lines are counted from 0.
 */
#define SEEK_BYTES (64U * 1024U)
/* Maximum amount that one turn reads, so that other channels get their turns.
 */
#define SEEK_TURN_BYTES (8U * 1024U * 1024U)

struct seek {
  struct fxp_handle *handle;
  uint64_t line;                /* line ends still to find */
  uint64_t offset;
  char *buf;
};

static void stop_seek(void *state) {
  (void) state;
}

static uint32_t end_seek(struct seek *s) {
  s->handle->text_read = s->handle->text_written = s->offset;
  return SSH_FX_OK;
}

/* Searches n bytes; true when the line was found. */
static bool seek_in(struct seek *s, size_t n) {
  const char *at = s->buf, *end = s->buf + n;

  while (s->line > 0 && (at = memchr(at, '\n', (size_t) (end - at))) != NULL) {
    at++;
    s->line--;
  }

  s->offset += at != NULL ? (uint64_t) (at - s->buf) : n;
  return s->line == 0;
}

static uint32_t seek_on(struct fxp_req *req, void *state) {
  struct seek *s = state;
  size_t done, turn = ftpd_portion(s->handle->file, SEEK_TURN_BYTES),
    part = ftpd_portion(s->handle->file, SEEK_BYTES);

  for (done = 0; done < turn; done += part) {
    ssize_t n = ftpd_peek(s->handle->file, s->buf, part, (off_t) s->offset);

    if (n < 0) {
      return fxp_status(req, errno != 0 ? errno : EIO);
    }

    if (seek_in(s, (size_t) n)) {
      return end_seek(s);
    }

    if ((size_t) n < part) {
      return SSH_FX_EOF;
    }
  }

  return FXP_LATER;
}

uint32_t fxp_do_text_seek(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  uint64_t line = sftp_rd_u64(&req->in);
  struct fxp_handle *h;
  struct seek *s;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL || h->file == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin(req, FTPD_EXTENDED, req->name);
  req->op.handle = h->text;
  req->op.file = h->file;
  if (!h->text_mode || !h->can_read) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL,
      "Handle is not open for reading text");
  }

  s = pcalloc(req->pool, sizeof(*s));
  s->handle = h;
  s->line = line;
  if (line == 0) {
    return end_seek(s);
  }

  s->buf = palloc(req->pool, SEEK_BYTES);
  return fxp_later(req, seek_on, stop_seek, s);
}
