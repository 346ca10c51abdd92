/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* blowfish-pi.h -- where Blowfish's key schedule starts: the fraction of pi,
 * first the 18 words of P, then the four S-boxes.
 */

#ifndef MOD_SFTP_BLOWFISH_PI_H
#define MOD_SFTP_BLOWFISH_PI_H

#include "base.h"

#define SFTP_BLOWFISH_WORDS (18 + 4 * 256)

extern const uint32_t sftp_blowfish_pi[SFTP_BLOWFISH_WORDS];

#endif /* MOD_SFTP_BLOWFISH_PI_H */
