/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* cell-messages.c -- the messages of a client that is not logged in: the
 * transport's are handled here, requests are passed to the monitor.
 */

#include "cell.h"

#include "kex.h"
#include "ssh2.h"
#include "transport-msgs.h"

/* The longest request: answers to as many prompts as there may be. */
#define REQUEST_MAX (128 * 1024)

void cell_write_message(struct sftp_wr *w, uint32_t seqno, uint8_t type,
    struct sftp_str fields) {
  sftp_wr_u32(w, seqno);
  sftp_wr_u8(w, type);
  sftp_wr_bytes(w, fields.ptr, fields.len);
}

/* A message that the monitor serves; it may contain a password. */
static int on_request(struct ssh_conn *c, struct sftp_rd *r) {
  struct ftpd *h = c->ftpd;
  struct sftp_str fields = sftp_rd_rest(r);
  struct sftp_wr w;
  pool *p;

  if (fields.len > REQUEST_MAX) {
    return sftp_fail(c, SFTP_ERR_LIMIT, "request of %lu bytes before the login",
      (unsigned long) fields.len);
  }

  p = make_sub_pool(h->pool);
  sftp_wr_init(&w, p, fields.len + 16, REQUEST_MAX + 16);
  cell_write_message(&w, sftp_packets_seqno_in(c->pkts) - 1,
    c->state.msg_type, fields);
  cell_tell(h, PAIR_REQUEST, &w);
  sftp_wr_wipe(&w);
  destroy_pool(p);
  sftp_wipe((void *) fields.ptr, fields.len);
  h->asked = true;
  return SFTP_OK;
}

static int on_userauth_request(struct ssh_conn *c, struct sftp_rd *r) {
  int res = sftp_kex_auth_info(c);

  return res == SFTP_OK ? on_request(c, r) : res;
}

/* Before the login, nobody needs a reply. */
static int on_ping(struct ssh_conn *c, struct sftp_rd *r) {
  (void) c;
  (void) r;
  return SFTP_OK;
}

/* Nobody is logged in here. */
static int on_channel_message(struct ssh_conn *c, struct sftp_rd *r) {
  (void) r;
  return sftp_fail(c, SFTP_ERR_ORDER, "a channel before the login");
}

#define LATER(name) { name, PH_OPEN, 0, on_channel_message }

static const struct sftp_msg msgs[256] = {
  SFTP_TRANSPORT_MSGS,
  [SSH_MSG_SERVICE_REQUEST] = { "SERVICE_REQUEST", PH_KEYED, 0, on_request },
  [SSH_MSG_USERAUTH_REQUEST] = { "USERAUTH_REQUEST", PH_AUTH|PH_OPEN, 0,
    on_userauth_request },
  [SSH_MSG_USERAUTH_INFO_RESPONSE] = { "USERAUTH_INFO_RESPONSE", PH_AUTH, 0,
    on_request },
  [SSH_MSG_GLOBAL_REQUEST] = LATER("GLOBAL_REQUEST"),
  [SSH_MSG_REQUEST_SUCCESS] = LATER("REQUEST_SUCCESS"),
  [SSH_MSG_REQUEST_FAILURE] = LATER("REQUEST_FAILURE"),
  [SSH_MSG_CHANNEL_OPEN] = LATER("CHANNEL_OPEN"),
  [SSH_MSG_CHANNEL_WINDOW_ADJUST] = LATER("CHANNEL_WINDOW_ADJUST"),
  [SSH_MSG_CHANNEL_DATA] = LATER("CHANNEL_DATA"),
  [SSH_MSG_CHANNEL_EXTENDED_DATA] = LATER("CHANNEL_EXTENDED_DATA"),
  [SSH_MSG_CHANNEL_EOF] = LATER("CHANNEL_EOF"),
  [SSH_MSG_CHANNEL_CLOSE] = LATER("CHANNEL_CLOSE"),
  [SSH_MSG_CHANNEL_REQUEST] = LATER("CHANNEL_REQUEST"),
  [SSH_MSG_CHANNEL_SUCCESS] = LATER("CHANNEL_SUCCESS"),
  [SSH_MSG_CHANNEL_FAILURE] = LATER("CHANNEL_FAILURE"),
  [SSH_MSG_PING] = { "PING", PH_KEYED, 0, on_ping }
};

/* ---- What the loop runs: there are no channels, and the monitor watches the
 * time.
 */

static int nothing(struct ssh_conn *c) {
  (void) c;
  return SFTP_OK;
}

static bool never(const struct ssh_conn *c) {
  (void) c;
  return false;
}

static void look_ahead(struct ssh_conn *c, struct conn_ahead *ahead) {
  (void) c;
  ahead->due_ms = UINT64_MAX;
}

static bool no_channel(const struct ssh_conn *c, uint32_t *id) {
  (void) c;
  *id = 0;
  return false;
}

static void end(struct ssh_conn *c) {
  (void) c;
}

const struct sftp_upper cell_upper = {
  .msgs = msgs,
  .flush = nothing,
  .pump = nothing,
  .check = nothing,
  .runnable = never,
  .look_ahead = look_ahead,
  .last_channel = no_channel,
  .end = end
};
