/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-copy.c -- copies on the server: copy-data between open files, copy-file
 * from name to name.
 */

#include <fcntl.h>

#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-reply.h"

/* Maximum size of a copy per turn. */
#define TURN_BYTES (32 * 1024 * 1024)

struct copy {
  struct ftpd_file *from, *to;
  struct fxp_handle *handle;    /* of to; NULL: opened by this request */
  uint64_t from_off, to_off;
  uint64_t begin;               /* to_off of the request */
  uint64_t left;                /* bytes; with to_end: of the file as it was */
  bool to_end;                  /* a source that ends earlier is not an error */
};

static void stop_copy(void *state) {
  struct copy *c = state;

  if (c->handle == NULL) {
    (void) ftpd_close_internal(c->from, true);
    (void) ftpd_close_internal(c->to, false);
  }
}

/* As for WRITEs: a copy that failed may succeed when it is repeated. */
static void note_result(const struct copy *c, int err) {
  struct fxp_handle *h = c->handle;

  if (err != 0 && !h->write_failed) {
    h->write_failed = true;
    h->failed_at = c->to_off;

  } else if (err == 0 && h->write_failed && h->failed_at >= c->begin &&
      h->failed_at < c->to_off) {
    h->write_failed = false;
  }
}

static uint32_t end_copy(struct fxp_req *req, struct copy *c, int err) {
  const char *refused = err != 0 ? ftpd_file_refused(c->to) : NULL;

  if (refused != NULL) {
    req->op.refused = pstrdup(req->pool, refused);
  }

  if (c->handle == NULL) {
    (void) ftpd_close_internal(c->from, true);
    if (ftpd_close_internal(c->to, err == 0) < 0 && err == 0) {
      err = errno != 0 ? errno : EIO;
    }

  } else {
    note_result(c, err);
  }

  return err == 0 ? SSH_FX_OK : fxp_refused(req, err);
}

static uint32_t go_on(struct fxp_req *req, void *state) {
  struct copy *c = state;
  uint64_t turn = ftpd_portion(c->to, ftpd_portion(c->from, TURN_BYTES));
  uint64_t n = c->left < turn ? c->left : turn, done;

  if (n == 0) {
    return end_copy(req, c, 0);
  }

  if (ftpd_copy_range(c->from, (off_t) c->from_off, c->to, (off_t) c->to_off,
        n, &done) < 0) {
    c->to_off += done;
    return end_copy(req, c, errno != 0 ? errno : EIO);
  }

  c->from_off += done;
  c->to_off += done;
  c->left -= done;
  if (done < n) {
    /* The reply is the same as for a READ at the end: everything was copied. */
    return c->to_end ? end_copy(req, c, 0) :
      fxp_fail(req, SSH_FX_EOF, ENODATA, "The source has ended");
  }

  return c->left > 0 ? FXP_LATER : end_copy(req, c, 0);
}

static uint32_t begin_copy(struct fxp_req *req, const struct copy *c) {
  struct copy *kept = palloc(req->pool, sizeof(*kept));

  *kept = *c;
  return fxp_later(req, go_on, stop_copy, kept);
}

/* Bytes from an offset to the current end of a file. */
static int bytes_behind(struct ftpd_file *f, uint64_t off, uint64_t *n) {
  struct stat st;

  if (ftpd_fstat(f, &st) < 0) {
    return -1;
  }

  *n = st.st_size > 0 && off < (uint64_t) st.st_size ?
    (uint64_t) st.st_size - off : 0;
  return 0;
}

/* ---- copy-data: string from, u64 offset, u64 length (0: to the end), string
 * to, u64 offset (draft-ietf-secsh-filexfer-extensions-00, section 7).
 */

static bool in_range(uint64_t off, uint64_t len) {
  return off <= INT64_MAX && len <= (uint64_t) INT64_MAX - off;
}

/* Whether source and destination are overlapping parts of one file. */
static bool overlaps(const struct copy *c) {
  struct stat a, b;

  if (ftpd_fstat(c->from, &a) < 0 || ftpd_fstat(c->to, &b) < 0) {
    return true;
  }

  if (a.st_dev != b.st_dev || a.st_ino != b.st_ino) {
    return false;
  }

  /* A copy up to the end of a file that grows by it would never end. */
  return c->to_end || (c->from_off < c->to_off + c->left &&
    c->to_off < c->from_off + c->left);
}

static uint32_t copy_data(struct fxp_req *req, struct copy *c,
    const struct fxp_handle *from, struct fxp_handle *to) {
  const char *path = ftpd_file_path(to->file);

  fxp_begin(req, FTPD_COPY, req->name);
  req->op.handle = to->text;
  req->op.file = to->file;
  if (!from->can_read || !to->can_write) {
    return fxp_fail(req, SSH_FX_PERMISSION_DENIED, EBADF,
      "Handle is not open for this");
  }

  if (!in_range(c->from_off, c->left) || !in_range(c->to_off, c->left)) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL, "Offset out of range");
  }

  if (ftpd_permit(&req->op, ftpd_file_path(from->file), &path) == NULL) {
    return fxp_refused(req, errno);
  }

  c->from = from->file;
  c->to = to->file;
  c->handle = to;
  c->begin = c->to_off;
  if (overlaps(c)) {
    return fxp_fail(req, SSH_FX_FAILURE, EINVAL,
      "Source and destination overlap");
  }

  if (c->to_end && bytes_behind(c->from, c->from_off, &c->left) < 0) {
    return fxp_status(req, errno);
  }

  return begin_copy(req, c);
}

uint32_t fxp_do_copy_data(struct fxp_req *req) {
  struct sftp_str from_text, to_text;
  struct fxp_handle *from, *to;
  struct copy c;

  memset(&c, 0, sizeof(c));
  from_text = sftp_rd_string(&req->in);
  c.from_off = sftp_rd_u64(&req->in);
  c.left = sftp_rd_u64(&req->in);
  to_text = sftp_rd_string(&req->in);
  c.to_off = sftp_rd_u64(&req->in);
  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  from = fxp_handle_find(req->fxp, from_text);
  to = fxp_handle_find(req->fxp, to_text);
  if (from == NULL || to == NULL || from->file == NULL || to->file == NULL) {
    return fxp_bad_handle(req);
  }

  c.to_end = c.left == 0;
  return copy_data(req, &c, from, to);
}

/* ---- copy-file: string from, string to, bool overwrite (the same draft,
 * section 6).
 */

/* Opens both files; 0 or an errno. */
static int open_both(struct fxp_req *req, struct copy *c, const char *from,
    const char *to, bool overwrite) {
  struct stat src, dst;
  int err;

  if (ftpd_stat(req->ftpd, from, &src) < 0) {
    return errno;
  }

  if (ftpd_stat(req->ftpd, to, &dst) == 0) {
    if (src.st_dev == dst.st_dev && src.st_ino == dst.st_ino) {
      return EINVAL;            /* onto the same file */
    }

    if (!overwrite) {
      return EEXIST;
    }
  }

  c->from = ftpd_open_internal(&req->op, from, O_RDONLY, 0, 0);
  if (c->from == NULL) {
    return errno != 0 ? errno : EIO;
  }

  c->to = ftpd_open_internal(&req->op, to, O_WRONLY|O_CREAT|
    (overwrite ? O_TRUNC : O_EXCL), src.st_mode & 0777, src.st_size);
  if (c->to == NULL) {
    err = errno != 0 ? errno : EIO;
    (void) ftpd_close_internal(c->from, true);
    return err;
  }

  return 0;
}

uint32_t fxp_do_copy_file(struct fxp_req *req) {
  const char *from = fxp_read_path(req), *to = fxp_read_path(req);
  bool overwrite = sftp_rd_bool(&req->in);
  struct copy c;
  int err;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  memset(&c, 0, sizeof(c));
  c.to_end = true;
  fxp_begin(req, FTPD_COPY, req->name);
  from = ftpd_permit(&req->op, from, &to);
  if (from == NULL) {
    return fxp_refused(req, errno);
  }

  err = open_both(req, &c, from, to, overwrite);
  if (err != 0) {
    return fxp_refused(req, err);
  }

  if (bytes_behind(c.from, 0, &c.left) < 0) {
    return end_copy(req, &c, errno != 0 ? errno : EIO);
  }

  return begin_copy(req, &c);
}
