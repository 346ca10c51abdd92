/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-int.h -- a line in execution, private to the exec family: exec.c has the
 * service, exec-line.h the line, exec-commands.h the commands.
 */

#ifndef MOD_SFTP_EXEC_INT_H
#define MOD_SFTP_EXEC_INT_H

#include "conn.h"
#include "exec.h"
#include "exec-line.h"

#define EXEC_PIPE_MAX (64 * 1024)

struct exec;

/* Result of a command's function: its exit status, or that it is not done. */
#define EXEC_MORE (-1)          /* continue in the next turn */
#define EXEC_INPUT (-2)         /* wait for the client's input */

struct exec_row {
  const char *name;
  unsigned int services;        /* of Protocols: one of them is sufficient */
  int (*run)(struct exec *e);
};

struct exec {
  struct ssh_conn *conn;
  struct ftpd *ftpd;
  struct sftp_channel *ch;
  pool *pool;
  const char *cwd;              /* of this line */

  struct exec_line line;
  unsigned int next;            /* of its commands */

  /* The current command. */
  const struct exec_row *row;   /* NULL: none, or an unknown command */
  const struct exec_command *command;
  pool *cmd_pool;
  const char **argv;            /* NULL-terminated, patterns expanded; NULL:
                                 * not yet */
  unsigned int argc;
  array_header *args;           /* number of words in argv so far */
  unsigned int nargs;           /* words of the command that have been added */
  struct ftpd_glob *glob;       /* of the next one */
  bool matched;                 /* a pattern was expanded in this turn: one
                                 * is enough */
  void *state;                  /* private to the command */
  void (*stop)(struct exec *e); /* releases it; NULL: nothing to do */
  int status;                   /* of the previous command */

  struct sftp_wr pipe_in, pipe_out;
  bool pipe;                    /* input is pipe_in */

  /* The client's input for the current command. */
  const unsigned char *in;
  size_t in_len;
  bool in_end;                  /* no more will come */

  bool input_ended;             /* EOF came */
  bool waiting;                 /* for input */
  bool done;
  int err;                      /* of the channel, sticky */
};

/* ---- exec.c, for commands */

/* Output; the command after a pipe gets it instead. */
void sftp_exec_out(struct exec *e, const void *p, size_t n);
void sftp_exec_printf(struct exec *e, const char *fmt, ...) SFTP_PRINTF(2, 3);
/* One line on stderr: "md5sum: text". */
void sftp_exec_complain(struct exec *e, const char *fmt, ...) SFTP_PRINTF(2, 3);
/* A name in an error message, quoted as by the GNU tools. */
const char *sftp_exec_quote(struct exec *e, const char *name);
/* "No such file or directory", or that and the rule that refused. */
const char *sftp_exec_reason(struct exec *e, int err, const char *refused);
/* A path relative to the current directory of the line. */
const char *sftp_exec_path(struct exec *e, const char *path);

int sftp_exec_run_sum(struct exec *e);        /* the command is "md5sum" or
                                          * similar */

#endif /* MOD_SFTP_EXEC_INT_H */
