/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-reply.h -- replies: the status for an errno, and messages. */

#ifndef MOD_SFTP_FXP_REPLY_H
#define MOD_SFTP_FXP_REPLY_H

#include "fxp-request.h"
#include "fxp-wire.h"
#include "wire.h"

struct fxp_attrs;
struct fxp_handle;

/* The reply that is being built. */
struct fxp_output {
  pool *pool;                   /* of w; NULL: none yet */
  struct sftp_wr w;
};

/* ---- Statuses (fxp-status.c) */

/* The status for an errno in the current version; records err and text. */
uint32_t fxp_status(struct fxp_req *req, int err);
/* The same with another text. */
uint32_t fxp_fail(struct fxp_req *req, uint32_t status, int err,
  const char *text);
/* After a refusal by the gate: by errno, with the name of the rule. */
uint32_t fxp_refused(struct fxp_req *req, int err);
uint32_t fxp_bad_handle(struct fxp_req *req);
/* Only the status and its text, for replies that have no request. */
uint32_t fxp_status_of(unsigned int version, int err, const char **text);
const char *fxp_status_text(uint32_t status);
/* The status for an invalid handle. */
uint32_t fxp_bad_handle_status(unsigned int version);

/* ---- Messages (fxp-reply.c) */

/* Bytes to the client; a failure ends the channel. */
void fxp_send(struct fxp *f, const void *p, size_t n);
/* Empties the writer of replies and gives it room for at least n bytes. */
void fxp_out_reset(struct fxp *f, size_t n);
/* Frees memory that only a large reply needed. */
void fxp_out_shrink(struct fxp *f);
/* Appends a complete STATUS message; data as in struct fxp_req. */
void fxp_put_status(struct sftp_wr *w, unsigned int version, uint32_t id,
  uint32_t status, const char *text, const char *data);
/* A reply: begin with its type, put the fields, send. fxp_reply_send() returns
 * FXP_REPLIED, or a status if the reply was too large.
 */
struct sftp_wr *fxp_reply(struct fxp_req *req, uint8_t type);
uint32_t fxp_reply_send(struct fxp_req *req);
/* NAME with one name, and attributes (NULL: none). */
uint32_t fxp_reply_name(struct fxp_req *req, const char *name);
uint32_t fxp_reply_name_attrs(struct fxp_req *req, const char *name,
  const struct fxp_attrs *a);
uint32_t fxp_reply_handle(struct fxp_req *req, const struct fxp_handle *h);

#endif /* MOD_SFTP_FXP_REPLY_H */
