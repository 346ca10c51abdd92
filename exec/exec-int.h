/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* exec-int.h -- inside the exec family: exec.c (the service: one command
 * after the other), exec-line.c (the line), exec-sum.c (md5sum and its like),
 * exec-commands.c (the others).
 */

#ifndef MOD_SFTP_EXEC_INT_H
#define MOD_SFTP_EXEC_INT_H

#include "conn.h"
#include "exec.h"

#define EXEC_LINE_MAX (64 * 1024)
#define EXEC_COMMANDS_MAX 64    /* of a line */
#define EXEC_WORDS_MAX 4096     /* of a line */
#define EXEC_PATTERNS_MAX 16    /* of a command: each reads directories */
#define EXEC_PIPE_MAX (64 * 1024)

/* ---- The line (exec-line.c) */

struct exec_word {
  const char *text;             /* what the command gets */
  const char *pattern;          /* for ftpd_glob_begin(), NULL: none is open */
};

/* When a command runs: always, or depending on the status of the one before. */
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
  const char *why;              /* it cannot be read, or NULL */
};

/* Reads a line.  It may have words, quotes, variables, ";", "&&", "||", "|" and
 * redirections to /dev/null.  SFTP_OK, or SFTP_ERR_FORMAT and a text in
 * res->why.
 */
int exec_line_parse(pool *p, const char *line, exec_variable var, void *arg,
  struct exec_line *res) SFTP_MUST_CHECK;

/* ---- A line that runs */

struct exec;

/* What a command's function returns: its exit status, or that it is not
 * done.
 */
#define EXEC_MORE (-1)          /* go on in the next turn */
#define EXEC_INPUT (-2)         /* wait for the client's input */

struct exec_row {
  const char *name;
  unsigned int services;        /* of Protocols: one of them is enough */
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
  const char **argv;            /* NULL-terminated, patterns replaced; NULL:
                                 * not yet */
  unsigned int argc;
  array_header *args;           /* what is there of argv */
  unsigned int nargs;           /* words of the command that are in it */
  struct ftpd_glob *glob;       /* of the next one */
  bool matched;                 /* a pattern, in this turn: one is enough */
  void *state;                  /* the command's own */
  void (*stop)(struct exec *e); /* releases it; NULL: nothing to do */
  int status;                   /* of the one before */

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
void exec_out(struct exec *e, const void *p, size_t n);
void exec_printf(struct exec *e, const char *fmt, ...) SFTP_PRINTF(2, 3);
/* One line on stderr: "md5sum: text". */
void exec_complain(struct exec *e, const char *fmt, ...) SFTP_PRINTF(2, 3);
/* A name in an error text, quoted as the GNU tools do it. */
const char *exec_quote(struct exec *e, const char *name);
/* "No such file or directory", or that and the rule that refused. */
const char *exec_reason(struct exec *e, int err, const char *refused);
/* A path as seen from the directory of the line. */
const char *exec_path(struct exec *e, const char *path);

int exec_run_sum(struct exec *e);        /* the command is "md5sum" or such */
int exec_run_df(struct exec *e);
int exec_run_date(struct exec *e);
int exec_run_pwd(struct exec *e);
int exec_run_cd(struct exec *e);
int exec_run_echo(struct exec *e);
int exec_run_true(struct exec *e);
int exec_run_test(struct exec *e);
int exec_run_id(struct exec *e);

#endif /* MOD_SFTP_EXEC_INT_H */
