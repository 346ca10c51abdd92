/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-hostkeys.h -- private keys of the server and their passphrases: host
 * keys (ftpd-hostkeys.c), an agent (ftpd-agent.c), passphrases
 * (ftpd-passphrase.c); and DH groups (ftpd-dhparams.c).
 */

#ifndef MOD_SFTP_FTPD_HOSTKEYS_H
#define MOD_SFTP_FTPD_HOSTKEYS_H

#include "ftpd-session.h"

/* Fills in set->host_keys of the virtual host. starting: in the parent, files
 * are checked again and passphrases may be asked for; errors are logged.
 * Returns the number of unusable keys.
 */
int ftpd_hostkeys_load(pool *p, server_rec *s, struct sftp_settings *set,
  bool starting);
/* ftpd-dhparams.c: fills in set->dh_param_file and its length. */
void ftpd_dh_params(pool *p, server_rec *s, struct sftp_settings *set,
  bool starting);
/* After ftpd_hostkeys_load() of all virtual hosts: drops everything that was
 * not used since the last sweep, and makes the daemon's secret (ftpd-secret.h).
 */
void ftpd_hostkeys_sweep(void);
void ftpd_hostkeys_free(void);

/* ftpd-agent.c: the keys of the agent at that path, struct sftp_key * each, in
 * p; they can sign as long as p lives.  NULL with the reason.
 */
array_header *ftpd_agent_keys(pool *p, const char *path, const char **why);

/* ftpd-passphrase.c: asks the provider or the terminal for the passphrase of a
 * key.  Allocated in p and NUL-terminated, to be wiped by the caller; NULL if
 * there is none. attempt counts from 1.
 */
char *ftpd_passphrase(pool *p, server_rec *s, const char *path, int attempt,
  const char **why);

#endif /* MOD_SFTP_FTPD_HOSTKEYS_H */
