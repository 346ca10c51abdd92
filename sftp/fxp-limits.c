/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-limits.c -- limits@openssh.com: the limits of one request. */

#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-limits.h"
#include "fxp-reply.h"
#include "fxp-session.h"

uint32_t fxp_data_max(const struct fxp *f) {
  uint32_t max = f->conn->set->client.data_max;

  return max > 0 && max < FXP_DATA_MAX ? max : FXP_DATA_MAX;
}

uint32_t fxp_read_max(const struct fxp *f) {
  return f->conn->set->client.data_max > 0 ? fxp_data_max(f) : FXP_READ_MAX;
}

uint32_t fxp_do_limits(struct fxp_req *req) {
  struct sftp_wr *w;

  if (sftp_rd_end(&req->in) != SFTP_OK) {
    return SSH_FX_BAD_MESSAGE;
  }

  fxp_begin(req, FTPD_LIMITS, "");
  w = fxp_reply(req, SSH_FXP_EXTENDED_REPLY);
  sftp_wr_u64(w, FXP_PACKET_MAX);
  sftp_wr_u64(w, fxp_data_max(req->fxp));
  sftp_wr_u64(w, fxp_data_max(req->fxp));
  sftp_wr_u64(w, req->fxp->handles.max);
  return fxp_reply_send(req);
}
