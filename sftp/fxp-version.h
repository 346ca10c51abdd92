/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-version.h -- the version of the session: INIT, VERSION. */

#ifndef MOD_SFTP_FXP_VERSION_H
#define MOD_SFTP_FXP_VERSION_H

#include "fxp-wire.h"
#include "wire.h"

struct fxp;

/* The version for a client that requests `wanted'; 0: none. */
unsigned int fxp_version_for(const struct fxp *f, uint32_t wanted);
/* Uses it from now on, and reports it. */
void fxp_version_set(struct fxp *f, unsigned int version);
/* The pairs of VERSION. */
void fxp_version_pairs(struct sftp_wr *w, struct fxp *f);

/* ---- fxp-init.c */

/* Replies to INIT: p is the message from its type on, len bytes, at least 5. */
void fxp_on_init(struct fxp *f, const unsigned char *p, size_t len);

#endif /* MOD_SFTP_FXP_VERSION_H */
