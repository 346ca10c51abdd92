/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-file.h -- a file of records: its chain, its signatures, and what
 * to do when it is not as it was left.
 *
 * Each line is an object whose first member is the SHA-256 of the line before,
 * with its line break.  More than one process may append: each locks the file,
 * and looks for its own last line if the size is not the expected one.  Lines
 * behind it are of another process: a record says how many.  While there is
 * another one, each signs what it has written before it unlocks the file; so
 * what nobody has signed there is no recorder's.
 */

#ifndef MOD_SFTP_FTPD_RECORD_FILE_H
#define MOD_SFTP_FTPD_RECORD_FILE_H

#include "ftpd-record-fields.h"
#include "keys.h"

#define RECORD_HASH_LEN 32

struct sftp_sum;

/* What a record file's next line continues; no pointers. */
struct record_head {
  unsigned char known;          /* this daemon has written or read a line */
  uint64_t n;                   /* its number */
  uint64_t end;                 /* where the next one begins */
  unsigned char hash[RECORD_HASH_LEN];
};

/* What the last line of kind begin says; no pointers. */
struct record_stated {
  char key[64];
  unsigned int records, secs;
};

struct record_file {
  pool *pool;
  const char *path;
  bool wanted;                  /* by the configuration */
  const char *begin;            /* why there is a line of that kind */
  const struct sftp_key *key;   /* NULL: nothing signs */
  const char *print;            /* its fingerprint */
  unsigned int max_records, max_secs;   /* between signatures */

  int fd;                       /* -1: it cannot be opened */
  int open_error;
  off_t found;                  /* its size when it was opened */
  off_t size;                   /* after the last record; -1: not known */
  struct record_head head;
  struct record_stated stated;
  struct sftp_sum *sum;

  unsigned int nunsigned;
  uint64_t unsigned_ms;         /* when the first of these was written */
  uint64_t again_ms;            /* no signature before */
  unsigned int wait_ms;         /* after the last attempt; 0: it was good */
  bool sign_now;                /* the file is not as it was left */
  bool told_unsigned;

  uint64_t nlost;               /* not written since the last that was */
  uint64_t nkept;               /* so many of these, the keeper knows */
  int lost_error, told_error;
  bool told_gone;
  int64_t clock_us;             /* the system's clock less the monotonic one */
  char *line;                   /* RECORD_LINE_MAX */
};

struct record_file *ftpd_record_file_new(pool *p, const char *path);
/* Opens it with the rights of the process, which should be root's; appends what
 * has to be said about its state.
 */
void ftpd_record_file_open(struct record_file *f);
/* Appends a record with these members (after prev, n and time): 0 or an errno.
 * What fails is counted, and said in the system log and in the next record.
 * Without members: what is due, if there is room for a record as well.
 */
int ftpd_record_file_append(struct record_file *f, struct sftp_str members);
/* Whether such a record was near the end of the file when it was opened. */
bool ftpd_record_file_had(struct record_file *f, struct sftp_str members);
/* Appends a signature if one is due; all: if there is anything to sign. */
void ftpd_record_file_sign(struct record_file *f, bool all);
/* Milliseconds until a signature is due; -1: no record waits for one. */
int ftpd_record_file_due_ms(const struct record_file *f);
/* Why the daemon should not write such a file, in p; NULL: it may. */
const char *ftpd_record_file_objection(pool *p, const char *path);

#endif /* MOD_SFTP_FTPD_RECORD_FILE_H */
