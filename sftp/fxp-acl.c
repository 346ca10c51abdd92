/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-acl.c -- access control lists: conversion between the POSIX ACLs of file
 * systems and SFTP's list of permissions (draft -04, section 5.7; -13, section
 * 7.8).
 *
 * Only permissions can be expressed (ALLOW).  Rights that the POSIX mask
 * removes are left out, and a list from the client gets a mask that permits all
 * of its rights.
 */

#include <sys/stat.h>

#include "effects.h"
#include "ftpd-attrs.h"
#include "ftpd-owners.h"
#include "fxp-file-attrs.h"
#include "fxp-limits.h"
#include "fxp-owner.h"
#include "fxp-session.h"

#define ACE4_ACCESS_ALLOWED_ACE_TYPE    0U
#define ACE4_IDENTIFIER_GROUP           0x40U
#define ACE4_READ_DATA                  0x01U
#define ACE4_WRITE_DATA                 0x02U
#define ACE4_APPEND_DATA                0x04U
#define ACE4_EXECUTE                    0x20U
#define ACE4_DELETE_CHILD               0x40U
#define ACE4_READ_ATTRIBUTES            0x80U
#define ACE4_READ_ACL                   0x20000U
#define SFX_ACL_CONTROL_PRESENT         0x2U

/* As in the kernel's system.posix_acl_access. */
#define POSIX_VERSION   2U
#define TAG_USER_OBJ    0x01U
#define TAG_USER        0x02U
#define TAG_GROUP_OBJ   0x04U
#define TAG_GROUP       0x08U
#define TAG_MASK        0x10U
#define TAG_OTHER       0x20U
#define NO_ID           0xffffffffU

#define ENTRIES_MAX ((FTPD_ACL_MAX - 4) / 8)

struct entry {
  unsigned int tag, perm;       /* perm: rwx as in a mode */
  uint32_t id;
};

struct list {
  struct entry entries[ENTRIES_MAX];
  unsigned int n;
};

/* ---- Little-endian */

static uint32_t get_le(const unsigned char *p, unsigned int bytes) {
  uint32_t v = 0;

  while (bytes-- > 0) {
    v = v << 8 | p[bytes];
  }

  return v;
}

static unsigned char *put_le(unsigned char *p, uint32_t v,
    unsigned int bytes) {
  while (bytes-- > 0) {
    *p++ = (unsigned char) v;
    v >>= 8;
  }

  return p;
}

static int parse_posix(const unsigned char *p, size_t len, struct list *l) {
  size_t i;

  l->n = 0;
  if (len < 4 || len > FTPD_ACL_MAX || (len - 4) % 8 != 0 ||
      get_le(p, 4) != POSIX_VERSION) {
    return -1;
  }

  for (i = 4; i < len; i += 8) {
    struct entry *e = &l->entries[l->n++];

    e->tag = get_le(p + i, 2);
    e->perm = get_le(p + i + 2, 2) & 7;
    e->id = get_le(p + i + 4, 4);
  }

  return 0;
}

/* ---- To the client */

static uint32_t ace_mask(unsigned int perm, bool dir) {
  uint32_t mask = ACE4_READ_ATTRIBUTES|ACE4_READ_ACL;

  mask |= (perm & 4) != 0 ? ACE4_READ_DATA : 0;
  mask |= (perm & 2) != 0 ? ACE4_WRITE_DATA|ACE4_APPEND_DATA : 0;
  mask |= (perm & 2) != 0 && dir ? ACE4_DELETE_CHILD : 0;
  mask |= (perm & 1) != 0 ? ACE4_EXECUTE : 0;
  return mask;
}

static const char *who_of(struct fxp_req *req, const struct entry *e) {
  switch (e->tag) {
    case TAG_USER_OBJ:
      return "OWNER@";

    case TAG_GROUP_OBJ:
      return "GROUP@";

    case TAG_USER:
      return ftpd_uid_name(req->ftpd, req->pool, (uid_t) e->id);

    case TAG_GROUP:
      return ftpd_gid_name(req->ftpd, req->pool, (gid_t) e->id);

    default:
      return "EVERYONE@";
  }
}

static bool is_group_tag(unsigned int tag) {
  return tag == TAG_GROUP_OBJ || tag == TAG_GROUP;
}

static void put_list(struct fxp_req *req, struct sftp_wr *w,
    const struct list *l, bool dir) {
  unsigned int i, mask = 7, n = 0;

  for (i = 0; i < l->n; i++) {
    if (l->entries[i].tag == TAG_MASK) {
      mask = l->entries[i].perm;

    } else {
      n++;
    }
  }

  if (req->fxp->version >= 6) {
    sftp_wr_u32(w, SFX_ACL_CONTROL_PRESENT);
  }

  sftp_wr_u32(w, n);
  for (i = 0; i < l->n; i++) {
    const struct entry *e = &l->entries[i];
    unsigned int perm = e->perm;

    if (e->tag == TAG_MASK) {
      continue;
    }

    if (e->tag != TAG_USER_OBJ && e->tag != TAG_OTHER) {
      perm &= mask;
    }

    sftp_wr_u32(w, ACE4_ACCESS_ALLOWED_ACE_TYPE);
    sftp_wr_u32(w, is_group_tag(e->tag) ? ACE4_IDENTIFIER_GROUP : 0);
    sftp_wr_u32(w, ace_mask(perm, dir));
    sftp_wr_text(w, who_of(req, e));
  }
}

struct sftp_str fxp_acl_get(struct fxp_req *req, const struct fxp_target *t,
    const struct stat *st) {
  struct sftp_str none = { NULL, 0 };
  unsigned char buf[FTPD_ACL_MAX];
  struct sftp_wr w;
  struct list l;
  ssize_t n;

  if (S_ISLNK(st->st_mode)) {
    return none;
  }

  n = ftpd_acl_get(req->ftpd, req->pool, t->file, t->path, buf, sizeof(buf));
  if (n <= 0 || parse_posix(buf, (size_t) n, &l) < 0) {
    return none;
  }

  sftp_wr_init(&w, req->pool, 256, FXP_REPLY_MAX / 2);
  put_list(req, &w, &l, S_ISDIR(st->st_mode));
  return sftp_wr_end(&w) == SFTP_OK ? sftp_wr_get(&w) : none;
}

/* ---- From the client */

static int find_who(struct fxp_req *req, const char *who, uint32_t flag,
    struct entry *e) {
  bool group = (flag & ACE4_IDENTIFIER_GROUP) != 0;

  e->id = NO_ID;
  if (strcmp(who, "OWNER@") == 0) {
    e->tag = TAG_USER_OBJ;
    return 0;
  }

  if (strcmp(who, "GROUP@") == 0) {
    e->tag = TAG_GROUP_OBJ;
    return 0;
  }

  if (strcmp(who, "EVERYONE@") == 0) {
    e->tag = TAG_OTHER;
    return 0;
  }

  e->tag = group ? TAG_GROUP : TAG_USER;
  if ((group ? fxp_find_gid(req, who, &e->id) :
      fxp_find_uid(req, who, &e->id)) < 0) {
    errno = EINVAL;
    return -1;
  }

  return 0;
}

/* Permissions for the same user or group are combined. */
static int add_entry(struct list *l, const struct entry *e) {
  unsigned int i;

  for (i = 0; i < l->n; i++) {
    if (l->entries[i].tag == e->tag && l->entries[i].id == e->id) {
      l->entries[i].perm |= e->perm;
      return 0;
    }
  }

  /* One entry is reserved for the mask. */
  if (l->n >= ENTRIES_MAX - 1) {
    errno = E2BIG;
    return -1;
  }

  l->entries[l->n++] = *e;
  return 0;
}

/* Reads one permission. */
struct ace {
  uint32_t type, flag, mask;
  const char *who;
};

static int take_ace(struct fxp_req *req, const struct ace *a,
    struct list *l) {
  struct entry e;

  if (find_who(req, a->who, a->flag, &e) < 0) {
    return -1;
  }

  e.perm = ((a->mask & ACE4_READ_DATA) != 0 ? 4U : 0U) |
    ((a->mask & ACE4_WRITE_DATA) != 0 ? 2U : 0U) |
    ((a->mask & ACE4_EXECUTE) != 0 ? 1U : 0U);
  return add_entry(l, &e);
}

/* Reads all permissions of an ACL, in the request's pool; their number, or -1
 * with errno.
 */
static int read_aces(struct fxp_req *req, struct sftp_str acl,
    struct ace **aces) {
  struct sftp_rd r;
  uint32_t i, n;

  sftp_rd_init_str(&r, acl);
  if (req->fxp->version >= 6) {
    (void) sftp_rd_u32(&r);     /* acl-flags */
  }

  n = sftp_rd_u32(&r);
  if (n > ENTRIES_MAX) {
    errno = E2BIG;
    return -1;
  }

  *aces = palloc(req->pool, (n + 1) * sizeof(struct ace));
  for (i = 0; i < n && sftp_rd_ok(&r) == SFTP_OK; i++) {
    struct ace *a = &(*aces)[i];

    a->type = sftp_rd_u32(&r);
    a->flag = sftp_rd_u32(&r);
    a->mask = sftp_rd_u32(&r);
    a->who = fxp_read_who(&r, req->pool);
  }

  if (sftp_rd_end(&r) != SFTP_OK) {
    errno = EINVAL;
    return -1;
  }

  return (int) n;
}

static int read_list(struct fxp_req *req, struct sftp_str acl,
    struct list *l) {
  struct ace *aces = NULL;
  int i, n = read_aces(req, acl, &aces);

  memset(l, 0, sizeof(*l));
  for (i = 0; i < n; i++) {
    if (aces[i].type != ACE4_ACCESS_ALLOWED_ACE_TYPE) {
      req->op.refused = "an entry denies, which POSIX ACLs cannot";
      errno = ENOTSUP;
      return -1;
    }
  }

  for (i = 0; i < n; i++) {
    if (take_ace(req, &aces[i], l) < 0) {
      return -1;
    }
  }

  return n < 0 ? -1 : 0;
}

/* The three entries that every file has: from the mode, if the list has none.
 */
static int complete_list(struct list *l, mode_t mode) {
  const struct entry basic[] = {
    { TAG_USER_OBJ, mode >> 6 & 7, NO_ID },
    { TAG_GROUP_OBJ, mode >> 3 & 7, NO_ID },
    { TAG_OTHER, mode & 7, NO_ID }
  };
  unsigned int i, j;

  for (i = 0; i < SFTP_NELEMS(basic); i++) {
    for (j = 0; j < l->n && l->entries[j].tag != basic[i].tag; j++) {
    }

    if (j == l->n && add_entry(l, &basic[i]) < 0) {
      return -1;
    }
  }

  return 0;
}

static bool is_named(const struct entry *e) {
  return e->tag == TAG_USER || e->tag == TAG_GROUP;
}

static void add_mask(struct list *l) {
  struct entry mask = { TAG_MASK, 0, NO_ID };
  unsigned int i;
  bool named = false;

  for (i = 0; i < l->n; i++) {
    if (is_named(&l->entries[i]) || l->entries[i].tag == TAG_GROUP_OBJ) {
      mask.perm |= l->entries[i].perm;
    }

    named = named || is_named(&l->entries[i]);
  }

  if (named) {
    l->entries[l->n++] = mask;
  }
}

/* The system needs them sorted by tag, then by id. */
static int by_tag(const void *a, const void *b) {
  const struct entry *x = a, *y = b;

  if (x->tag != y->tag) {
    return x->tag < y->tag ? -1 : 1;
  }

  return x->id < y->id ? -1 : x->id > y->id ? 1 : 0;
}

static int store(struct fxp_req *req, struct list *l,
    const struct fxp_target *t) {
  unsigned char buf[FTPD_ACL_MAX], *p;
  unsigned int i;

  qsort(l->entries, l->n, sizeof(l->entries[0]), by_tag);
  p = put_le(buf, POSIX_VERSION, 4);
  for (i = 0; i < l->n; i++) {
    p = put_le(p, l->entries[i].tag, 2);
    p = put_le(p, l->entries[i].perm, 2);
    p = put_le(p, l->entries[i].id, 4);
  }

  return ftpd_acl_set(req->ftpd, req->pool, t->file, t->path, buf,
    (size_t) (p - buf));
}

/* Whether this is the list that the client got: it lacks the rights that the
 * mask hides, and setting it would remove them.
 */
static bool is_same(struct fxp_req *req, struct sftp_str acl,
    const struct fxp_target *t, const struct stat *st) {
  struct sftp_str now = fxp_acl_get(req, t, st);

  return now.ptr != NULL && sftp_str_same(now, acl);
}

int fxp_acl_set(struct fxp_req *req, struct sftp_str acl,
    const struct fxp_target *t, const struct stat *st) {
  struct list l;

  if (!t->follow && S_ISLNK(st->st_mode)) {
    errno = ENOTSUP;
    return -1;
  }

  if (ftpd_permit_effect(&req->op, t->path, SFTP_EFF_MODE) < 0) {
    return -1;
  }

  if (is_same(req, acl, t, st)) {
    return 0;
  }

  if (read_list(req, acl, &l) < 0 || complete_list(&l, st->st_mode) < 0) {
    return -1;
  }

  add_mask(&l);
  return store(req, &l, t);
}
