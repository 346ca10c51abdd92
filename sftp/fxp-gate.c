/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-gate.c -- how a handler asks the gate before it acts. */

#include "forced.h"
#include "fxp-gate.h"
#include "fxp-session.h"

void fxp_begin(struct fxp_req *req, enum ftpd_request what, const char *arg) {
  SFTP_TRACE(TRACE_SFTP, 7, "request %lu: %s %s", (unsigned long) req->id,
    req->name, arg);
  ftpd_op_begin(req->ftpd, &req->op, req->pool, what, arg);
  req->op_open = true;
}

void fxp_begin_handle(struct fxp_req *req, enum ftpd_request what,
    const char *arg, const struct fxp_handle *h) {
  fxp_begin(req, what, arg != NULL ? arg : h->text);
  req->op.handle = h->text;
  req->op.file = h->file;
}

const char *fxp_permit(struct fxp_req *req, enum ftpd_request what,
    const char *path, const char **second) {
  const char *arg = path;

  if (second != NULL) {
    arg = pstrcat(req->pool, path, " ", *second, (char *) NULL);
  }

  fxp_begin(req, what, arg);
  return ftpd_permit(&req->op, path, second);
}

uint32_t fxp_permit_handle(struct fxp_req *req, enum ftpd_request what,
    const char *arg, const struct fxp_handle *h) {
  fxp_begin_handle(req, what, arg, h);
  return ftpd_permit_handle(&req->op, fxp_handle_path(h)) == 0 ? SSH_FX_OK :
    fxp_refused(req, errno);
}

uint32_t fxp_permit_named(struct fxp_req *req, enum ftpd_request what,
    const char *arg, struct sftp_str text, struct fxp_handle **h) {
  *h = NULL;
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  *h = fxp_handle_find(req->fxp, text);
  return *h != NULL ? fxp_permit_handle(req, what, arg, *h) :
    fxp_bad_handle(req);
}

bool fxp_is_allowed(const struct fxp *f, const char *name, const char *how) {
  if (sftp_forced_allows(f->conn->services.forced, name, how)) {
    return true;
  }

  sftp_log("SFTP %s%s%s refused: the command of the user's key, '%s', does not "
    "allow it", name, how != NULL ? " " : "", how != NULL ? how : "",
    f->conn->services.forced->text);
  return false;
}
