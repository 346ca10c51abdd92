/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-version.c -- chooses the version, builds the pairs of VERSION, and reads
 * vendor-id.
 */

#include "ftpd-report.h"
#include "ftpd-utf8.h"
#include "fxp-ext.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-limits.h"
#include "fxp-open.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "fxp-version.h"
#include "ssh-version.h"

/* ---- Choosing */

static unsigned int lowest(const struct fxp *f) {
  unsigned int v = f->conn->set->sftp.min_version;

  return v < FXP_VERSION_MIN ? FXP_VERSION_MIN : v > FXP_VERSION_MAX ?
    FXP_VERSION_MAX : v;
}

/* 0 stands for the built-in version. */
static unsigned int highest(const struct fxp *f) {
  unsigned int v = f->conn->set->sftp.max_version;

  return v == 0 || v > FXP_VERSION_MAX ? FXP_VERSION_MAX : v < lowest(f) ?
    lowest(f) : v;
}

unsigned int fxp_version_for(const struct fxp *f, uint32_t wanted) {
  if (wanted < lowest(f)) {
    return 0;
  }

  return wanted < highest(f) ? (unsigned int) wanted : highest(f);
}

void fxp_version_set(struct fxp *f, unsigned int version) {
  unsigned int utf8 = f->conn->set->sftp.utf8_version;
  /* Some listeners read an unsigned int there, some a long. */
  _Alignas(8) unsigned int told[2] = { version, 0 };

  f->version = version;
  f->translate = version >= (utf8 > 0 ? utf8 : 4) &&
    ftpd_charset(f->ftpd) != NULL;
  ftpd_event(f->ftpd, "mod_sftp.sftp.protocol-version", told);
}

/* ---- Pairs of VERSION */

/* draft -13, section 8.1.1: the rights that OPEN knows. */
#define ACCESS_MASK     0x001f01e7U     /* all but named attributes */
/* Combinations of lock flags, one bit each (section 5.4): for OPEN all but
 * those that forbid others to remove the file, unless they are advisory; for
 * BLOCK read, write or both, advisory or not.
 */
#define OPEN_BLOCK_VECTOR       0xff0fU
#define BLOCK_VECTOR            0x0e0fU
#define SSH_ACL_CAP_ALLOW       0x00000001U
/* Extended attributes can be set if their extensions are on. */
#define SSH_FILEXFER_ATTR_EXTENDED      0x80000000U

static void put_u16(struct sftp_wr *w, unsigned int v) {
  sftp_wr_u8(w, (uint8_t) (v >> 8));
  sftp_wr_u8(w, (uint8_t) v);
}

static void put_masks(struct sftp_wr *w, const struct fxp *f) {
  bool pairs = fxp_ext_is_on(f, FXP_WORD_XATTR);

  sftp_wr_u32(w, fxp_attrs_mask(f->version, fxp_attrs_known(f->version)) |
    (pairs ? SSH_FILEXFER_ATTR_EXTENDED : 0));
  sftp_wr_u32(w, FXP_BITS_KNOWN);
  sftp_wr_u32(w, f->version >= 6 ? FXP_OPEN_FLAGS_V6 : FXP_OPEN_FLAGS_V5);
  sftp_wr_u32(w, ACCESS_MASK);
  sftp_wr_u32(w, FXP_DATA_MAX);
}

/* draft -05, section 4.4 */
static void put_supported(struct sftp_wr *w, const struct fxp *f) {
  size_t mark;

  sftp_wr_text(w, "supported");
  mark = sftp_wr_begin(w);
  put_masks(w, f);
  (void) fxp_put_extension_names(w, f);
  sftp_wr_finish(w, mark);
}

/* draft -13, section 5.4 */
static void put_supported2(struct sftp_wr *w, const struct fxp *f) {
  size_t mark, count;
  unsigned int n;

  sftp_wr_text(w, "supported2");
  mark = sftp_wr_begin(w);
  put_masks(w, f);
  put_u16(w, OPEN_BLOCK_VECTOR);
  put_u16(w, BLOCK_VECTOR);
  sftp_wr_u32(w, 0);            /* names of attribute extensions */
  count = w->len;
  sftp_wr_u32(w, 0);
  n = fxp_put_extension_names(w, f);
  if (sftp_wr_end(w) == SFTP_OK) {
    sftp_put_u32(w->ptr + count, n);
  }

  sftp_wr_finish(w, mark);
}

/* draft -13, section 5.5.1: names the server, if the administrator permits it.
 */
static void put_vendor_id(struct sftp_wr *w) {
  size_t mark;

  sftp_wr_text(w, "vendor-id");
  mark = sftp_wr_begin(w);
  sftp_wr_text(w, "ProFTPD Project");
  sftp_wr_text(w, "mod_sftp");
  sftp_wr_text(w, SFTP_VERSION);
  sftp_wr_u64(w, 0);            /* build */
  sftp_wr_finish(w, mark);
}

static void put_versions(struct sftp_wr *w, const struct fxp *f) {
  char text[2 * FXP_VERSION_MAX + 1];
  size_t n = 0;
  unsigned int v;

  /* Clients look for 2 to 6 in this list; clients that use version 1 do not
   * read it.
   */
  for (v = lowest(f) > 2 ? lowest(f) : 2; v <= highest(f); v++) {
    if (n > 0) {
      text[n++] = ',';
    }

    text[n++] = (char) ('0' + v);
  }

  text[n] = '\0';
  sftp_wr_text(w, "versions");
  sftp_wr_text(w, text);
}

static void put_word(struct sftp_wr *w, const char *name, uint32_t v) {
  size_t mark;

  sftp_wr_text(w, name);
  mark = sftp_wr_begin(w);
  sftp_wr_u32(w, v);
  sftp_wr_finish(w, mark);
}

void fxp_version_pairs(struct sftp_wr *w, struct fxp *f) {
  if (fxp_ext_is_on(f, FXP_WORD_VENDOR_ID)) {
    put_vendor_id(w);
  }

  if (fxp_ext_is_on(f, FXP_WORD_VERSION_SELECT)) {
    put_versions(w, f);
    f->selectable = true;
  }

  if (f->version >= 4) {
    sftp_wr_text(w, "newline");
    sftp_wr_text(w, "\n");
  }

  if (f->version == 5) {
    put_supported(w, f);
  }

  if (f->version >= 6) {
    put_supported2(w, f);
    put_word(w, "acl-supported", SSH_ACL_CAP_ALLOW);
    if (f->translate) {
      sftp_wr_text(w, "filename-charset");
      sftp_wr_text(w, ftpd_charset(f->ftpd));
    }
  }

  fxp_put_extensions(w, f);
}

/* ---- version-select: string version; the first request or none (draft -13,
 * section 5.5).
 */

static unsigned int parse_version(const char *text) {
  return text[0] >= '1' && text[0] <= '9' && text[1] == '\0' ?
    (unsigned int) (text[0] - '0') : 0;
}

uint32_t fxp_do_version_select(struct fxp_req *req) {
  const char *text = sftp_rd_text(&req->in, req->pool);
  struct fxp *f = req->fxp;
  unsigned int version;
  bool now = f->selectable;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  version = parse_version(text);
  if (now && version > 0 && fxp_version_for(f, version) == version) {
    SFTP_TRACE(TRACE_SFTP, 7, "version %u selected", version);
    fxp_version_set(f, version);
    return SSH_FX_OK;
  }

  sftp_log("SFTP session ended: version-select '%s' %s", text, now ?
    "is not supported" : "was not the first request");
  f->leave = true;
  return fxp_fail(req, SSH_FX_FAILURE, EINVAL, now ?
    "Version not available" : "Version can only be selected first");
}

/* ---- filename-translation-control: bool whether names are translated
 * (draft -13, section 6).
 */
uint32_t fxp_do_translation_control(struct fxp_req *req) {
  bool on = sftp_rd_bool(&req->in);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  req->fxp->translate = on && ftpd_charset(req->ftpd) != NULL;
  return SSH_FX_OK;
}

/* ---- vendor-id: strings vendor, product, version, u64 build
 * (draft-ietf-secsh-filexfer-13, section 4.4): what the client calls itself.
 */
uint32_t fxp_do_vendor_id(struct fxp_req *req) {
  const char *vendor = sftp_rd_text(&req->in, req->pool);
  const char *product = sftp_rd_text(&req->in, req->pool);
  const char *version = sftp_rd_text(&req->in, req->pool);
  uint64_t build = sftp_rd_u64(&req->in);

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, FTPD_EXTENDED, req->name);
  sftp_log("SFTP client is '%.256s' of '%.256s', version '%.256s', build %llu",
    product, vendor, version, (unsigned long long) build);
  sftp_client_observed(req->fxp->conn, "is", sftp_str_of(pstrcat(req->pool,
    vendor, " ", product, " ", version, (char *) NULL)));
  return SSH_FX_OK;
}
