/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-openfile.h -- an open file: created by ftpd-open.c, read and written by
 * ftpd-data.c, closed by ftpd-file.c.
 */

#ifndef MOD_SFTP_FTPD_OPENFILE_H
#define MOD_SFTP_FTPD_OPENFILE_H

#include "ftpd-session.h"

#include "ftpd-gate.h"
#include "times.h"

struct board_file;              /* ftpd-board.h */
struct ftpd_digest;             /* ftpd-digest.c */
struct ftpd_range;              /* ftpd-lock.c */
struct record_open;             /* ftpd-record-open.h */
struct upload_check;            /* directives.h */

enum ftpd_way { WAY_READ, WAY_WRITE, NWAYS };

struct ftpd_file {
  struct ftpd_file *next, *prev;
  struct ftpd *h;
  pool *pool;
  pr_fh_t *fh;
  int fd;
  const char *path;             /* final name */
  const char *recorded;         /* the same in records */
  struct {
    dev_t dev;
    ino_t ino;
  } is;                         /* which file it is: ftpd-settle.c */
  bool replaces;                /* a file existed at its path, which it may
                                 * replace */
  const char *hidden;           /* its temporary name: HiddenStores,
                                 * SFTPUploadCheck, and copies over existing
                                 * files */
  off_t mark;                   /* of that name: ftpd-hidden.c */
  const struct upload_check *check;     /* that of its end, or NULL */
  pr_fh_t *reader;              /* the same file, open for that */
  bool unnamed;                 /* its path was removed since: it is dropped */
  pr_fh_t *old;                 /* the existing file, open for its locks; or
                                 * NULL */
  cmd_rec *cmd;                 /* RETR, STOR or APPE since its PRE_CMD */
  enum ftpd_request req;
  bool rd, wr, append, scp;
  bool made;                    /* created or truncated by this session */
  bool fresh;                   /* created, with this mode */
  mode_t mode;
  bool stream;                  /* no offsets: FIFO, device */
  bool direct_rd, direct_wr;    /* the system's own functions serve it */
  bool rated;                   /* TransferRate applies ... */
  cmd_rec *paced;               /* ... that of this command */
  bool listened;                /* some module wants the data events */
  bool on_close;                /* it is then removed */
  bool counted, shared, told;   /* ftpd-quota-file.c: by a quota; others may
                                 * grow it; a refusal was logged */
  bool closing;                 /* ftpd_close() is at work */
  bool orphan;                  /* somebody has removed it */
  off_t lent;                   /* the part of its bytes that this session
                                 * gives back */
  struct board_file *live;      /* ftpd-live.c */
  struct record_open *begun;    /* ftpd-record-open.c */
  struct ftpd_digest *digest;   /* NULL: none is wanted */
  const char *refused;          /* the rule that failed it, for the client */
  off_t pos;                    /* of the descriptor, for hooked writes */
  off_t max_size;               /* MaxStoreFileSize; 0: none */
  bool whole_rd, whole_wr;      /* only from its beginning:
                                 * AllowRetrieveRestart, AllowStoreRestart */
  off_t run_rd, run_wr;         /* the offset reached from there */
  off_t end;                    /* append, max_size: the end of the file */
  size_t end_good;              /* ... which is accurate enough for this many
                                 * more bytes */
  bool modified;                /* existed before the upload */
  off_t total, size;            /* transferred; at open */
  off_t total_rd;               /* of total: read */
  off_t peeked;                 /* read, and not sent */
  struct {                      /* ftpd-fault.c */
    bool begun;                 /* there was a request ... */
    off_t begin;                /* ... the first of all here */
    int err;                    /* the error that was not corrected; 0 */
    off_t at;                   /* where */
  } ways[NWAYS];
  bool copied;                  /* the server read it, for a copy */
  int xfer_type;
  uint64_t begun_us;
  uint64_t spent_us[NCAUSES];   /* the account at that time */
  struct ftpd_range *locks, *spare_locks;       /* private to ftpd-lock.c */
};

/* ---- ftpd-open.c */

/* Opens a path for which the rules were checked, and never a link.  NULL with
 * errno.
 */
pr_fh_t *ftpd_open_held(const char *path, int flags);
/* The same with the permissions that mode and the umask allow. */
pr_fh_t *ftpd_open_new(const char *path, int flags, mode_t mode, bool exists);
/* Whether an existing file of that kind may be opened by OPEN or SCP; 0, or -1
 * with errno and op->refused.
 */
int ftpd_may_open(struct ftpd_op *op, const struct stat *st);
/* The functions that serve the data. */
void ftpd_choose_io(struct ftpd_file *f);
/* The operation ends although its file is not open yet. */
void ftpd_open_drop(struct ftpd_op *op);
/* So does the session. */
void ftpd_open_abort(struct ftpd *h);
/* Removes it from the list of open files. */
void ftpd_file_unlink(struct ftpd_file *f);

/* ---- ftpd-file.c */

void ftpd_file_abort(struct ftpd_file *f);
/* The line in the TransferLog: how is 'c' or 'i'. */
void ftpd_log_transfer(struct ftpd_file *f, enum ftpd_way way, char how);

/* ---- ftpd-fault.c: what became of a transfer */

/* A READ or WRITE at `offset' processed this many bytes, and then failed if err
 * is not 0.  The first error counts until a request succeeds at its place.
 */
void ftpd_fault_note(struct ftpd_file *f, enum ftpd_way way, off_t offset,
  size_t done, int err);
/* The client asked for the file to be on disk, which failed: so has its upload,
 * if the disk did not take it.
 */
void ftpd_fault_sync(struct ftpd_file *f, int err);
/* Bytes transferred in that direction. */
off_t ftpd_file_moved(const struct ftpd_file *f, enum ftpd_way way);
/* FTP's reply code for a failed transfer, and the reason. */
const char *ftpd_fault_code(int err);
const char *ftpd_fault_why(int err, const char *refused);
/* The reply: the result of the transfer, and the reason; with its notes. */
const char *ftpd_fault_answer(cmd_rec *cmd, const char *what,
  const char *why);

/* At the end of the session: aborts, logs and cleans up all open files. */
void ftpd_abort_all(struct ftpd *h);

#endif /* MOD_SFTP_FTPD_OPENFILE_H */
