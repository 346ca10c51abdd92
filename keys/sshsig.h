/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* sshsig.h -- signatures of files in OpenSSH's form (PROTOCOL.sshsig), which
 * `ssh-keygen -Y verify' checks.
 */

#ifndef MOD_SFTP_SSHSIG_H
#define MOD_SFTP_SSHSIG_H

#include "keys.h"

/* What a key signs with, so that ssh-keygen accepts it; NULL: there is
 * nothing.
 */
const struct sftp_sig_alg *sftp_sshsig_alg(const struct sftp_key *key);
/* The armored signature over a message, lines included, in p. */
int sftp_sshsig(pool *p, const struct sftp_key *key, const char *space,
  struct sftp_str message, const char **armored) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_SSHSIG_H */
