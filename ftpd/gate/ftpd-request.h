/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-request.h -- the table of requests, and the state of a current operation
 * (ftpd-op.c).
 */

#ifndef MOD_SFTP_FTPD_REQUEST_H
#define MOD_SFTP_FTPD_REQUEST_H

#include "ftpd-openfile.h"

#include "ftpd-gate.h"

enum equivalent { EQUIV_NONE, EQUIV_FILE, EQUIV_LIST, EQUIV_PATH, EQUIV_RENAME,
  EQUIV_SITE_COPY, EQUIV_SYMLINK };

#define ROW_PRE         0x01    /* there is a PRE_CMD phase under its own
                                 * name */
#define ROW_FOLLOW1     0x02    /* the first path: the last link is followed */
#define ROW_FILTER1     0x04    /* PathAllowFilter and PathDenyFilter */
#define ROW_FILTER2     0x08
#define ROW_LOOKS       0x10    /* only looks: the decision may be per
                                 * directory */
#define ROW_HANDLE_PRE  0x20    /* PRE_CMD also for a handle */
#define ROW_TWO         0x40    /* it names two paths */
#define ROW_WORDS       0x80    /* AllowFilter and DenyFilter are checked:
                                 * there is no PRE_CMD, in which the daemon
                                 * would do it */

struct req_row {
  const char *name;             /* own command; NULL: only the equivalent's */
  int cls;
  unsigned int flags;           /* ROW_* */
  enum equivalent kind;
  const char *equivalent;       /* equivalent FTP command */
  int equivalent_class;
  const char *done;             /* reply code of the equivalent's success */
};

extern const struct req_row ftpd_requests[FTPD_NREQUESTS];

struct op_state {
  pool *pool;                   /* of the equivalents; an open file keeps it */
  cmd_rec *own, *equivalent, *equivalent2;
  bool handed;                  /* the equivalent now belongs to the open
                                 * file */
  int xfer_type;                /* after STOR's PRE_CMD */
  const char *code;             /* FTP's, of the handler that refused */
  bool first_ok;                /* there was no objection to the first path */
  const char *path, *path2;     /* canonical names as used */
  const char *sent, *sent2;     /* as the client sent them, or NULL */
  off_t size;                   /* REMOVE: of the removed file */
  bool removed;
  off_t mark;                   /* ftpd-hidden.c: the name it locked, or 0 */
  struct opening *opening;      /* ftpd-open.c: continues later */
  struct ftpd_file *opened;     /* by this operation */
  struct ftpd_file closed;      /* by this operation: its former stat */
};

struct op_state *ftpd_op_state(struct ftpd_op *op);
/* Its name in logs. */
const char *ftpd_op_name(const struct ftpd_op *op);
/* Its classes for ExtendedLog: the line of a transfer in READ or WRITE is that
 * of its FTP command.  STAT is an FTP command by name.
 */
int ftpd_own_class(enum ftpd_request req);
/* The command under the request's own name, made at its first use. */
cmd_rec *ftpd_own_cmd(struct ftpd_op *op, const char *arg);

#endif /* MOD_SFTP_FTPD_REQUEST_H */
