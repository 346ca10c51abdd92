/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-source.h -- private to the source: scp-source.c (records, directories,
 * the client's replies), scp-source-name.c and scp-source-file.c.
 */

#ifndef MOD_SFTP_SCP_SOURCE_H
#define MOD_SFTP_SCP_SOURCE_H

#include "ftpd-gate.h"
#include "scp-answer.h"
#include "scp-int.h"

enum source_state {
  SRC_WAIT,                     /* for the client's answer */
  SRC_NEXT,                     /* for room; then the next entry */
  SRC_DATA                      /* for room; then more of the file */
};

/* What the client's reply is about. */
enum source_step { ABOUT_START, ABOUT_TIMES, ABOUT_FILE, ABOUT_DATA,
  ABOUT_DIR, ABOUT_UP };

struct source_dir {
  struct source_dir *up;
  pool *pool;
  struct ftpd_dir *dir;
  const char *path;
  dev_t dev;
  ino_t ino;
};

/* The file whose record or data is being sent. */
struct source_file {
  pool *pool;                   /* NULL: none */
  struct ftpd_op op;
  struct ftpd_file *file;
  const char *path;
  uint64_t left;                /* bytes still to send */
  off_t at;
  int err;                      /* first failure, an errno */
};

struct scp_source {
  enum source_state state;
  enum source_step step;
  struct scp_word *words;
  unsigned int nwords, next_word;
  struct ftpd_glob *glob;       /* of a word with a pattern, and */
  const char **found;           /* the rest of its matches; NULL: not yet */
  bool later;                   /* the next entry needs another turn */
  bool matched;                 /* a pattern, in this turn: one is enough */
  struct source_dir *top;
  unsigned int depth;
  struct source_file file;
  struct source_dir *entering;  /* announced, not yet answered */
  const char *record;           /* C or D, to follow T; in the entry's pool */
  struct scp_answer answer;
  unsigned char *scratch;
};

/* ---- scp-source-name.c: what the command line names */

/* The next source. 1: *path is set, 0: there are no more, or s->source->later
 * says that it needs another turn, -1: errno, *path is not accessible.
 */
int scp_source_next(struct scp *s, const char **path);
/* Whether there is one, or more of a directory. */
bool scp_source_has_more(const struct scp_source *src);
/* The client's name for this source.  No client accepts "." or "..": these get
 * the directory's real name, and "/" gets the user's name.
 */
const char *scp_source_name(struct scp *s, pool *p, const char *path);
/* A name with a line feed, which would end its record, as OpenSSH's scp sends
 * it: in the form of vis(3), "\^J".
 */
const char *scp_source_encoded(pool *p, const char *name);
/* "", "." or "..". */
bool scp_is_dots(const char *name);

/* ---- scp-source-file.c: a file's bytes */

/* Opens and announces; takes ownership of p, which contains path and name. */
int scp_source_begin_file(struct scp *s, pool *p, const char *path,
  const char *name);
/* Sends as much as there is room for, and the status at the end. */
int scp_source_send_data(struct scp *s);
void scp_source_close_file(struct scp *s);

/* ---- scp-source.c */

/* Waits for the client's reply. */
int scp_source_wait(struct scp_source *src, enum source_step step);
/* Sends T if times are wanted, else C or D; the pool is the entry's. */
int scp_source_announce(struct scp *s, pool *p, const struct stat *st,
  const char *name);

/* ---- For scp.c */

int scp_source_start(struct scp *s) SFTP_MUST_CHECK;
ssize_t scp_source_input(struct scp *s, const unsigned char *p, size_t len);
int scp_source_ready(struct scp *s);
int scp_source_eof(struct scp *s);
void scp_source_close(struct scp *s);

#endif /* MOD_SFTP_SCP_SOURCE_H */
