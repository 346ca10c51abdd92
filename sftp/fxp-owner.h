/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-owner.h -- names for ids of owners and groups, and the reverse. */

#ifndef MOD_SFTP_FXP_OWNER_H
#define MOD_SFTP_FXP_OWNER_H

#include <sys/stat.h>

#include "wire.h"

struct fxp_req;
struct fxp_attrs;

#define FXP_OWNER_SLOTS 8

struct fxp_owner_slot {
  bool used;
  uint32_t id;
  char name[64];
};

/* The names of the ids seen last, for listings. */
struct fxp_owners {
  struct fxp_owner_slot users[FXP_OWNER_SLOTS], groups[FXP_OWNER_SLOTS];
};

/* The names of the owners; remembers the last ones. */
void fxp_attrs_names(struct fxp_req *req, struct fxp_attrs *a);
/* Whether a text can be the name of a user or group: it is looked up in the
 * system's databases, so it must look like a name and must not be too long.
 */
const char *fxp_read_who(struct sftp_rd *r, pool *p);
/* Ids for the names of owners, plain, with a domain, or as numbers; -1 if there
 * is none.
 */
int fxp_find_uid(struct fxp_req *req, const char *name, uint32_t *id);
int fxp_find_gid(struct fxp_req *req, const char *name, uint32_t *id);
/* Fills the ids of attributes that came with names; NULL, or the unknown name.
 */
const char *fxp_attrs_ids(struct fxp_req *req, struct fxp_attrs *a,
  const struct stat *st);

#endif /* MOD_SFTP_FXP_OWNER_H */
