/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-file-attrs.h -- reading and setting the attributes of a file. */

#ifndef MOD_SFTP_FXP_FILE_ATTRS_H
#define MOD_SFTP_FXP_FILE_ATTRS_H

#include "fxp-attrs.h"
#include "fxp-request.h"

/* The target of setting attributes: an open file, or a path. */
struct fxp_target {
  struct ftpd_file *file;       /* or NULL */
  const char *path;
  bool follow;                  /* symbolic links */
};

/* ---- Reading (fxp-describe.c) */

/* The attribute bits that are read. */
#define FXP_BITS_KNOWN 0x000003e0U

/* All attributes that a version knows. */
unsigned int fxp_attrs_known(unsigned int version);
/* What the name of a file says about its content. */
void fxp_attrs_guess(struct fxp_attrs *a, const char *name);
/* Fills in the requested attributes of a file, as far as they are known. */
void fxp_attrs_describe(struct fxp_req *req, const struct fxp_target *t,
  const struct stat *st, unsigned int wanted, struct fxp_attrs *a);

/* ---- Setting (fxp-setattr.c) */

/* Removes the attributes that SFTPOptions tell to ignore. */
void fxp_attrs_drop(const struct fxp_req *req, struct fxp_attrs *a);
/* The effects of setting them (effects.h). */
unsigned int fxp_attrs_effects(const struct fxp_attrs *a);
/* For SETSTAT and similar requests: asks the gate for each attribute, and sets
 * those that differ.  Returns a status, that of the first failure; the other
 * attributes are set nevertheless.
 */
uint32_t fxp_attrs_set(struct fxp_req *req, struct fxp_attrs *a,
  const struct fxp_target *t);

/* ---- ACLs (fxp-acl.c; draft -13, section 7.8) */

/* The ACL of a file in its wire form; NULL ptr if it has none. */
struct sftp_str fxp_acl_get(struct fxp_req *req, const struct fxp_target *t,
  const struct stat *st);
/* 0, or -1 with errno. */
int fxp_acl_set(struct fxp_req *req, struct sftp_str acl,
  const struct fxp_target *t, const struct stat *st);

/* ---- Extended attributes (fxp-xattr.c) */

/* Sets the extended attributes of the request; 0, or -1 with errno. */
int fxp_xattrs_set(struct fxp_req *req, const struct fxp_attrs *a,
  const struct fxp_target *t);

#endif /* MOD_SFTP_FXP_FILE_ATTRS_H */
