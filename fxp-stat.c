/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-stat.c -- STAT, LSTAT, FSTAT and the SETSTATs. */

#include "fxp-int.h"

static uint32_t reply_attrs(struct fxp_req *req, const struct stat *st) {
  struct sftp_wr *w = fxp_reply(req, SSH_FXP_ATTRS);
  struct fxp_attrs a;

  fxp_attrs_of(&a, st);
  fxp_attrs_write(w, req->fxp->version, &a);
  return fxp_reply_send(req);
}

/* STAT and LSTAT: string path.  Replies ATTRS
 * (draft-ietf-secsh-filexfer-02, section 6.8).
 */
static uint32_t stat_path(struct fxp_req *req, bool follow) {
  const char *path = fxp_read_path(req);
  struct stat st;
  int res;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  path = fxp_permit(req, follow ? HOST_STAT : HOST_LSTAT, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  res = follow ? host_stat(req->host, path, &st) :
    host_lstat(req->host, path, &st);
  if (res < 0) {
    return fxp_status(req, errno);
  }

  host_fake_stat(req->host, path, &st);
  return reply_attrs(req, &st);
}

uint32_t fxp_do_stat(struct fxp_req *req) {
  return stat_path(req, true);
}

uint32_t fxp_do_lstat(struct fxp_req *req) {
  return stat_path(req, false);
}

/* FSTAT: string handle.  Replies ATTRS. */
uint32_t fxp_do_fstat(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  struct stat st;
  int res;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin_handle(req, HOST_FSTAT, h);
  if (host_permit_handle(&req->op, fxp_handle_path(h)) < 0) {
    return fxp_refused(req, errno);
  }

  res = h->file != NULL ? host_fstat(h->file, &st) :
    host_stat(req->host, host_dir_path(h->dir), &st);
  if (res < 0) {
    return fxp_status(req, errno);
  }

  host_fake_stat(req->host, fxp_handle_path(h), &st);
  return reply_attrs(req, &st);
}

/* ---- Setting */

/* SETSTAT, lsetstat@openssh.com: string path, attributes (section 6.9). */
static uint32_t set_path(struct fxp_req *req, bool follow) {
  struct fxp_target target = { NULL, fxp_read_path(req), follow };
  struct fxp_attrs a;

  fxp_attrs_read(&req->in, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  target.path = fxp_permit(req, follow ? HOST_SETSTAT : HOST_LSETSTAT,
    target.path, NULL);
  if (target.path == NULL) {
    return fxp_refused(req, errno);
  }

  return fxp_attrs_set(req, &a, &target);
}

uint32_t fxp_do_setstat(struct fxp_req *req) {
  return set_path(req, true);
}

uint32_t fxp_do_lsetstat(struct fxp_req *req) {
  return set_path(req, false);
}

/* FSETSTAT: string handle, attributes. */
uint32_t fxp_do_fsetstat(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_target target = { NULL, NULL, true };
  struct fxp_handle *h;
  struct fxp_attrs a;

  fxp_attrs_read(&req->in, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin_handle(req, HOST_FSETSTAT, h);
  target.file = h->file;
  target.path = fxp_handle_path(h);
  if (host_permit_handle(&req->op, target.path) < 0) {
    return fxp_refused(req, errno);
  }

  return fxp_attrs_set(req, &a, &target);
}
