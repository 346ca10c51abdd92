/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* accept-env.h -- which environment variables a client may set, by `env'
 * requests (RFC 4254, section 6.4) and by the options of its key.
 */

#ifndef MOD_SFTP_ACCEPT_ENV_H
#define MOD_SFTP_ACCEPT_ENV_H

#include "base.h"

struct sftp_settings;

bool sftp_env_accepted(const struct sftp_settings *set, const char *name);

#endif /* MOD_SFTP_ACCEPT_ENV_H */
