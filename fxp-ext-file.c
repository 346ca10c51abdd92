/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-ext-file.c -- extensions on open files and file systems: fsync, statvfs,
 * copy-data.
 */

#include "fxp-int.h"

/* fsync@openssh.com: string handle. */
uint32_t fxp_do_fsync(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL || h->file == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin(req, HOST_FSYNC, host_file_path(h->file));
  req->op.handle = h->text;
  req->op.file = h->file;
  if (host_permit_handle(&req->op, host_file_path(h->file)) < 0) {
    return fxp_refused(req, errno);
  }

  return host_fsync(h->file) == 0 ? SSH_FX_OK : fxp_status(req, errno);
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

/* string path */
uint32_t fxp_do_statvfs(struct fxp_req *req) {
  const char *path = fxp_read_path(req);
  struct statvfs st;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, HOST_STATVFS, req->name);
  path = host_permit(&req->op, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  return host_statvfs(req->host, path, &st) == 0 ? reply_statvfs(req, &st) :
    fxp_status(req, errno);
}

/* string handle */
uint32_t fxp_do_fstatvfs(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  struct statvfs st;
  int res;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  fxp_begin(req, HOST_STATVFS, req->name);
  req->op.handle = h->text;
  req->op.file = h->file;
  if (host_permit_handle(&req->op, fxp_handle_path(h)) < 0) {
    return fxp_refused(req, errno);
  }

  res = h->file != NULL ? host_fstatvfs(h->file, &st) :
    host_statvfs(req->host, host_dir_path(h->dir), &st);
  return res == 0 ? reply_statvfs(req, &st) : fxp_status(req, errno);
}

/* ---- copy-data: string from, u64 offset, u64 length (0: to the end), string
 * to, u64 offset (draft-ietf-secsh-filexfer-extensions-00, section 7).
 */

struct copy {
  struct fxp_handle *from, *to;
  uint64_t from_off, len, to_off;
};

/* Whether source and destination are parts of one file that touch. */
static bool overlaps(const struct copy *c) {
  uint64_t len = c->len > 0 ? c->len : (uint64_t) INT64_MAX;
  struct stat a, b;

  if (host_fstat(c->from->file, &a) < 0 || host_fstat(c->to->file, &b) < 0) {
    return true;
  }

  if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
    return false;
  }

  /* A copy to the end of the file it grows would never come to an end. */
  return c->len == 0 || (c->from_off < c->to_off + len &&
    c->to_off < c->from_off + len);
}

static bool in_range(uint64_t off, uint64_t len) {
  return off <= INT64_MAX && len <= (uint64_t) INT64_MAX - off;
}

static uint32_t copy_data(struct fxp_req *req, const struct copy *c) {
  const char *from = host_file_path(c->from->file);
  const char *to = host_file_path(c->to->file);

  fxp_begin(req, HOST_COPY, req->name);
  req->op.handle = c->to->text;
  req->op.file = c->to->file;
  if (!c->from->can_read || !c->to->can_write) {
    return fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for this");
  }

  if (!in_range(c->from_off, c->len) || !in_range(c->to_off, c->len)) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL, "Offset out of range");
  }

  if (host_permit(&req->op, from, &to) == NULL) {
    return fxp_refused(req, errno);
  }

  if (overlaps(c)) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL,
      "Source and destination overlap");
  }

  uint64_t done;

  return host_copy_range(c->from->file, (off_t) c->from_off, c->to->file,
    (off_t) c->to_off, c->len, &done) == 0 ? SSH_FX_OK : fxp_status(req, errno);
}

uint32_t fxp_do_copy_data(struct fxp_req *req) {
  struct sftp_str from, to;
  struct copy c;

  from = sftp_rd_string(&req->in);
  c.from_off = sftp_rd_u64(&req->in);
  c.len = sftp_rd_u64(&req->in);
  to = sftp_rd_string(&req->in);
  c.to_off = sftp_rd_u64(&req->in);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  c.from = fxp_handle_find(req->fxp, from);
  c.to = fxp_handle_find(req->fxp, to);
  if (c.from == NULL || c.to == NULL || c.from->file == NULL ||
      c.to->file == NULL) {
    return fxp_bad_handle(req);
  }

  return copy_data(req, &c);
}
