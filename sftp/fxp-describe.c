/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-describe.c -- the attributes of a file. */

#include <strings.h>
#include <sys/stat.h>

#include "ftpd-attrs.h"
#include "fxp-file-attrs.h"
#include "fxp-owner.h"
#include "fxp-session.h"

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

/* Kinds of common files by the suffixes of their names.  A text file without a
 * suffix is sent unchanged.
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

/* Attributes that need a separate system call. */
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
