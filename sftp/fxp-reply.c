/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-reply.c -- builds and sends replies. */

#include "fxp-attrs.h"
#include "fxp-limits.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* Initial size of the buffer for replies. */
#define OUT_SIZE_FIRST 2048

/* ---- Output */

void fxp_send(struct fxp *f, const void *p, size_t n) {
  if (f->err == SFTP_OK) {
    f->err = sftp_channel_write(f->ch, p, n);
  }
}

void fxp_out_reset(struct fxp *f, size_t n) {
  if (f->out.pool == NULL || f->out.w.size < n) {
    n = n > OUT_SIZE_FIRST ? n : OUT_SIZE_FIRST;
    destroy_pool(f->out.pool);
    f->out.pool = make_sub_pool(f->pool);
    pr_pool_tag(f->out.pool, "SFTP answers");
    sftp_wr_init(&f->out.w, f->out.pool, n,
      n > FXP_REPLY_MAX ? n : FXP_REPLY_MAX);
  }

  f->out.w.len = 0;
  f->out.w.err = SFTP_OK;
}

void fxp_out_shrink(struct fxp *f) {
  if (f->out.pool != NULL && f->out.w.size > OUT_SIZE_FIRST) {
    destroy_pool(f->out.pool);
    f->out.pool = NULL;
  }
}

/* ---- Messages */

void fxp_put_status(struct sftp_wr *w, unsigned int version, uint32_t id,
    uint32_t status, const char *text, const char *data) {
  size_t mark = sftp_wr_begin(w);

  /* draft-ietf-secsh-filexfer-02, section 7; -13, section 9.1.  Texts came
   * with version 3.
   */
  sftp_wr_u8(w, SSH_FXP_STATUS);
  sftp_wr_u32(w, id);
  sftp_wr_u32(w, status);
  if (version >= 3) {
    sftp_wr_text(w, text);
    sftp_wr_text(w, "en-US");
  }

  if (version >= 6 && data != NULL) {
    sftp_wr_text(w, data);
  }

  sftp_wr_finish(w, mark);
}

struct sftp_wr *fxp_reply(struct fxp_req *req, uint8_t type) {
  struct sftp_wr *w = &req->fxp->out.w;

  fxp_out_reset(req->fxp, 0);
  (void) sftp_wr_begin(w);
  sftp_wr_u8(w, type);
  sftp_wr_u32(w, req->id);
  return w;
}

uint32_t fxp_reply_send(struct fxp_req *req) {
  struct sftp_wr *w = &req->fxp->out.w;

  if (sftp_wr_end(w) != SFTP_OK) {
    return fxp_fail(req, SSH_FX_FAILURE, EOVERFLOW, "Answer too large");
  }

  sftp_wr_finish(w, 4);
  fxp_send(req->fxp, w->ptr, w->len);
  return FXP_REPLIED;
}

uint32_t fxp_reply_name_attrs(struct fxp_req *req, const char *name,
    const struct fxp_attrs *a) {
  struct fxp_attrs none;
  struct sftp_wr *w = fxp_reply(req, SSH_FXP_NAME);

  memset(&none, 0, sizeof(none));
  name = fxp_name_out(req, name);
  sftp_wr_u32(w, 1);
  sftp_wr_text(w, name);
  if (req->fxp->version < 4) {
    sftp_wr_text(w, name);      /* the long form */
  }

  fxp_attrs_write(w, req->fxp->version, a != NULL ? a : &none);
  return fxp_reply_send(req);
}

uint32_t fxp_reply_name(struct fxp_req *req, const char *name) {
  return fxp_reply_name_attrs(req, name, NULL);
}

uint32_t fxp_reply_handle(struct fxp_req *req, const struct fxp_handle *h) {
  struct sftp_wr *w = fxp_reply(req, SSH_FXP_HANDLE);

  sftp_wr_string(w, h->text, FXP_HANDLE_LEN);
  return fxp_reply_send(req);
}
