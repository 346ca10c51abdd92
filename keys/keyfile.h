/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* keyfile.h -- files of authorised keys: RFC 4716 blocks and OpenSSH's
 * one-line format, chosen by content, mixed in one file.
 *
 * Parsing never fails as a whole: a broken entry is skipped and counted, with
 * its line number, so that one bad line does not lock others out.
 */

#ifndef MOD_SFTP_KEYFILE_H
#define MOD_SFTP_KEYFILE_H

#include "wire.h"

struct sftp_keyfile {
  pool *pool;                   /* entries are allocated here */
  struct sftp_str left;         /* not yet parsed */
  unsigned int line;            /* number of the line last read, from 1 */
  unsigned int nbroken;         /* entries skipped so far */
  unsigned int broken_line;     /* line of the last of them */
  const char *broken_why;       /* and why */
};

struct sftp_keyfile_entry {
  struct sftp_str blob;         /* the public key as on the wire */
  unsigned int line;
  const char *comment;          /* or NULL */
  const char *subject;          /* RFC 4716 Subject, or NULL */
  const char *options;          /* OpenSSH options text, or NULL */
  bool fido_touch, fido_verify; /* X-FIDO-*-Required headers say yes */
  bool fido_no_touch;           /* the first of them says no */
};

void sftp_keyfile_init(struct sftp_keyfile *f, pool *p, struct sftp_str text);
/* The next well-formed entry; false at the end. */
bool sftp_keyfile_next(struct sftp_keyfile *f, struct sftp_keyfile_entry *e);

/* Takes the next option off the text of an entry's options; *value is NULL
 * where there is no =. 1: an option, 0: the end, -1: malformed.
 */
int sftp_keyopts_next(pool *p, const char **list, const char **name,
  const char **value);

#endif /* MOD_SFTP_KEYFILE_H */
