/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-request.h -- one request, from its bytes to its end. */

#ifndef MOD_SFTP_FXP_REQUEST_H
#define MOD_SFTP_FXP_REQUEST_H

#include "ftpd-gate.h"
#include "wire.h"

struct fxp;

/* Not a status: the handler has sent its reply. */
#define FXP_REPLIED 0xffffffffU

/* Not a status either: the request continues in the next turn (fxp_later()). */
#define FXP_LATER 0xfffffffeU

struct fxp_req {
  struct fxp *fxp;
  struct ftpd *ftpd;
  pool *pool;
  uint8_t type;
  uint32_t id;
  const char *name;             /* for logs */
  struct sftp_rd in;            /* the fields after the id */
  struct ftpd_op op;
  bool op_open;                 /* op was begun, the dispatcher ends it */
  struct ftpd_op outer;         /* EXTENDED around it */
  bool outer_open;
  int err;                      /* errno of the status, for the log */
  const char *text;             /* text of the STATUS; NULL: the default */
  const char *data;             /* version 6: further data, or NULL */
};

/* Decodes a request, asks the gate, acts and replies; returns a status for the
 * dispatcher to send, FXP_REPLIED or FXP_LATER.
 */
typedef uint32_t (*fxp_handler)(struct fxp_req *req);

/* The memory that requests share for a while. */
struct fxp_memory {
  pool *pool;
  unsigned int requests;        /* since it was made */
  size_t bytes;
};

/* A path; "~" and "~/..." start from the user's home directory. */
const char *fxp_read_path(struct fxp_req *req);
/* Converts a name from the client's charset to that of the files, and the
 * reverse.
 */
const char *fxp_read_name(struct fxp_req *req);
const char *fxp_name_out(struct fxp_req *req, const char *name);

/* The pool of a request of len bytes: it lives until the request is done, and
 * possibly longer.
 */
pool *fxp_request_pool(struct fxp *f, size_t len);
/* Replies with the status that a handler returned, and closes what the request
 * began.
 */
void fxp_finish_request(struct fxp_req *req, uint32_t status);

#endif /* MOD_SFTP_FXP_REQUEST_H */
