/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-open.h -- the transfers of a session that have begun: in memory
 * that it shares with the recorder, which tells of them if the session is
 * killed (ftpd-record-open.c).
 *
 * A transfer costs no message until it has ended.  Nothing else reads or writes
 * this memory; a session that an attacker controls may write anything there.
 */

#ifndef MOD_SFTP_FTPD_RECORD_OPEN_H
#define MOD_SFTP_FTPD_RECORD_OPEN_H

#include "ftpd-openfile.h"

/* As many at once have a record then; of others, the number is known. */
#define RECORD_OPEN_MAX 64

#define RECORD_NOT_KNOWN UINT64_MAX

struct record_open {
  _Atomic unsigned char ways;   /* a bit for each that has no record yet */
  char protocol[16];
  uint64_t begun_us;
  uint64_t offset[NWAYS];
  _Atomic uint64_t moved[NWAYS];        /* or RECORD_NOT_KNOWN */
  char path[PATH_MAX];          /* from outside of any root */
};

struct record_opens {
  _Atomic uint64_t nfiles;      /* files behind these were never used */
  _Atomic uint64_t nmore;       /* open, and not here */
  struct record_open files[RECORD_OPEN_MAX];
};

/* ---- In a session */

/* The memory for one session: a descriptor for the recorder; -1: there is
 * none.
 */
int ftpd_record_open_new(void);
/* A transfer begins; NULL if nothing is recorded.  ways: bits of ftpd_way;
 * counts: somebody will say how many bytes were moved.
 */
struct record_open *ftpd_record_open_add(const char *path,
  const char *protocol, unsigned int ways, bool counts);
/* The record of these ways was sent, or none is wanted. */
void ftpd_record_open_end(struct record_open **o, unsigned int ways);

#endif /* MOD_SFTP_FTPD_RECORD_OPEN_H */
