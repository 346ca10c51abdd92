/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-attrs.h -- file attributes and their forms on the wire. */

#ifndef MOD_SFTP_FXP_ATTRS_H
#define MOD_SFTP_FXP_ATTRS_H

#include <sys/stat.h>

#include "wire.h"

#define FXP_ATTR_SIZE   0x0001U
#define FXP_ATTR_OWNER  0x0002U
#define FXP_ATTR_PERMS  0x0004U
#define FXP_ATTR_ATIME  0x0008U
#define FXP_ATTR_MTIME  0x0010U
#define FXP_ATTR_TIMES  (FXP_ATTR_ATIME|FXP_ATTR_MTIME)
#define FXP_ATTR_ALL    0x001fU         /* what version 3 knows */
#define FXP_ATTR_NSEC   0x0020U         /* times with nanoseconds */
#define FXP_ATTR_ALLOC  0x0040U
#define FXP_ATTR_CRTIME 0x0080U
#define FXP_ATTR_CTIME  0x0100U
#define FXP_ATTR_ACL    0x0200U
#define FXP_ATTR_BITS   0x0400U
#define FXP_ATTR_HINT   0x0800U
#define FXP_ATTR_MIME   0x1000U
#define FXP_ATTR_NLINK  0x2000U
#define FXP_ATTR_RAW    0x4000U

/* The attributes that clients of version 4 and later get by default. */
#define FXP_ATTR_COMMON (FXP_ATTR_ALL|FXP_ATTR_NSEC)

/* File attributes, independent of the version. */
struct fxp_attrs {
  unsigned int has;             /* FXP_ATTR_* */
  uint8_t type;                 /* from the client; not used */
  uint64_t size, alloc;
  uint32_t uid, gid;
  const char *owner, *group;    /* from the client; NULL: ids only */
  uint32_t perms;               /* with type bits when read from a file */
  struct timespec times[2];     /* as utimensat(2); UTIME_OMIT if not given */
  struct timespec crtime, ctime;
  struct sftp_str acl;          /* wire form in the current version */
  uint32_t bits, bits_valid;
  uint8_t hint;
  const char *mime, *raw_name;
  uint32_t nlink;
  uint32_t npairs;              /* extended attributes: how many ... */
  struct sftp_str pairs;        /* ... strings of name and value */
};

/* Strings are in p; slices are valid as long as the request. */
void fxp_attrs_read(struct sftp_rd *r, pool *p, unsigned int version,
  struct fxp_attrs *a);
void fxp_attrs_write(struct sftp_wr *w, unsigned int version,
  const struct fxp_attrs *a);
/* From a file's stat; has is FXP_ATTR_ALL. */
void fxp_attrs_of(struct fxp_attrs *a, const struct stat *st);
/* Converts between the flags of a version and FXP_ATTR_*. */
unsigned int fxp_attrs_wanted(unsigned int version, uint32_t flags);
uint32_t fxp_attrs_mask(unsigned int version, unsigned int has);

#endif /* MOD_SFTP_FXP_ATTRS_H */
