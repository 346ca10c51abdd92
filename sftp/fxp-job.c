/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-job.c -- requests that take more than one turn of the loop: checksums and
 * copies of large files.  Later requests of the channel wait, those of other
 * channels do not.
 */

#include "fxp-job.h"
#include "fxp-session.h"

struct fxp_job {
  struct fxp_req req;
  fxp_step step;
  void (*stop)(void *state);
  void *state;
};

uint32_t fxp_later(struct fxp_req *req, fxp_step step,
    void (*stop)(void *state), void *state) {
  uint32_t status = step(req, state);
  struct fxp_job *job;

  if (status != FXP_LATER) {
    return status;
  }

  /* The pool of the requests is kept until the job is done. */
  job = pcalloc(req->pool, sizeof(*job));
  job->step = step;
  job->stop = stop;
  job->state = state;
  req->fxp->job = job;
  return FXP_LATER;
}

void fxp_job_hold(struct fxp *f, const struct fxp_req *req) {
  f->job->req = *req;
  sftp_channel_again(f->ch);
}

void fxp_job_go_on(struct fxp *f) {
  struct fxp_job *job = f->job;
  uint32_t status = job->step(&job->req, job->state);

  if (status == FXP_LATER) {
    sftp_channel_again(f->ch);
    return;
  }

  f->job = NULL;
  fxp_finish_request(&job->req, status);
}

void fxp_job_stop(struct fxp *f) {
  struct fxp_job *job = f->job;
  struct fxp_req *req;

  if (job == NULL) {
    return;
  }

  f->job = NULL;
  job->stop(job->state);
  req = &job->req;
  if (req->op_open) {
    ftpd_op_end(&req->op, ECANCELED, SSH_FX_FAILURE, "Failure");
  }

  if (req->outer_open) {
    ftpd_op_end(&req->outer, ECANCELED, SSH_FX_FAILURE, "Failure");
  }
}
