/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-ext-file.c -- extensions on open files and file systems: fsync, statvfs,
 * space-available.
 */

#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "ftpd-tree.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-reply.h"

/* fsync@openssh.com: string handle. */
uint32_t fxp_do_fsync(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  uint32_t status;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL || h->file == NULL) {
    return fxp_bad_handle(req);
  }

  status = fxp_permit_handle(req, FTPD_FSYNC, ftpd_file_path(h->file), h);
  if (status != SSH_FX_OK) {
    return status;
  }

  return ftpd_fsync(h->file) == 0 ? SSH_FX_OK : fxp_status(req, errno);
}

/* ---- statvfs@openssh.com, fstatvfs@openssh.com */

#define SSH_FXE_STATVFS_ST_RDONLY 0x1U
#define SSH_FXE_STATVFS_ST_NOSUID 0x2U

static uint32_t reply_statvfs(struct fxp_req *req, const struct statvfs *st) {
  struct sftp_wr *w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  uint64_t flags = 0;

  flags |= (st->f_flag & ST_RDONLY) != 0 ? SSH_FXE_STATVFS_ST_RDONLY : 0;
  flags |= (st->f_flag & ST_NOSUID) != 0 ? SSH_FXE_STATVFS_ST_NOSUID : 0;
  sftp_wr_u64(w, st->f_bsize);
  sftp_wr_u64(w, st->f_frsize);
  sftp_wr_u64(w, st->f_blocks);
  sftp_wr_u64(w, st->f_bfree);
  sftp_wr_u64(w, st->f_bavail);
  sftp_wr_u64(w, st->f_files);
  sftp_wr_u64(w, st->f_ffree);
  sftp_wr_u64(w, st->f_favail);
  sftp_wr_u64(w, st->f_fsid);
  sftp_wr_u64(w, flags);
  sftp_wr_u64(w, st->f_namemax);
  return fxp_reply_send(req);
}

/* string path: what is said of the file system there; the status if nothing
 * is.
 */
static uint32_t read_statvfs(struct fxp_req *req, struct statvfs *st) {
  const char *path = fxp_read_path(req);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, FTPD_STATVFS, req->name);
  path = ftpd_permit(&req->op, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return ftpd_statvfs(req->ftpd, path, st) == 0 ? SSH_FX_OK :
    fxp_status(req, errno);
}

uint32_t fxp_do_statvfs(struct fxp_req *req) {
  struct statvfs st;
  uint32_t status = read_statvfs(req, &st);

  return status != SSH_FX_OK ? status : reply_statvfs(req, &st);
}

/* string handle */
uint32_t fxp_do_fstatvfs(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  struct statvfs st;
  uint32_t status;
  int res;

  status = fxp_permit_named(req, FTPD_STATVFS, req->name, text, &h);
  if (status != SSH_FX_OK) {
    return status;
  }

  res = h->file != NULL ? ftpd_fstatvfs(h->file, &st) :
    ftpd_statvfs(req->ftpd, ftpd_dir_path(h->dir), &st);
  return res == 0 ? reply_statvfs(req, &st) : fxp_status(req, errno);
}

/* ---- space-available: string path (draft-ietf-secsh-filexfer-extensions-00,
 * section 4).
 */
uint32_t fxp_do_space_available(struct fxp_req *req) {
  struct statvfs st;
  uint32_t status = read_statvfs(req, &st);
  struct sftp_wr *w;
  uint64_t unit;

  if (status != SSH_FX_OK) {
    return status;
  }

  /* Space reserved for root is not free for the user. */
  unit = st.f_frsize > 0 ? st.f_frsize : st.f_bsize;
  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  sftp_wr_u64(w, st.f_blocks * unit);
  sftp_wr_u64(w, st.f_bfree * unit);
  sftp_wr_u64(w, (st.f_blocks - st.f_bfree + st.f_bavail) * unit);
  sftp_wr_u64(w, st.f_bavail * unit);
  sftp_wr_u32(w, (uint32_t) unit);
  return fxp_reply_send(req);
}
