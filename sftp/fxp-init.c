/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* fxp-init.c -- INIT and its reply, VERSION. */

#include "ftpd-report.h"
#include "ftpd-user.h"
#include "fxp-reply.h"
#include "fxp-session.h"
#include "fxp-version.h"
#include "ssh-version.h"

/* The session cannot continue: tells the client why, in a message that it
 * shows.
 */
static void give_up(struct fxp *f, const char *why) {
  sftp_log("SFTP session ended: %s", why);
  (void) sftp_channel_write_stderr(f->ch, why, strlen(why));
  f->done = true;
  sftp_channel_finish(f->ch, 1);
}

static void send_version(struct fxp *f) {
  size_t mark;

  fxp_out_reset(f, 0);
  mark = sftp_wr_begin(&f->out.w);
  sftp_wr_u8(&f->out.w, SSH_FXP_VERSION);
  sftp_wr_u32(&f->out.w, f->version);
  fxp_version_pairs(&f->out.w, f);
  sftp_wr_finish(&f->out.w, mark);
  fxp_send(f, f->out.w.ptr, f->out.w.len);
}

/* The message of the day comes before the first reply. */
static void show_login_message(struct fxp *f) {
  const char *text = ftpd_login_message(f->ftpd, f->pool);

  if (text != NULL && text[0] != '\0') {
    (void) sftp_channel_write_stderr(f->ch, text, strlen(text));
  }
}

/* INIT: u32 version, then pairs that are ignored.  A second INIT does not start
 * a second session: it gets the same reply again.
 */
void fxp_on_init(struct fxp *f, const unsigned char *p, size_t len) {
  uint32_t wanted = sftp_get_u32(p + 1);
  unsigned int version;
  struct ftpd_op op;
  char arg[16];

  snprintf(arg, sizeof(arg), "%lu", (unsigned long) wanted);
  sftp_client_observed(f->conn, "speaks SFTP", sftp_str_of(arg));
  version = fxp_version_for(f, wanted);
  SFTP_TRACE(TRACE_SFTP, 7, "INIT %s", arg);
  ftpd_op_begin(f->ftpd, &op, fxp_request_pool(f, len), FTPD_INIT, arg);
  if (version == 0) {
    give_up(f, "this server speaks later versions of SFTP than the client\r\n");
    ftpd_op_end(&op, ENOTSUP, SSH_FX_OP_UNSUPPORTED, "Unsupported version");
    return;
  }

  if (f->version == 0) {
    show_login_message(f);
  }

  fxp_version_set(f, version);
  ftpd_sftp_version(f->ftpd, version);
  sftp_log("using SFTP protocol version %u for this session (channel ID %lu)",
    version, (unsigned long) sftp_channel_id(f->ch));
  send_version(f);
  ftpd_op_end(&op, 0, SSH_FX_OK, "OK");
}
