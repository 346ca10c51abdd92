/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-limits.h -- maximum sizes of requests and replies. */

#ifndef MOD_SFTP_FXP_LIMITS_H
#define MOD_SFTP_FXP_LIMITS_H

#include "base.h"

struct fxp;

#define FXP_REQUEST_MIN 5               /* type and id, or INIT's version */
#define FXP_REQUEST_MAX (512U * 1024U)
/* Maximum data in a reply to READ.  Some clients take less data than requested
 * for the end of the file.
 */
#define FXP_READ_MAX 1048576U
/* The limits for READ and WRITE in replies to limits and in VERSION: OpenSSH's
 * client ends when it gets a message of more than 256 KiB.
 */
#define FXP_DATA_MAX 261120U
#define FXP_PACKET_MAX 262144U
#define FXP_REPLY_MAX FXP_PACKET_MAX
#define FXP_DATA_HEADER 13U             /* length, type, id, data length */

/* Maximum data of one READ or WRITE, as announced. */
uint32_t fxp_data_max(const struct fxp *f);
/* Maximum data of one reply to READ. */
uint32_t fxp_read_max(const struct fxp *f);

#endif /* MOD_SFTP_FXP_LIMITS_H */
