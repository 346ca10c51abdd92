/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-gate.h -- contract with the daemon: one operation on files, from its
 * name to its log line.
 *
 * Every SFTP request and SCP action makes an operation, asks permission for
 * each path it names, acts, and ends it.  The row of the operation has its
 * command name, its FTP equivalent and its filters.  Functions return 0 or -1
 * with errno unless they say otherwise.
 */

#ifndef MOD_SFTP_FTPD_GATE_H
#define MOD_SFTP_FTPD_GATE_H

#include "base.h"

struct ftpd;
struct ftpd_file;

enum ftpd_request {
  FTPD_INIT, FTPD_OPEN_READ, FTPD_OPEN_WRITE, FTPD_OPEN_APPEND, FTPD_CLOSE,
  FTPD_READ, FTPD_WRITE, FTPD_LSTAT, FTPD_FSTAT, FTPD_STAT, FTPD_SETSTAT,
  FTPD_FSETSTAT, FTPD_OPENDIR, FTPD_READDIR, FTPD_REMOVE, FTPD_MKDIR,
  FTPD_RMDIR, FTPD_REALPATH, FTPD_RENAME, FTPD_READLINK, FTPD_SYMLINK,
  FTPD_LINK, FTPD_LOCK, FTPD_UNLOCK, FTPD_EXTENDED, FTPD_STATVFS, FTPD_FSYNC,
  FTPD_HARDLINK, FTPD_HOMEDIR, FTPD_LIMITS, FTPD_COPY, FTPD_DIGEST,
  FTPD_XATTR_GET, FTPD_XATTR_SET,
  FTPD_SCP_RECV, FTPD_SCP_SEND, FTPD_SCP_MKDIR,
  FTPD_LSETSTAT,                /* SETSTAT of a link itself */
  FTPD_NREQUESTS
};

/* What a file is opened for. */
#define FTPD_USE_READ   0x1U
#define FTPD_USE_WRITE  0x2U
#define FTPD_USE_DELETE 0x4U

struct ftpd_op {
  struct ftpd *ftpd;
  pool *pool;                   /* this operation's */
  enum ftpd_request req;
  const char *arg;              /* what logs show; belongs to the caller */
  /* Set by the caller after ftpd_op_begin(), if there is a handle: the handle
   * as the client knows it (for logs), and the open file behind it.
   */
  const char *handle;
  struct ftpd_file *file;
  int64_t offset;               /* of a READ or WRITE, for logs */
  /* Set by the caller before ftpd_open(). */
  unsigned int deny;            /* FTPD_USE_* that others must not have */
  bool deletes;                 /* the file is removed when it is closed */
  /* Set by the caller before ftpd_permit(): SFTP_EFF_* (effects.h) that the
   * request has because of what it asks for, and whether it makes a file whose
   * name must be free: then a link is a name that is taken.
   */
  unsigned int effects;
  bool exclusive;
  int blind;                    /* FTPD_REALPATH: 0, or the path is text alone
                                 * and this the errno of looking at it */
  const char *refused;          /* after a refusal: text naming the rule */
  void *state;                  /* the host's own */
};

/* Begins an operation; arg is what logs show (path, handle, "old new"), kept by
 * reference.  Costs next to nothing until it is used.
 */
void ftpd_op_begin(struct ftpd *h, struct ftpd_op *op, pool *p,
  enum ftpd_request req, const char *arg);
/* PRE_CMD phases, rewrites, <Limit>, filters and hidden files for the path.
 * Returns the path to act on (absolute, after rewrites), or NULL with errno
 * and op->refused.  Paths are as the client sent them: relative to where the
 * login landed; "" is no path (ENOENT).  For operations of two paths (old and
 * new, existing and new, source and target), `second' goes through the same
 * with the second's rules and is replaced; NULL otherwise.  FTPD_SYMLINK: path
 * is the text of the link, checked as seen from the directory of `second' and
 * handed back as text, not made absolute.
 */
const char *ftpd_permit(struct ftpd_op *op, const char *path,
  const char **second);
/* The same for an open handle's path (as ftpd_file_path() gives it), without
 * FTP equivalent and without rewriting: FSTAT, FSETSTAT, LOCK, FSYNC...  READ
 * and WRITE need none: what a file may be used for is decided when it is
 * opened.
 */
int ftpd_permit_handle(struct ftpd_op *op, const char *path);
/* Within an operation: whether a further effect (one of SFTP_EFF_*), like
 * setting an attribute, is permitted; errno and op->refused as ftpd_permit().
 */
int ftpd_permit_effect(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether what came with OPEN may be set on the file it made: only what SETSTAT
 * could do afterwards, and no owner where UserOwner or GroupOwner give the file
 * to somebody.  Logs nothing: what may not be set is left out.  (ftpd_open()
 * sees to the permissions.)
 */
bool ftpd_may_set_new(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether the session may know what is at the path, for decisions that no
 * request of the client asks for.  Logs nothing.  *path becomes where its links
 * lead.
 */
bool ftpd_may_look(struct ftpd *h, pool *p, const char **path);
/* Ends it: POST_CMD and LOG_CMD with err 0, the *_ERR pair otherwise, of the
 * own name and the equivalent.  status and text are what the client was told.
 */
void ftpd_op_end(struct ftpd_op *op, int err, unsigned int status,
  const char *text);

#endif /* MOD_SFTP_FTPD_GATE_H */
