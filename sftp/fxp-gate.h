/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-gate.h -- how a handler asks the gate before it acts. */

#ifndef MOD_SFTP_FXP_GATE_H
#define MOD_SFTP_FXP_GATE_H

#include "fxp-handle.h"
#include "fxp-request.h"

/* Begins the operation of a request; arg is what logs show. */
void fxp_begin(struct fxp_req *req, enum ftpd_request what, const char *arg);
/* The same for an open handle; arg NULL: the handle's own text. */
void fxp_begin_handle(struct fxp_req *req, enum ftpd_request what,
  const char *arg, const struct fxp_handle *h);
/* Begins it and asks the gate; OK, or the status to return. */
uint32_t fxp_permit_handle(struct fxp_req *req, enum ftpd_request what,
  const char *arg, const struct fxp_handle *h);
/* The same for the client's text of a handle, after the last field of the
 * request; *h is NULL if there is no such handle.
 */
uint32_t fxp_permit_named(struct fxp_req *req, enum ftpd_request what,
  const char *arg, struct sftp_str text, struct fxp_handle **h);
/* Begins it and asks the gate for the path (and the second, if any); NULL
 * with errno when refused: return fxp_refused().
 */
const char *fxp_permit(struct fxp_req *req, enum ftpd_request what,
  const char *path, const char **second);
/* Whether the user's forced command (forced.h) allows this request, or a kind
 * of it (how, NULL: any); if not, the log says so.
 */
bool fxp_is_allowed(const struct fxp *f, const char *name, const char *how);

#endif /* MOD_SFTP_FXP_GATE_H */
