/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-xattr.c -- extended attributes: the requests of xattr@proftpd.org, and
 * the pairs in SETSTAT and similar requests.
 *
 * Off unless SFTPExtensions says +xattr.  Requests by path apply to the path
 * itself, not to the target of a link.
 */

#include "ftpd-xattr.h"
#include "fxp-ext.h"
#include "fxp-file-attrs.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "fxp.h"

#define NAME_BYTES_MAX 255U     /* Linux's own limits */
#define VALUE_BYTES_MAX 65536U

/* The target of a request. */
struct subject {
  bool by_handle;
  const char *path;
  struct sftp_str handle;
  struct ftpd_xattrs on;
};

static void read_subject(struct fxp_req *req, bool by_handle,
    struct subject *s) {
  memset(s, 0, sizeof(*s));
  s->by_handle = by_handle;
  if (by_handle) {
    s->handle = sftp_rd_string(&req->in);

  } else {
    s->path = fxp_read_path(req);
  }
}

/* After the last field: finds the target and asks the gate; OK, or the status
 * to return.
 */
static uint32_t permit_attrs(struct fxp_req *req, enum ftpd_request what,
    struct subject *s) {
  struct fxp_handle *h;
  uint32_t status;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  s->on.ftpd = req->ftpd;
  if (!s->by_handle) {
    fxp_begin(req, what, req->name);
    s->on.path = ftpd_permit(&req->op, s->path, NULL);
    return s->on.path != NULL ? SSH_FX_OK : fxp_refused(req, errno);
  }

  status = fxp_permit_named(req, what, req->name, s->handle, &h);
  if (h != NULL) {
    s->on.file = h->file;
    s->on.path = fxp_handle_path(h);
    s->on.follow = true;
  }

  return status;
}

static bool is_name(const char *name) {
  return *name != '\0' && strlen(name) <= NAME_BYTES_MAX;
}

/* User attributes.  Other writable ones have special rules: for example, the
 * system's ACLs are permissions.
 */
static bool may_change(const char *name) {
  return is_name(name) && strncmp(name, "user.", 5) == 0;
}

/* ---- string name, u32 longest value: string value */

static uint32_t get_one(struct fxp_req *req, bool by_handle) {
  struct subject s;
  const char *name;
  unsigned char *value;
  uint32_t size, status;
  struct sftp_wr *w;
  ssize_t n;

  read_subject(req, by_handle, &s);
  name = sftp_rd_text(&req->in, req->pool);
  size = sftp_rd_u32(&req->in);
  status = permit_attrs(req, FTPD_XATTR_GET, &s);
  if (status != SSH_FX_OK) {
    return status;
  }

  if (!is_name(name)) {
    return fxp_status(req, EINVAL);
  }

  /* With an empty buffer, the system returns the length instead of the value.
   */
  value = palloc(req->pool, VALUE_BYTES_MAX);
  n = ftpd_getxattr(&s.on, req->pool, name, value, VALUE_BYTES_MAX);
  if (n < 0 || (size_t) n > size) {
    return fxp_status(req, n < 0 ? errno : ERANGE);
  }

  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  sftp_wr_string(w, value, (size_t) n);
  return fxp_reply_send(req);
}

uint32_t fxp_do_getxattr(struct fxp_req *req) {
  return get_one(req, false);
}

uint32_t fxp_do_fgetxattr(struct fxp_req *req) {
  return get_one(req, true);
}

/* ---- u32 bytes of all names at most: u32 count, strings */

static uint32_t list_all(struct fxp_req *req, bool by_handle) {
  struct subject s;
  const char **names, **at;
  uint32_t size, count = 0, status;
  struct sftp_wr *w;
  size_t bytes = 0;

  read_subject(req, by_handle, &s);
  size = sftp_rd_u32(&req->in);
  status = permit_attrs(req, FTPD_XATTR_GET, &s);
  if (status != SSH_FX_OK) {
    return status;
  }

  names = ftpd_listxattr(&s.on, req->pool);
  if (names == NULL) {
    return fxp_status(req, errno);
  }

  for (at = names; *at != NULL; at++, count++) {
    bytes += strlen(*at) + 1;
  }

  if (bytes > size) {
    return fxp_status(req, ERANGE);
  }

  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  sftp_wr_u32(w, count);
  for (at = names; *at != NULL; at++) {
    sftp_wr_text(w, *at);
  }

  return fxp_reply_send(req);
}

uint32_t fxp_do_listxattr(struct fxp_req *req) {
  return list_all(req, false);
}

uint32_t fxp_do_flistxattr(struct fxp_req *req) {
  return list_all(req, true);
}

/* ---- string name */

static uint32_t remove_one(struct fxp_req *req, bool by_handle) {
  struct subject s;
  const char *name;
  uint32_t status;

  read_subject(req, by_handle, &s);
  name = sftp_rd_text(&req->in, req->pool);
  status = permit_attrs(req, FTPD_XATTR_SET, &s);
  if (status != SSH_FX_OK) {
    return status;
  }

  if (!may_change(name)) {
    return fxp_status(req, is_name(name) ? EPERM : EINVAL);
  }

  return ftpd_removexattr(&s.on, req->pool, name) == 0 ? SSH_FX_OK :
    fxp_status(req, errno);
}

uint32_t fxp_do_removexattr(struct fxp_req *req) {
  return remove_one(req, false);
}

uint32_t fxp_do_fremovexattr(struct fxp_req *req) {
  return remove_one(req, true);
}

/* ---- string name, string value, u32 flags */

static uint32_t set_one(struct fxp_req *req, bool by_handle) {
  struct subject s;
  struct sftp_str value;
  const char *name;
  uint32_t flags, status;

  read_subject(req, by_handle, &s);
  name = sftp_rd_text(&req->in, req->pool);
  value = sftp_rd_string(&req->in);
  flags = sftp_rd_u32(&req->in);
  status = permit_attrs(req, FTPD_XATTR_SET, &s);
  if (status != SSH_FX_OK) {
    return status;
  }

  if (!is_name(name) || value.len > VALUE_BYTES_MAX || flags > 3) {
    return fxp_status(req, value.len > VALUE_BYTES_MAX ? E2BIG : EINVAL);
  }

  if (!may_change(name)) {
    return fxp_status(req, EPERM);
  }

  return ftpd_setxattr(&s.on, req->pool, name, value.ptr, value.len,
    (int) flags) == 0 ? SSH_FX_OK : fxp_status(req, errno);
}

uint32_t fxp_do_setxattr(struct fxp_req *req) {
  return set_one(req, false);
}

uint32_t fxp_do_fsetxattr(struct fxp_req *req) {
  return set_one(req, true);
}

/* ---- The pairs of attributes */

int fxp_xattrs_set(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t) {
  struct ftpd_xattrs on = { req->ftpd, t->file, t->path, t->follow };
  struct sftp_rd r;
  uint32_t i;

  if (!fxp_ext_is_on(req->fxp, FXP_WORD_XATTR)) {
    return 0;                   /* ignored */
  }

  sftp_rd_init_str(&r, a->pairs);
  for (i = 0; i < a->npairs; i++) {
    const char *name = sftp_rd_text(&r, req->pool);
    struct sftp_str value = sftp_rd_string(&r);

    if (sftp_rd_ok(&r) != SFTP_OK || !may_change(name)) {
      errno = sftp_rd_ok(&r) == SFTP_OK && is_name(name) ? EPERM : EINVAL;
      return -1;
    }

    if (ftpd_setxattr(&on, req->pool, name, value.ptr, value.len, 0) < 0) {
      return -1;
    }
  }

  return 0;
}
