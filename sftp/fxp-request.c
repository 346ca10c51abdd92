/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-request.c -- a request: its memory, its names, its end. */

#include "ftpd-user.h"
#include "ftpd-utf8.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* Requests and bytes after which the shared pool is replaced. */
#define REQ_POOL_COUNT 32
#define REQ_POOL_BYTES 65536

/* Creating a pool costs more than many requests, so requests share one for a
 * while.
 */
pool *fxp_request_pool(struct fxp *f, size_t len) {
  if (f->memory.requests >= REQ_POOL_COUNT ||
      f->memory.bytes >= REQ_POOL_BYTES) {
    destroy_pool(f->memory.pool);
    f->memory.pool = NULL;
  }

  if (f->memory.pool == NULL) {
    f->memory.pool = make_sub_pool(f->pool);
    pr_pool_tag(f->memory.pool, "SFTP requests");
    f->memory.requests = 0;
    f->memory.bytes = 0;
  }

  f->memory.requests++;
  f->memory.bytes += len;
  return f->memory.pool;
}

/* A name that cannot be converted is used unchanged: listings send such names
 * unchanged, too.
 */
const char *fxp_read_name(struct fxp_req *req) {
  const char *name = sftp_rd_text(&req->in, req->pool), *here = NULL;

  if (req->fxp->translate) {
    here = ftpd_from_utf8(req->ftpd, req->pool, name);
  }

  return here != NULL ? here : name;
}

const char *fxp_name_out(struct fxp_req *req, const char *name) {
  const char *there = NULL;

  if (req->fxp->translate) {
    there = ftpd_to_utf8(req->ftpd, req->pool, name);
  }

  return there != NULL ? there : name;
}

const char *fxp_read_path(struct fxp_req *req) {
  const char *path = fxp_read_name(req), *home;

  if (path[0] != '~' || (path[1] != '/' && path[1] != '\0')) {
    return path;
  }

  home = ftpd_home(req->ftpd, req->pool, "");
  return home != NULL ? pstrcat(req->pool, home, path + 1, (char *) NULL) :
    path;
}

void fxp_finish_request(struct fxp_req *req, uint32_t status) {
  const char *text = req->text;
  int err = req->err;

  if (status == FXP_REPLIED) {
    status = SSH_FX_OK;
    text = fxp_status_text(status);
    err = 0;

  } else {
    text = text != NULL ? text : fxp_status_text(status);
    fxp_out_reset(req->fxp, 0);
    fxp_put_status(&req->fxp->out.w, req->fxp->version, req->id, status, text,
      req->data);
    fxp_send(req->fxp, req->fxp->out.w.ptr, req->fxp->out.w.len);
    SFTP_TRACE(TRACE_SFTP, 8, "request %lu: status %lu (%s)",
      (unsigned long) req->id, (unsigned long) status, text);
    if (status == SSH_FX_OK) {
      err = 0;

    } else if (err == 0 && status != SSH_FX_EOF) {
      err = status == SSH_FX_OP_UNSUPPORTED ? ENOSYS : EIO;
    }
  }

  if (req->op_open) {
    ftpd_op_end(&req->op, err, status, text);
  }

  if (req->outer_open) {
    ftpd_op_end(&req->outer, err, status, text);
  }

  if (req->fxp->leave && !req->fxp->done) {
    req->fxp->done = true;
    sftp_channel_finish(req->fxp->ch, 1);
  }
}
