/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-penalty-shm.h -- what SFTPPerSourcePenalties remembers of sources, in
 * memory that all processes of the daemon share.  Functions of one file row,
 * for ftpd-penalty.c alone.
 */

#ifndef MOD_SFTP_FTPD_PENALTY_SHM_H
#define MOD_SFTP_FTPD_PENALTY_SHM_H

#include "ftpd-session.h"

#include "directives.h"

/* A source is known by a keyed hash of its network that is never 0; the
 * lowest bit says its kind.
 */
enum { SOURCES_IPV4, SOURCES_IPV6, SOURCES_KINDS };

struct source_state {
  uint64_t left_ms;             /* 0: no penalty is in force */
  enum penalty why;
};

/* In the master, at every (re)start: makes the memory, or finds it again if it
 * still fits.  The configuration is kept by reference.
 */
bool ftpd_penalty_shm_open(const struct penalties *conf);
/* The master has another process id than when it opened the memory. */
void ftpd_penalty_shm_tell(void);
/* This process does not need the memory any more. */
void ftpd_penalty_shm_close(void);

uint64_t ftpd_penalty_shm_tag(unsigned int kind, const unsigned char *net,
  size_t len);
/* The penalty that is in force for a new connection of the source. */
struct source_state ftpd_penalty_shm_state(uint64_t tag);
/* True if there are too many penalties of that kind for one more. */
bool ftpd_penalty_shm_full(unsigned int kind);
void ftpd_penalty_shm_add(uint64_t tag, enum penalty why);

/* A session of that source begins, in this process; it ends with leave(), or
 * has crashed.  Later sessions find those that have.
 */
void ftpd_penalty_shm_enter(uint64_t tag);
void ftpd_penalty_shm_leave(void);

#endif
