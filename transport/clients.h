/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* clients.h -- what is known of client programs: one table, by the software of
 * their version line and by what they do.  SFTPClientMatch adds to it and
 * overrides it.
 *
 * These words say what a client does, once it does it:
 *   offers NAME    in a list of its first KEXINIT, markers included
 *   speaks SFTP N  in INIT
 *   asks NAME      a request of an extension
 *   is TEXT        vendor, product and version of vendor-id
 *
 * Lists of algorithms only change lists that the administrator has not named.
 */

#ifndef MOD_SFTP_CLIENTS_H
#define MOD_SFTP_CLIENTS_H

#include "settings.h"

struct sftp_client_row {
  const char *name;             /* for messages */
  const char *software;         /* words, one of which must match: "text":
                                 * its beginning; "=text": all of it;
                                 * "*text": anywhere in it; "!text": not its
                                 * beginning; NULL: any */
  const char *does;             /* and what it must do, or NULL */
  const char *traits;           /* words and values of traits.c */
};

/* Ends with a NULL name. */
extern const struct sftp_client_row sftp_clients[];

bool sftp_client_is(const struct sftp_client_row *row, const char *software);
/* Applies to set the rows that match what the client does now (NULL: its name
 * is known), and logs them; new lists are in p.  Returns whether there were
 * any.
 */
bool sftp_client_apply(pool *p, const char *software, const char *does,
  struct sftp_settings *set);
/* The content of a row as text for the administrator, in the words of
 * SFTPClientMatch; in p.
 */
const char *sftp_client_describe(pool *p, const struct sftp_client_row *row);

#endif /* MOD_SFTP_CLIENTS_H */
