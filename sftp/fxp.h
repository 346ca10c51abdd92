/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp.h -- the SFTP subsystem (draft-ietf-secsh-filexfer) for the outside.
 *
 * One session per channel: start() makes it, the service table feeds it.  It
 * relies on flush() being called before the loop waits, not only before bytes
 * move: WRITE requests are answered there.
 */

#ifndef MOD_SFTP_FXP_H
#define MOD_SFTP_FXP_H

#include "channel.h"

extern const struct sftp_service sftp_fxp_service;

/* Begins SFTP on a channel; see sftp_service_start in channel.h. */
void *sftp_fxp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
  const char *args, const char **why);

/* ---- SFTPExtensions: the bits of settings->extensions */

#define FXP_EXT_CHECK_FILE              0x00001UL
#define FXP_EXT_COPY_FILE               0x00002UL
#define FXP_EXT_COPY_DATA               0x00004UL
#define FXP_EXT_FSYNC                   0x00008UL
#define FXP_EXT_HARDLINK                0x00010UL
#define FXP_EXT_HOME_DIRECTORY          0x00020UL
#define FXP_EXT_LIMITS                  0x00040UL
#define FXP_EXT_POSIX_RENAME            0x00080UL
#define FXP_EXT_SPACE_AVAILABLE         0x00100UL
#define FXP_EXT_STATVFS                 0x00200UL
#define FXP_EXT_USER_GROUP_NAMES        0x00400UL
#define FXP_EXT_VENDOR_ID               0x00800UL
#define FXP_EXT_VERSION_SELECT          0x01000UL
#define FXP_EXT_XATTR                   0x02000UL
#define FXP_EXT_EXPAND_PATH             0x04000UL
#define FXP_EXT_LSETSTAT                0x08000UL

/* What is on unless SFTPExtensions says otherwise. */
#define FXP_EXT_DEFAULT \
  (0x0ffffUL & ~(FXP_EXT_VENDOR_ID|FXP_EXT_XATTR))

/* The directive's words, compared without regard to case; NULL ends. */
struct sftp_fxp_ext_word {
  const char *word;
  unsigned long bit;
};

extern const struct sftp_fxp_ext_word sftp_fxp_ext_words[];

#endif /* MOD_SFTP_FXP_H */
