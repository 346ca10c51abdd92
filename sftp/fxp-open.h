/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-open.h -- flags of OPEN, and its locks. */

#ifndef MOD_SFTP_FXP_OPEN_H
#define MOD_SFTP_FXP_OPEN_H

#include "base.h"

/* The supported flags of OPEN. */
#define FXP_OPEN_FLAGS_V5       0x000000ffU
#define FXP_OPEN_FLAGS_V6       0x00000fffU

/* draft -13, section 8.1.1.3; -05, section 6.3 */
#define SSH_FXF_BLOCK_READ      0x00000040U
#define SSH_FXF_BLOCK_WRITE     0x00000080U
#define SSH_FXF_BLOCK_DELETE    0x00000100U
#define SSH_FXF_BLOCK_ADVISORY  0x00000200U

/* What flags of OPEN deny to others, as FTPD_USE_*. */
unsigned int fxp_lock_denies(uint32_t flags);

#endif /* MOD_SFTP_FXP_OPEN_H */
