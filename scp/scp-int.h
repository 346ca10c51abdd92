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
#include "ftpd-gate.h"
#include "scp.h"
#include "scp-args.h"

/* A record: a name of up to PATH_MAX, and mode and size before it. */
#define SCP_RECORD_MAX (PATH_MAX + 256)
/* Maximum depth of directories: a source keeps each of them open. */
#define SCP_SOURCE_DEPTH_MAX 128
#define SCP_SINK_DEPTH_MAX 1024

struct scp_sink;
struct scp_source;

struct scp {
  struct ssh_conn *conn;
  struct ftpd *ftpd;
  struct sftp_channel *ch;
  pool *pool;
  struct scp_args args;
  unsigned int errors;          /* the exit status is 1 if there were any */
  bool done;                    /* finished: further input is ignored */
  bool input_left;              /* bytes were offered and not taken */
  bool input_ended;             /* EOF came */
  struct scp_sink *sink;        /* the one or the other */
  struct scp_source *source;
};

/* The absolute path: relative names start from the directory after the login.
 */
const char *scp_absolute(struct scp *s, pool *p, const char *path);
/* Directory and name; NULL with ENAMETOOLONG. */
const char *scp_join(pool *p, const char *dir, const char *name);
/* A word's name, in which an unquoted ~ or ~user is replaced by the home
 * directory.
 */
const char *scp_word_path(struct scp *s, pool *p, const struct scp_word *w);

/* Ends an operation; err is 0 or an errno. */
void scp_op_end(struct ftpd_op *op, int err);
/* An operation that SCP itself refuses, for the records. */
void scp_op_refuse(struct scp *s, pool *p, enum ftpd_request req,
  const char *path, int err);
/* The text of errno, with the rule that refused (NULL: none); in p. */
const char *scp_reason(pool *p, int err, const char *refused);

int scp_say_ok(struct scp *s) SFTP_MUST_CHECK;
/* An error record about path, counted and logged.  Not fatal. */
int scp_say_error(struct scp *s, const char *path, const char *reason)
  SFTP_MUST_CHECK;
/* The peer violates the protocol: says so and ends the copy. */
int scp_say_fatal(struct scp *s, const char *reason) SFTP_MUST_CHECK;
/* Counts and logs a text of the peer. */
void scp_heard(struct scp *s, const char *text, size_t len);
/* Exit status, EOF and CLOSE. */
void scp_finish(struct scp *s);
/* True if the channel may end: a client that has everything may disconnect
 * without the last reply (libssh2 does).
 */
bool scp_orderly(const struct scp *s);

#endif /* MOD_SFTP_SCP_INT_H */
