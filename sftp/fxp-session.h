/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-session.h -- one SFTP session: the state of its parts.
 *
 * A session takes bytes and splits them into requests (fxp-frame.c); the table
 * in fxp.c has a handler for each.  A handler decodes, asks the gate, acts and
 * replies; it returns a status for the dispatcher to send, or FXP_REPLIED.
 * Only WRITE is not collected first: its data goes to the file by reference as
 * it arrives (fxp-write.c).
 */

#ifndef MOD_SFTP_FXP_SESSION_H
#define MOD_SFTP_FXP_SESSION_H

#include "conn.h"
#include "fxp-handle.h"
#include "fxp-owner.h"
#include "fxp-reply.h"
#include "fxp-request.h"
#include "fxp-write.h"
#include "service.h"

struct fxp_job;

struct fxp {
  struct ssh_conn *conn;
  struct sftp_channel *ch;
  struct ftpd *ftpd;
  pool *pool;                   /* the channel's */
  unsigned int version;         /* 0 before INIT */
  bool selectable;              /* version-select is allowed now */
  uint64_t asked;               /* rows of the table of extensions */
  bool translate;               /* file names are converted to UTF-8 */
  bool leave;                   /* the session ends after this reply */
  bool done;                    /* all further input is dropped */
  uint64_t slice_ms;            /* when it began its work; 0: not yet */
  int err;                      /* of the channel, sticky */
  size_t need;                  /* see sftp_service.missing */
  struct fxp_memory memory;
  struct fxp_output out;
  struct fxp_handles handles;
  struct fxp_owners owners;
  struct fxp_writes write;
  struct fxp_job *job;          /* a request that continues, or NULL */
};

#endif /* MOD_SFTP_FXP_SESSION_H */
