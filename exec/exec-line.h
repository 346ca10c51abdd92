/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-line.h -- the supported form of an exec request's line (exec-line.c). */

#ifndef MOD_SFTP_EXEC_LINE_H
#define MOD_SFTP_EXEC_LINE_H

#include "base.h"

#define EXEC_LINE_MAX (64 * 1024)
#define EXEC_COMMANDS_MAX 64    /* of a line */
#define EXEC_WORDS_MAX 4096     /* of a line */
#define EXEC_PATTERNS_MAX 16    /* of a command: each reads directories */

struct exec_word {
  const char *text;             /* the command's argument */
  const char *pattern;          /* for ftpd_glob_begin(); NULL: no unquoted
                                 * wildcard */
};

/* When a command runs: always, or depending on the previous status. */
enum exec_when { EXEC_ALWAYS, EXEC_IF_OK, EXEC_IF_FAILED, EXEC_PIPED };

struct exec_command {
  enum exec_when when;
  struct exec_word *words;      /* at least one */
  unsigned int nwords;
  bool to_pipe;                 /* its output is the next one's input */
  bool quiet_out, quiet_err;    /* > /dev/null, 2> /dev/null */
  bool no_input;                /* < /dev/null */
  bool err_to_out;              /* 2>&1 */
};

/* The value of $NAME; NULL if it is not set. */
typedef const char *(*exec_variable)(void *arg, const char *name);

struct exec_line {
  struct exec_command *commands;
  unsigned int ncommands;
  const char *why;              /* the reason why it cannot be read, or NULL */
};

/* Reads a line.  It may have words, quotes, variables, ";", "&&", "||", "|" and
 * redirections to /dev/null.  SFTP_OK, or SFTP_ERR_FORMAT and a text in
 * res->why.
 */
int sftp_exec_line_parse(pool *p, const char *line, exec_variable var,
  void *arg, struct exec_line *res) SFTP_MUST_CHECK;

#endif /* MOD_SFTP_EXEC_LINE_H */
