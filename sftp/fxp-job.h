/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-job.h -- requests that take more than one turn of the loop. */

#ifndef MOD_SFTP_FXP_JOB_H
#define MOD_SFTP_FXP_JOB_H

#include "fxp-request.h"

/* One piece of a request's work: FXP_LATER if there is more, otherwise the
 * result of a handler.  The bytes of req->in are no longer valid.
 */
typedef uint32_t (*fxp_step)(struct fxp_req *req, void *state);
/* Handlers return this: runs step now, and once per turn until it is done.
 * stop: the channel is closed, release state.
 */
uint32_t fxp_later(struct fxp_req *req, fxp_step step,
  void (*stop)(void *state), void *state);
/* The request whose handler returned FXP_LATER. */
void fxp_job_hold(struct fxp *f, const struct fxp_req *req);
void fxp_job_go_on(struct fxp *f);
/* Ends it without a reply. */
void fxp_job_stop(struct fxp *f);

#endif /* MOD_SFTP_FXP_JOB_H */
