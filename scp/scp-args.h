/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-args.h -- the command line of scp (scp-args.c). */

#ifndef MOD_SFTP_SCP_ARGS_H
#define MOD_SFTP_SCP_ARGS_H

#include "base.h"

struct scp_word {
  const char *text;             /* without quotes and backslashes */
  const char *pattern;          /* for ftpd_glob_begin(); NULL: no unquoted
                                 * wildcard */
  bool tilde;                   /* begins with an unquoted ~ */
};

struct scp_args {
  bool source, sink;            /* -f, -t; never both */
  bool recursive, times, directory;     /* -r, -p, -d */
  struct scp_word *words;       /* the paths; at least one */
  unsigned int nwords;
  struct scp_word all;          /* the same as one name, blanks kept */
};

/* Reads a command line.  SFTP_OK, or SFTP_ERR_FORMAT with a text in *why. */
int scp_args_parse(pool *p, const char *line, struct scp_args *a,
  const char **why) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_SCP_ARGS_H */
