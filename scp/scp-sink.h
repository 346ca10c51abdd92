/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* scp-sink.h -- private to the sink: scp-sink.c (records), scp-sink-dir.c and
 * scp-sink-file.c.
 */

#ifndef MOD_SFTP_SCP_SINK_H
#define MOD_SFTP_SCP_SINK_H

#include "ftpd-gate.h"
#include "scp-answer.h"
#include "scp-int.h"

#define SINK_IOV 64

enum sink_state {
  SINK_RECORD,                  /* a record, up to its LF */
  SINK_DATA,                    /* the bytes of a file */
  SINK_STATUS                   /* the source's status of these bytes */
};

struct sink_times {
  bool known;                   /* a T record came */
  struct timespec at[2];        /* access, modification */
};

struct sink_dir {
  struct sink_dir *up;
  pool *pool;
  const char *path;             /* the client's name for it */
  const char *shown;            /* the name in replies */
  const char *real;             /* the path from ftpd_permit() */
  bool created;
  mode_t mode;
  struct sink_times times;
};

struct sink_file {
  pool *pool;                   /* NULL: there is no current file */
  struct ftpd_op op;
  struct ftpd_file *file;
  const char *path, *shown;     /* of a directory */
  mode_t mode;
  struct sink_times times;
  uint64_t left;                /* bytes still missing */
  off_t at;                     /* bytes written */
  int err;                      /* first failure, an errno */
};

struct scp_sink {
  enum sink_state state;
  const char *target;
  bool target_is_dir, target_slash;
  bool unseen;                  /* the user may not look at it */
  struct sink_dir *top;         /* NULL: the target itself */
  unsigned int depth;
  struct sink_times times;      /* for the next C or D */
  struct sink_file file;
  struct iovec iov[SINK_IOV];   /* data not yet written */
  int niov;
  struct scp_answer answer;
  size_t len;                   /* of line */
  char line[SCP_RECORD_MAX + 1];
};

/* ---- scp-sink.c */

/* The times of the T record, which apply only to this entry. */
void scp_sink_give_times(struct scp *s, struct sink_times *to);
/* Whether the entry gets the client's times and mode. */
bool scp_sink_wants_times(const struct scp *s, const struct sink_times *t);
bool scp_sink_wants_perms(const struct scp *s);
/* The path of a record's entry; NULL with errno. */
const char *scp_sink_place(struct scp *s, pool *p, const char *name);
/* The name that the client gets in place of the path; the path is NULL if there
 * is none.
 */
const char *scp_sink_shown(struct scp *s, pool *p, const char *path,
  const char *name);

/* ---- scp-sink-dir.c: D and E records */

int scp_sink_on_dir(struct scp *s, mode_t mode, const char *name);
int scp_sink_on_dir_end(struct scp *s);

/* ---- scp-sink-file.c: C records, the bytes, the client's status */

int scp_sink_on_file(struct scp *s, mode_t mode, uint64_t size,
  const char *name);
/* Returns how many bytes belong to the file. */
size_t scp_sink_take_data(struct scp *s, const unsigned char *p, size_t len);
/* Writes data that is still in the receive buffer. */
void scp_sink_write_out(struct scp *s);
int scp_sink_take_status(struct scp *s, const unsigned char *p, size_t len,
  size_t *used);
/* The copy ends during a file.  Some of its bytes may be missing, or only the
 * client's last status (which libssh2 never sends).
 */
void scp_sink_abandon_file(struct scp *s, bool orderly);

/* ---- For scp.c */

int scp_sink_start(struct scp *s) SFTP_MUST_CHECK;
ssize_t scp_sink_input(struct scp *s, const unsigned char *p, size_t len);
int scp_sink_flush(struct scp *s);
int scp_sink_eof(struct scp *s);
void scp_sink_close(struct scp *s);
size_t scp_sink_missing(struct scp *s);

#endif /* MOD_SFTP_SCP_SINK_H */
