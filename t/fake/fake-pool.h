/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fake-pool.h -- what tests may ask the fake pools (pool.c). */

#ifndef MOD_SFTP_FAKE_POOL_H
#define MOD_SFTP_FAKE_POOL_H

#include "pool.h"

/* The bytes that a pool and all below it hold. */
size_t fake_pool_bytes(const pool *p);

#endif /* MOD_SFTP_FAKE_POOL_H */
