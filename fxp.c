/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp.c -- SFTP: the table of requests and the service on a channel. */

#include "ftpd-io.h"
#include "ftpd-report.h"
#include "ftpd-wait.h"
#include "fxp-frame.h"
#include "fxp-gate.h"
#include "fxp-handlers.h"
#include "fxp-job.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "fxp-version.h"
#include "fxp-write.h"
#include "fxp.h"

/* Requests between two checks of the host's timers and signals, and of the
 * clock; milliseconds until other channels get their turn.
 */
#define POLL_EVERY 64
#define CLOCK_EVERY 16
#define SLICE_MS 50

static const struct request_row {
  const char *name;
  uint8_t min, max;             /* supported versions */
  fxp_handler run;
} request_rows[256] = {
  /*                     name       versions  handler */
  [SSH_FXP_OPEN] =     { "OPEN",     1, 6, fxp_do_open },
  [SSH_FXP_CLOSE] =    { "CLOSE",    1, 6, fxp_do_close },
  [SSH_FXP_READ] =     { "READ",     1, 6, fxp_do_read },
  [SSH_FXP_LSTAT] =    { "LSTAT",    1, 6, fxp_do_lstat },
  [SSH_FXP_FSTAT] =    { "FSTAT",    1, 6, fxp_do_fstat },
  [SSH_FXP_SETSTAT] =  { "SETSTAT",  1, 6, fxp_do_setstat },
  [SSH_FXP_FSETSTAT] = { "FSETSTAT", 1, 6, fxp_do_fsetstat },
  [SSH_FXP_OPENDIR] =  { "OPENDIR",  1, 6, fxp_do_opendir },
  [SSH_FXP_READDIR] =  { "READDIR",  1, 6, fxp_do_readdir },
  [SSH_FXP_REMOVE] =   { "REMOVE",   1, 6, fxp_do_remove },
  [SSH_FXP_MKDIR] =    { "MKDIR",    1, 6, fxp_do_mkdir },
  [SSH_FXP_RMDIR] =    { "RMDIR",    1, 6, fxp_do_rmdir },
  [SSH_FXP_REALPATH] = { "REALPATH", 1, 6, fxp_do_realpath },
  [SSH_FXP_STAT] =     { "STAT",     1, 6, fxp_do_stat },
  [SSH_FXP_RENAME] =   { "RENAME",   2, 6, fxp_do_rename },
  [SSH_FXP_READLINK] = { "READLINK", 3, 6, fxp_do_readlink },
  /* Version 6 has LINK instead, but Erlang's ssh_sftp sends SYMLINK. */
  [SSH_FXP_SYMLINK] =  { "SYMLINK",  3, 6, fxp_do_symlink },
  [SSH_FXP_LINK] =     { "LINK",     6, 6, fxp_do_link },
  [SSH_FXP_BLOCK] =    { "LOCK",     6, 6, fxp_do_block },
  [SSH_FXP_UNBLOCK] =  { "UNLOCK",   6, 6, fxp_do_unblock },
  [SSH_FXP_EXTENDED] = { "EXTENDED", 3, 6, fxp_do_extended }
};

/* ---- One request */

static void run_request(struct fxp *f, const unsigned char *p, size_t len) {
  const struct request_row *row = &request_rows[p[0]];
  struct fxp_req req;
  uint32_t status;

  memset(&req, 0, sizeof(req));
  req.fxp = f;
  req.ftpd = f->ftpd;
  req.type = p[0];
  req.id = sftp_get_u32(p + 1);
  req.name = row->name;
  req.pool = fxp_request_pool(f, len);
  sftp_rd_init(&req.in, p + 5, len - 5);
  if (row->run == NULL || f->version < row->min || f->version > row->max) {
    sftp_log("SFTP request of unknown type %u", req.type);
    ftpd_event(f->ftpd, "sftp.invalid-request", &req);
    fxp_finish_request(&req, SSH_FX_OP_UNSUPPORTED);
    return;
  }

  /* These two are checked by the kind of their operation. */
  if (p[0] != SSH_FXP_EXTENDED && p[0] != SSH_FXP_LINK &&
      !fxp_is_allowed(f, row->name, NULL)) {
    fxp_finish_request(&req, SSH_FX_PERMISSION_DENIED);
    return;
  }

  status = row->run(&req);
  f->selectable = false;
  if (status == SSH_FX_BAD_MESSAGE) {
    sftp_log("malformed SFTP %s request", row->name);
    req.err = EBADMSG;
  }

  if (status == FXP_LATER) {
    fxp_job_hold(f, &req);
    return;
  }

  fxp_finish_request(&req, status);
}

/* Collected WRITEs are carried out before any other request. */
static void run_message(struct fxp *f, struct sftp_str m) {
  fxp_write_out(f);
  if (m.ptr[0] == SSH_FXP_INIT) {
    fxp_on_init(f, m.ptr, m.len);

  } else {
    run_request(f, m.ptr, m.len);
  }
}

/* ---- The service */

/* Its time is over: the remaining input is offered again in the next turn. */
static bool is_over(struct fxp *f) {
  uint64_t now = sftp_now_ms();

  if (f->slice_ms == 0) {
    f->slice_ms = now;
  }

  if (now - f->slice_ms < SLICE_MS) {
    return false;
  }

  sftp_channel_again(f->ch);
  return true;
}

static ssize_t fxp_input(void *svc, const unsigned char *p, size_t len) {
  struct fxp *f = svc;
  struct sftp_str whole;
  size_t used = 0, n;
  unsigned int count = 0;

  f->need = 0;
  while (f->err == SFTP_OK && !f->done && f->job == NULL && used < len) {
    if (f->write.under_way) {
      used += fxp_write_data(f, p + used, len - used);
      continue;
    }

    if (sftp_channel_room(f->ch) == 0) {
      break;
    }

    n = fxp_frame_next(f, p + used, len - used, &whole);
    if (n == 0) {
      break;
    }

    if (whole.ptr != NULL) {
      run_message(f, whole);
    }

    used += n;
    if (++count % POLL_EVERY == 0) {
      ftpd_poll(f->ftpd);
    }

    if (count % CLOCK_EVERY == 0 && is_over(f)) {
      break;
    }
  }

  if (f->err != SFTP_OK) {
    return f->err;
  }

  return (ssize_t) (f->done ? len : used);
}

static int fxp_flush(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  fxp_out_shrink(f);
  return f->err;
}

static int fxp_ready(void *svc) {
  struct fxp *f = svc;

  f->slice_ms = 0;

  /* Requests that wait are offered again by the channel. */
  if (f->job != NULL && f->err == SFTP_OK) {
    fxp_job_go_on(f);
  }

  return f->err;
}

static int fxp_eof(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  if (f->write.under_way || f->need > 0) {
    sftp_log("the client ended SFTP in the middle of a request");
  }

  if (!f->done) {
    f->done = true;
    sftp_channel_finish(f->ch, 0);
  }

  return f->err;
}

static void fxp_close(void *svc) {
  struct fxp *f = svc;

  f->done = true;
  f->write.under_way = false;
  fxp_job_stop(f);
  fxp_handle_abort_all(f);
  ftpd_event(f->ftpd, "mod_sftp.sftp.session-closed", NULL);
  ftpd_set_protocol(f->ftpd, "ssh2");
}

static size_t fxp_missing(void *svc) {
  struct fxp *f = svc;

  return f->write.under_way ? f->write.left : f->need;
}

const struct sftp_service sftp_fxp_service = {
  .name = "sftp",
  .input = fxp_input,
  .flush = fxp_flush,
  .ready = fxp_ready,
  .eof = fxp_eof,
  .close = fxp_close,
  .missing = fxp_missing
};

void *sftp_fxp_start(struct ssh_conn *c, struct sftp_channel *ch, pool *p,
    const char *args, const char **why) {
  struct fxp *f = pcalloc(p, sizeof(*f));

  (void) args;
  (void) why;
  f->conn = c;
  f->ch = ch;
  f->ftpd = c->ftpd;
  f->pool = p;
  f->handles.max = ftpd_max_handles(c->ftpd);
  ftpd_set_protocol(c->ftpd, "sftp");
  ftpd_event(c->ftpd, "mod_sftp.sftp.session-opened", NULL);
  return f;
}
