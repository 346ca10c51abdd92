/*
 * mod_sftp: SSH-2, SFTP and SCP inside ProFTPD
 * Copyright (c) 2026 The mod_sftp authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later WITH OpenSSL-linking-exception
 * (see LICENSE)
 */

/* disconnect.c -- DISCONNECT, sent and received (RFC 4253, section 11.1). */

#include <poll.h>
#include <sys/socket.h>

#include "conn.h"
#include "disconnect.h"
#include "ftpd-user.h"
#include "kex.h"

#define DRAIN_MS 1000
#define DRAIN_BYTES (4 * 1024 * 1024)

static const struct {
  int err;
  unsigned int reason;
} reasons[] = {
  { SFTP_ERR_MAC, SSH_DISCONNECT_MAC_ERROR },
  { SFTP_ERR_NOMATCH, SSH_DISCONNECT_KEY_EXCHANGE_FAILED },
  { SFTP_ERR_KEX, SSH_DISCONNECT_KEY_EXCHANGE_FAILED },
  { SFTP_ERR_VERSION, SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED },
  { SFTP_ERR_SERVICE, SSH_DISCONNECT_SERVICE_NOT_AVAILABLE },
  { SFTP_ERR_TOOMANY, SSH_DISCONNECT_BY_APPLICATION },
  { SFTP_ERR_DENIED, SSH_DISCONNECT_BY_APPLICATION },
  { SFTP_ERR_BUDGET, SSH_DISCONNECT_BY_APPLICATION },
  { SFTP_ERR_TIMEOUT, SSH_DISCONNECT_BY_APPLICATION },
  { SFTP_ERR_CRYPTO, SSH_DISCONNECT_BY_APPLICATION },
  { SFTP_ERR_IO, SSH_DISCONNECT_CONNECTION_LOST },
  { 0, 0 }
};

unsigned int sftp_disconnect_reason(int err) {
  size_t i;

  for (i = 0; reasons[i].err != 0; i++) {
    if (reasons[i].err == err) {
      return reasons[i].reason;
    }
  }

  return SSH_DISCONNECT_PROTOCOL_ERROR;
}

/* The reasons of RFC 4253, section 11.1, for the log. */
static const char *reason_text(uint32_t reason) {
  static const char *const texts[] = {
    [SSH_DISCONNECT_HOST_NOT_ALLOWED_TO_CONNECT] =
      "Host not allowed to connect",
    [SSH_DISCONNECT_PROTOCOL_ERROR] = "Protocol error",
    [SSH_DISCONNECT_KEY_EXCHANGE_FAILED] = "Key exchange failed",
    [SSH_DISCONNECT_MAC_ERROR] = "MAC error",
    [SSH_DISCONNECT_COMPRESSION_ERROR] = "Compression error",
    [SSH_DISCONNECT_SERVICE_NOT_AVAILABLE] = "Requested service not available",
    [SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED] =
      "Protocol version not supported",
    [SSH_DISCONNECT_HOST_KEY_NOT_VERIFIABLE] = "Host key not verifiable",
    [SSH_DISCONNECT_CONNECTION_LOST] = "Connection lost",
    [SSH_DISCONNECT_BY_APPLICATION] = "Application disconnected",
    [SSH_DISCONNECT_TOO_MANY_CONNECTIONS] = "Too many connections",
    [SSH_DISCONNECT_AUTH_CANCELLED_BY_USER] =
      "Authentication cancelled by user",
    [SSH_DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE] =
      "No other authentication mechanisms available",
    [SSH_DISCONNECT_ILLEGAL_USER_NAME] = "Illegal user name"
  };

  return reason < SFTP_NELEMS(texts) && texts[reason] != NULL ?
    texts[reason] : "Unknown reason code";
}

void sftp_disconnect(struct ssh_conn *c, unsigned int reason,
    const char *text) {
  struct sftp_wr *w;

  if (c->peer.gone || c->peer.ident == NULL) {
    return;
  }

  c->peer.gone = true;
  sftp_kex_broken_off(c, text);
  sftp_log("disconnecting %s (%s)", ftpd_remote_ip(c->ftpd), text);

  w = sftp_packet_begin(c->pkts, SSH_MSG_DISCONNECT, strlen(text) + 64);
  sftp_wr_u32(w, reason);
  sftp_wr_text(w, text);
  sftp_wr_text(w, "en-US");
  if (sftp_packet_end(c->pkts) == SFTP_OK) {
    /* Drops what the socket does not accept at once. */
    (void) sftp_packets_flush(c->pkts);
  }
}

void sftp_socket_drain(int fd) {
  uint64_t now = sftp_now_ms(), until = now + DRAIN_MS;
  struct pollfd pfd = { fd, POLLIN, 0 };
  unsigned char dropped[4096];
  size_t total = 0;
  ssize_t n = 1;

  while (n != 0 && total < DRAIN_BYTES && now < until) {
    if (poll(&pfd, 1, (int) (until - now)) > 0) {
      n = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
      if (n < 0 && errno != EINTR && errno != EAGAIN) {
        break;
      }

      total += n > 0 ? (size_t) n : 0;
    }

    now = sftp_now_ms();
  }
}

void sftp_disconnect_linger(const struct ssh_conn *c) {
  switch (c->failure.err) {
    case SFTP_ERR_EOF:
    case SFTP_ERR_CLOSED:
    case SFTP_ERR_IO:
      return;

    default:
      if (shutdown(c->fd, SHUT_WR) == 0) {
        sftp_socket_drain(c->fd);
      }
  }
}

int sftp_on_disconnect(struct ssh_conn *c, struct sftp_rd *r) {
  uint32_t reason = sftp_rd_u32(r);
  struct sftp_str text = sftp_rd_string(r);

  /* Some clients omit the language tag. */
  if (sftp_rd_ok(r) != SFTP_OK) {
    text.len = 0;
  }

  c->peer.gone = true;
  sftp_log("client at %s sent SSH_DISCONNECT message: %.*s (%s)",
    ftpd_remote_ip(c->ftpd), text.len < 512 ? (int) text.len : 512,
    (const char *) text.ptr, reason_text(reason));
  return sftp_fail(c, SFTP_ERR_CLOSED, "client sent DISCONNECT");
}
