/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-stat.c -- STAT, LSTAT, FSTAT, SETSTAT, FSETSTAT and lsetstat. */

#include <sys/stat.h>

#include "ftpd-attrs.h"
#include "ftpd-tree.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-reply.h"
#include "fxp-session.h"

/* The flags after a path or handle: the attributes that the client wants (draft
 * -04, section 6.8).  Some clients omit them.
 */
static unsigned int read_wanted(struct fxp_req *req) {
  unsigned int version = req->fxp->version, wanted = FXP_ATTR_COMMON;
  uint32_t flags;

  if (version < 4) {
    return FXP_ATTR_ALL;
  }

  if (req->in.left > 0) {
    flags = sftp_rd_u32(&req->in);
    wanted = flags != 0 ? fxp_attrs_wanted(version, flags) : wanted;
  }

  if ((req->fxp->conn->set->opts & SFTP_OPT_INCLUDE_SFTP_TIMES) != 0) {
    wanted |= FXP_ATTR_TIMES;
  }

  return wanted & fxp_attrs_known(version);
}

static uint32_t reply_attrs(struct fxp_req *req, const struct fxp_target *t,
    const struct stat *st, unsigned int wanted) {
  struct fxp_attrs a;
  struct sftp_wr *w;

  fxp_attrs_describe(req, t, st, wanted, &a);
  w = fxp_reply(req, SSH_FXP_ATTRS);
  fxp_attrs_write(w, req->fxp->version, &a);
  return fxp_reply_send(req);
}

/* STAT and LSTAT: string path, since version 4 u32 flags.  Replies ATTRS
 * (draft-ietf-secsh-filexfer-02, section 6.8).
 */
static uint32_t stat_path(struct fxp_req *req, bool follow) {
  struct fxp_target t = { NULL, fxp_read_path(req), follow };
  unsigned int wanted = read_wanted(req);
  struct stat st;
  int res;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  t.path = fxp_permit(req, follow ? FTPD_STAT : FTPD_LSTAT, t.path, NULL);
  if (t.path == NULL) {
    return fxp_refused(req, errno);
  }

  t.file = ftpd_uploading(req->ftpd, t.path);
  res = t.file != NULL ? ftpd_fstat(t.file, &st) :
    follow ? ftpd_stat(req->ftpd, t.path, &st) :
    ftpd_lstat(req->ftpd, t.path, &st);
  if (res < 0) {
    return fxp_status(req, errno);
  }

  ftpd_fake_stat(req->ftpd, t.path, &st);
  return reply_attrs(req, &t, &st, wanted);
}

uint32_t fxp_do_stat(struct fxp_req *req) {
  return stat_path(req, true);
}

uint32_t fxp_do_lstat(struct fxp_req *req) {
  return stat_path(req, false);
}

/* FSTAT: string handle, since version 4 u32 flags.  Replies ATTRS. */
uint32_t fxp_do_fstat(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  unsigned int wanted = read_wanted(req);
  struct fxp_target t = { NULL, NULL, true };
  struct fxp_handle *h;
  struct stat st;
  uint32_t status;
  int res;

  status = fxp_permit_named(req, FTPD_FSTAT, NULL, text, &h);
  if (status != SSH_FX_OK) {
    return status;
  }

  res = h->file != NULL ? ftpd_fstat(h->file, &st) :
    ftpd_stat(req->ftpd, ftpd_dir_path(h->dir), &st);
  if (res < 0) {
    return fxp_status(req, errno);
  }

  t.file = h->file;
  t.path = fxp_handle_path(h);
  ftpd_fake_stat(req->ftpd, t.path, &st);
  return reply_attrs(req, &t, &st, wanted);
}

/* ---- Setting */

/* SETSTAT, lsetstat@openssh.com: string path, attributes (section 6.9). */
static uint32_t set_path(struct fxp_req *req, bool follow) {
  struct fxp_target target = { NULL, fxp_read_path(req), follow };
  struct fxp_attrs a;

  fxp_attrs_read(&req->in, req->pool, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_attrs_drop(req, &a);
  fxp_begin(req, follow ? FTPD_SETSTAT : FTPD_LSETSTAT, target.path);
  req->op.effects = fxp_attrs_effects(&a);
  target.path = ftpd_permit(&req->op, target.path, NULL);
  if (target.path == NULL) {
    return fxp_refused(req, errno);
  }

  target.file = ftpd_uploading(req->ftpd, target.path);
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

  fxp_attrs_read(&req->in, req->pool, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  target.file = h->file;
  target.path = fxp_handle_path(h);
  fxp_attrs_drop(req, &a);
  fxp_begin_handle(req, FTPD_FSETSTAT, NULL, h);
  req->op.effects = fxp_attrs_effects(&a);
  return ftpd_permit_handle(&req->op, target.path) == 0 ?
    fxp_attrs_set(req, &a, &target) : fxp_refused(req, errno);
}
