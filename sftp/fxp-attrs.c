/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-attrs.c -- the wire form of file attributes, per version. */

#include <sys/stat.h>

#include "fxp-attrs.h"
#include "fxp-owner.h"

#define EXT_PAIRS_MAX 100
#define EXT_BYTES_MAX 1024
#define ACL_BYTES_MAX 65536
#define NSEC_MAX 999999999U

/* What a row needs to know about the message around its field. */
struct attr_form {
  unsigned int version;
  bool nsec;                    /* times have nanoseconds */
  bool last;                    /* nothing follows the attributes */
  pool *pool;                   /* for what is read */
};

/* A row per field, in the order of the message. */
struct attr_row {
  uint32_t flag;                /* its bit on the wire */
  unsigned int has;             /* and in struct fxp_attrs; 0: not kept */
  uint8_t min, max;             /* versions that have it in this form */
  void (*get)(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form);
  void (*put)(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form);
};

/* ---- Size, owner, permissions */

static void get_size(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->size = sftp_rd_u64(r);
}

static void put_size(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u64(w, a->size);
}

static void get_alloc(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->alloc = sftp_rd_u64(r);
}

static void put_alloc(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u64(w, a->alloc);
}

static void get_ids(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->uid = sftp_rd_u32(r);
  a->gid = sftp_rd_u32(r);
}

static void put_ids(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u32(w, a->uid);
  sftp_wr_u32(w, a->gid);
}

static void get_names(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  a->owner = fxp_read_who(r, form->pool);
  a->group = fxp_read_who(r, form->pool);
}

static void put_names(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_text(w, a->owner != NULL ? a->owner : "");
  sftp_wr_text(w, a->group != NULL ? a->group : "");
}

static void get_perms(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->perms = sftp_rd_u32(r);
}

/* Before version 4 the type is in this field; since then in a separate byte. */
static void put_perms(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  sftp_wr_u32(w, form->version < 4 ? a->perms : a->perms & 07777);
}

/* ---- Times */

static void get_times32(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->times[0].tv_sec = (time_t) sftp_rd_u32(r);
  a->times[0].tv_nsec = 0;
  a->times[1].tv_sec = (time_t) sftp_rd_u32(r);
  a->times[1].tv_nsec = 0;
}

static uint32_t time32(time_t t) {
  return t < 0 ? 0 : t > (time_t) UINT32_MAX ? UINT32_MAX : (uint32_t) t;
}

static void put_times32(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u32(w, time32(a->times[0].tv_sec));
  sftp_wr_u32(w, time32(a->times[1].tv_sec));
}

/* Values above a second's nanoseconds have special meanings for utimensat(2).
 */
static void get_time(struct sftp_rd *r, struct timespec *ts,
    const struct attr_form *form) {
  uint32_t nsec = 0;

  ts->tv_sec = (time_t) (int64_t) sftp_rd_u64(r);
  if (form->nsec) {
    nsec = sftp_rd_u32(r);
  }

  if (nsec > NSEC_MAX) {
    sftp_rd_fail(r, SFTP_ERR_FORMAT);
    nsec = 0;
  }

  ts->tv_nsec = (long) nsec;
}

static void put_time(struct sftp_wr *w, const struct timespec *ts,
    const struct attr_form *form) {
  sftp_wr_u64(w, (uint64_t) (int64_t) ts->tv_sec);
  if (form->nsec) {
    sftp_wr_u32(w, (uint32_t) ts->tv_nsec);
  }
}

static void get_atime(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  get_time(r, &a->times[0], form);
}

static void put_atime(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  put_time(w, &a->times[0], form);
}

static void get_crtime(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  get_time(r, &a->crtime, form);
}

static void put_crtime(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  put_time(w, &a->crtime, form);
}

static void get_mtime(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  get_time(r, &a->times[1], form);
}

static void put_mtime(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  put_time(w, &a->times[1], form);
}

static void get_ctime(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  get_time(r, &a->ctime, form);
}

static void put_ctime(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  put_time(w, &a->ctime, form);
}

/* ---- The rest */

static void get_acl(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->acl = sftp_rd_string(r);
  if (a->acl.len > ACL_BYTES_MAX) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }
}

static void put_acl(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_str(w, a->acl);
}

/* Version 5 has one word here (draft -05, section 5.8), but some clients send
 * the two of version 6.
 */
static void get_bits(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form) {
  a->bits = sftp_rd_u32(r);
  if (form->version >= 6 || (form->last && r->left == 4)) {
    a->bits_valid = sftp_rd_u32(r);
  }
}

static void put_bits(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form) {
  sftp_wr_u32(w, a->bits);
  if (form->version >= 6) {
    sftp_wr_u32(w, a->bits_valid);
  }
}

static void get_hint(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->hint = sftp_rd_u8(r);
}

static void put_hint(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u8(w, a->hint);
}

static void get_mime(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  (void) a;
  (void) sftp_rd_string(r);
}

static void put_mime(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_text(w, a->mime);
}

static void get_nlink(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  a->nlink = sftp_rd_u32(r);
}

static void put_nlink(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_u32(w, a->nlink);
}

static void get_raw_name(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  (void) a;
  (void) sftp_rd_string(r);
}

static void put_raw_name(struct sftp_wr *w, const struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  sftp_wr_text(w, a->raw_name);
}

/* Checks the form of extended pairs; they stay in place. */
static void get_extended(struct sftp_rd *r, struct fxp_attrs *a,
    const struct attr_form *form SFTP_UNUSED) {
  uint32_t i, n = sftp_rd_u32(r);
  const unsigned char *begin = r->ptr;

  if (n > EXT_PAIRS_MAX) {
    sftp_rd_fail(r, SFTP_ERR_LIMIT);
  }

  for (i = 0; i < n && sftp_rd_ok(r) == SFTP_OK; i++) {
    struct sftp_str name = sftp_rd_string(r), value = sftp_rd_string(r);

    if (name.len > EXT_BYTES_MAX || value.len > EXT_BYTES_MAX) {
      sftp_rd_fail(r, SFTP_ERR_LIMIT);
    }
  }

  if (sftp_rd_ok(r) == SFTP_OK) {
    a->npairs = n;
    a->pairs.ptr = begin;
    a->pairs.len = (size_t) (r->ptr - begin);
  }
}

/* draft-ietf-secsh-filexfer-02, section 5; -04, section 5; -13, section 7 */
static const struct attr_row attr_rows[] = {
  { 0x00000001, FXP_ATTR_SIZE,   1, 6, get_size,     put_size },
  { 0x00000400, FXP_ATTR_ALLOC,  6, 6, get_alloc,    put_alloc },
  { 0x00000002, FXP_ATTR_OWNER,  1, 3, get_ids,      put_ids },
  { 0x00000080, FXP_ATTR_OWNER,  4, 6, get_names,    put_names },
  { 0x00000004, FXP_ATTR_PERMS,  1, 6, get_perms,    put_perms },
  { 0x00000008, FXP_ATTR_TIMES,  1, 3, get_times32,  put_times32 },
  { 0x00000008, FXP_ATTR_ATIME,  4, 6, get_atime,    put_atime },
  { 0x00000010, FXP_ATTR_CRTIME, 4, 6, get_crtime,   put_crtime },
  { 0x00000020, FXP_ATTR_MTIME,  4, 6, get_mtime,    put_mtime },
  { 0x00008000, FXP_ATTR_CTIME,  6, 6, get_ctime,    put_ctime },
  { 0x00000040, FXP_ATTR_ACL,    4, 6, get_acl,      put_acl },
  { 0x00000200, FXP_ATTR_BITS,   5, 6, get_bits,     put_bits },
  { 0x00000800, FXP_ATTR_HINT,   6, 6, get_hint,     put_hint },
  { 0x00001000, FXP_ATTR_MIME,   6, 6, get_mime,     put_mime },
  { 0x00002000, FXP_ATTR_NLINK,  6, 6, get_nlink,    put_nlink },
  { 0x00004000, FXP_ATTR_RAW,    6, 6, get_raw_name, put_raw_name },
  { 0x80000000, 0,               1, 6, get_extended, NULL }
};

#define WIRE_NSEC     0x00000100U       /* since version 4 */
#define WIRE_EXTENDED 0x80000000U
#define ANY_TIME (FXP_ATTR_TIMES|FXP_ATTR_CRTIME|FXP_ATTR_CTIME)

static bool has_row(const struct attr_row *row, unsigned int version) {
  return version >= row->min && version <= row->max;
}

unsigned int fxp_attrs_wanted(unsigned int version, uint32_t flags) {
  unsigned int has = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if (has_row(row, version) && (flags & row->flag) != 0) {
      has |= row->has;
    }
  }

  return version >= 4 && (flags & WIRE_NSEC) != 0 ? has | FXP_ATTR_NSEC : has;
}

uint32_t fxp_attrs_mask(unsigned int version, unsigned int has) {
  uint32_t flags = 0;
  size_t i;

  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if (has_row(row, version) && row->put != NULL && (has & row->has) != 0) {
      flags |= row->flag;
    }
  }

  if (version >= 4 && (has & FXP_ATTR_NSEC) != 0 && (has & ANY_TIME) != 0) {
    flags |= WIRE_NSEC;
  }

  return flags;
}

void fxp_attrs_read(struct sftp_rd *r, pool *p, unsigned int version,
    struct fxp_attrs *a) {
  uint32_t flags = sftp_rd_u32(r);
  struct attr_form form = { version, version >= 4 && (flags & WIRE_NSEC) != 0,
    (flags & WIRE_EXTENDED) == 0, p };
  size_t i;

  memset(a, 0, sizeof(*a));
  a->times[0].tv_nsec = a->times[1].tv_nsec = UTIME_OMIT;
  if (version >= 4) {
    a->type = sftp_rd_u8(r);
  }

  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if ((flags & row->flag) != 0 && has_row(row, version)) {
      row->get(r, a, &form);
      a->has |= row->has;
    }
  }
}

/* draft -13, section 7.2; numbers above 5 came with version 5. */
static uint8_t wire_type(unsigned int version, mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 1;

    case S_IFDIR:
      return 2;

    case S_IFLNK:
      return 3;

    case S_IFSOCK:
      return version >= 5 ? 6 : 4;

    case S_IFCHR:
      return version >= 5 ? 7 : 4;

    case S_IFBLK:
      return version >= 5 ? 8 : 4;

    case S_IFIFO:
      return version >= 5 ? 9 : 4;

    default:
      return 5;                 /* unknown */
  }
}

void fxp_attrs_write(struct sftp_wr *w, unsigned int version,
    const struct fxp_attrs *a) {
  uint32_t flags = fxp_attrs_mask(version, a->has);
  struct attr_form form = { version, (flags & WIRE_NSEC) != 0 && version >= 4,
    false, NULL };
  size_t i;

  /* The flags match what follows them: both use the same rows. */
  sftp_wr_u32(w, flags);
  if (version >= 4) {
    sftp_wr_u8(w, wire_type(version, (mode_t) a->perms));
  }

  for (i = 0; i < SFTP_NELEMS(attr_rows); i++) {
    const struct attr_row *row = &attr_rows[i];

    if ((flags & row->flag) != 0 && has_row(row, version)) {
      row->put(w, a, &form);
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
  a->ctime = st->st_ctim;
  a->alloc = (uint64_t) st->st_blocks * 512;
  a->nlink = (uint32_t) st->st_nlink;
}
