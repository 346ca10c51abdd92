/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-attrs.c -- file attributes: their form on the wire, and setting them. */

#include <sys/stat.h>

#include "fxp-int.h"

#define EXT_PAIRS_MAX 100
#define EXT_BYTES_MAX 1024

/* ---- Wire form: a row per field, in the order of the message */

struct attr_row {
  uint32_t flag;                /* its bit on the wire */
  unsigned int has;             /* and in struct fxp_attrs; 0: not kept */
  uint8_t min, max;             /* versions that have it in this form */
  void (*get)(struct sftp_rd *r, struct fxp_attrs *a);
  void (*put)(struct sftp_wr *w, const struct fxp_attrs *a);
};

static void get_size(struct sftp_rd *r, struct fxp_attrs *a) {
  a->size = sftp_rd_u64(r);
}

static void put_size(struct sftp_wr *w, const struct fxp_attrs *a) {
  sftp_wr_u64(w, a->size);
}

static void get_ids(struct sftp_rd *r, struct fxp_attrs *a) {
  a->uid = sftp_rd_u32(r);
  a->gid = sftp_rd_u32(r);
}

static void put_ids(struct sftp_wr *w, const struct fxp_attrs *a) {
  sftp_wr_u32(w, a->uid);
  sftp_wr_u32(w, a->gid);
}

static void get_perms(struct sftp_rd *r, struct fxp_attrs *a) {
  a->perms = sftp_rd_u32(r);
}

static void put_perms(struct sftp_wr *w, const struct fxp_attrs *a) {
  sftp_wr_u32(w, a->perms);
}

static void get_times32(struct sftp_rd *r, struct fxp_attrs *a) {
  a->times[0].tv_sec = (time_t) sftp_rd_u32(r);
  a->times[0].tv_nsec = 0;
  a->times[1].tv_sec = (time_t) sftp_rd_u32(r);
  a->times[1].tv_nsec = 0;
}

static uint32_t time32(time_t t) {
  return t < 0 ? 0 : t > (time_t) UINT32_MAX ? UINT32_MAX : (uint32_t) t;
}

static void put_times32(struct sftp_wr *w, const struct fxp_attrs *a) {
  sftp_wr_u32(w, time32(a->times[0].tv_sec));
  sftp_wr_u32(w, time32(a->times[1].tv_sec));
}

/* Extended pairs are read for their form alone. */
static void get_extended(struct sftp_rd *r, struct fxp_attrs *a) {
  uint32_t i, n = sftp_rd_u32(r);

  (void) a;
  if (n > EXT_PAIRS_MAX) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }

  for (i = 0; i < n && sftp_rd_ok(r) == SFTP_OK; i++) {
    struct sftp_str name = sftp_rd_string(r), value = sftp_rd_string(r);

    if (name.len > EXT_BYTES_MAX || value.len > EXT_BYTES_MAX) {
      sftp_rd_fail(r, SFTP_ERR_LIMIT);
    }
  }
}

/* draft-ietf-secsh-filexfer-02, section 5 */
static const struct attr_row attr_rows[] = {
  { 0x00000001, FXP_ATTR_SIZE,  3, 6, get_size,     put_size },
  { 0x00000002, FXP_ATTR_OWNER, 3, 3, get_ids,      put_ids },
  { 0x00000004, FXP_ATTR_PERMS, 3, 3, get_perms,    put_perms },
  { 0x00000008, FXP_ATTR_TIMES, 3, 3, get_times32,  put_times32 },
  { 0x80000000, 0,              3, 6, get_extended, NULL }
};

void fxp_attrs_read(struct sftp_rd *r, unsigned int version,
    struct fxp_attrs *a) {
  uint32_t flags = sftp_rd_u32(r);
  size_t i;

  memset(a, 0, sizeof(*a));
  a->times[0].tv_nsec = a->times[1].tv_nsec = UTIME_OMIT;
  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if ((flags & row->flag) != 0 && version >= row->min &&
        version <= row->max) {
      row->get(r, a);
      a->has |= row->has;
    }
  }
}

void fxp_attrs_write(struct sftp_wr *w, unsigned int version,
    const struct fxp_attrs *a) {
  uint32_t flags = 0;
  size_t i;

  /* The flags are exactly what follows them: both walk the same rows. */
  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if (row->put != NULL && (a->has & row->has) != 0 &&
        version >= row->min && version <= row->max) {
      flags |= row->flag;
    }
  }

  sftp_wr_u32(w, flags);
  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if ((flags & row->flag) != 0 && version >= row->min &&
        version <= row->max) {
      row->put(w, a);
    }
  }
}

void fxp_attrs_of(struct fxp_attrs *a, const struct stat *st) {
  memset(a, 0, sizeof(*a));
  a->has = FXP_ATTR_ALL;
  a->size = (uint64_t) st->st_size;
  a->uid = (uint32_t) st->st_uid;
  a->gid = (uint32_t) st->st_gid;
  a->perms = (uint32_t) st->st_mode;
  a->times[0] = st->st_atim;
  a->times[1] = st->st_mtim;
}

/* ---- Setting them */

static int target_stat(struct fxp_req *req, const struct fxp_target *t,
    struct stat *st) {
  if (t->file != NULL) {
    return host_fstat(t->file, st);
  }

  return t->follow ? host_stat(req->host, t->path, st) :
    host_lstat(req->host, t->path, st);
}

static int set_size(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  if (a->size > INT64_MAX) {
    errno = EFBIG;
    return -1;
  }

  if (!t->follow && S_ISLNK(st->st_mode)) {
    errno = EINVAL;             /* a link has no size of its own */
    return -1;
  }

  if (S_ISREG(st->st_mode) && (uint64_t) st->st_size == a->size) {
    return 0;
  }

  return t->file != NULL ? host_ftruncate(t->file, (off_t) a->size) :
    host_truncate(req->host, t->path, (off_t) a->size);
}

static int set_perms(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  mode_t mode = (mode_t) (a->perms & 07777);

  /* Clients send the mode back with every change of times: what does not
   * change must not fail because the file is another user's.
   */
  if ((st->st_mode & 07777) == mode) {
    return 0;
  }

  if (host_permit_attr(&req->op, t->path, HOST_ATTR_PERMS) < 0) {
    return -1;
  }

  if (!t->follow && S_ISLNK(st->st_mode)) {
    errno = ENOTSUP;            /* the system cannot */
    return -1;
  }

  return t->file != NULL ? host_fchmod(t->file, mode) :
    host_chmod(req->host, t->path, mode);
}

static int set_times(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t) {
  return t->file != NULL ? host_futimes(t->file, a->times) :
    host_utimes(req->host, t->path, a->times, t->follow);
}

static int set_owner(struct fxp_req *req, const struct fxp_attrs *a,
    const struct fxp_target *t, const struct stat *st) {
  uid_t uid = (uid_t) a->uid;
  gid_t gid = (gid_t) a->gid;

  uid = uid == st->st_uid ? (uid_t) -1 : uid;
  gid = gid == st->st_gid ? (gid_t) -1 : gid;
  if (uid == (uid_t) -1 && gid == (gid_t) -1) {
    return 0;
  }

  if (host_permit_attr(&req->op, t->path, HOST_ATTR_OWNER) < 0) {
    return -1;
  }

  if (t->file != NULL) {
    return host_fchown(t->file, uid, gid);
  }

  return t->follow ? host_chown(req->host, t->path, uid, gid) :
    host_lchown(req->host, t->path, uid, gid);
}

static void drop_ignored(const struct fxp_req *req, struct fxp_attrs *a) {
  unsigned long opts = req->fxp->conn->set->opts;

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_PERMS) != 0) {
    a->has &= ~FXP_ATTR_PERMS;
  }

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_TIMES) != 0) {
    a->has &= ~FXP_ATTR_TIMES;
  }

  if ((opts & SFTP_OPT_IGNORE_SFTP_SET_OWNERS) != 0) {
    a->has &= ~FXP_ATTR_OWNER;
  }
}

uint32_t fxp_attrs_set(struct fxp_req *req, struct fxp_attrs *a,
    const struct fxp_target *t) {
  struct stat st;
  int res;

  drop_ignored(req, a);
  res = target_stat(req, t, &st);

  /* The size while the file may still be written, the times after it, and the
   * owner last, since after that nothing else may be allowed.
   */
  if (res == 0 && (a->has & FXP_ATTR_SIZE) != 0) {
    res = set_size(req, a, t, &st);
  }

  if (res == 0 && (a->has & FXP_ATTR_PERMS) != 0) {
    res = set_perms(req, a, t, &st);
  }

  if (res == 0 && (a->has & FXP_ATTR_TIMES) != 0) {
    res = set_times(req, a, t);
  }

  if (res == 0 && (a->has & FXP_ATTR_OWNER) != 0) {
    res = set_owner(req, a, t, &st);
  }

  return res == 0 ? SSH_FX_OK : fxp_refused(req, errno);
}
