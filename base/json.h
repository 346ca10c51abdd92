/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* json.h -- the members of one JSON object, written into a buffer of the caller
 * (RFC 8259).
 *
 * The text is printable ASCII, without line breaks, whatever the bytes are.
 * Well-formed UTF-8 becomes the \uXXXX of its characters.  A byte that belongs
 * to no character becomes U+DC80 to U+DCFF, its value plus U+DC00: well-formed
 * UTF-8 has none of these, so the bytes can be restored from the text.
 */

#ifndef MOD_SFTP_JSON_H
#define MOD_SFTP_JSON_H

#include "wire.h"

/* Bytes that one byte of a text needs at most. */
#define SFTP_JSON_GROWS 6

struct sftp_json {
  char *text;                   /* not terminated */
  size_t len, room;
  bool full;                    /* a member did not fit: nothing of it, and
                                 * nothing after it, was written */
};

void sftp_json_init(struct sftp_json *j, void *text, size_t room);
/* A member; a comma goes before it, unless it is the first. */
void sftp_json_text(struct sftp_json *j, const char *name,
  struct sftp_str text);
void sftp_json_number(struct sftp_json *j, const char *name, uint64_t n);
void sftp_json_true(struct sftp_json *j, const char *name);
/* Bytes that are members already. */
void sftp_json_members(struct sftp_json *j, struct sftp_str text);

#endif /* MOD_SFTP_JSON_H */
