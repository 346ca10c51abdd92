/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-limits.h -- how long requests and answers may be. */

#ifndef MOD_SFTP_FXP_LIMITS_H
#define MOD_SFTP_FXP_LIMITS_H

#include "base.h"

struct fxp;

#define FXP_REQUEST_MIN 5               /* type and id, or INIT's version */
#define FXP_REQUEST_MAX (512U * 1024U)
/* What READ answers at most.  Some clients take less than they asked for as
 * the end of the file.
 */
#define FXP_READ_MAX 1048576U
/* What limits and VERSION promise of READ and WRITE: OpenSSH's client ends at a
 * message of more than 256 KiB.
 */
#define FXP_DATA_MAX 261120U
#define FXP_PACKET_MAX 262144U
#define FXP_REPLY_MAX FXP_PACKET_MAX
#define FXP_DATA_HEADER 13U             /* length, type, id, data length */

/* Data of one READ or WRITE at most, as it is promised. */
uint32_t fxp_data_max(const struct fxp *f);
/* Data of one answer to READ at most. */
uint32_t fxp_read_max(const struct fxp *f);

#endif /* MOD_SFTP_FXP_LIMITS_H */
