/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-session.c -- SFTP on a channel: from bytes to requests, and the service
 * that channel.c calls.
 */

#include "fxp-int.h"

/* Requests between two looks at the host's timers and signals. */
#define POLL_EVERY 64

/* ---- From bytes to requests */

/* The length field of a request; 0 when it ends the channel. */
static size_t check_length(struct fxp *f, const unsigned char *p) {
  uint32_t len = sftp_get_u32(p);

  if (len < FXP_REQUEST_MIN) {
    sftp_log("SFTP request of %lu bytes is too short for one",
      (unsigned long) len);
    f->err = SFTP_ERR_SHORT;
    return 0;
  }

  if (len > FXP_REQUEST_MAX) {
    sftp_log("SFTP request of %lu bytes is longer than the %lu that are taken",
      (unsigned long) len, (unsigned long) FXP_REQUEST_MAX);
    f->err = SFTP_ERR_LIMIT;
    return 0;
  }

  return len;
}

/* Takes one request from n bytes, or the beginning of a WRITE; returns the
 * bytes used, 0 when more are needed.
 */
static size_t take_request(struct fxp *f, const unsigned char *p, size_t n) {
  size_t len, used;

  if (n < 5) {
    f->need = n >= 4 ? 1 : 0;
    return 0;
  }

  len = check_length(f, p);
  if (len == 0) {
    return 0;
  }

  if (f->version == 0 && p[4] != SSH_FXP_INIT) {
    sftp_log("SFTP request of type %u before INIT", p[4]);
    f->err = SFTP_ERR_ORDER;
    return 0;
  }

  if (p[4] == SSH_FXP_WRITE) {
    used = fxp_write_header(f, p + 4, n - 4, len);
    f->need = used > 0 ? 0 : 4 + len - n;
    return used > 0 ? 4 + used : 0;
  }

  if (n - 4 < len) {
    f->need = 4 + len - n;
    return 0;
  }

  /* What was gathered comes before whatever is asked now. */
  fxp_write_out(f);
  if (p[4] == SSH_FXP_INIT) {
    fxp_on_init(f, p + 4, len);

  } else {
    fxp_run(f, p + 4, len);
  }

  return 4 + len;
}

static ssize_t fxp_input(void *svc, const unsigned char *p, size_t len) {
  struct fxp *f = svc;
  size_t used = 0, n;
  unsigned int count = 0;

  f->need = 0;
  while (f->err == SFTP_OK && !f->done && f->job == NULL && used < len) {
    if (f->writing) {
      used += fxp_write_data(f, p + used, len - used);
      continue;
    }

    if (sftp_channel_room(f->ch) == 0) {
      break;
    }

    n = take_request(f, p + used, len - used);
    if (n == 0) {
      break;
    }

    used += n;
    if (++count % POLL_EVERY == 0) {
      ftpd_poll(f->ftpd);
    }
  }

  if (f->err != SFTP_OK) {
    return f->err;
  }

  return (ssize_t) (f->done ? len : used);
}

/* ---- The service */

static int fxp_flush(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  fxp_out_shrink(f);
  return f->err;
}

static int fxp_ready(void *svc) {
  struct fxp *f = svc;

  /* Requests that wait are offered again by the channel. */
  if (f->job != NULL && f->err == SFTP_OK) {
    fxp_job_go_on(f);
  }

  return f->err;
}

static int fxp_eof(void *svc) {
  struct fxp *f = svc;

  fxp_write_out(f);
  if (f->writing || f->need > 0) {
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
  f->writing = false;
  fxp_job_stop(f);
  fxp_handle_abort_all(f);
  ftpd_event(f->ftpd, "mod_sftp.sftp.session-closed", NULL);
  ftpd_set_protocol(f->ftpd, "ssh2");
}

static size_t fxp_missing(void *svc) {
  struct fxp *f = svc;

  return f->writing ? f->cur_left : f->need;
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
  f->max_handles = ftpd_max_handles(c->ftpd);
  ftpd_set_protocol(c->ftpd, "sftp");
  ftpd_event(c->ftpd, "mod_sftp.sftp.session-opened", NULL);
  return f;
}
