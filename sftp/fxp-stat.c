/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-stat.c -- STAT, LSTAT, FSTAT and the SETSTATs. */

#include <strings.h>
#include <sys/stat.h>

#include "fxp-int.h"

/* ---- What can be said of a file */

/* draft -13, section 7.9 */
#define SSH_FILEXFER_ATTR_FLAGS_ENCRYPTED       0x00000020U
#define SSH_FILEXFER_ATTR_FLAGS_COMPRESSED      0x00000040U
#define SSH_FILEXFER_ATTR_FLAGS_SPARSE          0x00000080U
#define SSH_FILEXFER_ATTR_FLAGS_APPEND_ONLY     0x00000100U
#define SSH_FILEXFER_ATTR_FLAGS_IMMUTABLE       0x00000200U

unsigned int fxp_attrs_known(unsigned int version) {
  unsigned int has = FXP_ATTR_ALL;

  has |= version >= 4 ? FXP_ATTR_NSEC|FXP_ATTR_CRTIME|FXP_ATTR_ACL : 0;
  has |= version >= 5 ? FXP_ATTR_BITS : 0;
  has |= version >= 6 ? FXP_ATTR_ALLOC|FXP_ATTR_CTIME|FXP_ATTR_HINT|
    FXP_ATTR_MIME|FXP_ATTR_NLINK|FXP_ATTR_RAW : 0;
  return has;
}

/* Kinds of files by the ends of their names: those that people move.  Text
 * that nothing says of is sent as it is.
 */
static const struct kind_row {
  const char *end;
  const char *mime;
} kind_rows[] = {
  { "7z",   "application/x-7z-compressed" },
  { "avi",  "video/x-msvideo" },
  { "bmp",  "image/bmp" },
  { "bz2",  "application/x-bzip2" },
  { "c",    "text/x-csrc" },
  { "css",  "text/css" },
  { "csv",  "text/csv" },
  { "doc",  "application/msword" },
  { "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml."
            "document" },
  { "flac", "audio/flac" },
  { "gif",  "image/gif" },
  { "gz",   "application/gzip" },
  { "h",    "text/x-chdr" },
  { "htm",  "text/html" },
  { "html", "text/html" },
  { "ico",  "image/x-icon" },
  { "iso",  "application/x-iso9660-image" },
  { "jpeg", "image/jpeg" },
  { "jpg",  "image/jpeg" },
  { "js",   "text/javascript" },
  { "json", "application/json" },
  { "log",  "text/plain" },
  { "md",   "text/markdown" },
  { "mov",  "video/quicktime" },
  { "mp3",  "audio/mpeg" },
  { "mp4",  "video/mp4" },
  { "ods",  "application/vnd.oasis.opendocument.spreadsheet" },
  { "odt",  "application/vnd.oasis.opendocument.text" },
  { "ogg",  "audio/ogg" },
  { "pdf",  "application/pdf" },
  { "png",  "image/png" },
  { "ps",   "application/postscript" },
  { "svg",  "image/svg+xml" },
  { "tar",  "application/x-tar" },
  { "tif",  "image/tiff" },
  { "tiff", "image/tiff" },
  { "txt",  "text/plain" },
  { "wav",  "audio/x-wav" },
  { "webp", "image/webp" },
  { "xls",  "application/vnd.ms-excel" },
  { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml."
            "sheet" },
  { "xml",  "text/xml" },
  { "xz",   "application/x-xz" },
  { "zip",  "application/zip" },
  { "zst",  "application/zstd" }
};

#define GUESSED_TEXT    1       /* draft -13, section 7.10 */
#define GUESSED_BINARY  3

void fxp_attrs_guess(struct fxp_attrs *a, const char *name) {
  const char *dot = strrchr(name, '.');
  size_t i;

  if (!S_ISREG(a->perms) || dot == NULL || dot == name) {
    return;
  }

  for (i = 0; i < SFTP_NELEMS(kind_rows); i++) {
    if (strcasecmp(kind_rows[i].end, dot + 1) == 0) {
      a->mime = kind_rows[i].mime;
      a->hint = strncmp(a->mime, "text/", 5) == 0 ||
        strcmp(a->mime, "application/json") == 0 ? GUESSED_TEXT :
        GUESSED_BINARY;
      a->has |= FXP_ATTR_MIME|FXP_ATTR_HINT;
      return;
    }
  }
}

/* What costs a system call of its own. */
static void add_more(struct fxp_req *req, const struct fxp_target *t,
    struct fxp_attrs *a) {
  struct ftpd_extra_attrs more;

  if (ftpd_extra_attrs(req->ftpd, t->file, t->path, t->follow, &more) < 0) {
    return;
  }

  if (more.has_birth) {
    a->crtime = more.birth;
    a->has |= FXP_ATTR_CRTIME;
  }

  a->bits |= more.encrypted ? SSH_FILEXFER_ATTR_FLAGS_ENCRYPTED : 0;
  a->bits |= more.compressed ? SSH_FILEXFER_ATTR_FLAGS_COMPRESSED : 0;
  a->bits |= more.append_only ? SSH_FILEXFER_ATTR_FLAGS_APPEND_ONLY : 0;
  a->bits |= more.immutable ? SSH_FILEXFER_ATTR_FLAGS_IMMUTABLE : 0;
  a->bits |= S_ISREG(a->perms) && a->alloc < a->size ?
    SSH_FILEXFER_ATTR_FLAGS_SPARSE : 0;
  a->bits_valid = FXP_BITS_KNOWN;
  a->has |= FXP_ATTR_BITS;
}

void fxp_attrs_describe(struct fxp_req *req, const struct fxp_target *t,
    const struct stat *st, unsigned int wanted, struct fxp_attrs *a) {
  const char *name = strrchr(t->path, '/');

  fxp_attrs_of(a, st);
  a->has |= FXP_ATTR_NSEC|FXP_ATTR_CTIME|FXP_ATTR_ALLOC|FXP_ATTR_NLINK;
  if (req->fxp->version < 4) {
    return;
  }

  if ((wanted & FXP_ATTR_OWNER) != 0) {
    fxp_attrs_names(req, a);
  }

  if ((wanted & (FXP_ATTR_CRTIME|FXP_ATTR_BITS)) != 0) {
    add_more(req, t, a);
  }

  if ((wanted & FXP_ATTR_ACL) != 0) {
    a->acl = fxp_acl_get(req, t, st);
    a->has |= a->acl.ptr != NULL ? FXP_ATTR_ACL : 0;
  }

  if ((wanted & (FXP_ATTR_MIME|FXP_ATTR_HINT)) != 0) {
    fxp_attrs_guess(a, name != NULL ? name + 1 : t->path);
  }

  a->has &= wanted;
}

/* The flags behind a path or handle: what the client wants to know (draft
 * -04, section 6.8).  Some leave them out.
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

  res = follow ? ftpd_stat(req->ftpd, t.path, &st) :
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

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  h = fxp_handle_find(req->fxp, text);
  if (h == NULL) {
    return fxp_bad_handle(req);
  }

  status = fxp_permit_handle(req, FTPD_FSTAT, NULL, h);
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

  target.path = fxp_permit(req, follow ? FTPD_SETSTAT : FTPD_LSETSTAT,
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
  uint32_t status;

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
  status = fxp_permit_handle(req, FTPD_FSETSTAT, NULL, h);
  return status == SSH_FX_OK ? fxp_attrs_set(req, &a, &target) : status;
}
