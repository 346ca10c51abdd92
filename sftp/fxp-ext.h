/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-ext.h -- the extensions of the protocol, with their names in VERSION. */

#ifndef MOD_SFTP_FXP_EXT_H
#define MOD_SFTP_FXP_EXT_H

#include "fxp.h"
#include "wire.h"

struct fxp;

/* Words of SFTPExtensions that control more than requests. */
#define FXP_WORD_VENDOR_ID "vendorID"
#define FXP_WORD_VERSION_SELECT "versionSelect"
#define FXP_WORD_XATTR "xattr"

/* Whether the word of SFTPExtensions is on. */
bool fxp_ext_is_on(const struct fxp *f, const char *word);
/* The pairs of the extensions in VERSION. */
void fxp_put_extensions(struct sftp_wr *w, const struct fxp *f);
/* Only their names; returns how many. */
unsigned int fxp_put_extension_names(struct sftp_wr *w, const struct fxp *f);

#endif /* MOD_SFTP_FXP_EXT_H */
