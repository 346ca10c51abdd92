/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-setattr.c -- sets file attributes for SETSTAT and similar requests. */

#include <sys/stat.h>

#include "effects.h"
#include "ftpd-attrs.h"
#include "ftpd-io.h"
#include "fxp-ext.h"
#include "fxp-file-attrs.h"
#include "fxp.h"
#include "fxp-gate.h"
#include "fxp-owner.h"
#include "fxp-reply.h"
#include "fxp-session.h"

static int target_stat(struct fxp_req *req, const struct fxp_target *t,
    struct stat *st) {
  if (t->file != NULL) {
    return ftpd_fstat(t->file, st);
  }

  return t->follow ? ftpd_stat(req->ftpd, t->path, st) :
    ftpd_lstat(req->ftpd, t->path, st);
}

static int set_size(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  if (a->size > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (!t->follow && S_ISLNK(st->st_mode)) {
    errno = EINVAL;             /* a link has no size */
    return -1;
  }

  if (S_ISREG(st->st_mode) && (uint64_t) st->st_size == a->size) {
    return 0;
  }

  if (ftpd_permit_effect(&req->op, t->path, SFTP_EFF_REPLACE) < 0) {
    return -1;
  }

  if (t->file == NULL) {
    return ftpd_truncate(&req->op, t->path, (off_t) a->size);
  }

  if (ftpd_ftruncate(t->file, (off_t) a->size) < 0) {
    req->op.refused = errno == EDQUOT || errno == EFBIG ?
      ftpd_file_refused(t->file) : NULL;
    return -1;
  }

  return 0;
}

static int set_perms(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  mode_t mode = (mode_t) (a->perms & 07777);

  /* Clients send the mode with every change of times: an attribute that does
   * not change must not fail because the file belongs to another user.
   */
  if ((st->st_mode & 07777) == mode) {
    return 0;
  }

  if (ftpd_permit_effect(&req->op, t->path, SFTP_EFF_MODE) < 0) {
    return -1;
  }

  if (!t->follow && S_ISLNK(st->st_mode)) {
    errno = ENOTSUP;            /* the system cannot */
    return -1;
  }

  return t->file != NULL ? ftpd_fchmod(t->file, mode) :
    ftpd_chmod(req->ftpd, t->path, mode);
}

static int set_times(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t) {
  if (ftpd_permit_effect(&req->op, t->path, SFTP_EFF_TIME) < 0) {
    return -1;
  }

  return t->file != NULL ? ftpd_futimes(t->file, a->times) :
    ftpd_utimes(req->ftpd, t->path, a->times, t->follow);
}

void fxp_attrs_drop(const struct fxp_req *req, struct fxp_attrs *a) {
  unsigned long opts = req->fxp->conn->set->opts;

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_PERMS) != 0) {
    a->has &= ~(FXP_ATTR_PERMS|FXP_ATTR_ACL);
  }

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_TIMES) != 0) {
    a->has &= ~FXP_ATTR_TIMES;
  }

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_OWNERS) != 0) {
    a->has &= ~FXP_ATTR_OWNER;
  }

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_XATTRS) != 0 ||
      !fxp_ext_is_on(req->fxp, FXP_WORD_XATTR)) {
    a->npairs = 0;
  }
}

/* ---- Owners */

static int set_owner(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  uid_t uid = (uid_t) a->uid;
  gid_t gid = (gid_t) a->gid;
  struct stat shown = *st;

  ftpd_fake_stat(req->ftpd, t->path, &shown);
  uid = uid == st->st_uid || uid == shown.st_uid ? (uid_t) -1 : uid;
  gid = gid == st->st_gid || gid == shown.st_gid ? (gid_t) -1 : gid;
  if (uid == (uid_t) -1 && gid == (gid_t) -1) {
    return 0;
  }

  if (ftpd_permit_effect(&req->op, t->path, SFTP_EFF_OWNER) < 0) {
    return -1;
  }

  if (t->file != NULL) {
    return ftpd_fchown(t->file, uid, gid);
  }

  return t->follow ? ftpd_chown(req->ftpd, t->path, uid, gid) :
    ftpd_lchown(req->ftpd, t->path, uid, gid);
}

/* ---- All together */

unsigned int fxp_attrs_effects(const struct fxp_attrs *a) {
  return ((a->has & FXP_ATTR_SIZE) != 0 ? SFTP_EFF_REPLACE : 0) |
    ((a->has & (FXP_ATTR_PERMS|FXP_ATTR_ACL)) != 0 ? SFTP_EFF_MODE : 0) |
    ((a->has & FXP_ATTR_TIMES) != 0 ? SFTP_EFF_TIME : 0) |
    ((a->has & FXP_ATTR_OWNER) != 0 ? SFTP_EFF_OWNER : 0) |
    (a->npairs > 0 ? SFTP_EFF_ATTR : 0);
}

/* Sets the extended attributes of the request. */
static int set_pairs(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t) {
  if (a->npairs == 0) {
    return 0;
  }

  return ftpd_permit_effect(&req->op, t->path, SFTP_EFF_ATTR) < 0 ? -1 :
    fxp_xattrs_set(req, a, t);
}

/* Keeps the first of the errors. */
static void keep_error(int *err, int res) {
  if (res < 0 && *err == 0) {
    *err = errno != 0 ? errno : EIO;
  }
}

/* The size comes first, while the file may still be written, then the times,
 * and the owner last, because nothing else may be permitted afterwards.  One
 * failure does not stop the others. 0 or an errno.
 */
static int set_all(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  int err = 0;

  if ((a->has & FXP_ATTR_SIZE) != 0) {
    keep_error(&err, set_size(req, a, t, st));
  }

  if ((a->has & FXP_ATTR_PERMS) != 0) {
    keep_error(&err, set_perms(req, a, t, st));
  }

  if ((a->has & FXP_ATTR_ACL) != 0) {
    keep_error(&err, fxp_acl_set(req, a->acl, t, st));
  }

  keep_error(&err, set_pairs(req, a, t));
  if ((a->has & FXP_ATTR_TIMES) != 0) {
    keep_error(&err, set_times(req, a, t));
  }

  if ((a->has & FXP_ATTR_OWNER) != 0) {
    keep_error(&err, set_owner(req, a, t, st));
  }

  return err;
}

uint32_t fxp_attrs_set(struct fxp_req *req, struct fxp_attrs *a,
    const struct fxp_target *t) {
  const char *unknown = NULL;
  struct stat st;
  int err;

  if (target_stat(req, t, &st) < 0) {
    return fxp_refused(req, errno);
  }

  /* Nothing is changed if the owner or group is unknown. */
  if ((a->has & FXP_ATTR_OWNER) != 0) {
    unknown = fxp_attrs_ids(req, a, &st);
  }

  if (unknown != NULL) {
    req->data = unknown;
    return fxp_fail(req, req->fxp->version >= 5 ? SSH_FX_UNKNOWN_PRINCIPAL :
      SSH_FX_FAILURE, EINVAL, pstrcat(req->pool, "Unknown principal: ",
      unknown, (char *) NULL));
  }

  err = set_all(req, a, t, &st);
  return err == 0 ? SSH_FX_OK : fxp_refused(req, err);
}
