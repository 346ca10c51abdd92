/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-io.c -- OPEN, CLOSE, READ.  WRITE has a file of its own. */

#include <fcntl.h>

#include "fxp-int.h"

/* draft-ietf-secsh-filexfer-02, section 6.3 */
#define SSH_FXF_READ    0x01U
#define SSH_FXF_WRITE   0x02U
#define SSH_FXF_APPEND  0x04U
#define SSH_FXF_CREAT   0x08U
#define SSH_FXF_TRUNC   0x10U
#define SSH_FXF_EXCL    0x20U

/* ---- OPEN */

struct open_how {
  bool reads, writes, appends;
  int flags;                    /* as open(2) */
};

/* Whatever can change a file counts as writing, whether the client says so or
 * not: otherwise "read only" would still create and truncate.
 */
static void open_how_v3(struct open_how *how, uint32_t pflags) {
  const uint32_t changing = SSH_FXF_WRITE|SSH_FXF_APPEND|SSH_FXF_CREAT|
    SSH_FXF_TRUNC;

  how->writes = (pflags & changing) != 0;
  how->reads = (pflags & SSH_FXF_READ) != 0 || !how->writes;
  how->appends = (pflags & SSH_FXF_APPEND) != 0;
  how->flags = how->writes ? how->reads ? O_RDWR : O_WRONLY : O_RDONLY;
  how->flags |= how->appends ? O_APPEND : 0;
  how->flags |= (pflags & SSH_FXF_TRUNC) != 0 ? O_TRUNC : 0;
  if ((pflags & SSH_FXF_CREAT) != 0) {
    how->flags |= O_CREAT;
    how->flags |= (pflags & SSH_FXF_EXCL) != 0 ? O_EXCL : 0;
  }
}

static mode_t mode_of(const struct fxp_req *req, const struct fxp_attrs *a,
    mode_t otherwise) {
  if ((a->has & FXP_ATTR_PERMS) == 0 || (req->fxp->conn->set->opts &
      SFTP_OPT_IGNORE_SFTP_UPLOAD_PERMS) != 0) {
    return otherwise;
  }

  return (mode_t) (a->perms & 07777);
}

/* The owner a client wants for a file that is new; where it may not be set,
 * the file stays as it is, as with other servers.
 */
static void give_new_file(struct host_file *file, const struct fxp_attrs *a) {
  struct stat st;

  if (host_fstat(file, &st) == 0 &&
      (st.st_uid != (uid_t) a->uid || st.st_gid != (gid_t) a->gid)) {
    (void) host_fchown(file,
      st.st_uid == (uid_t) a->uid ? (uid_t) -1 : (uid_t) a->uid,
      st.st_gid == (gid_t) a->gid ? (gid_t) -1 : (gid_t) a->gid);
  }
}

static uint32_t open_file(struct fxp_req *req, const char *path,
    const struct open_how *how, const struct fxp_attrs *a) {
  bool owner = (how->flags & O_CREAT) != 0 && (a->has & FXP_ATTR_OWNER) != 0;
  struct fxp_handle *h;
  struct host_file *file;
  struct stat st;

  path = fxp_permit(req, how->appends ? HOST_OPEN_APPEND :
    how->writes ? HOST_OPEN_WRITE : HOST_OPEN_READ, path, NULL);
  if (path == NULL) {
    return fxp_refused(req, errno);
  }

  owner = owner && host_lstat(req->host, path, &st) < 0 && errno == ENOENT;
  file = host_open(&req->op, path, how->flags, mode_of(req, a, 0666));
  if (file == NULL) {
    return fxp_refused(req, errno);
  }

  if (owner) {
    give_new_file(file, a);
  }

  h = fxp_handle_new(req->fxp, file, NULL);
  if (h == NULL) {
    (void) host_close(&req->op, file, false);
    return fxp_status(req, EMFILE);
  }

  h->can_read = how->reads;
  h->can_write = how->writes;
  req->op.handle = h->text;
  req->op.file = file;
  return fxp_reply_handle(req, h);
}

/* OPEN: string path, u32 pflags, attributes.  Replies HANDLE (section 6.3). */
uint32_t fxp_do_open(struct fxp_req *req) {
  const char *path = fxp_read_path(req);
  uint32_t pflags = sftp_rd_u32(&req->in);
  struct open_how how;
  struct fxp_attrs a;

  fxp_attrs_read(&req->in, req->fxp->version, &a);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  if (!fxp_handle_room(req->fxp)) {
    return fxp_fail(req, SSH_FX_FAILURE, EMFILE, "Too many open handles");
  }

  open_how_v3(&how, pflags);
  return open_file(req, path, &how, &a);
}

/* ---- CLOSE: string handle (section 6.3) */

uint32_t fxp_do_close(struct fxp_req *req) {
  struct sftp_str text = sftp_rd_string(&req->in);
  struct fxp_handle *h;
  int res, err;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  /* The operation outlives the handle. */
  fxp_begin(req, HOST_CLOSE, pstrdup(req->pool, h->text));
  req->op.handle = req->op.arg;
  req->op.file = h->file;
  res = h->file != NULL ? host_close(&req->op, h->file, !h->write_failed) :
    host_closedir(&req->op, h->dir);
  err = errno;
  req->op.file = NULL;
  fxp_handle_free(req->fxp, h);
  return res == 0 ? SSH_FX_OK : fxp_status(req, err);
}

/* ---- READ */

/* Sends DATA read into bytes of our own: the window or a rekey leaves no
 * place to read into.
 */
static ssize_t read_copying(struct fxp_req *req, struct fxp_handle *h,
    uint64_t offset, uint32_t len) {
  struct fxp *f = req->fxp;
  struct iovec iov;
  ssize_t n;

  fxp_out_reset(f, FXP_DATA_HEADER + len);
  iov.iov_base = f->out.ptr + FXP_DATA_HEADER;
  iov.iov_len = len;
  n = host_preadv(h->file, &iov, 1, (off_t) offset);
  if (n > 0) {
    sftp_put_u32(f->out.ptr, (uint32_t) n + 9);
    f->out.ptr[4] = SSH_FXP_DATA;
    sftp_put_u32(f->out.ptr + 5, req->id);
    sftp_put_u32(f->out.ptr + 9, (uint32_t) n);
    fxp_send(f, f->out.ptr, FXP_DATA_HEADER + (size_t) n);
  }

  return n;
}

/* Reads straight into messages.  Returns -2 when there is no place. */
static ssize_t read_in_place(struct fxp_req *req, struct fxp_handle *h,
    uint64_t offset, uint32_t len) {
  struct iovec iov[FXP_READ_IOV];
  struct fxp *f = req->fxp;
  unsigned char *head;
  ssize_t n;
  int pieces, err;

  pieces = sftp_channel_reserve(f->ch, FXP_DATA_HEADER + len, iov,
    FXP_READ_IOV);
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
  n = host_preadv(h->file, iov, pieces, (off_t) offset);
  err = errno;
  if (n > 0) {
    sftp_put_u32(head, (uint32_t) n + 9);
    head[4] = SSH_FXP_DATA;
    sftp_put_u32(head + 5, req->id);
    sftp_put_u32(head + 9, (uint32_t) n);
  }

  f->err = sftp_channel_commit(f->ch, n > 0 ?
    FXP_DATA_HEADER + (size_t) n : 0);
  errno = err;
  return n;
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

  fxp_begin_handle(req, HOST_READ, h);
  if (h->file == NULL || !h->can_read) {
    return fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for reading");
  }

  if (offset > (uint64_t) INT64_MAX - FXP_READ_MAX) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL, "Offset out of range");
  }

  /* A client may ask for more than it gets (section 6.4). */
  len = len < FXP_READ_MAX ? len : FXP_READ_MAX;
  if (len == 0) {
    return SSH_FX_EOF;
  }

  n = read_in_place(req, h, offset, len);
  if (n == -2) {
    n = read_copying(req, h, offset, len);
  }

  return n > 0 ? FXP_REPLIED : n == 0 ? SSH_FX_EOF : fxp_status(req, errno);
}
