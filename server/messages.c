/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* messages.c -- the table of messages, and what the loop of a connection runs
 * for channels and logins.
 */

#include "conn.h"

#include "channel.h"
#include "exec.h"
#include "fxp.h"
#include "global.h"
#include "kex.h"
#include "messages.h"
#include "scp.h"
#include "service.h"
#include "traffic.h"
#include "transport-msgs.h"
#include "userauth.h"

static const struct sftp_service_row service_rows[] = {
  { "subsystem", "sftp", SFTP_SERVICE_FL_SFTP, &sftp_fxp_service,
    sftp_fxp_start },
  { "exec", "scp", SFTP_SERVICE_FL_SCP, &sftp_scp_service, sftp_scp_start },
  { "exec", "", 0, &sftp_exec_service, sftp_exec_start },
  { NULL, NULL, 0, NULL, NULL }
};

/* Traffic is hidden after the login; before, nobody needs a reply. */
static int on_ping(struct ssh_conn *c, struct sftp_rd *r) {
  return c->state.authenticated ? sftp_on_ping(c, r) : SFTP_OK;
}

static int on_request_answer(struct ssh_conn *c, struct sftp_rd *r) {
  (void) r;
  sftp_conn_alive_answered(c);
  return SFTP_OK;
}

static int on_channel_answer(struct ssh_conn *c, struct sftp_rd *r) {
  sftp_conn_alive_answered(c);
  return sftp_on_channel_reply(c, r);
}

/* A USERAUTH_REQUEST after success is ignored (RFC 4252, section 5.1). */
static int on_userauth_request(struct ssh_conn *c, struct sftp_rd *r) {
  int res = c->state.authenticated ? SFTP_OK : sftp_kex_auth_info(c);

  return c->state.authenticated || res != SFTP_OK ? res :
    sftp_on_userauth_request(c, r);
}


const struct sftp_msg sftp_msgs[256] = {
  SFTP_TRANSPORT_MSGS,
  [SSH_MSG_SERVICE_REQUEST] = { "SERVICE_REQUEST", PH_KEYED, 0,
    sftp_on_service_request },
  [SSH_MSG_USERAUTH_REQUEST] = { "USERAUTH_REQUEST", PH_AUTH|PH_OPEN, 0,
    on_userauth_request },
  [SSH_MSG_USERAUTH_INFO_RESPONSE] = { "USERAUTH_INFO_RESPONSE", PH_AUTH, 0,
    sftp_on_userauth_info_response },
  [SSH_MSG_GLOBAL_REQUEST] = { "GLOBAL_REQUEST", PH_OPEN, 0,
    sftp_on_global_request },
  [SSH_MSG_REQUEST_SUCCESS] = { "REQUEST_SUCCESS", PH_OPEN, 0,
    on_request_answer },
  [SSH_MSG_REQUEST_FAILURE] = { "REQUEST_FAILURE", PH_OPEN, 0,
    on_request_answer },
  [SSH_MSG_CHANNEL_OPEN] = { "CHANNEL_OPEN", PH_OPEN, 0,
    sftp_on_channel_open },
  [SSH_MSG_CHANNEL_WINDOW_ADJUST] = { "CHANNEL_WINDOW_ADJUST", PH_OPEN, 0,
    sftp_on_channel_window_adjust },
  [SSH_MSG_CHANNEL_DATA] = { "CHANNEL_DATA", PH_OPEN, 0,
    sftp_on_channel_data },
  [SSH_MSG_CHANNEL_EXTENDED_DATA] = { "CHANNEL_EXTENDED_DATA", PH_OPEN, 0,
    sftp_on_channel_extended_data },
  [SSH_MSG_CHANNEL_EOF] = { "CHANNEL_EOF", PH_OPEN, 0, sftp_on_channel_eof },
  [SSH_MSG_CHANNEL_CLOSE] = { "CHANNEL_CLOSE", PH_OPEN, 0,
    sftp_on_channel_close },
  [SSH_MSG_CHANNEL_REQUEST] = { "CHANNEL_REQUEST", PH_OPEN, 0,
    sftp_on_channel_request },
  [SSH_MSG_CHANNEL_SUCCESS] = { "CHANNEL_SUCCESS", PH_OPEN, 0,
    on_channel_answer },
  [SSH_MSG_CHANNEL_FAILURE] = { "CHANNEL_FAILURE", PH_OPEN, 0,
    on_channel_answer },
  [SSH_MSG_PING] = { "PING", PH_KEYED, 0, on_ping }
};

/* ---- What the loop runs */

static int pump(struct ssh_conn *c) {
  int res = sftp_channels_pump(c);

  return res == SFTP_OK ? sftp_global_check(c) : res;
}

static void look_ahead(struct ssh_conn *c, struct conn_ahead *ahead) {
  ahead->working = sftp_channels_working(c);
  ahead->blocked = sftp_channels_blocked(c);
  ahead->missing = sftp_channels_missing(c);
  ahead->due_ms = sftp_auth_due_ms(c);
}

static const struct sftp_upper upper = {
  .msgs = sftp_msgs,
  .flush = sftp_channels_flush,
  .pump = pump,
  .check = sftp_auth_check,
  .runnable = sftp_channels_runnable,
  .look_ahead = look_ahead,
  .last_channel = sftp_channels_last,
  .end = sftp_channels_close_all
};

struct ssh_conn *sftp_conn_new(pool *p, int fd,
    const struct sftp_settings *set, struct ftpd *ftpd) {
  struct ssh_conn *c = sftp_conn_begin(p, fd, set, ftpd, &upper);

  c->auth = sftp_auth_new(c);
  c->channels = sftp_channels_new(c);
  c->global = sftp_global_new(c);
  c->services.rows = service_rows;
  return c;
}
