/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-record-file-int.h -- a file of records, for the sources that write it:
 * its lines (ftpd-record-line.c), its end (ftpd-record-tail.c), and its
 * signatures (ftpd-record-sign.c).
 *
 * What returns -1 has set errno.
 */

#ifndef MOD_SFTP_FTPD_RECORD_FILE_INT_H
#define MOD_SFTP_FTPD_RECORD_FILE_INT_H

#include "ftpd-record-file.h"

#define HEX_LEN (2 * RECORD_HASH_LEN)

/* ---- ftpd-record-line.c */

void ftpd_record_hash(struct record_file *f, const void *line, size_t len,
  bool ends, unsigned char *hash);
const char *ftpd_record_hex(const unsigned char *hash, char text[HEX_LEN + 1]);
/* Writes a line behind the head, which is that of the file; torn: behind its
 * line break, which is missing.
 */
int ftpd_record_line(struct record_file *f, struct sftp_str members,
  bool torn);
int ftpd_record_write(struct record_file *f, struct sftp_str members);

/* A record of the recorder itself. */
struct record_note {
  struct sftp_json j;
  char text[16384];
};

void ftpd_record_note(struct record_note *n, const char *what);
int ftpd_record_note_write(struct record_file *f, struct record_note *n);

/* The number of a line that we have written. */
bool ftpd_record_number_of(const char *line, size_t len, uint64_t *n);
/* The beginning of the line that ends before `end'. */
size_t ftpd_record_line_at(const char *text, size_t end);

/* ---- ftpd-record-tail.c */

/* What the next line of kind begin will say. */
void ftpd_record_state(const struct record_file *f, struct record_stated *s);
int ftpd_record_write_begin(struct record_file *f, const char *why,
  bool first);
/* Continues the chain behind what is in the file now; what is not ours gets a
 * record before anything else, above all before a signature.
 */
int ftpd_record_catch_up(struct record_file *f, off_t size);

/* ---- ftpd-record-file.c */

/* With the lock, the head is that of the file. */
int ftpd_record_append_begin(struct record_file *f);
void ftpd_record_append_end(struct record_file *f);

/* ---- ftpd-record-sign.c */

void ftpd_record_sign(struct record_file *f);
/* Each recorder holds a lock of its own for others to see. */
bool ftpd_record_is_shared(const struct record_file *f);
void ftpd_record_show(const struct record_file *f);

#endif /* MOD_SFTP_FTPD_RECORD_FILE_INT_H */
