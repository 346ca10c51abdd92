/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* ftpd-gate.h -- contract with the daemon: one file operation, from its name to
 * its log line.
 *
 * Every SFTP request and SCP action begins an operation, requests permission
 * for each path it names, acts, and ends the operation.  The table row of the
 * operation has its command name, its FTP equivalent and its filters.
 * Functions return 0 or -1 with errno unless they say otherwise.
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

/* The purpose of opening a file. */
#define FTPD_USE_READ   0x1U
#define FTPD_USE_WRITE  0x2U
#define FTPD_USE_DELETE 0x4U

struct ftpd_op {
  struct ftpd *ftpd;
  pool *pool;                   /* this operation's */
  enum ftpd_request req;
  const char *arg;              /* what logs show; belongs to the caller */
  /* Set by the caller after ftpd_op_begin() if there is a handle: the handle as
   * the client knows it (for logs), and its open file.
   */
  const char *handle;
  struct ftpd_file *file;
  int64_t offset;               /* of a READ or WRITE, for logs */
  /* Set by the caller before ftpd_open(). */
  unsigned int deny;            /* FTPD_USE_* that others are denied */
  bool deletes;                 /* remove the file when it is closed */
  /* Set by the caller before ftpd_permit(): further SFTP_EFF_* (effects.h) of
   * this request, and whether it creates a file whose name must not exist: a
   * link then counts as an existing name.
   */
  unsigned int effects;
  bool exclusive;
  int blind;                    /* FTPD_REALPATH: 0, or the errno of
                                 * accessing the path, which is then only
                                 * text */
  const char *refused;          /* after a refusal: a text that names the
                                 * rule */
  const char *rule;             /* the same, even if the client is not to know
                                 * it */
  void *state;                  /* private to the daemon's side */
};

/* Begins an operation. arg is what logs show (path, handle, "old new"); it is
 * kept by reference.  Costs almost nothing until it is used.
 */
void ftpd_op_begin(struct ftpd *h, struct ftpd_op *op, pool *p,
  enum ftpd_request req, const char *arg);
/* Runs the PRE_CMD phases, rewrites, <Limit>, filters and checks for hidden
 * files for the path.  Returns the path to act on (absolute, after rewrites),
 * or NULL with errno and op->refused.  Paths are as the client sent them:
 * relative to the directory after the login; "" does not exist (ENOENT).  For
 * operations on two paths (old and new, existing and new, source and target),
 * `second' passes the same checks with the rules of the second path, and is
 * replaced; otherwise it is NULL.  FTPD_SYMLINK: path is the text of the link.
 * It is checked relative to the directory of `second', and returned as text,
 * not made absolute.
 */
const char *ftpd_permit(struct ftpd_op *op, const char *path,
  const char **second);
/* The same for the path of an open handle (from ftpd_file_path()), without FTP
 * equivalent and without rewriting: FSTAT, FSETSTAT, LOCK, FSYNC... READ and
 * WRITE need no permission: OPEN has decided what the file may be used for.
 */
int ftpd_permit_handle(struct ftpd_op *op, const char *path);
/* Within an operation: whether a further effect (one of SFTP_EFF_*), such as
 * setting an attribute, is permitted; errno and op->refused as for
 * ftpd_permit().
 */
int ftpd_permit_effect(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether attributes from OPEN may be set on the new file: only those that
 * SETSTAT could set afterwards, and no owner if UserOwner or GroupOwner set
 * one.  Logs nothing: attributes that are not permitted are left out.
 * (ftpd_open() handles the mode.)
 */
bool ftpd_may_set_new(struct ftpd_op *op, const char *path,
  unsigned int effect);
/* Whether the session may look at the path, for decisions that the client did
 * not request.  Logs nothing.  *path becomes the resolved path.
 */
bool ftpd_may_look(struct ftpd *h, pool *p, const char **path);
/* Ends the operation: POST_CMD and LOG_CMD if err is 0, otherwise the *_ERR
 * pair, for its own name and the equivalent. status and text are what the
 * client was sent.
 */
void ftpd_op_end(struct ftpd_op *op, int err, unsigned int status,
  const char *text);

#endif /* MOD_SFTP_FTPD_GATE_H */
