/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* namelist.h -- name-lists (RFC 4251, section 5): names between commas. */

#ifndef MOD_SFTP_NAMELIST_H
#define MOD_SFTP_NAMELIST_H

#include "wire.h"

/* Removes the next name from the list; false at its end. */
bool sftp_names_next(struct sftp_str *list, struct sftp_str *name);
bool sftp_names_have(struct sftp_str list, const char *name);
/* The first name of the client's list that is in ours too (RFC 4253, section
 * 7.1); len 0 when there is none.  Points into the client's list.
 */
struct sftp_str sftp_names_match(struct sftp_str client,
  struct sftp_str server);
/* Whether it is a valid name-list: printable US-ASCII, names of at most 64
 * bytes.  Empty names are allowed; they match nothing.
 */
bool sftp_names_valid(struct sftp_str list);

#endif /* MOD_SFTP_NAMELIST_H */
