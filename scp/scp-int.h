/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-int.h -- inside the scp family.
 *
 * The protocol, seen from the server: a source sends records and waits for
 * one answer to each, a sink reads records and answers each.
 *
 *   Cmmmm size name LF   a file; after the answer its bytes and an answer of
 *                        the source's own (0 when it could read all of them)
 *   Dmmmm 0 name LF      a directory begins; E LF ends it
 *   Tmtime us atime us LF  times of the C or D that follows
 *   answers: byte 0, or byte 1 (go on) or 2 (give up) and a text up to LF
 *
 * A source that cannot read a file sends a record that begins with byte 1.
 */

#ifndef MOD_SFTP_SCP_INT_H
#define MOD_SFTP_SCP_INT_H

#include <fcntl.h>
#include <limits.h>

#include "conn.h"
#include "scp.h"

struct ftpd_op;

/* A record: a name of up to PATH_MAX, and mode and size before it. */
#define SCP_RECORD_MAX (PATH_MAX + 256)
/* Directories inside each other: a source keeps each of them open. */
#define SCP_SOURCE_DEPTH_MAX 128
#define SCP_SINK_DEPTH_MAX 1024
/* Text of the peer that is kept for the log. */
#define SCP_TEXT_MAX 512

/* ---- The command line (scp-args.c) */

struct scp_word {
  const char *text;             /* quotes and backslashes taken away */
  const char *pattern;          /* for ftpd_glob_begin(), NULL: none is open */
  bool tilde;                   /* begins with an open ~ */
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

/* ---- An answer of the peer, byte by byte (scp.c) */

enum scp_said { SCP_SAID_NOTHING, SCP_SAID_YES, SCP_SAID_NO, SCP_SAID_STOP };

struct scp_answer {
  unsigned char kind;           /* first byte of a text, or 0: none begun */
  char text[SCP_TEXT_MAX];      /* cut at this size */
  size_t len;
};

/* Takes bytes up to the end of one answer; returns how many.  *said stays
 * SCP_SAID_NOTHING while the answer is not complete.
 */
size_t scp_answer_read(struct scp_answer *a, const unsigned char *p,
  size_t len, enum scp_said *said);

/* ---- A copy */

struct scp_sink;
struct scp_source;

struct scp {
  struct ssh_conn *conn;
  struct ftpd *ftpd;
  struct sftp_channel *ch;
  pool *pool;
  struct scp_args args;
  unsigned int errors;          /* the exit status is 1 if there were any */
  bool done;                    /* finished: what still comes is swallowed */
  bool input_left;              /* bytes were offered and not taken */
  bool input_ended;             /* EOF came */
  struct scp_sink *sink;        /* the one or the other */
  struct scp_source *source;
};

/* The absolute path: relative names begin at the directory of the login. */
const char *scp_absolute(struct scp *s, pool *p, const char *path);
/* Dir and name; NULL with ENAMETOOLONG. */
const char *scp_join(pool *p, const char *dir, const char *name);
/* A word's name: an open ~ or ~user is replaced by the home. */
const char *scp_word_path(struct scp *s, pool *p, const struct scp_word *w);

/* Ends an operation; err is 0 or an errno. */
void scp_op_end(struct ftpd_op *op, int err);
/* The text of errno, with the rule that refused (NULL: none); in p. */
const char *scp_reason(pool *p, int err, const char *refused);

int scp_say_ok(struct scp *s) SFTP_MUST_CHECK;
/* An error record about path, counted and logged.  Not fatal. */
int scp_say_error(struct scp *s, const char *path, const char *reason)
  SFTP_MUST_CHECK;
/* The peer does not speak the protocol: says so and ends the copy. */
int scp_say_fatal(struct scp *s, const char *reason) SFTP_MUST_CHECK;
/* Counts and logs a text of the peer. */
void scp_heard(struct scp *s, const char *text, size_t len);
/* Exit status, EOF and CLOSE. */
void scp_finish(struct scp *s);
/* True when the channel may end: a client that has everything may leave without
 * the last answer (libssh2 does).
 */
bool scp_orderly(const struct scp *s);

/* ---- scp-sink.c */

int scp_sink_start(struct scp *s) SFTP_MUST_CHECK;
ssize_t scp_sink_input(struct scp *s, const unsigned char *p, size_t len);
int scp_sink_flush(struct scp *s);
int scp_sink_eof(struct scp *s);
void scp_sink_close(struct scp *s);
size_t scp_sink_missing(struct scp *s);

/* ---- scp-source.c */

int scp_source_start(struct scp *s) SFTP_MUST_CHECK;
ssize_t scp_source_input(struct scp *s, const unsigned char *p, size_t len);
int scp_source_ready(struct scp *s);
int scp_source_eof(struct scp *s);
void scp_source_close(struct scp *s);

#endif /* MOD_SFTP_SCP_INT_H */
