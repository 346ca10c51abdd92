/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-shm.h -- penalties of sources, in memory that all processes of
 * the daemon share.  For ftpd-penalty.c only.
 */

#ifndef MOD_SFTP_FTPD_PENALTY_SHM_H
#define MOD_SFTP_FTPD_PENALTY_SHM_H

#include "ftpd-session.h"

#include "directives.h"

/* A source is identified by a keyed hash of its network that is never 0; the
 * lowest bit says its kind.
 */
enum { SOURCES_IPV4, SOURCES_IPV6, SOURCES_KINDS };

struct source_state {
  uint64_t left_ms;             /* 0: no penalty is in force */
  enum penalty why;
};

/* In the master, at every (re)start: creates the memory, or finds it again if
 * it still fits.  The configuration is kept by reference.
 */
bool ftpd_penalty_shm_open(const struct penalties *conf);
/* The master's process id has changed since it opened the memory. */
void ftpd_penalty_shm_tell(void);
/* This process no longer needs the memory. */
void ftpd_penalty_shm_close(void);

uint64_t ftpd_penalty_shm_tag(unsigned int kind, const unsigned char *net,
  size_t len);
/* The current penalty for a new connection of the source. */
struct source_state ftpd_penalty_shm_state(uint64_t tag);
/* True if there are too many penalties of that kind for one more. */
bool ftpd_penalty_shm_full(unsigned int kind);
/* How many there are of that kind. */
uint64_t ftpd_penalty_shm_usage(unsigned int kind);
void ftpd_penalty_shm_add(uint64_t tag, enum penalty why);

/* A session of that source begins, in this process; it ends with leave(),
 * otherwise it has crashed.  Later sessions find crashed ones.
 */
void ftpd_penalty_shm_enter(uint64_t tag);
void ftpd_penalty_shm_leave(void);

#endif
